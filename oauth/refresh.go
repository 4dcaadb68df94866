package oauth

import (
	"context"
	"errors"
	"time"
)

// How long refresh tokens live if nothing else is configured.
const (
	DefaultRefreshIdle = 24 * time.Hour
	DefaultRefreshLife = 30 * 24 * time.Hour
)

// A Refresh is what is kept of a family of refresh tokens: one login, each
// token good once and replaced by the next, or one that stays. All tokens of a family begin alike,
// and end in 256 random bits of their own; of both only the SHA-256 is kept.
type Refresh struct {
	ID       string // SHA-256 of the common beginning, hex
	Hash     string // SHA-256 of the one token that is good now, hex
	ClientID string
	UserID   string
	Scope    string
	Holder   string    // of the key or certificate the tokens are bound to, "" if to none
	Used     time.Time // when the token that is good now was made, or last used
	Expires  time.Time // end of the family
	Standing string    // of the user before the client, at the login
}

var (
	// ErrUnknownRefresh says that there is no such family.
	ErrUnknownRefresh = errors.New("oauth: unknown refresh token")
	// ErrRefreshExists says that the ID is taken.
	ErrRefreshExists = errors.New("oauth: refresh token exists")
)

// A RefreshStore keeps families of refresh tokens, durably. An error that is
// not one of those above says nothing about the family. A store may forget a
// family a day after its Expires.
type RefreshStore interface {
	// AddRefresh keeps a new family; ErrRefreshExists if its ID is taken.
	AddRefresh(ctx context.Context, r Refresh) error
	// Refresh returns the family id; ErrUnknownRefresh if there is none.
	Refresh(ctx context.Context, id string) (Refresh, error)
	// SwapRefresh sets the Hash and Used of the family id to hash and used if its
	// Hash is still old, and reports whether it was; false if there is no such
	// family. Of any number of SwapRefreshes from the same old one reports true.
	SwapRefresh(ctx context.Context, id, old, hash string, used time.Time) (bool, error)
	// RemoveRefresh forgets the family id; that there is none is no error.
	RemoveRefresh(ctx context.Context, id string) error
}

// refreshes reports whether refresh tokens are handed out.
func (p *Provider) refreshes() bool { return p.interactive() && p.Refresh != nil }

func (p *Provider) refreshIdle() time.Duration { return either(p.RefreshIdle, DefaultRefreshIdle) }
func (p *Provider) refreshLife() time.Duration { return either(p.RefreshLife, DefaultRefreshLife) }
