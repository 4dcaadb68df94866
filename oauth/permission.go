package oauth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/users"
)

// A Standing is what stands between a user and a client at a moment. Whatever is
// given to the client on the user's word bears what it was then, and is good for
// as long as it is that: no clock is asked, and no list of what was given.
type Standing struct {
	User       string // the user's stamp
	Permission string // of what he permits the client; "" until he withdrew it once
	Out        bool   // he is disabled, or has a factor locked: nothing is good
}

// String is what tokens, codes and grants bear.
func (s Standing) String() string { return s.User + s.Permission }

// A Permission is that a user lets a client act for him.
type Permission struct {
	ClientID string
	Name     string // of the client
	Scopes   []string
	Since    time.Time // zero if he did not, and the client is only linked to him
	Used     time.Time // the last that is known; zero if nothing is
	Linked   bool      // an operator lets the client act for him
}

// A PermissionStore keeps permissions, durably, and knows who stands.
type PermissionStore interface {
	// Standing returns what stands between a client, "" for none, and a user;
	// users.ErrUnknown if there is no such user.
	Standing(ctx context.Context, clientID, userID string) (Standing, error)
	// Permit notes that the user lets the client act for him in a scope.
	Permit(ctx context.Context, clientID, userID, scope string, now time.Time) error
	// Withdraw replaces the stamp of a permission, whether there is one or not, and
	// forgets the client's refresh tokens of the user.
	Withdraw(ctx context.Context, clientID, userID, stamp string) error
	// Permissions returns the clients that may act for the user, by name.
	Permissions(ctx context.Context, userID string) ([]Permission, error)
}

// Withdraw ends all that a user lets a client do: its tokens, codes and grants of
// him, at once and wherever they are used, and its link to him.
func (p *Provider) Withdraw(ctx context.Context, userID, clientID string) error {
	err := p.Audit.Append(ctx, audit.Entry{Event: audit.TokenRevoked, Client: clientID, User: userID, Reason: "permission withdrawn"})
	if err != nil {
		return fmt.Errorf("record the withdrawal: %w", err)
	}
	if err := p.Permissions.Withdraw(ctx, clientID, userID, users.NewStamp()); err != nil {
		return fmt.Errorf("withdraw permission: %w", err)
	}
	linked, err := p.Register.Store.Linked(ctx, clientID, userID)
	if err != nil {
		return fmt.Errorf("look up link: %w", err)
	}
	if !linked {
		return nil
	}
	err = p.Audit.Append(ctx, audit.Entry{Event: audit.ClientChanged, Client: clientID, User: userID, Reason: audit.Unlinked})
	if err != nil {
		return fmt.Errorf("record the end of the link: %w", err)
	}
	if err := p.Clients.Unlink(ctx, clientID, userID); err != nil {
		return fmt.Errorf("unlink: %w", err)
	}
	return nil
}

// permit notes what the signer permitted with an interaction that reached its
// end.
func (p *Provider) permit(ctx context.Context, s *saved) error {
	if err := p.Permissions.Permit(ctx, s.Request.Client, s.User, s.Request.Scope, p.Now()); err != nil {
		return fmt.Errorf("keep permission: %w", err)
	}
	return nil
}

// standing is the one of now; ErrInteraction if there is no such user.
func (p *Provider) standing(ctx context.Context, clientID, userID string) (Standing, error) {
	now, err := p.Permissions.Standing(ctx, clientID, userID)
	if errors.Is(err, users.ErrUnknown) {
		return Standing{}, ErrInteraction
	}
	if err != nil {
		return Standing{}, fmt.Errorf("look up standing: %w", err)
	}
	return now, nil
}

// stands reports whether what was given on a standing still is good.
func (p *Provider) stands(ctx context.Context, clientID, userID, given string) (bool, error) {
	now, err := p.standing(ctx, clientID, userID)
	if errors.Is(err, ErrInteraction) {
		return false, nil
	}
	return err == nil && !now.Out && now.String() == given, err
}
