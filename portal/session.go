package portal

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/users"
)

// sessionCookie holds the 256 random bits of a session.
const sessionCookie = "__Host-pecete-session"

const (
	maxAgent = 200 // bytes of a User-Agent that are kept
	// touch is how exactly it is known when a session was used last.
	touch = time.Minute
)

var (
	errOften = errors.New("portal: too many requests of this network")
	// ErrNoSession says that there is no such session, or none that its signer
	// stands by.
	ErrNoSession = errors.New("portal: no such session")
)

// A Session is that a signer logged in, in one browser.
type Session struct {
	ID      string // SHA-256 of what the cookie holds, hex
	UserID  string
	Stamp   string // the signer's at the login: with another one it is over
	Created time.Time
	Used    time.Time // to the minute
	Address string    // network address of the login
	Agent   string    // the browser, as it named itself
}

// over reports whether a session waited or lasted too long, or is of a time that
// has not come since the clock went back.
func (s Session) over(now time.Time, idle, life time.Duration) bool {
	return !now.Before(s.Used.Add(idle)) || !now.Before(s.Created.Add(life)) || now.Before(s.Created.Add(-touch))
}

// A SessionStore keeps sessions, durably: one that was ended stays so. A session
// is there only for as long as its user has its stamp.
type SessionStore interface {
	// AddSession keeps a new session.
	AddSession(ctx context.Context, s Session) error
	// Session returns the session id; ErrNoSession if there is none.
	Session(ctx context.Context, id string) (Session, error)
	// TouchSession notes that the session was used.
	TouchSession(ctx context.Context, id string, used time.Time) error
	// SessionsOf returns a user's sessions, the one used last first.
	SessionsOf(ctx context.Context, userID string) ([]Session, error)
	// EndSession forgets a session of the user; that there is none is no error.
	EndSession(ctx context.Context, userID, id string) error
	// ForgetSessions forgets all that were created before.
	ForgetSessions(ctx context.Context, before time.Time) error
}

func (p *Pages) idle() time.Duration { return either(p.Idle, DefaultIdle) }
func (p *Pages) life() time.Duration { return either(p.Life, DefaultLife) }

func either(set, otherwise time.Duration) time.Duration {
	if set == 0 {
		return otherwise
	}
	return set
}

// find returns the session of a request and whose it is; the zero Session if it
// has none.
func (p *Pages) find(r *http.Request) (Session, users.User, error) {
	cookies := r.CookiesNamed(sessionCookie)
	if len(cookies) != 1 {
		return Session{}, users.User{}, nil
	}
	id := idOf(cookies[0].Value)
	if id == "" {
		return Session{}, users.User{}, nil
	}
	ctx := r.Context()
	s, err := p.Sessions.Session(ctx, id)
	if errors.Is(err, ErrNoSession) || err == nil && s.over(p.Now(), p.idle(), p.life()) {
		return Session{}, users.User{}, nil
	}
	if err != nil {
		return Session{}, users.User{}, fmt.Errorf("look up session: %w", err)
	}
	user, err := p.Signers.User(ctx, s.UserID)
	if err != nil {
		return Session{}, users.User{}, fmt.Errorf("look up signer: %w", err)
	}
	if now := p.Now(); now.Sub(s.Used) >= touch {
		s.Used = now
		if err := p.Sessions.TouchSession(ctx, s.ID, now); err != nil {
			return Session{}, users.User{}, fmt.Errorf("touch session: %w", err)
		}
	}
	return s, user, nil
}

// idOf is what a session is kept under, "" if value cannot be one's.
func idOf(value string) string {
	b, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil || len(b) != 32 || len(value) != 43 {
		return ""
	}
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}

// open begins a session of a signer as he was when he proved who he is, and gives
// it to the browser. No form from before it is good after it.
func (p *Pages) open(v page.Visit, user users.User) (Session, error) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	value := base64.RawURLEncoding.EncodeToString(b[:])
	now := p.Now().UTC().Truncate(time.Microsecond)
	ctx := v.R.Context()
	if err := p.Sessions.ForgetSessions(ctx, now.Add(-p.life())); err != nil {
		return Session{}, fmt.Errorf("forget old sessions: %w", err)
	}
	if err := p.Audit.Append(ctx, audit.Entry{Event: audit.SessionOpened, User: user.ID}); err != nil {
		return Session{}, fmt.Errorf("record the session: %w", err)
	}
	s := Session{
		ID: idOf(value), UserID: user.ID, Stamp: user.Stamp, Created: now, Used: now,
		Address: quota.Network(v.R.RemoteAddr), Agent: agentOf(v.R),
	}
	if err := p.Sessions.AddSession(ctx, s); err != nil {
		return Session{}, fmt.Errorf("keep session: %w", err)
	}
	page.NewBrowser(v.W)
	page.SetCookie(v.W, sessionCookie, value, 0)
	return s, nil
}

// agentOf is how the browser names itself, cut to what can be kept.
func agentOf(r *http.Request) string {
	agent := strings.ToValidUTF8(strings.ReplaceAll(r.UserAgent(), "\x00", ""), "")
	for cut := min(len(agent), maxAgent); ; cut-- {
		if utf8.ValidString(agent[:cut]) {
			return agent[:cut]
		}
	}
}

// renew puts a session with the stamp that the signer has now in the place of his
// own, which is over with the old one, and tells him what was done.
func (p *Pages) renew(v visit, stamp, done string) error {
	user := v.user
	user.Stamp = stamp
	s, err := p.open(v.Visit, user)
	if err != nil {
		return err
	}
	if err := p.Sessions.EndSession(v.ctx, user.ID, v.session.ID); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	at := v.on(SecurityPath)
	at.Of = []string{s.ID}
	p.book.Back(at, SecurityPath, page.Note{Kind: done, Good: true})
	return nil
}

// close ends a session of the signer.
func (p *Pages) close(ctx context.Context, userID, id, why string) error {
	if err := p.Audit.Append(ctx, audit.Entry{Event: audit.SessionEnded, User: userID, Reason: why}); err != nil {
		return fmt.Errorf("record the end of the session: %w", err)
	}
	if err := p.Sessions.EndSession(ctx, userID, id); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// logOut ends the session that it comes with.
func (p *Pages) logOut(v visit) error {
	if err := p.close(v.ctx, v.user.ID, v.session.ID, "logged out"); err != nil {
		return err
	}
	page.SetCookie(v.W, sessionCookie, "", -1)
	page.NewBrowser(v.W)
	v.GoTo(loginPath)
	return nil
}

// endSession ends one of the signer's other sessions, or all of them.
func (p *Pages) endSession(v visit) error {
	form := v.R.PostForm
	ids := []string{form.Get(fieldSession)}
	if form.Get(fieldSession) == "" {
		all, err := p.Sessions.SessionsOf(v.ctx, v.user.ID)
		if err != nil {
			return fmt.Errorf("look up sessions: %w", err)
		}
		ids = nil
		for _, s := range all {
			ids = append(ids, s.ID)
		}
	}
	for _, id := range ids {
		if id == v.session.ID {
			continue
		}
		if err := p.close(v.ctx, v.user.ID, id, "ended by the signer"); err != nil {
			return err
		}
	}
	p.book.Back(v.on(SecurityPath), SecurityPath, page.Note{Kind: "security.done.sessions", Good: true})
	return nil
}

// on is the visit as of another page of the session, for a note there.
func (v visit) on(path string) page.Visit {
	at := v.Visit
	at.Path = path
	return at
}

// at is the visit as if it had been to another page of the session.
func (v visit) at(path string) visit {
	v.Visit = v.on(path)
	return v
}
