package oauth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/users"
)

// A saboteur has one of the calls to anything that can be away fail: the one of
// that number since it was aimed.
type saboteur struct {
	mu    sync.Mutex
	left  int // calls until then; none fails below one
	after bool
	hit   string
}

// aim lets the nth call fail, or none if n is 0. With after it fails once it was
// done, as a call does whose answer is lost.
func (s *saboteur) aim(n int, after bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.after, s.hit = n, after, ""
}

// struck names the call that failed, "" if none did.
func (s *saboteur) struck() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hit
}

// through makes a call, or has it fail.
func (s *saboteur) through(name string, call func() error) error {
	s.mu.Lock()
	s.left--
	fails, after := s.left == 0, s.after
	if fails {
		s.hit = name
	}
	s.mu.Unlock()
	if fails && after {
		_ = call()
	}
	if fails {
		return errGone
	}
	return call()
}

// The stores of a town, each call through its saboteur.
type (
	struckTokens struct {
		onetime.Store
		*saboteur
	}
	struckClients struct {
		oauth.ClientStore
		*saboteur
	}
	struckRefreshes struct {
		oauth.RefreshStore
		*saboteur
	}
	struckVault struct {
		credentials.Store
		*saboteur
	}
	struckPeople struct {
		users.Store
		*saboteur
	}
	struckBook struct {
		oauth.Recorder
		*saboteur
	}
)

func (s struckTokens) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return s.through("Put", func() error { return s.Store.Put(ctx, key, value, ttl) })
}

func (s struckTokens) Get(ctx context.Context, key string) (value []byte, err error) {
	err = s.through("Get", func() (err error) { value, err = s.Store.Get(ctx, key); return err })
	return value, err
}

func (s struckTokens) Take(ctx context.Context, key string) (value []byte, err error) {
	err = s.through("Take", func() (err error) { value, err = s.Store.Take(ctx, key); return err })
	return value, err
}

func (s struckTokens) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) (done bool, err error) {
	err = s.through("Swap", func() (err error) { done, err = s.Store.Swap(ctx, key, old, new, ttl); return err })
	return done && err == nil, err
}

func (s struckClients) Client(ctx context.Context, id string) (c oauth.Client, err error) {
	err = s.through("Client", func() (err error) { c, err = s.ClientStore.Client(ctx, id); return err })
	return c, err
}

func (s struckRefreshes) AddRefresh(ctx context.Context, r oauth.Refresh) error {
	return s.through("AddRefresh", func() error { return s.RefreshStore.AddRefresh(ctx, r) })
}

func (s struckRefreshes) Refresh(ctx context.Context, id string) (r oauth.Refresh, err error) {
	err = s.through("Refresh", func() (err error) { r, err = s.RefreshStore.Refresh(ctx, id); return err })
	return r, err
}

func (s struckRefreshes) SwapRefresh(ctx context.Context, id, old, hash string, used time.Time) (done bool, err error) {
	err = s.through("SwapRefresh", func() (err error) {
		done, err = s.RefreshStore.SwapRefresh(ctx, id, old, hash, used)
		return err
	})
	return done && err == nil, err
}

func (s struckRefreshes) RemoveRefresh(ctx context.Context, id string) error {
	return s.through("RemoveRefresh", func() error { return s.RefreshStore.RemoveRefresh(ctx, id) })
}

func (s struckVault) Holding(ctx context.Context, id, clientID string) (h credentials.Holding, err error) {
	err = s.through("Holding", func() (err error) { h, err = s.Store.Holding(ctx, id, clientID); return err })
	return h, err
}

func (s struckVault) CredentialsOf(ctx context.Context, userID string) (all []credentials.Credential, err error) {
	err = s.through("CredentialsOf", func() (err error) { all, err = s.Store.CredentialsOf(ctx, userID); return err })
	return all, err
}

func (s struckPeople) User(ctx context.Context, id string) (u users.User, err error) {
	err = s.through("User", func() (err error) { u, err = s.Store.User(ctx, id); return err })
	return u, err
}

func (s struckBook) Append(ctx context.Context, e audit.Entry) error {
	return s.through("Append", func() error { return s.Recorder.Append(ctx, e) })
}

func struckTown(t *testing.T) (*town, *saboteur) {
	t.Helper()
	s := &saboteur{}
	w := newTown(t, func(h *house) {
		p := h.provider
		h.tokens = struckTokens{h.tokens, s}
		p.Tokens, p.Grants = h.tokens, sad.Grants{Store: h.tokens, Now: h.clock.Now}
		p.Clients = struckClients{h.clients, s}
		p.Refresh = struckRefreshes{p.Refresh, s}
		p.Register.Store = struckVault{p.Register.Store, s}
		p.Register.Users = struckPeople{p.Register.Users, s}
		p.Audit = struckBook{h.record, s}
	})
	return w, s
}

// An attempt is what one request said of itself.
type attempt struct {
	later   bool // that it cannot be answered now
	granted bool // that it was done
	said    string
}

func (a answer) attempt() attempt {
	return attempt{
		later:   a.status == 503 && a.body["error"] == "temporarily_unavailable" && a.header.Get("Retry-After") != "",
		granted: a.status < 300, said: fmt.Sprint(a.status, " ", a.text),
	}
}

// attempt of a browser is told by a page, or by a redirect to the client.
func (v view) attempt() attempt {
	to, _ := url.Parse(v.header.Get("Location"))
	told := to.Query()
	return attempt{
		later:   v.status == 503 && v.header.Get("Retry-After") != "" || told.Get("error") == "temporarily_unavailable" && !told.Has("code"),
		granted: v.status < 400 && !told.Has("error"), said: fmt.Sprint(v.status, " ", to, " ", v.text),
	}
}

func attemptOf(err error) attempt {
	return attempt{later: unavailable(err), granted: err == nil, said: fmt.Sprint(err)}
}

// strikes are the requests there are: each gets ready, and returns the request
// itself.
func (w *town) strikes() map[string]func() func() attempt {
	post := func(path string, form url.Values) func() attempt {
		return func() attempt { return w.post(path, form).attempt() }
	}
	at := func(b *browser, path string) func() attempt { return func() attempt { return b.open(path).attempt() } }
	known := func(form url.Values) (*browser, view) {
		b := w.browser()
		return b, b.login(b.authorize(form), signer)
	}
	a := newApplication(w.t, w.clock.Now)
	a.register(w.house, oauth.PrivateKeyJWT)
	return map[string]func() func() attempt{
		"a service token":        func() func() attempt { return post("/oauth2/token", w.good()) },
		"one by an assertion":    func() func() attempt { return post("/oauth2/token", a.proving(w.good(), assertion{})) },
		"a pushed request":       func() func() attempt { return post("/oauth2/pushed_authorize", w.pushedForm(w.agreeing())) },
		"a request by the query": func() func() attempt { return at(w.browser(), "/oauth2/authorize?"+w.agreeing().Encode()) },
		"the load of a pushed one": func() func() attempt {
			return at(w.browser(), "/oauth2/authorize?"+w.atPushed(w.push(w.agreeing())).Encode())
		},
		"the reload of a pushed one": func() func() attempt {
			b, form := w.browser(), w.atPushed(w.push(w.agreeing()))
			b.authorize(form)
			return at(b, "/oauth2/authorize?"+form.Encode())
		},
		"a look at an interaction": func() func() attempt {
			b := w.browser()
			path := b.step(b.authorize(w.agreeing()), "/login")
			return func() attempt { _, err := w.provider.Interaction(b.request(path)); return attemptOf(err) }
		},
		"a login": func() func() attempt {
			b := w.browser()
			i := b.picture(b.step(b.authorize(w.agreeing()), "/login"))
			return func() attempt {
				_, err := w.provider.LoggedIn(w.t.Context(), i, w.people.now(signer))
				return attemptOf(err)
			}
		},
		"the way to the consent": func() func() attempt {
			b, v := known(w.agreeing())
			path := b.step(v, "/consent")
			return at(b, "/oauth2/authorize"+path[len("/consent"):])
		},
		"the choices of a qualifier": func() func() attempt {
			b, v := known(with(with(w.agreeing(), "credentialID"), "signatureQualifier", "eu_eidas_aes"))
			i := b.picture(b.step(v, "/consent"))
			return func() attempt { _, err := w.provider.Choices(w.t.Context(), i); return attemptOf(err) }
		},
		"an agreement": func() func() attempt {
			b, v := known(w.agreeing())
			i := b.picture(b.step(v, "/consent"))
			return func() attempt {
				_, err := w.provider.Agreed(w.t.Context(), i, []string{"c_1"}, digest("page"), 5)
				return attemptOf(err)
			}
		},
		"a refusal of the signer": func() func() attempt {
			b, v := known(w.agreeing())
			i := b.picture(b.step(v, "/consent"))
			return func() attempt { _, err := w.provider.Declined(w.t.Context(), i); return attemptOf(err) }
		},
		"a code": func() func() attempt {
			b := w.browser()
			i := b.picture(b.step(b.authorize(w.atPushed(w.push(w.asking()))), "/login"))
			next, err := w.provider.LoggedIn(w.t.Context(), i, w.people.now(signer))
			if err != nil {
				w.t.Fatal(err)
			}
			return at(b, next)
		},
		"a redemption for a login":      func() func() attempt { return post("/oauth2/token", w.redeeming(w.code(w.asking()))) },
		"a redemption for a credential": func() func() attempt { return post("/oauth2/token", w.redeeming(w.code(w.agreeing()))) },
		"a replay of a code": func() func() attempt {
			form := w.redeeming(w.code(w.agreeing()))
			w.post("/oauth2/token", form)
			return post("/oauth2/token", form)
		},
		"a renewal": func() func() attempt {
			return post("/oauth2/token", w.refreshing(w.redeem(w.code(w.asking())).is("refresh_token")))
		},
		"a reuse": func() func() attempt {
			form := w.refreshing(w.redeem(w.code(w.asking())).is("refresh_token"))
			w.post("/oauth2/token", form)
			return post("/oauth2/token", form)
		},
		"a revocation of a service token": func() func() attempt {
			return post("/oauth2/revoke", with(w.good(), "token", string(w.issue())))
		},
		"a revocation of a credential token": func() func() attempt {
			return post("/oauth2/revoke", with(w.good(), "token", w.redeem(w.code(w.agreeing())).is("access_token")))
		},
		"a revocation of a login": func() func() attempt {
			return post("/oauth2/revoke", with(w.good(), "token", w.redeem(w.code(w.asking())).is("refresh_token")))
		},
		"a look at a token": func() func() attempt {
			token := csc.Secret(w.redeem(w.code(w.asking())).is("access_token"))
			return func() attempt { _, err := w.provider.Bearer(w.t.Context(), token); return attemptOf(err) }
		},
	}
}

// Each call of each request to each store, and to the log, fails once, before
// it was done and after: the answer is 503 and never that something was done, or
// refused.
func TestEveryCallThatFails(t *testing.T) {
	w, s := struckTown(t)
	for name, ready := range w.strikes() {
		t.Run(name, func(t *testing.T) {
			for _, after := range []bool{false, true} {
				for n := 1; ; n++ {
					request := ready()
					s.aim(n, after)
					got := request()
					call := s.struck()
					s.aim(0, false)
					if call == "" {
						break
					}
					if got.granted || !got.later {
						t.Errorf("call %d, %s, fails (after the deed: %v): %s", n, call, after, got.said)
					}
					if n > 50 {
						t.Fatal("there is no end of calls")
					}
				}
			}
		})
	}
	if a := w.post("/oauth2/token", w.good()); a.status != http.StatusOK {
		t.Errorf("after all that: %d %s", a.status, a.text)
	}
}
