package oauth_test

import (
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/onetime"
)

const (
	rounds     = 100
	contenders = 8
)

// races runs a test in both kinds of one-time store. Redis goes by its own
// clock, so the test's is the real one there.
func races(t *testing.T, run func(*testing.T, *town)) {
	t.Run("memory", func(t *testing.T) { run(t, newTown(t)) })
	t.Run("redis", func(t *testing.T) {
		server := proctest.Redis(t, "--appendfsync", "no")
		store, err := onetime.OpenRedis(t.Context(), onetime.Config{URL: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		run(t, newTown(t, func(h *house) {
			h.tokens, h.provider.Tokens = store, store
			h.clock.now = time.Now()
		}))
	})
}

// atOnce runs f so often at the same time and returns how many succeeded.
func atOnce(f func(i int) bool) (won int) {
	var mu sync.Mutex
	var wait sync.WaitGroup
	start := make(chan struct{})
	for i := range contenders {
		wait.Go(func() {
			<-start
			if f(i) {
				mu.Lock()
				won++
				mu.Unlock()
			}
		})
	}
	close(start)
	wait.Wait()
	return won
}

// Of redemptions of one code one wins, and what it won is dead, since the
// others were replays.
func TestRaceForCode(t *testing.T) {
	races(t, func(t *testing.T, w *town) {
		for round := range rounds {
			ask := w.asking()
			if round%2 == 0 {
				ask = w.agreeing()
			}
			form := w.redeeming(w.code(ask))
			answers := make([]answer, contenders)
			won := atOnce(func(i int) bool {
				answers[i] = w.post("/oauth2/token", form)
				return answers[i].status == 200
			})
			if won != 1 {
				t.Fatalf("round %d: %d redemptions of one code", round, won)
			}
			for _, a := range answers {
				if a.status != 200 {
					a.want(t, 400, "invalid_grant", saysCodeOver)
					continue
				}
				if w.alive(a.is("access_token")) {
					t.Fatalf("round %d: the token is alive after replays", round)
				}
				if _, err := w.grants.Get(t.Context(), sad.ID(csc.Secret(a.is("access_token")))); err != sad.ErrUnknown {
					t.Fatalf("round %d: the grant is alive after replays: %v", round, err)
				}
				if r := a.is("refresh_token"); r != "" && w.post("/oauth2/token", w.refreshing(r)).status == 200 {
					t.Fatalf("round %d: the refresh token is alive after replays", round)
				}
			}
		}
		if len(w.refreshes.kept) > 0 {
			t.Errorf("%d families are left", len(w.refreshes.kept))
		}
	})
}

// Of browsers that load one request_uri one gets the interaction, and of the
// ways to its end one makes a code.
func TestRaceForRequestURI(t *testing.T) {
	races(t, func(t *testing.T, w *town) {
		for round := range rounds {
			form := w.atPushed(w.push(w.asking()))
			browsers, views := make([]*browser, contenders), make([]view, contenders)
			winner := -1
			if won := atOnce(func(i int) bool {
				browsers[i] = w.browser()
				views[i] = browsers[i].authorize(form)
				return views[i].status == 303
			}); won != 1 {
				t.Fatalf("round %d: %d browsers opened one request_uri", round, won)
			}
			for i, v := range views {
				if v.status == 303 {
					winner = i
				} else {
					v.isPage(t, 400)
				}
			}
			b := browsers[winner]
			i := b.picture(b.step(views[winner], "/login"))
			next := make([]string, contenders)
			if won := atOnce(func(n int) bool {
				var err error
				next[n], err = w.provider.LoggedIn(t.Context(), i, w.people.now(signer))
				return err == nil
			}); won != 1 {
				t.Fatalf("round %d: logged in %d times", round, won)
			}
			if won := atOnce(func(int) bool {
				r := &browser{w: w, cookie: b.cookie}
				return r.open("/oauth2/authorize?i="+i.ID).status == 302
			}); won != 1 {
				t.Fatalf("round %d: %d codes of one request_uri", round, won)
			}
		}
	})
}

// Of the ways to the end of one interaction that was not pushed one makes a
// code.
func TestRaceForInteraction(t *testing.T) {
	races(t, func(t *testing.T, w *town) {
		for round := range rounds {
			b := w.browser()
			i := b.picture(b.step(b.authorize(w.asking()), "/login"))
			next, err := w.provider.LoggedIn(t.Context(), i, w.people.now(signer))
			if err != nil {
				t.Fatal(err)
			}
			if won := atOnce(func(int) bool {
				r := &browser{w: w, cookie: b.cookie}
				return r.open(next).status == 302
			}); won != 1 {
				t.Fatalf("round %d: %d codes of one interaction", round, won)
			}
		}
	})
}

// Of uses of one refresh token one wins, and the family is dead.
func TestRaceForRefreshToken(t *testing.T) {
	races(t, func(t *testing.T, w *town) {
		for round := range rounds {
			a := w.redeem(w.code(w.asking()))
			answers := make([]answer, contenders)
			won := atOnce(func(i int) bool {
				answers[i] = w.post("/oauth2/token", w.refreshing(a.is("refresh_token")))
				return answers[i].status == 200
			})
			if won != 1 {
				t.Fatalf("round %d: %d uses of one refresh token", round, won)
			}
			for _, b := range append(answers, a) {
				if b.status == 200 && w.alive(b.is("access_token")) {
					t.Fatalf("round %d: a token is alive after reuse", round)
				}
			}
		}
		if len(w.refreshes.kept) > 0 {
			t.Errorf("%d families are left", len(w.refreshes.kept))
		}
	})
}

// A revocation that meets a renewal leaves nothing alive, whichever was first.
func TestRaceOfRevocationAndRenewal(t *testing.T) {
	w := newTown(t)
	for round := range rounds {
		a := w.redeem(w.code(w.asking()))
		var renewed answer
		atOnce(func(i int) bool {
			switch i {
			case 0:
				renewed = w.post("/oauth2/token", w.refreshing(a.is("refresh_token")))
			case 1:
				w.post("/oauth2/revoke", with(w.good(), "token", a.is("refresh_token")))
			}
			return true
		})
		if w.alive(a.is("access_token")) || renewed.status == 200 && w.alive(renewed.is("access_token")) {
			t.Fatalf("round %d: alive after revocation", round)
		}
	}
}
