package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/oauth"
)

func fragileTown(t *testing.T) (*town, *fragile, *shutShelf) {
	tokens, clients := &fragile{}, &shutShelf{}
	w := newTown(t, func(h *house) {
		tokens.Store, clients.ClientStore = h.tokens, h.clients
		h.provider.Tokens, h.provider.Clients = tokens, clients
	})
	return w, tokens, clients
}

// Whatever cannot be asked, the browser or the client is told that, and never
// that something was refused or done.
func TestOutageOnTheWay(t *testing.T) {
	w, tokens, clients := fragileTown(t)
	later := func(v view) {
		t.Helper()
		v.isPage(t, 503)
		if v.header.Get("Retry-After") != "5" {
			t.Errorf("Retry-After %q", v.header.Get("Retry-After"))
		}
	}
	told := func(v view) {
		t.Helper()
		if told := v.told(t); told.Get("error") != "temporarily_unavailable" || told.Has("code") {
			t.Errorf("told %v", told)
		}
	}
	uri, b := w.push(w.agreeing()), w.browser()
	tokens.verb = "Put"
	w.post("/oauth2/pushed_authorize", w.pushedForm(w.asking())).wantUnavailable(t)
	told(b.authorize(w.asking()))
	later(b.authorize(w.atPushed(uri)))
	tokens.verb = "Get"
	later(b.authorize(w.atPushed(uri)))
	tokens.verb = "Swap"
	later(b.authorize(w.atPushed(uri)))
	tokens.verb = ""
	v := b.authorize(w.atPushed(uri))
	path := b.step(v, "/login")
	i := b.picture(path)
	tokens.verb = "Get"
	if _, err := w.provider.Interaction(b.request(path)); !unavailable(err) || errors.Is(err, oauth.ErrInteraction) {
		t.Errorf("Interaction: %v", err)
	}
	tokens.verb = "Swap"
	if _, err := w.provider.LoggedIn(t.Context(), i, w.people.now(signer)); !unavailable(err) || errors.Is(err, oauth.ErrInteraction) {
		t.Errorf("LoggedIn: %v", err)
	}
	tokens.verb = ""
	clients.err = errGone
	later(b.authorize(w.atPushed(uri)))
	if _, err := w.provider.Interaction(b.request(path)); !unavailable(err) {
		t.Errorf("Interaction: %v", err)
	}
	w.post("/oauth2/pushed_authorize", w.pushedForm(w.asking())).wantUnavailable(t)
	clients.err = errors.New("row cannot be read")
	b.authorize(w.asking()).isPage(t, 500)
	clients.err = nil

	next, err := w.provider.LoggedIn(t.Context(), i, w.people.now(signer))
	if err != nil {
		t.Fatal(err)
	}
	consent := b.open(next)
	i = b.picture(b.step(consent, "/consent"))
	if next, err = w.provider.Agreed(t.Context(), i, []string{"c_1"}, digest("page"), 5); err != nil {
		t.Fatal(err)
	}
	tokens.verb = "Swap"
	later(b.open(next))
	tokens.verb = "Put" // the interaction is ended and no code could be kept
	told(b.open(next))
	tokens.verb = ""
	b.open(next).isPage(t, 400)
}

// A redemption that meets an outage gives no token, and none that lives.
func TestOutageAtRedemption(t *testing.T) {
	w, tokens, _ := fragileTown(t)
	for _, form := range []url.Values{w.asking(), w.agreeing()} {
		good := w.redeeming(w.code(form))
		for _, verb := range []string{"Get", "Swap"} {
			tokens.verb = verb
			w.post("/oauth2/token", good).wantUnavailable(t)
		}
		tokens.verb = ""
		if a := w.post("/oauth2/token", good); a.status != 200 { // the code was not spent
			t.Errorf("after the outage: %d %s", a.status, a.text)
		}
		good = w.redeeming(w.code(form))
		tokens.verb = "Put" // spent, and nothing came of it
		w.post("/oauth2/token", good).wantUnavailable(t)
		tokens.verb = ""
		w.post("/oauth2/token", good).want(t, 400, "invalid_grant", saysCodeOver)
	}
}

func TestOutageOfRefreshTokens(t *testing.T) {
	w := newTown(t)
	a := w.redeem(w.code(w.asking()))
	good := w.redeeming(w.code(w.asking()))
	w.refreshes.err = fmt.Errorf("read families: %w", errGone)
	w.post("/oauth2/token", w.refreshing(a.is("refresh_token"))).wantUnavailable(t)
	w.post("/oauth2/revoke", with(w.good(), "token", a.is("refresh_token"))).wantUnavailable(t)
	w.post("/oauth2/token", good).wantUnavailable(t)
	w.refreshes.err = nil
	if b := w.post("/oauth2/token", w.refreshing(a.is("refresh_token"))); b.status != 200 {
		t.Errorf("after the outage: %d %s", b.status, b.text)
	}
}

// An outage in the middle of a renewal costs nobody the login.
func TestOutageAtRenewal(t *testing.T) {
	w, tokens, _ := fragileTown(t)
	a := w.redeem(w.code(w.asking()))
	tokens.verb = "Put"
	w.post("/oauth2/token", w.refreshing(a.is("refresh_token"))).wantUnavailable(t)
	tokens.verb = ""
	b := w.post("/oauth2/token", w.refreshing(a.is("refresh_token")))
	if b.status != 200 || !w.alive(b.is("access_token")) {
		t.Errorf("after the outage: %d %s", b.status, b.text)
	}
}

// A blankBook keeps no entry of one event.
type blankBook struct {
	notebook
	refuses audit.Event
}

func (n *blankBook) Append(ctx context.Context, e audit.Entry) error {
	if e.Event == n.refuses {
		return errGone
	}
	return n.notebook.Append(ctx, e)
}

// A grant that is not in the record cannot be spent, nor its token used, nor
// refreshed.
func TestUnrecorded(t *testing.T) {
	for _, event := range []audit.Event{audit.GrantIssued, audit.TokenIssued} {
		book, spied := &blankBook{refuses: event}, &spy{}
		w := newTown(t, func(h *house) { h.provider.Audit = book; spied.Store = h.tokens; h.provider.Tokens = spied })
		w.post("/oauth2/token", w.redeeming(w.code(w.agreeing()))).wantUnavailable(t)
		for i := 0; i < len(spied.seen); i += 2 {
			if key := spied.seen[i]; len(key) > 6 && key[:6] == "token:" {
				if _, err := w.tokens.Get(t.Context(), key); err == nil {
					t.Errorf("%s: the token is kept", event)
				}
			}
		}
		for _, e := range book.entries {
			if e.Event == audit.GrantIssued {
				t.Errorf("%s: a grant is recorded", event)
			}
		}
		if event == audit.TokenIssued {
			w.post("/oauth2/token", w.redeeming(w.code(w.asking()))).wantUnavailable(t)
			if len(w.refreshes.kept) > 0 {
				t.Error("a refresh token is kept")
			}
		}
	}
}
