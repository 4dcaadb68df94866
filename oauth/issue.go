package oauth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
)

// lifeOf is how long the access token that is asked will live.
func (e *endpoints) lifeOf(asked fosite.Requester) time.Duration {
	if scopes := asked.GetRequestedScopes(); scopes.HasOneOf(csc.ScopeCredential, csc.ScopeCreation, csc.ScopeDeletion) {
		return e.credentialLife()
	}
	return e.serviceLife()
}

// issue makes the tokens that were found to be due. Every record is written
// before they leave, and a token without one does not live.
func (e *endpoints) issue(ctx context.Context, asked fosite.AccessRequester) (any, error) {
	s, ok := asked.GetSession().(*session)
	c, ours := asked.GetClient().(registered)
	if !ok || !ours {
		return nil, fmt.Errorf("issue access token: session is a %T, client a %T", asked.GetSession(), asked.GetClient())
	}
	for _, scope := range asked.GetRequestedScopes() {
		asked.GrantScope(scope)
	}
	life := e.lifeOf(asked)
	s.SetExpiresAt(fosite.AccessToken, e.Now().Add(life))
	made, err := e.engine.NewAccessResponse(ctx, asked)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("issue access token: %w", err), e.undo(ctx, s))
	}
	scope := strings.Join(asked.GetGrantedScopes(), " ")
	told := tokenAnswer{
		AccessToken: made.GetAccessToken(), TokenType: tokenType(c.Client, scope, s.Bound), ExpiresIn: int64(life / time.Second),
		Scope: scope, RefreshToken: s.refresh,
	}
	if err := e.complete(ctx, asked, s, &told); err != nil {
		return nil, errors.Join(err, e.withdraw(ctx, s, told.AccessToken), e.undo(ctx, s))
	}
	failpoint.Hit(failpoint.TokenKept)
	return told, nil
}

// tokenType is what the token is called: a token of scope credential is a SAD to
// clients of v1 (v1.0.4.0 §8.3.3), and one that is bound to a key is never a
// bearer token (RFC 9449 §5).
func tokenType(c Client, scope string, bound confirmation) string {
	switch {
	case bound.JKT != "":
		return "DPoP"
	case c.profile() == ProfileCSCv1 && scope == csc.ScopeCredential:
		return "SAD"
	}
	return "Bearer"
}

// complete writes what a token stands for: the record of it, and what came of a
// code, which is a grant or a refresh token.
func (e *endpoints) complete(ctx context.Context, asked fosite.AccessRequester, s *session, told *tokenAnswer) error {
	client := asked.GetClient()
	why := "scope " + told.Scope
	if holder := s.Bound.holder(); holder != "" {
		why += ", bound to " + holder
	}
	err := e.Audit.Append(ctx, audit.Entry{Event: audit.TokenIssued, Client: client.GetID(), User: s.UserID, Reason: why})
	if err != nil {
		return fmt.Errorf("record the token: %w", err)
	}
	if s.code == nil {
		return nil
	}
	switch {
	case s.Permit != nil:
		err = e.recordPermit(ctx, s, told)
	case s.GrantID != "":
		err = e.grant(ctx, s, told)
	case e.refreshes() && client.GetGrantTypes().Has("refresh_token"):
		told.RefreshToken, err = e.beginRefresh(ctx, s, client)
	}
	if err != nil {
		return err
	}
	return e.settle(ctx, s.Family, signatureOf(told.AccessToken), s.Credentials)
}

// grant records and keeps the grants behind a token of scope credential, one for
// each credential: all the records first, since a grant nobody recorded must not
// be spendable. Their ids are those of the token as a SAD.
func (e *endpoints) grant(ctx context.Context, s *session, told *tokenAnswer) error {
	k := s.code
	chosen, err := e.allFit(ctx, k.Request.Details, k.User, k.Credentials)
	if refused := (*csc.Error)(nil); errors.As(err, &refused) {
		return errCodeOver(err)
	}
	if err != nil {
		return err
	}
	grants := make([]sad.Grant, len(chosen))
	for n, id := range sad.Parts(s.GrantID, k.Credentials) {
		grants[n] = k.grant(k.Request.Details[n], chosen[n], id)
		grants[n].Issued, grants[n].Expires, grants[n].Holder = e.Now(), s.GetExpiresAt(fosite.AccessToken), s.Bound.holder()
		if err := e.Audit.Append(ctx, k.record(grants[n], chosen[n])); err != nil {
			return fmt.Errorf("record the grant: %w", err)
		}
	}
	failpoint.Hit(failpoint.GrantRecorded)
	for _, g := range grants {
		if err := e.Grants.Put(ctx, g); err != nil {
			return fmt.Errorf("keep grant: %w", err)
		}
	}
	failpoint.Hit(failpoint.GrantKept)
	told.chosen(k.Request, k.Credentials)
	return e.keepDetails(ctx, s, told)
}

// grant is what the signer agreed to with one credential.
func (k *code) grant(d Detail, c credentials.Credential, id string) sad.Grant {
	g := sad.Grant{
		ID: id, UserID: k.User, ClientID: k.Request.Client, CredentialID: c.ID,
		Count: d.Count, Left: d.Count, Bound: len(d.Digests) > 0, HashOID: d.HashOID, Standing: k.Standing,
	}
	for _, one := range d.Digests {
		g.Hashes = append(g.Hashes, sad.Agreed{Digest: one.Digest, Kind: one.Kind})
	}
	return g
}

// record is the audit record of a grant.
func (k *code) record(g sad.Grant, c credentials.Credential) audit.Entry {
	var hashes []string
	for _, one := range g.Hashes {
		hashes = append(hashes, one.Digest.String())
	}
	return audit.Entry{
		Event: audit.GrantIssued, Client: g.ClientID, User: g.UserID, Credential: g.CredentialID,
		Certificate: c.Fingerprint(), Grant: g.ID, Count: g.Count, Bound: g.Bound,
		Hashes: hashes, HashOID: g.HashOID,
		Factor: credentials.FactorCode, Step: k.Step, Reason: "shown " + k.Shown,
	}
}

// chosen tells with which credentials the signer agreed: in the details, or of a
// qualifier without such.
func (a *tokenAnswer) chosen(q request, credentials []string) {
	if !q.detailed() {
		if q.Details[0].Qualifier != "" {
			a.CredentialID = credentials[0]
		}
		return
	}
	for n, d := range q.Details {
		a.Details = append(a.Details, d.granted(credentials[n]))
	}
}

// undo takes back what a request changed that is answered with an error.
func (p *Provider) undo(ctx context.Context, s *session) error {
	if s.refresh == "" {
		return nil
	}
	return p.restore(ctx, s)
}

// withdraw forgets a token that nobody was given, and all that was to come of
// its code.
func (e *endpoints) withdraw(ctx context.Context, s *session, token string) error {
	if s.code != nil {
		return e.kill(ctx, s.Family, signatureOf(token), s.Credentials)
	}
	err := e.storage().DeleteAccessTokenSession(context.WithoutCancel(ctx), signatureOf(token))
	if err != nil {
		return fmt.Errorf("withdraw the token: %w", err)
	}
	return nil
}
