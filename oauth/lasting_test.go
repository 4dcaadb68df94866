package oauth_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/onetime"
)

// A lasting store forgets nothing by itself, as one whose clock is slow.
type lasting struct{ onetime.Store }

func (l lasting) Put(ctx context.Context, key string, value []byte, _ time.Duration) error {
	return l.Store.Put(ctx, key, value, 24*time.Hour)
}

func (l lasting) Swap(ctx context.Context, key string, old, new []byte, _ time.Duration) (bool, error) {
	return l.Store.Swap(ctx, key, old, new, 24*time.Hour)
}

// Every end is in the record and holds whatever the store forgets.
func TestEndsDoNotRelyOnTheStore(t *testing.T) {
	w := newTown(t, func(h *house) { h.provider.Tokens = lasting{h.tokens} })
	uri, code, b := w.push(w.asking()), w.code(w.asking()), w.browser()
	path := b.step(b.authorize(w.asking()), "/login")
	w.clock.move(90 * time.Second)
	w.browser().authorize(w.atPushed(uri)).isPage(t, 400)
	w.post("/oauth2/token", w.redeeming(code)).want(t, 400, "invalid_grant", saysCodeOver)
	w.clock.move(10 * time.Minute)
	if _, err := w.provider.Interaction(b.request(path)); !errors.Is(err, oauth.ErrInteraction) {
		t.Errorf("interaction: %v", err)
	}
	b.open("/oauth2/authorize"+strings.TrimPrefix(path, "/login")).isPage(t, 400)
}

// The code takes the marker of its request_uri: without it there is none.
func TestMarkerOfPushedRequest(t *testing.T) {
	spied := &spy{}
	w := newTown(t, func(h *house) { spied.Store = h.tokens; h.provider.Tokens = spied })
	b := w.browser()
	i := b.picture(b.step(b.authorize(w.atPushed(w.push(w.asking()))), "/login"))
	next, err := w.provider.LoggedIn(t.Context(), i, w.people.now(signer))
	if err != nil {
		t.Fatal(err)
	}
	marker := ""
	for _, key := range spied.seen {
		if strings.HasPrefix(key, "pushed:") {
			marker = key
		}
	}
	if _, err := w.tokens.Take(t.Context(), marker); err != nil {
		t.Fatalf("marker %q: %v", marker, err)
	}
	b.open(next).isPage(t, 400)
}

// A record of another release is none.
func TestRecordsOfAnotherRelease(t *testing.T) {
	spied := &spy{}
	w := newTown(t, func(h *house) { spied.Store = h.tokens; h.provider.Tokens = spied })
	age := func() {
		for i := 0; i < len(spied.seen); i += 2 {
			key := spied.seen[i]
			value, err := w.tokens.Get(t.Context(), key)
			if err != nil {
				continue
			}
			old := strings.Replace(string(value), `"v":2`, `"v":1`, 1)
			if ok, err := w.tokens.Swap(t.Context(), key, value, []byte(old), time.Hour); !ok || err != nil {
				t.Fatal(key, ok, err)
			}
		}
	}
	uri, code, b := w.push(w.asking()), w.code(w.asking()), w.browser()
	path := b.step(b.authorize(w.asking()), "/login")
	age()
	b.authorize(w.atPushed(uri)).isPage(t, 400)
	b.open("/oauth2/authorize"+strings.TrimPrefix(path, "/login")).isPage(t, 400)
	w.post("/oauth2/token", w.redeeming(code)).want(t, 400, "invalid_grant", saysCode)
}
