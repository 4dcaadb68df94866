package oauth_test

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/onetime"
)

// An asked is a row of testdata/parameters.jsonl: a request that would succeed,
// with parameters dropped and others added as they stand in the file.
type asked struct {
	Says  string
	At    string // ask, beside, redeem, refresh, revoke or token
	Base  string // service or credential; service if none
	Drop  []string
	Add   string
	OK    bool
	Page  bool // a browser is shown a page and not sent back
	Error string
	Text  string
}

// A touched store counts what was changed in it.
type touched struct {
	onetime.Store
	times atomic.Int64
}

func (s *touched) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	s.times.Add(1)
	return s.Store.Put(ctx, key, value, ttl)
}

func (s *touched) Take(ctx context.Context, key string) ([]byte, error) {
	s.times.Add(1)
	return s.Store.Take(ctx, key)
}

func (s *touched) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) (bool, error) {
	s.times.Add(1)
	return s.Store.Swap(ctx, key, old, new, ttl)
}

// A counter is a town at whose endpoints the rows ask.
type counter struct {
	*town
	t       *testing.T
	touched *touched
	fapi    string // a client of profile fapi2
	prover  *application
}

func newCounter(t *testing.T, change func(*house)) *counter {
	c := &counter{t: t, touched: &touched{}}
	c.town = newTown(t, change, func(h *house) { c.touched.Store, h.tokens, h.provider.Tokens = h.tokens, c.touched, c.touched })
	c.prover = newApplication(t, c.clock.Now)
	c.prover.register(c.house, oauth.PrivateKeyJWT, func(client *oauth.Client) {
		client.Profile, client.RequirePAR = oauth.ProfileFAPI2, true
		client.RedirectURIs, client.Grants, client.Scopes = []string{callback}, []string{"authorization_code"}, []string{"service", "credential"}
	})
	c.fapi = c.prover.id
	return c
}

// text is the form as a row changes it.
func (row asked) text(form url.Values) string {
	values := []string{"$hash", urlHash("evil")}
	for name := range form {
		values = append(values, "$"+name, url.QueryEscape(form.Get(name)))
	}
	form = maps.Clone(form)
	for _, name := range row.Drop {
		delete(form, name)
	}
	text := form.Encode()
	if row.Add != "" {
		text += "&" + strings.NewReplacer(values...).Replace(row.Add)
	}
	return text
}

func (c *counter) base(row asked) url.Values {
	if row.Base == "credential" {
		return c.agreeing()
	}
	return c.asking()
}

// unchanged demands that a request that was refused has changed nothing.
func (c *counter) unchanged(says string, request func()) {
	c.t.Helper()
	state := func() string {
		return fmt.Sprint(c.touched.times.Load(), len(c.record.entries), c.refreshes.kept)
	}
	before := state()
	request()
	if after := state(); after != before {
		c.t.Errorf("%s: was %s, is %s", says, before, after)
	}
}

func (c *counter) refused(row asked, path, body string) {
	c.unchanged(row.Says, func() { c.send(path, body).want(c.t, 400, row.Error, row.Text) })
}

// ask is an authorization request, by the query and pushed.
func (c *counter) ask(row asked) {
	query := row.text(c.base(row))
	body := row.text(c.pushedForm(c.base(row)))
	if row.OK {
		b := c.browser()
		b.step(b.open("/oauth2/authorize?"+query), "/login")
		if a := c.send("/oauth2/pushed_authorize", body); a.status != 201 {
			c.t.Errorf("pushed: %d %s", a.status, a.text)
		}
		return
	}
	c.unchanged(row.Says, func() {
		v := c.browser().open("/oauth2/authorize?" + query)
		if row.Page {
			v.isPage(c.t, 400)
		} else if told := v.told(c.t); told.Get("error") != row.Error || told.Get("error_description") != row.Text || told.Has("code") {
			c.t.Errorf("told %v", told)
		}
	})
	c.refused(row, "/oauth2/pushed_authorize", body)
}

// beside is a parameter beside a request_uri: dropped unread, and refused of a
// client of FAPI 2.0.
func (c *counter) beside(row asked) {
	opened := func(query string) oauth.Interaction {
		b := c.browser()
		i := b.picture(b.step(b.open("/oauth2/authorize?"+query), "/login"))
		i.ID, i.Expires = "", time.Time{}
		return i
	}
	form := c.base(row)
	plain := opened(c.atPushed(c.push(form)).Encode())
	spoilt := opened(row.text(c.atPushed(c.push(form))))
	if diff := cmp.Diff(plain, spoilt, cmpopts.IgnoreUnexported(oauth.Interaction{})); diff != "" {
		c.t.Error(diff)
	}
	a := c.post("/oauth2/pushed_authorize", c.prover.proving(with(form, "client_id", c.fapi), assertion{}))
	at := url.Values{"client_id": {c.fapi}, "request_uri": {a.is("request_uri")}}
	if _, value, _ := strings.Cut(row.Add, "="); value != "" {
		c.unchanged(row.Says, func() { c.browser().open("/oauth2/authorize?"+row.text(at)).isPage(c.t, 400) })
	}
	b := c.browser()
	b.step(b.authorize(at), "/login") // it was not used up
}

// Requests with something too much, twice, or widened: refused in these words
// at every endpoint, and nothing has changed; or without any effect.
func TestParameters(t *testing.T) {
	all := rows[asked](t, "parameters.jsonl")
	if len(all) < 400 {
		t.Fatalf("%d rows", len(all))
	}
	onBoth(t, func(t *testing.T, change func(*house)) {
		c := newCounter(t, change)
		code, token := c.code(c.asking()), string(c.issue())
		refresh := c.redeem(c.code(c.asking())).is("refresh_token")
		for _, row := range all {
			t.Run(row.Says, func(t *testing.T) {
				c.t, c.town.t = t, t
				switch row.At {
				case "ask":
					c.ask(row)
				case "beside":
					c.beside(row)
				case "redeem":
					c.exchange(row, c.redeeming(code), func() url.Values { return c.redeeming(c.code(c.asking())) })
				case "refresh":
					next := c.exchange(row, c.refreshing(refresh), func() url.Values { return c.refreshing(refresh) })
					if next != "" {
						refresh = next
					}
				case "revoke":
					c.refused(row, "/oauth2/revoke", row.text(with(c.good(), "token", token)))
				case "token":
					c.refused(row, "/oauth2/token", row.text(c.good()))
				default:
					t.Fatalf("at %q", row.At)
				}
			})
		}
		c.t, c.town.t = t, t
		c.redeem(code) // no fault has cost it
		if !c.alive(token) || c.post("/oauth2/token", c.refreshing(refresh)).status != 200 {
			t.Error("a token did not outlive the refusals")
		}
	})
}

// exchange is a request for tokens: refused, or as good as without what was
// added. It returns the refresh token.
func (c *counter) exchange(row asked, spared url.Values, spent func() url.Values) (refresh string) {
	if !row.OK {
		c.refused(row, "/oauth2/token", row.text(spared))
		return ""
	}
	a := c.send("/oauth2/token", row.text(spent()))
	if a.status != 200 || a.is("scope") != "service" || len(a.body) != 5 || a.body["expires_in"] != 600.0 {
		c.t.Errorf("got %d %s", a.status, a.text)
	}
	return a.is("refresh_token")
}
