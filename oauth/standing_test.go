package oauth_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/users"
)

func (p *people) restamp(id, stamp string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.all[id]
	u.Stamp = stamp
	p.all[id] = u
}

// A signed is everything that a signer gives on the way to a signature.
type signed struct {
	asked, known string // the paths of interactions under way
	b            *browser
	code         string
	access       string
	refresh      string
	sad          string
}

func (w *town) give() signed {
	w.t.Helper()
	tokens := w.redeem(w.code(w.asking()))
	g := signed{
		b: w.browser(), access: tokens.is("access_token"), refresh: tokens.is("refresh_token"),
		sad: w.redeem(w.code(w.agreeing())).is("access_token"), code: w.code(w.asking()),
	}
	g.asked = g.b.step(g.b.authorize(w.agreeing()), "/login")
	g.known = g.b.step(g.b.login(g.b.authorize(w.agreeing()), signer), "/consent")
	return g
}

// stillGood says which of what was given still is.
func (w *town) stillGood(g signed) string {
	w.t.Helper()
	var all []string
	say := func(name string, good bool) {
		if good {
			all = append(all, name)
		}
	}
	opens := func(path string) bool {
		_, err := w.provider.Interaction(g.b.request(path))
		return err == nil
	}
	say("asked", opens(g.asked))
	say("known", opens(g.known))
	say("access", w.alive(g.access))
	say("sad", w.alive(g.sad))
	say("code", w.post("/oauth2/token", w.redeeming(g.code)).status == 200)
	say("refresh", w.post("/oauth2/token", w.refreshing(g.refresh)).status == 200)
	return strings.Join(all, " ")
}

// What a signer gave is good for as long as he stands by it: whatever ends that
// ends all of it at once, and only what nobody had proved yet goes on.
func TestWhatEndsWhatASignerGave(t *testing.T) {
	const everything = "asked known access sad code refresh"
	for _, test := range []struct {
		says string
		do   func(w *town) error
		good string
	}{
		{"nothing", func(*town) error { return nil }, everything},
		{"another password or authenticator", func(w *town) error { w.people.restamp(signer, "another"); return nil }, "asked"},
		{"another's password", func(w *town) error { w.people.restamp(stranger, "another"); return nil }, everything},
		{"disabled", func(w *town) error { w.people.disable(signer, true); return nil }, "asked known"},
		{"withdrawn from the client", func(w *town) error { return w.provider.Withdraw(context.Background(), signer, w.id) }, "asked"},
		{"withdrawn from another client", func(w *town) error {
			return w.provider.Withdraw(context.Background(), signer, oauth.NewClientID())
		}, everything},
		{"withdrawn by another", func(w *town) error { return w.provider.Withdraw(context.Background(), stranger, w.id) }, everything},
	} {
		t.Run(test.says, func(t *testing.T) {
			w := newTown(t)
			g := w.give()
			if err := test.do(w); err != nil {
				t.Fatal(err)
			}
			if got := w.stillGood(g); got != test.good {
				t.Errorf("still good: %q, want %q", got, test.good)
			}
			if test.says == "disabled" { // the page of who logged in is there, and says so
				g.b.open("/oauth2/authorize?"+strings.Split(g.known, "?")[1]).isPage(t, 403)
			}
			if test.good != everything {
				w.people.disable(signer, false)
				if now := w.give(); w.stillGood(now) != everything {
					t.Error("what is given after it is not good")
				}
			}
		})
	}
}

// Who logged in with a password that was replaced while it was judged has not
// logged in.
func TestALoginWithAnOldPassword(t *testing.T) {
	w := newTown(t)
	b := w.browser()
	i := b.picture(b.step(b.authorize(w.asking()), "/login"))
	was := w.people.now(signer)
	w.people.restamp(signer, "another")
	next, err := w.provider.LoggedIn(t.Context(), i, was)
	if err != nil {
		t.Fatal(err)
	}
	b.open(next).isPage(t, 400)
	if _, err := w.provider.LoggedIn(t.Context(), b.picture(b.step(b.authorize(w.asking()), "/login")), users.User{ID: "u_nobody"}); !errors.Is(err, oauth.ErrInteraction) {
		t.Errorf("nobody: %v", err)
	}
}

// A grant bears the standing of the login it came of, and no later one.
func TestAGrantBearsItsStanding(t *testing.T) {
	w := newTown(t)
	token := w.redeem(w.code(w.agreeing())).is("access_token")
	g, err := w.grants.Get(t.Context(), sad.ID(csc.Secret(token)))
	if err != nil || g.Standing != "one" {
		t.Errorf("standing %q, %v", g.Standing, err)
	}
}

// What is withdrawn is on record, with the link that ends by it.
func TestWithdrawingIsOnRecord(t *testing.T) {
	w := newTown(t)
	w.people.links[[2]string{w.id, signer}] = true
	if err := w.provider.Withdraw(t.Context(), signer, w.id); err != nil {
		t.Fatal(err)
	}
	want := []audit.Entry{
		{Event: audit.TokenRevoked, Client: w.id, User: signer, Reason: "permission withdrawn"},
		{Event: audit.ClientChanged, Client: w.id, User: signer, Reason: audit.Unlinked},
	}
	if diff := cmp.Diff(want, append(w.record.of(audit.TokenRevoked), w.record.of(audit.ClientChanged)...)); diff != "" {
		t.Error(diff)
	}
}

// An permission tells since when a client acts, and for what.
func TestPermissions(t *testing.T) {
	w := newTown(t)
	w.code(w.asking())
	began := w.clock.Now()
	all, err := w.people.Permissions(t.Context(), signer)
	if err != nil || len(all) != 1 || all[0].ClientID != w.id || !all[0].Since.Equal(began) || all[0].Scopes[0] != "service" {
		t.Errorf("%+v, %v", all, err)
	}
	b := w.browser()
	v := b.login(b.authorize(w.agreeing()), signer)
	next, err := w.provider.Declined(t.Context(), b.picture(b.step(v, "/consent")))
	if err != nil {
		t.Fatal(err)
	}
	b.open(next).told(t)
	if all, _ := w.people.Permissions(t.Context(), signer); len(all[0].Scopes) != 1 {
		t.Error("what was declined is permitted")
	}
}

// A registry that is away refuses nobody, and grants nothing.
func TestStandingOutage(t *testing.T) {
	w := newTown(t)
	g := w.give()
	w.people.err = errGone
	w.post("/oauth2/token", w.redeeming(g.code)).wantUnavailable(t)
	w.post("/oauth2/token", w.refreshing(g.refresh)).wantUnavailable(t)
	g.b.open("/oauth2/authorize?"+strings.Split(g.known, "?")[1]).isPage(t, 503)
	for name, token := range map[string]string{"access": g.access, "sad": g.sad} {
		if _, err := w.provider.Bearer(t.Context(), csc.Secret(token)); !unavailable(err) || errors.Is(err, oauth.ErrTokenUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	i := g.b.picture(g.asked)
	if _, err := w.provider.LoggedIn(t.Context(), i, w.people.now(signer)); !unavailable(err) {
		t.Errorf("logged in: %v", err)
	}
	w.people.err = nil
	if got := w.stillGood(g); got != "asked known access sad code refresh" {
		t.Errorf("after it only %q", got)
	}
}

// A redirect URI that was taken away is nowhere sent to any more: not by an
// interaction under way, a request that was pushed, or a code.
func TestRedirectTakenAway(t *testing.T) {
	w := newTown(t)
	w.changeClient(w.id, func(c *oauth.Client) { c.RedirectURIs = []string{callback, "https://app.example.com/other"} })
	g := w.give()
	pushed := w.push(w.asking())
	finished := w.browser()
	v := finished.login(finished.authorize(w.agreeing()), signer)
	i := finished.picture(finished.step(v, "/consent"))
	next, err := w.provider.Agreed(t.Context(), i, []string{"c_1"}, digest("page"), 5)
	if err != nil {
		t.Fatal(err)
	}
	w.changeClient(w.id, func(c *oauth.Client) { c.RedirectURIs = []string{"https://app.example.com/other"} })
	for name, path := range map[string]string{"asked": g.asked, "known": g.known} {
		if _, err := w.provider.Interaction(g.b.request(path)); !errors.Is(err, oauth.ErrInteraction) {
			t.Errorf("%s: %v", name, err)
		}
		g.b.open("/oauth2/authorize?"+strings.Split(path, "?")[1]).isPage(t, 400)
	}
	finished.open(next).isPage(t, 400)
	w.browser().authorize(w.atPushed(pushed)).isPage(t, 400)
	w.post("/oauth2/token", w.redeeming(g.code)).want(t, 400, "invalid_grant", "Authorization code is invalid or expired")
	w.clock.move(time.Second)
	if !w.alive(g.access) {
		t.Error("a token that was given before ended too")
	}
}
