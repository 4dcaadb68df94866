package oauth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/oauth"
)

// Each step counts once and for its own interaction, as it stood when it was
// looked at.
func TestStepsCannotBeReplayed(t *testing.T) {
	w := newTown(t)
	ctx := t.Context()
	b := w.browser()
	v := b.authorize(w.agreeing())
	asked := b.picture(b.step(v, "/login"))
	refused := func(name string, f func() (string, error)) {
		t.Helper()
		if next, err := f(); !errors.Is(err, oauth.ErrInteraction) {
			t.Errorf("%s: %q, %v", name, next, err)
		}
	}
	agreed := func(i oauth.Interaction) func() (string, error) {
		return func() (string, error) { return w.provider.Agreed(ctx, i, []string{"c_1"}, digest("page"), 5) }
	}
	loggedIn := func(i oauth.Interaction, user string) func() (string, error) {
		return func() (string, error) { return w.provider.LoggedIn(ctx, i, w.people.now(user)) }
	}
	refused("agreed before the login", agreed(asked))
	forged := asked
	forged.UserID = signer
	refused("agreed with a user of one's own", agreed(forged))
	refused("logged in as nobody", loggedIn(asked, ""))
	refused("an interaction made by hand", loggedIn(oauth.Interaction{ID: asked.ID, Client: asked.Client, Scope: "credential"}, signer))
	if v = b.login(v, signer); v.status != 303 {
		t.Fatal(v.text)
	}
	refused("logged in again from the old picture", loggedIn(asked, stranger))
	refused("declined from the old picture", func() (string, error) { return w.provider.Declined(ctx, asked) })
	known := b.picture(b.step(v, "/consent"))
	refused("logged in again", loggedIn(known, stranger))

	second := b.authorize(w.agreeing())
	mixed := b.picture(b.step(second, "/login"))
	mixed.ID = known.ID
	refused("another interaction's picture under this id", loggedIn(mixed, stranger))
	mixed = known
	mixed.ID = b.picture(b.step(second, "/login")).ID
	refused("this picture under another interaction's id", agreed(mixed))

	refused("agreed to nothing shown", func() (string, error) { return w.provider.Agreed(ctx, known, []string{"c_1"}, nil, 5) })
	refused("agreed without a code", func() (string, error) { return w.provider.Agreed(ctx, known, []string{"c_1"}, digest("page"), 0) })
	next, err := agreed(known)()
	if err != nil {
		t.Fatal(err)
	}
	refused("agreed again", agreed(known))
	if _, err := w.provider.Interaction(b.request(next)); !errors.Is(err, oauth.ErrInteraction) {
		t.Errorf("after agreeing: %v", err)
	}
	b.open(next).told(t)
	b.open(next).isPage(t, 400)
	refused("agreed after the end", agreed(known))
}

// An interaction of scope service cannot be agreed to.
func TestServiceNeedsNoConsent(t *testing.T) {
	w := newTown(t)
	b := w.browser()
	i := b.picture(b.step(b.authorize(w.asking()), "/login"))
	if _, err := w.provider.LoggedIn(t.Context(), i, w.people.now(signer)); err != nil {
		t.Fatal(err)
	}
	i = b.picture("/?i=" + i.ID)
	if _, err := w.provider.Agreed(t.Context(), i, []string{"c_1"}, digest("page"), 5); !errors.Is(err, oauth.ErrInteraction) {
		t.Errorf("agreed: %v", err)
	}
	if _, err := w.provider.Choices(t.Context(), i); !errors.Is(err, oauth.ErrInteraction) {
		t.Errorf("choices: %v", err)
	}
}

// Nobody but the browser that began an interaction sees it or goes on with it.
func TestInteractionIsBoundToItsBrowser(t *testing.T) {
	w := newTown(t)
	b, other := w.browser(), w.browser()
	path := b.step(b.authorize(w.asking()), "/login")
	other.authorize(w.asking())
	request := func(change func(*http.Request)) *http.Request {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		change(r)
		return r
	}
	cookie := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: b.cookie.Name, Value: value}) }
	}
	for name, r := range map[string]*http.Request{
		"no cookie":       request(func(*http.Request) {}),
		"another's":       request(cookie(other.cookie.Value)),
		"an empty one":    request(cookie("")),
		"a short one":     request(cookie("x")),
		"the wrong one":   request(cookie(challenge)),
		"two":             request(func(r *http.Request) { cookie(other.cookie.Value)(r); cookie(b.cookie.Value)(r) }),
		"without __Host-": request(func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "pecete-browser", Value: b.cookie.Value}) }),
	} {
		if _, err := w.provider.Interaction(r); !errors.Is(err, oauth.ErrInteraction) {
			t.Errorf("%s: %v", name, err)
		}
	}
	other.open("/oauth2/authorize?"+strings.Split(path, "?")[1]).isPage(t, 400)
	b.picture(path)
	form := b.request("/login")
	form.PostForm = url.Values{"i": {strings.Split(path, "?i=")[1]}}
	if _, err := w.provider.Interaction(form); err != nil {
		t.Errorf("named by a form: %v", err)
	}
	for _, bad := range []string{"/login", "/login?i=", "/login?i=x", "/login?i=" + challenge} {
		if _, err := w.provider.Interaction(b.request(bad)); !errors.Is(err, oauth.ErrInteraction) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestInteractionEnds(t *testing.T) {
	w := newTown(t)
	b := w.browser()
	v := b.authorize(w.asking())
	path := b.step(v, "/login")
	i := b.picture(path)
	w.clock.move(10*time.Minute - 1)
	b.picture(path)
	w.clock.move(1)
	if _, err := w.provider.Interaction(b.request(path)); !errors.Is(err, oauth.ErrInteraction) {
		t.Errorf("ten minutes later: %v", err)
	}
	if _, err := w.provider.LoggedIn(t.Context(), i, w.people.now(signer)); !errors.Is(err, oauth.ErrInteraction) {
		t.Errorf("logged in ten minutes later: %v", err)
	}
}

// A client that is removed or disabled meanwhile gets no code.
func TestClientGone(t *testing.T) {
	w := newTown(t)
	b := w.browser()
	path := b.step(b.authorize(w.asking()), "/login")
	i := b.picture(path)
	next, err := w.provider.LoggedIn(t.Context(), i, w.people.now(signer))
	if err != nil {
		t.Fatal(err)
	}
	w.changeClient(w.id, func(c *oauth.Client) { c.Disabled = true })
	b.open(next).isPage(t, 400)
	if _, err := w.provider.Interaction(b.request(path)); !errors.Is(err, oauth.ErrInteraction) {
		t.Errorf("interaction: %v", err)
	}
}

// A key of another server opens nothing.
func TestStepKey(t *testing.T) {
	w := newTown(t)
	b := w.browser()
	path := b.step(b.authorize(w.asking()), "/login")
	i := b.picture(path)
	w.provider.StepKey = []byte("another key")
	if _, err := w.provider.Interaction(b.request(path)); !errors.Is(err, oauth.ErrInteraction) {
		t.Errorf("interaction: %v", err)
	}
	if _, err := w.provider.LoggedIn(t.Context(), i, w.people.now(signer)); !errors.Is(err, oauth.ErrInteraction) {
		t.Errorf("logged in: %v", err)
	}
}
