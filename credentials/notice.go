package credentials

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/users"
)

// A Fate is what became of a certificate without its owner, or without a way back.
type Fate string

// The fates.
const (
	FateSuspended      Fate = "suspended"
	FateResumed        Fate = "resumed"
	FateRevoked        Fate = "revoked"
	FateDeleted        Fate = "deleted" // by a client that acts for itself
	FateDeletedRevoked Fate = "ended"   // by a client, whether or not the owner agreed
)

// A Notice is what the owner of a credential is to be told of it. It is kept with
// the change that it tells of, so that whichever process made the change any other
// may tell of it.
type Notice struct {
	ID           string // the same whenever it is told again
	CredentialID string
	Fate         Fate
	Reason       int    // of a revocation, RFC 5280 §5.3.1
	ClientID     string // who did it; "" for the operator
	At           time.Time
	Due          time.Time
	Tries        int
}

// ErrUntold says that nobody can ever be told of something.
var ErrUntold = errors.New("credentials: nobody is there to be told")

// A Teller tells owners, by mail, or by SMS where no mails leave.
type Teller struct {
	Store Store
	Users users.Store
	Post  notify.Post
	From  string // what the service calls itself
	URL   string // of the page on which signers see their certificates
	// ClientName finds what an application is called.
	ClientName func(ctx context.Context, clientID string) (string, error)
}

// Tell sends a notice; ErrUntold if the credential or its owner is gone. Whoever
// gets it twice gets one mail by its Message-ID.
func (t Teller) Tell(ctx context.Context, n Notice) error {
	c, err := t.Store.Credential(ctx, n.CredentialID)
	if errors.Is(err, ErrUnknown) {
		var gone Holding
		gone, err = t.Store.Gone(ctx, n.CredentialID, "")
		c = gone.Credential
	}
	if errors.Is(err, ErrUnknown) {
		return ErrUntold
	}
	if err != nil {
		return fmt.Errorf("read credential: %w", err)
	}
	owner, err := t.Users.User(ctx, c.UserID)
	if errors.Is(err, users.ErrUnknown) {
		return ErrUntold
	}
	if err != nil {
		return fmt.Errorf("read signer: %w", err)
	}
	letter, err := t.letter(ctx, n, c, owner.Locale)
	if err != nil {
		return err
	}
	return t.send(ctx, n, letter, owner)
}

func (t Teller) send(ctx context.Context, n Notice, letter notify.Letter, owner users.User) error {
	switch {
	case t.Post.Mail != nil:
		m, err := letter.Mail(owner.Email)
		if err != nil {
			return err
		}
		m.ID = n.ID
		return t.Post.Mail.Send(ctx, m)
	case t.Post.SMS != nil && owner.Phone != "":
		return t.Post.SMS.Send(ctx, letter.SMS(owner.Phone))
	}
	return errNoAddress
}

// letter says what became of a certificate, when, by whom and why.
func (t Teller) letter(ctx context.Context, n Notice, c Credential, locale string) (notify.Letter, error) {
	lang, key := Language(locale), string(n.Fate)
	if _, known := words[lang][key+".says"]; !known {
		return notify.Letter{}, fmt.Errorf("no letter for %q", n.Fate)
	}
	what := []any{c.called(), notify.Moment(lang, n.At)}
	if n.ClientID != "" {
		application, err := applicationOf(ctx, t.ClientName, n.ClientID)
		if err != nil {
			return notify.Letter{}, err
		}
		what = append([]any{application}, what...)
	}
	l := notify.Letter{
		Lang: lang, From: t.From, Subject: say(lang, key+".subject", t.From), Says: []string{say(lang, key+".says", what...)},
		Link: t.URL, Do: say(lang, "fate.do"), Adds: []string{say(lang, "fate.adds"), say(lang, "fate.never")},
		Short: say(lang, key+".short", append([]any{t.From}, what...)...),
	}
	if n.Fate == FateRevoked || n.Fate == FateDeletedRevoked {
		l.Says = append(l.Says, say(lang, "fate.reason", say(lang, fmt.Sprintf("reason.%d", n.Reason))))
	}
	return l, nil
}
