package oauth_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/onetime"
)

// A fragile store fails in one verb once it is broken. With a rival it is
// always too late for Take.
type fragile struct {
	onetime.Store
	verb  string
	only  string // the beginning of the keys it fails for, "" for all
	rival bool
}

var errGone = &onetime.UnavailableError{Cause: errors.New("connection refused")}

func (f *fragile) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if f.verb == "Put" && strings.HasPrefix(key, f.only) {
		return errGone
	}
	return f.Store.Put(ctx, key, value, ttl)
}

func (f *fragile) Get(ctx context.Context, key string) ([]byte, error) {
	if f.verb == "Get" && strings.HasPrefix(key, f.only) {
		return nil, errGone
	}
	return f.Store.Get(ctx, key)
}

func (f *fragile) Take(ctx context.Context, key string) ([]byte, error) {
	if f.verb == "Take" {
		return nil, errGone
	}
	if f.rival {
		if _, err := f.Store.Take(ctx, key); err != nil {
			return nil, err
		}
	}
	return f.Store.Take(ctx, key)
}

// A shutShelf is a client store that answers every look-up with an error.
type shutShelf struct {
	oauth.ClientStore
	err error
}

func (s *shutShelf) Client(ctx context.Context, id string) (oauth.Client, error) {
	if s.err != nil {
		return oauth.Client{}, s.err
	}
	return s.ClientStore.Client(ctx, id)
}

// Swap of a fragile store fails as its other verbs do.
func (f *fragile) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) (bool, error) {
	if f.verb == "Swap" {
		return false, errGone
	}
	return f.Store.Swap(ctx, key, old, new, ttl)
}
