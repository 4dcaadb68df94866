package sad_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/onetime"
)

func TestExtend(t *testing.T) {
	const life = time.Minute
	spent := grant(3)
	spent.Left = 2
	held := grant(1)
	held.Holder = "jkt 1"
	kind := as(csc.SDR, a)
	none := use()
	tests := []struct {
		name   string
		grant  sad.Grant
		use    sad.Use
		after  time.Duration
		want   error
		hashes []csc.Digest // that can be signed then; nil for any
		left   int
		ends   time.Duration
	}{
		{"any two go on as any two", grant(2), none, 0, nil, nil, 2, time.Minute},
		{"what is left goes on", spent, none, 0, nil, nil, 2, time.Minute},
		{"any two become these two", grant(2), use(b, c), 0, nil, []csc.Digest{b, c}, 2, time.Minute},
		{"the same hash twice", grant(2), use(b, b), 0, nil, []csc.Digest{b, b}, 2, time.Minute},
		{"these stay these without others", only(a, b), none, 0, nil, []csc.Digest{a, b}, 2, time.Minute},
		{"these become others", only(a, b), use(c, c), 0, nil, []csc.Digest{c, c}, 2, time.Minute},
		{"the kind of a hash goes with it", kind, use(b), 0, nil, []csc.Digest{b}, 1, time.Minute},
		{"fewer hashes than are left", grant(2), use(b), 0, sad.ErrCount, nil, 2, time.Minute},
		{"more hashes than are left", spent, use(a, b, c), 0, sad.ErrCount, nil, 2, time.Minute},
		{"half a minute later", grant(1), none, life / 2, nil, nil, 1, life/2 + life},
		{"one moment before the end", grant(1), none, time.Minute - 1, nil, nil, 1, 2*time.Minute - 1},
		{"at the very end", grant(1), none, time.Minute, sad.ErrExpired, nil, 1, time.Minute},
		{"by a clock that went back", grant(1), none, -sad.Skew - 1, sad.ErrExpired, nil, 1, time.Minute},
		{"another client's", grant(1), with(none, func(u *sad.Use) { u.ClientID = "app2" }), 0, sad.ErrForeign, nil, 1, time.Minute},
		{"another user's", grant(1), with(none, func(u *sad.Use) { u.UserID = "u2" }), 0, sad.ErrForeign, nil, 1, time.Minute},
		{"for another credential", grant(1), with(none, func(u *sad.Use) { u.CredentialID = "c2" }), 0, sad.ErrCredential, nil, 1, time.Minute},
		{"of a signer who does not stand by it", grant(1), with(none, func(u *sad.Use) { u.Standing = "another" }), 0, sad.ErrOver, nil, 1, time.Minute},
		{"held by another key", held, none, 0, sad.ErrHolder, nil, 1, time.Minute},
	}
	for _, tt := range tests {
		before := fmt.Sprint(tt.grant)
		next, err := tt.grant.Extend(tt.use, "2", life, noon.Add(tt.after))
		if !errors.Is(err, tt.want) || fmt.Sprint(tt.grant) != before {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if err != nil {
			continue
		}
		if next.ID != "2" || next.Left != tt.left || next.Count != tt.left || !next.Expires.Equal(noon.Add(tt.ends)) || !next.Issued.Equal(noon) || next.Bound != (tt.hashes != nil) {
			t.Errorf("%s: %+v", tt.name, next)
		}
		var hashes []csc.Digest
		for _, one := range next.Hashes {
			hashes = append(hashes, one.Digest)
		}
		if diff := cmp.Diff(tt.hashes, hashes); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

// However often it is extended, it ends with MaxLife.
func TestExtensionsEnd(t *testing.T) {
	g, now := grant(1), noon
	g.Expires = noon.Add(sad.DefaultLife)
	for n := 0; ; n++ {
		next, err := g.Extend(use(), fmt.Sprint(n), sad.DefaultLife, now)
		if errors.Is(err, sad.ErrExpired) {
			break
		}
		if err != nil || next.Expires.After(noon.Add(sad.MaxLife)) || next.Expires.Before(g.Expires) || n > 100 {
			t.Fatalf("after %v: %v, until %v", now.Sub(noon), err, next.Expires.Sub(noon))
		}
		g, now = next, now.Add(sad.DefaultLife/3)
	}
	if now.Sub(noon) < sad.MaxLife {
		t.Errorf("over after %v", now.Sub(noon))
	}
}

// Of many who extend a grant, and spend it meanwhile, one extends what is left, and
// no more is spent of both together than was agreed to.
func TestExtendRace(t *testing.T) {
	for range 20 {
		store := sad.Grants{Store: onetime.NewMemory(func() time.Time { return noon }), Now: func() time.Time { return noon }}
		if err := store.Put(t.Context(), grant(4)); err != nil {
			t.Fatal(err)
		}
		var extended, spent atomic.Int64
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				if i%2 == 0 {
					if _, err := sad.Spend(t.Context(), store, "1", use(a), noon); err == nil {
						spent.Add(1)
					} else if !errors.Is(err, sad.ErrUnknown) {
						t.Error(err)
					}
					return
				}
				old, next, err := sad.Extend(t.Context(), store, "1", use(), time.Minute, fmt.Sprint("next", i), noon)
				if err == nil {
					extended.Add(1)
					spent.Add(int64(next.Left))
					if old.ID != "1" || old.Left != next.Left {
						t.Errorf("%+v of %+v", next, old)
					}
				} else if !errors.Is(err, sad.ErrUnknown) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if extended.Load() > 1 || spent.Load() != 4 {
			t.Errorf("%d extensions, %d spent or left of 4", extended.Load(), spent.Load())
		}
	}
}

// Of a SAD of several grants the one for the credential is extended, and no other.
func TestExtendPart(t *testing.T) {
	store := sad.Grants{Store: onetime.NewMemory(func() time.Time { return noon }), Now: func() time.Time { return noon }}
	for _, c := range []string{"c1", "c2"} {
		g := grant(2)
		g.ID, g.CredentialID = sad.Part("1", c), c
		if err := store.Put(t.Context(), g); err != nil {
			t.Fatal(err)
		}
	}
	old, next, err := sad.Extend(t.Context(), store, "1", use(), time.Minute, "2", noon)
	if err != nil || old.ID != "1.c1" || next.ID != "2" {
		t.Fatalf("%+v, %v", old, err)
	}
	for id, want := range map[string]error{"1.c1": sad.ErrUnknown, "1.c2": nil, "2": sad.ErrUnknown} { // which is its caller's to put
		if _, err := store.Get(context.Background(), id); !errors.Is(err, want) {
			t.Errorf("%s: %v", id, err)
		}
	}
}
