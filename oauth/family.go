package oauth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/ory/fosite"

	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/onetime"
)

// newFamily makes what the tokens of one code have in common: the beginning of
// its refresh tokens, and the family's id, which is safe to keep.
func newFamily() (start, id string) {
	start = base64.RawURLEncoding.EncodeToString(random(32))
	return start, signatureOf(start)
}

// memory is how long it is remembered that a family is dead or a code was
// redeemed: longer than any access token that may come of either.
func (p *Provider) memory() time.Duration {
	return max(p.serviceLife(), p.credentialLife()) + 2*grace
}

func deadKey(family string) string { return "dead:" + family }

// dead reports whether a family was revoked. Its access tokens need not be
// known for that, nor exist yet.
func (s storage) dead(ctx context.Context, family string) (bool, error) {
	if family == "" {
		return false, nil
	}
	_, err := s.tokens.Get(ctx, deadKey(family))
	if errors.Is(err, onetime.ErrUnknown) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look up family: %w", err)
	}
	return true, nil
}

// kill revokes a family: first its access tokens, by a mark that also holds for
// one still being made, then the token of scope credential, if any, with its
// grants for these credentials, then its refresh tokens. An error leaves what it
// is of to be done again.
func (p *Provider) kill(ctx context.Context, family, token string, credentials []string) error {
	ctx = context.WithoutCancel(ctx)
	err := p.Tokens.Put(ctx, deadKey(family), []byte{1}, p.memory())
	if err != nil && !errors.Is(err, onetime.ErrExists) {
		return fmt.Errorf("revoke family: %w", err)
	}
	var faults []error
	if token != "" {
		faults = append(faults, p.removeGrants(ctx, token, credentials))
		err := p.storage().DeleteAccessTokenSession(ctx, token)
		if err != nil && !errors.Is(err, fosite.ErrNotFound) {
			faults = append(faults, fmt.Errorf("revoke access token: %w", err))
		}
	}
	if p.Refresh != nil {
		if err := p.Refresh.RemoveRefresh(ctx, family); err != nil {
			faults = append(faults, fmt.Errorf("revoke refresh tokens: %w", err))
		}
	}
	return errors.Join(faults...)
}

// removeGrants takes away what is left of the grants of a SAD.
func (p *Provider) removeGrants(ctx context.Context, id string, credentials []string) error {
	var faults []error
	for _, part := range sad.Parts(id, credentials) {
		faults = append(faults, p.removeGrant(ctx, part))
	}
	return errors.Join(faults...)
}

// removeGrant takes away what is left of a grant.
func (p *Provider) removeGrant(ctx context.Context, id string) error {
	for {
		g, err := p.Grants.Get(ctx, id)
		if errors.Is(err, sad.ErrUnknown) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look up grant: %w", err)
		}
		rest := g
		rest.Left = 0
		removed, err := p.Grants.Swap(ctx, g, rest)
		if err != nil {
			return fmt.Errorf("remove grant: %w", err)
		}
		if removed {
			return nil
		}
	}
}

// settle kills once more a family that was revoked while this much of it was
// being made: either who revoked it saw that, or this does.
func (e *endpoints) settle(ctx context.Context, family, token string, credentials []string) error {
	dead, err := e.storage().dead(ctx, family)
	if err != nil || !dead {
		return err
	}
	return e.kill(ctx, family, token, credentials)
}
