package oauth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/users"
)

const (
	interactionLife = 10 * time.Minute
	// cookieName is of the cookie that tells one browser from another: 256 random
	// bits that stay while the browser runs and say nothing else.
	cookieName = "__Host-pecete-browser"
)

// ErrInteraction says that there is no such interaction: none with that id, one
// that expired, is finished or went on since, or another browser's.
var ErrInteraction = errors.New("oauth: no such interaction")

// An Interaction is a saved authorization request and how far it got: 10
// minutes, in one browser. It is a picture of one moment: of any number of steps
// from the same picture one counts.
type Interaction struct {
	ID      string
	Client  Client
	Scope   string
	Details []Detail // of scope credential, one at least
	Change  *Change  // of the scopes that change credentials
	// Description is what the application says, shown; at most 500 characters.
	// ClientData is neither shown nor logged.
	Description, ClientData string
	Account                 string // user who has to log in; "" for any
	UserID                  string // "" until logged in
	Lang                    string // lang of the request, may be ""
	Expires                 time.Time

	origin string // of the client's redirect URI
	kept   []byte // the record this is a picture of
	proof  []byte // that we made it
}

// Consent reports whether the signer is asked to agree to something, with a code:
// to i.Details or to i.Change.
func (i Interaction) Consent() bool { return len(i.Details) > 0 || i.Change != nil }

// Origin is scheme, host and port of where the client will be answered. A page
// whose form leads there in the end must allow it in its form-action.
func (i Interaction) Origin() string { return i.origin }

// The stages of an interaction.
const (
	stageAsked    = "asked"
	stageKnown    = "known" // who the signer is
	stageAgreed   = "agreed"
	stageDeclined = "declined"
)

// A saved is the record of an interaction.
type saved struct {
	Version     int       `json:"v"`
	Request     request   `json:"request"`
	Browser     string    `json:"browser"`          // MAC of its cookie
	Pushed      string    `json:"pushed,omitempty"` // key of the pushed request
	Stage       string    `json:"stage"`
	User        string    `json:"user,omitempty"`
	Standing    string    `json:"standing,omitempty"`    // of the user before the client, at the login
	Credentials []string  `json:"credentials,omitempty"` // agreed to, for each of the request's details
	Shown       string    `json:"shown,omitempty"`       // SHA-256 of what was shown, hex
	Step        int64     `json:"step,omitempty"`        // of the code it was agreed with
	Expires     time.Time `json:"expires"`

	id  string
	raw []byte
	out bool // the signer is disabled or locked
}

// over reports whether the time of something that lives so long is over: its end
// has come, or is further away than it ever was, since the clock went back.
func (p *Provider) over(end time.Time, life time.Duration) bool {
	left := end.Sub(p.Now())
	return left <= 0 || left > life+sad.Skew
}

func interactionKey(id string) string { return "interaction:" + id }

// mac keys a statement of ours: about what, and the parts of it.
func (p *Provider) mac(about string, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, p.StepKey)
	for _, part := range append([][]byte{[]byte("pecete " + about)}, parts...) {
		_, _ = fmt.Fprintf(m, "%d:", len(part))
		m.Write(part)
	}
	return m.Sum(nil)
}

// browser is the MAC of the browser's cookie, "" if it has none of ours.
func (p *Provider) browser(r *http.Request) string {
	cookies := r.CookiesNamed(cookieName)
	if len(cookies) != 1 || !isDigest(cookies[0].Value) {
		return ""
	}
	return hex.EncodeToString(p.mac("browser", []byte(cookies[0].Value)))
}

// newBrowser makes a cookie for a browser that has none.
func (p *Provider) newBrowser() (*http.Cookie, string) {
	value := base64.RawURLEncoding.EncodeToString(random(32))
	cookie := &http.Cookie{Name: cookieName, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	return cookie, hex.EncodeToString(p.mac("browser", []byte(value)))
}

// open keeps a new interaction.
func (p *Provider) open(ctx context.Context, s *saved) error {
	s.id = base64.RawURLEncoding.EncodeToString(random(32))
	s.Version, s.Stage, s.Expires = recordVersion, stageAsked, p.Now().Add(interactionLife)
	value, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode interaction: %w", err)
	}
	if err := p.Tokens.Put(ctx, interactionKey(s.id), value, interactionLife); err != nil {
		return fmt.Errorf("keep interaction: %w", err)
	}
	s.raw = value
	return nil
}

// find returns the interaction id of the request's browser.
func (p *Provider) find(r *http.Request, id string) (*saved, error) {
	if !isDigest(id) {
		return nil, ErrInteraction
	}
	value, err := p.Tokens.Get(r.Context(), interactionKey(id))
	if errors.Is(err, onetime.ErrUnknown) {
		return nil, ErrInteraction
	}
	if err != nil {
		return nil, fmt.Errorf("look up interaction: %w", err)
	}
	s := &saved{id: id, raw: value}
	if err := json.Unmarshal(value, s); err != nil {
		return nil, fmt.Errorf("decode interaction: %w", err)
	}
	own := hmac.Equal([]byte(p.browser(r)), []byte(s.Browser))
	if !own || s.Version != recordVersion || p.over(s.Expires, interactionLife) {
		return nil, ErrInteraction
	}
	if s.User == "" {
		return s, nil
	}
	now, err := p.standing(r.Context(), s.Request.Client, s.User)
	if err == nil && now.String() != s.Standing { // who is locked may see that, and is told
		err = ErrInteraction
	}
	s.out = now.Out
	return s, err
}

// Interaction returns the interaction that the parameter i of the request names
// (in the query, or in a form already parsed), if it is its browser's and still
// waits for the signer.
func (p *Provider) Interaction(r *http.Request) (Interaction, error) {
	id := r.URL.Query().Get("i")
	if id == "" {
		id = r.PostForm.Get("i")
	}
	s, err := p.find(r, id)
	if err != nil {
		return Interaction{}, err
	}
	if s.Stage != stageAsked && s.Stage != stageKnown {
		return Interaction{}, ErrInteraction
	}
	c, err := p.storage().client(r.Context(), s.Request.Client)
	if errors.Is(err, ErrUnknownClient) {
		return Interaction{}, ErrInteraction
	}
	if err != nil {
		return Interaction{}, fmt.Errorf("look up client: %w", err)
	}
	if _, err := p.redirectFor(c, s.Request.RedirectURI); err != nil {
		return Interaction{}, ErrInteraction // it was taken away since
	}
	i := Interaction{
		ID: id, Client: c, Scope: s.Request.Scope, Details: s.Request.Details, Change: s.Request.Change, UserID: s.User,
		Account: s.Request.Account, Description: s.Request.Description, ClientData: s.Request.ClientData,
		Lang: s.Request.Lang, Expires: s.Expires, kept: s.raw, origin: s.Request.origin(),
	}
	i.proof = p.mac("step", []byte(id), s.raw)
	return i, nil
}

func (q request) origin() string {
	u, err := url.Parse(q.RedirectURI)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// advance replaces the record i is a picture of by what change makes of it.
func (p *Provider) advance(ctx context.Context, i Interaction, change func(*saved) error) (string, error) {
	s := saved{id: i.ID}
	if len(i.proof) == 0 || !hmac.Equal(i.proof, p.mac("step", []byte(i.ID), i.kept)) {
		return "", ErrInteraction
	}
	if err := json.Unmarshal(i.kept, &s); err != nil {
		return "", fmt.Errorf("decode interaction: %w", err)
	}
	left := s.Expires.Sub(p.Now())
	if left <= 0 {
		return "", ErrInteraction
	}
	if err := change(&s); err != nil {
		return "", err
	}
	value, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("encode interaction: %w", err)
	}
	swapped, err := p.Tokens.Swap(ctx, interactionKey(i.ID), i.kept, value, left)
	if err != nil {
		return "", fmt.Errorf("keep interaction: %w", err)
	}
	if !swapped {
		return "", ErrInteraction
	}
	return "/oauth2/authorize?i=" + i.ID, nil
}

// LoggedIn notes who the signer is, as he was when he proved it, who must be
// i.Account if that is somebody, and returns where the browser goes next. It
// counts once.
func (p *Provider) LoggedIn(ctx context.Context, i Interaction, user users.User) (next string, err error) {
	return p.advance(ctx, i, func(s *saved) error {
		if s.Stage != stageAsked || user.ID == "" || s.Request.Account != "" && s.Request.Account != user.ID {
			return ErrInteraction
		}
		now, err := p.standing(ctx, s.Request.Client, user.ID)
		if err != nil {
			return err
		}
		now.User = user.Stamp
		s.Stage, s.User, s.Standing = stageKnown, user.ID, now.String()
		return nil
	})
}

// Agreed notes that the signer agreed to each of i.Details with the credential of
// the same place, which must be fit for it (a *csc.Error if one is not), and
// returns where the browser goes next. shown is the SHA-256 of what the page
// showed, step the TOTP step spent.
func (p *Provider) Agreed(ctx context.Context, i Interaction, credentialIDs []string, shown []byte, step int64) (next string, err error) {
	return p.advance(ctx, i, func(s *saved) error {
		if s.Stage != stageKnown || len(s.Request.Details) == 0 || len(shown) != sha256.Size || step <= 0 {
			return ErrInteraction
		}
		s.Stage, s.Credentials, s.Shown, s.Step = stageAgreed, credentialIDs, hex.EncodeToString(shown), step
		_, err := p.allFit(ctx, s.Request.Details, s.User, credentialIDs)
		return err
	})
}

// Declined ends the interaction with access_denied and returns where the browser
// goes next.
func (p *Provider) Declined(ctx context.Context, i Interaction) (next string, err error) {
	return p.advance(ctx, i, func(s *saved) error {
		s.Stage = stageDeclined
		return nil
	})
}
