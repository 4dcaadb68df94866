package oauth_test

import (
	"strings"
	"testing"

	"github.com/pecete/pecete/oauth"
)

// A redirectRow is a redirect URI, and how its registration is answered.
type redirectRow struct {
	URI    string
	Status int
	Error  string
}

// Strange redirect URIs are refused wherever they come: at the registration, in
// the query, pushed, and also where they were registered in spite of all.
func TestStrangeRedirects(t *testing.T) {
	all := rows[redirectRow](t, "redirects.jsonl")
	if len(all) < 150 {
		t.Fatalf("%d rows", len(all))
	}
	onBoth(t, func(t *testing.T, change func(*house)) {
		w := newTown(t, change)
		token := w.invite(everything, 1000)
		for _, row := range all {
			uri := row.URI
			t.Run(uri, func(t *testing.T) {
				a := w.register(token, `{"client_name":"Demo application","redirect_uris":[`+quoted(t, uri)+`]}`)
				if a.status != row.Status || row.Error != "" && a.is("error") != row.Error {
					t.Errorf("registered: %d %s", a.status, a.text)
				}
				ask := with(w.asking(), "redirect_uri", uri)
				if row.Status == 201 {
					w.changeClient(w.id, func(c *oauth.Client) { c.RedirectURIs = []string{uri} })
					if a := w.post("/oauth2/pushed_authorize", w.pushedForm(ask)); a.status != 201 {
						t.Errorf("pushed: %d %s", a.status, a.text)
					}
					return
				}
				if uri == "" {
					return // not named, and there is one registered
				}
				w.browser().authorize(ask).isPage(t, 400)
				if a := w.post("/oauth2/pushed_authorize", w.pushedForm(ask)); a.status != 400 {
					t.Errorf("pushed: %d %s", a.status, a.text)
				}
				w.changeClient(w.id, func(c *oauth.Client) { c.RedirectURIs = []string{uri} })
				w.browser().authorize(ask).isPage(t, 400)
				w.browser().authorize(with(ask, "redirect_uri")).isPage(t, 400)
				w.changeClient(w.id, func(c *oauth.Client) { c.RedirectURIs = []string{callback} })
			})
		}
	})
}

// What is registered is compared as text.
func TestAlmostRegistered(t *testing.T) {
	w := newTown(t)
	w.changeClient(w.id, func(c *oauth.Client) {
		c.RedirectURIs = []string{callback, "http://127.0.0.1:8080/cb?a=b", "https://[2001:db8::1]/cb"}
	})
	for uri, ok := range map[string]bool{
		callback: true, "https://[2001:db8::1]/cb": true, "http://127.0.0.1:8080/cb?a=b": true, "http://127.0.0.1:5000/cb?a=b": true, "http://127.0.0.1/cb?a=b": true,
		callback + "/": false, callback + "?": false, callback + "?a=b": false, callback + "/x": false, "https://app.example.com/CB": false,
		"https://app.example.com/c%62": false, "https://app.example.com:443/cb": false, "https://app.example.com:8443/cb": false,
		"https://APP.example.com/cb": false, "https://app.example.com/": false, "https://app.example.com.evil.example/cb": false,
		"http://app.example.com/cb": false, "http://127.0.0.1:8080/cb": false, "http://127.0.0.1:8080/cb?a=c": false, "http://127.0.0.1:8080/cb?a=b&c=d": false,
		"http://127.0.0.2:8080/cb?a=b": false, "http://[::1]:8080/cb?a=b": false, "https://127.0.0.1:8080/cb?a=b": false, "http://127.0.0.1:8080/x?a=b": false,
		"https://[2001:db8::1]:8443/cb": false, "https://[2001:db8:0::1]/cb": false, strings.ToUpper(callback): false,
	} {
		v := w.browser().authorize(with(w.asking(), "redirect_uri", uri))
		if got := v.status == 303; got != ok {
			t.Errorf("%s: %d, want accepted %v", uri, v.status, ok)
		}
		if !ok {
			v.isPage(t, 400)
		}
	}
}
