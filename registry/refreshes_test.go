package registry_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/oauth"
)

func family(n int) oauth.Refresh {
	return oauth.Refresh{
		ID: id("family", n), Hash: "first", ClientID: id("app", n), UserID: id("u", n), Scope: "service", Holder: "jkt x",
		Used: created, Expires: created.Add(30 * 24 * time.Hour),
	}
}

func refreshesComeBack(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddRefresh(t.Context(), family(1)))
	wantErr(t, r.AddRefresh(t.Context(), family(1)), oauth.ErrRefreshExists)
	got, err := r.Refresh(t.Context(), family(1).ID)
	must(t, err)
	if diff := cmp.Diff(family(1), got); diff != "" {
		t.Errorf("refresh token changed (-want +got):\n%s", diff)
	}
	must(t, r.RemoveRefresh(t.Context(), family(1).ID))
	must(t, r.RemoveRefresh(t.Context(), family(1).ID))
	_, err = r.Refresh(t.Context(), family(1).ID)
	wantErr(t, err, oauth.ErrUnknownRefresh)
}

func refreshesAreForgotten(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddRefresh(t.Context(), family(1)))
	late := family(2)
	late.Used = family(1).Expires.Add(24 * time.Hour)
	must(t, r.AddRefresh(t.Context(), late))
	_, err := r.Refresh(t.Context(), family(1).ID)
	must(t, err) // a day, and no less
	later := family(3)
	later.Used = late.Used.Add(time.Microsecond)
	must(t, r.AddRefresh(t.Context(), later))
	_, err = r.Refresh(t.Context(), family(1).ID)
	wantErr(t, err, oauth.ErrUnknownRefresh)
}

// Eight renew the same token, again and again: each time one of them does.
func raceSwapRefresh(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddRefresh(t.Context(), family(1)))
	old := "first"
	for round := range 100 {
		var winner atomic.Pointer[string]
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				hash := fmt.Sprintf("%d/%d", round, n)
				swapped, err := r.SwapRefresh(t.Context(), family(1).ID, old, hash, created)
				if err != nil {
					t.Error(err)
				}
				if swapped && winner.Swap(&hash) != nil {
					t.Error("two renewed the same token")
				}
			})
		}
		all.Wait()
		if winner.Load() == nil {
			t.Fatal("nobody renewed the token")
		}
		old = *winner.Load()
	}
	got, err := r.Refresh(t.Context(), family(1).ID)
	must(t, err)
	if got.Hash != old {
		t.Errorf("%q is good, want the last winner's %q", got.Hash, old)
	}
	swapped, err := r.SwapRefresh(t.Context(), id("family", 9), "first", "x", created)
	if err != nil || swapped {
		t.Errorf("a token of no family was renewed: %v, %v", swapped, err)
	}
}
