package portal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/users"
)

// A Notice is what a signer is told by another way than these pages.
type Notice string

// The notices.
const (
	NewSession         Notice = "new-session"
	NewPassword        Notice = "new-password"
	NewAuthenticator   Notice = "new-authenticator"
	FirstAuthenticator Notice = "first-authenticator"
)

// A Place is where, and when, something was done.
type Place struct {
	Address string // network address
	Agent   string // the browser, as it named itself
	At      time.Time
}

// A Notifier tells signers what was done in their names.
type Notifier interface {
	Notify(ctx context.Context, userID string, what Notice, from Place) error
}

// tell tells the signer by other ways. That it cannot is no reason to undo what
// was done.
func (p *Pages) tell(v page.Visit, userID string, what Notice) {
	if p.Notifier == nil {
		return
	}
	ctx, from := v.R.Context(), Place{Address: quota.Network(v.R.RemoteAddr), Agent: agentOf(v.R), At: p.Now()}
	if err := p.Notifier.Notify(ctx, userID, what, from); err != nil {
		untold(ctx, p.Logger, userID, what, err)
	}
}

func untold(ctx context.Context, logger *slog.Logger, userID string, what Notice, err error) {
	logger.LogAttrs(ctx, slog.LevelError, "signer not notified",
		slog.String("user", userID), slog.String("notice", string(what)), slog.String("error", err.Error()))
}

const (
	mailsAtOnce = 32
	mailTimeout = 30 * time.Second
)

// errMails says that the mail server is too slow for what there is to say.
var errMails = errors.New("portal: too many mails under way")

// A Mailer is a Notifier by mail, and of what matters most by SMS too. Nobody waits
// for who carries them: what is not taken is in the log.
type Mailer struct {
	Mail    notify.Sender
	SMS     notify.Sender // nil if none leave
	Signers Signers
	From    string // what the service calls itself
	URL     string // of the security page
	History string // URL of the page with what was signed
	Logger  *slog.Logger

	places  chan struct{}
	sending sync.WaitGroup
}

var _ Notifier = (*Mailer)(nil)

// NewMailer returns m, ready.
func NewMailer(m *Mailer) *Mailer {
	m.places = make(chan struct{}, mailsAtOnce)
	return m
}

// Close waits for what is under way.
func (m *Mailer) Close() error {
	m.sending.Wait()
	return nil
}

// Notify sends the signer a mail, and an SMS if there is one for what, to who has a
// phone that is known.
func (m *Mailer) Notify(ctx context.Context, userID string, what Notice, from Place) error {
	user, err := m.Signers.User(ctx, userID)
	if err != nil {
		return fmt.Errorf("look up signer: %w", err)
	}
	letter, err := m.letter(user.Locale, what, from)
	if err != nil {
		return err
	}
	var texted error
	if letter.Short != "" && m.SMS != nil && user.Phone != "" {
		texted = m.later(ctx, m.SMS, user.ID, letter.SMS(user.Phone), what)
	}
	return errors.Join(m.post(ctx, user, letter, what), texted)
}

// post sends a letter by mail, later.
func (m *Mailer) post(ctx context.Context, user users.User, letter notify.Letter, what Notice) error {
	message, err := letter.Mail(user.Email)
	if err != nil {
		return err
	}
	return m.later(ctx, m.Mail, user.ID, message, what)
}

// later sends a message, without anybody waiting for it.
func (m *Mailer) later(ctx context.Context, by notify.Sender, userID string, message notify.Message, what Notice) error {
	select {
	case m.places <- struct{}{}:
	default:
		return errMails
	}
	m.sending.Go(func() {
		defer func() { <-m.places }()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mailTimeout)
		defer cancel()
		if err := by.Send(ctx, message); err != nil {
			untold(ctx, m.Logger, userID, what, err)
		}
	})
	return nil
}

// letters are the texts of the notices.
var letters = map[Notice]struct{ subject, says, wrong, short string }{
	NewSession:         {"notice.session.subject", "notice.session.says", "notice.session.wrong", ""},
	NewPassword:        {"notice.password.subject", "notice.password.says", "notice.factor.wrong", ""},
	FirstAuthenticator: {"notice.first.subject", "notice.first.says", "notice.first.wrong", ""}, // of who has confirmed no phone
	NewAuthenticator:   {"notice.authenticator.subject", "notice.authenticator.says", "notice.factor.wrong", "notice.authenticator.short"},
}

func (m *Mailer) letter(locale string, what Notice, from Place) (notify.Letter, error) {
	t := page.In(locale, texts())
	keys, known := letters[what]
	if !known {
		return notify.Letter{}, fmt.Errorf("no letter for notice %q", what)
	}
	var faults []error
	say := func(key string, args ...any) string {
		text, err := t.Say(key, args...)
		faults = append(faults, err)
		return text
	}
	browser := say("sessions.unknown")
	if name, system := browserOf(from.Agent); name != "" {
		browser = say("sessions.browser", name, system)
	}
	short := ""
	if keys.short != "" {
		short = say(keys.short, m.From)
	}
	return notify.Letter{
		Lang: t.Tag, Short: short, From: m.From, Subject: say(keys.subject, m.From),
		Says: []string{say(keys.says), say("notice.when", t.Date(from.At)), say("notice.where", browser, from.Address)},
		Link: m.URL, Do: say("notice.do"),
		Adds: []string{say(keys.wrong), say("notice.never")},
	}, errors.Join(faults...)
}
