package oauth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/users"
)

// A Direct is auth/login (v2.0.0.2 §11.2): signers tell an application their
// password, and the application tells us. Nobody can know whether it keeps what it
// was told, nor whether it is the application that the signer took it for; so there
// is none unless an operator wants it.
type Direct struct {
	// Client is the ID of the client that these logins count as: the call names
	// none, and what a signer permits must be somebody's to withdraw.
	Client string
	Prover PasswordProver
	// Failures counts failed logins by network: the same as those on the pages.
	Failures *quota.Shared
	// Barred, if set, is told of each login that was not judged for them.
	Barred func()
}

// A PasswordProver judges passwords; *users.Prover is one.
type PasswordProver interface {
	// Password judges, counts and records; its errors are those of package users.
	Password(ctx context.Context, email string, password csc.Secret) (users.User, error)
}

// An OftenError says that somebody may not ask again before a while.
type OftenError struct{ Wait time.Duration }

func (e *OftenError) Error() string { return fmt.Sprintf("too often, wait %v", e.Wait) }

// often is an OftenError for who has to wait; nil if nobody has.
func often(wait time.Duration, err error) error {
	if err == nil && wait > 0 {
		err = &OftenError{wait}
	}
	return err
}

// RetryAfter is how long to wait.
func (e *OftenError) RetryAfter() time.Duration { return e.Wait }

// CheckDirect says why c cannot be the client of direct logins. Whoever calls is
// not asked who it is: so c must be a client that need not say, and that has
// nothing of its own beside what signers permit it.
func (c Client) CheckDirect() error {
	switch {
	case c.Disabled:
		return fmt.Errorf("client %s is disabled", c.ID)
	case c.confidential():
		return fmt.Errorf("client %s proves who it is, which auth/login cannot ask it to", c.ID)
	case c.mustBind() != "":
		return fmt.Errorf("client %s has bound tokens, and those of auth/login are bound to nothing", c.ID)
	case !slices.Contains(c.Scopes, csc.ScopeService):
		return fmt.Errorf("client %s may not ask for scope service", c.ID)
	}
	return nil
}

// direct is the client of direct logins as it is now.
func (p *Provider) direct(ctx context.Context) (Client, error) {
	if p.Direct == nil {
		return Client{}, csc.Fail(csc.UnauthorizedClient, errors.New("no direct logins here"))
	}
	c, err := p.storage().client(ctx, p.Direct.Client)
	if err == nil {
		err = c.CheckDirect()
		if err != nil {
			return c, csc.Fail(csc.UnauthorizedClient, err)
		}
		return c, nil
	}
	if errors.Is(err, ErrUnknownClient) {
		return c, csc.Fail(csc.UnauthorizedClient, err)
	}
	return c, fmt.Errorf("look up client: %w", err)
}

// LogIn implements auth/login with a name, which is the e-mail address, and a
// password. from is where the call comes from, as http.Request.RemoteAddr has it.
// Whatever is wrong, and whoever it is, is told in the same words.
func (p *Provider) LogIn(ctx context.Context, from, name string, password csc.Secret, remember bool) (csc.LoginResponse, error) {
	c, err := p.direct(ctx)
	if err != nil {
		return csc.LoginResponse{}, err
	}
	user, err := p.judge(ctx, quota.Network(from), name, password)
	if err != nil {
		return csc.LoginResponse{}, err
	}
	now, err := p.standing(ctx, c.ID, user.ID)
	if errors.Is(err, ErrInteraction) || err == nil && now.Out {
		return csc.LoginResponse{}, csc.Fail(csc.AuthenticationError, errNoUser)
	}
	if err != nil {
		return csc.LoginResponse{}, err
	}
	now.User = user.Stamp // as he was when he proved who he is
	if err := often(p.perSigner.Count(ctx, user.ID)); err != nil {
		return csc.LoginResponse{}, err
	}
	if err := p.Permissions.Permit(ctx, c.ID, user.ID, csc.ScopeService, p.Now()); err != nil {
		return csc.LoginResponse{}, fmt.Errorf("keep permission: %w", err)
	}
	start, family := newFamily()
	s := &session{UserID: user.ID, Standing: now.String(), Family: family, start: start}
	return p.admit(ctx, c, s, remember && p.refreshes() && slices.Contains(c.Grants, "refresh_token"))
}

// judge is the user whose password it is. A network that failed too often is told
// to wait, as on the pages, and nothing is judged.
func (p *Provider) judge(ctx context.Context, network, name string, password csc.Secret) (users.User, error) {
	wait, err := p.Direct.Failures.Over(ctx, network)
	if wait > 0 && p.Direct.Barred != nil {
		p.Direct.Barred()
	}
	if err := often(wait, err); err != nil {
		return users.User{}, err
	}
	user, err := p.Direct.Prover.Password(ctx, name, password)
	for _, refusal := range []error{users.ErrWrong, users.ErrPaused, users.ErrLocked, users.ErrDisabled} {
		if errors.Is(err, refusal) {
			if _, uncounted := p.Direct.Failures.Count(ctx, network); uncounted != nil {
				return user, uncounted
			}
			return user, csc.Fail(csc.AuthenticationError, err)
		}
	}
	if err != nil {
		return user, fmt.Errorf("judge password: %w", err)
	}
	return user, nil
}

// admit records and keeps the tokens of a direct login.
func (p *Provider) admit(ctx context.Context, c Client, s *session, remember bool) (csc.LoginResponse, error) {
	err := p.Audit.Append(ctx, audit.Entry{Event: audit.TokenIssued, Client: c.ID, User: s.UserID, Reason: "scope service, auth/login"})
	if err != nil {
		return csc.LoginResponse{}, fmt.Errorf("record the token: %w", err)
	}
	life := p.serviceLife()
	s.SetExpiresAt(fosite.AccessToken, p.Now().Add(life))
	asked := fosite.NewRequest()
	asked.Client, asked.Session, asked.GrantedScope = registered{c}, s, fosite.Arguments{csc.ScopeService}
	token := base64.RawURLEncoding.EncodeToString(random(32))
	if err := p.storage().CreateAccessTokenSession(ctx, signatureOf(token), asked); err != nil {
		return csc.LoginResponse{}, err
	}
	told := csc.LoginResponse{AccessToken: csc.Secret(token), RefreshToken: csc.Secret(s.refresh), ExpiresIn: int(life / time.Second)}
	if !remember {
		return told, nil
	}
	refresh, err := p.beginRefresh(ctx, s, registered{c})
	if err != nil {
		return csc.LoginResponse{}, errors.Join(err, p.kill(ctx, s.Family, "", nil))
	}
	told.RefreshToken = csc.Secret(refresh)
	return told, nil
}

// LogInAgain implements auth/login with a refresh token of a direct login, by the
// rules of all refresh tokens: it is good once, and the answer has the next one.
func (p *Provider) LogInAgain(ctx context.Context, token csc.Secret) (csc.LoginResponse, error) {
	c, err := p.direct(ctx)
	if err != nil {
		return csc.LoginResponse{}, err
	}
	s := &session{}
	err = errRefresh(errNotRenewed)
	if p.refreshes() && strings.Contains(string(token), ".") {
		err = p.renew(ctx, registered{c}, s, string(token), fosite.Arguments{csc.ScopeService})
	}
	var refused *csc.Error
	if errors.As(err, &refused) {
		return csc.LoginResponse{}, csc.Refused("Invalid refresh_token", err)
	}
	if err != nil {
		return csc.LoginResponse{}, err
	}
	told, err := p.admit(ctx, c, s, false)
	if err != nil {
		err = errors.Join(err, p.undo(ctx, s))
	}
	return told, err
}

var errNotRenewed = errors.New("no refresh token of ours")
