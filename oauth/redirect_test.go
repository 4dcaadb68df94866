package oauth_test

import (
	"strings"
	"testing"

	"github.com/pecete/pecete/oauth"
)

// strangeRedirects are URIs that can be neither registered nor asked for.
var strangeRedirects = []string{
	// hosts that are addresses in other clothes
	"http://2130706433/cb", "http://017700000001/cb", "http://0x7f000001/cb", "http://0x7f.0.0.1/cb", "http://127.1/cb",
	"http://127.0.1/cb", "http://0177.0.0.1/cb", "http://127.0.0.01/cb", "http://0.0.0.0/cb", "http://0/cb",
	"http://[::]/cb", "http://[::ffff:127.0.0.1]/cb", "http://[::ffff:7f00:1]/cb", "http://[64:ff9b::7f00:1]/cb",
	"http://[::1%25lo]/cb", "http://[fe80::1%25eth0]/cb", "http://[fe80::1]/cb", "http://[fc00::1]/cb", "http://[::127.0.0.1]/cb",
	"http://10.0.0.1/cb", "http://192.168.0.1/cb", "http://169.254.169.254/latest/meta-data", "http://100.64.0.1/cb",
	"http://[0:0:0:0:0:0:0:1", "http://::1/cb", "https://[::1]/cb", "https://127.0.0.1/cb", "https://127.0.0.1:8443/cb",
	// names for here
	"http://localhost/cb", "http://localhost./cb", "http://localhost:8080/cb", "http://LOCALHOST/cb", "http://127.0.0.1./cb",
	"http://localtest.me/cb", "http://127.0.0.1.nip.io/cb", "http://app.example.com/cb", "http://loopback/cb",
	// users, and what parsers take for them
	"https://user@app.example.com/cb", "https://user:pw@app.example.com/cb", "https://app.example.com@evil.example/cb",
	"https://@app.example.com/cb", "http://127.0.0.1@evil.example/cb", "http://evil.example@127.0.0.1/cb",
	"http://127.0.0.1:80@evil.example/cb", "https://app.example.com:443@evil.example/",
	// backslashes, fragments, signs nobody sees
	`https://app.example.com\@evil.example/cb`, `https:\\app.example.com\cb`, `https:/\app.example.com/cb`, `https://app.example.com\cb`,
	"https://app.example.com/cb#", "https://app.example.com/cb#x", "https://evil.example#@app.example.com/cb", "#", "https://#",
	"https://app.example.com/cb ", " https://app.example.com/cb", "https://app.example.com/\tcb", "https://app.example.com/\ncb",
	"https://app.example.com/\r\nSet-Cookie:a=b", "https://app.example.com/\x00cb", "https://app.example.com/\x7fcb",
	"https://app.exam\u200bple.com/cb", "https://app.example\u3002com/cb", "https://аpp.example.com/cb", "https://app.example.com/ț",
	"https://app.example.com/\u202ecb", "https://app。example。com/", "https://ａpp.example.com/cb",
	// schemes
	"javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "file:///etc/passwd", "gopher://app.example.com/cb",
	"ftp://app.example.com/cb", "ws://127.0.0.1/cb", "blob:https://app.example.com/x", "view-source:https://app.example.com/",
	"urn:ietf:wg:oauth:2.0:oob", "com.example.app:/cb", "myapp://cb", "about:blank", "vbscript:x", "httpss://app.example.com/cb",
	"HTTPS://app.example.com/cb", "Https://app.example.com/cb", "mailto:a@b.example", "intent://cb#Intent;end", "chrome://settings",
	// no URL of a host
	"", "/", "/cb", "cb", "//app.example.com/cb", "///app.example.com/cb", "https:", "https:/", "https://", "https:///cb",
	"https:app.example.com/cb", "https:/app.example.com/cb", "https://:443/cb", "https://?a=b", "app.example.com/cb", "?", "*",
	// ports
	"https://app.example.com:/cb", "https://app.example.com:0/cb", "https://app.example.com:65536/cb", "https://app.example.com:x/cb",
	"https://app.example.com:-1/cb", "https://app.example.com:443:443/cb", "http://127.0.0.1:0/cb", "http://127.0.0.1:99999/cb",
	"https://app.example.com:00443/cb", "http://127.0.0.1:+80/cb",
	// well-known ports of other protocols, which browsers refuse and clients have no business on
	"https://app.example.com:25/cb", "http://127.0.0.1:6379/cb", "http://127.0.0.1:25/cb", "http://[::1]:22/cb",
	// wildcards, escapes, dots
	"https://*.example.com/cb", "https://app.example.com/*/../cb", "https://app.example.com/../cb", "https://app.example.com/./cb",
	"https://app.example.com/%2e%2e/cb", "https://app.example.com/%2E/cb", "https://app.example.com/%zz", "https://app.example.com/%",
	"https://app%2eexample.com/cb", "https://app.example.com%2f@evil.example/", "https://%61pp.example.com/cb",
	"https://app..example.com/cb", "https://.example.com/cb", "https://app.example.com./cb", "https://-app.example.com/cb",
	"https://app_.example.com/cb", "https://app.example.com,evil.example/cb", "https://app.example.com;evil.example/cb",
	"https://app.example.com/cb?a=b#c", "https://app.example.com/cb\"", "https://app.example.com/<script>", "https://app.example.com/cb?a=\\",
	"https://xn--a.example.com:99999/", "https://169.254.169.254/cb", "https://0.0.0.0/cb", "https://224.0.0.1/cb", "https://2130706433/cb", "https://0x7f.1/cb",
	"https://[fe80::1]/cb", "https://localhost/cb", "https://app.example.com/cb?code=x", "https://app.example.com/cb?state=x&iss=y",
}

// Strange redirect URIs are refused wherever they come: at the registration, in
// the query, pushed, and also where they were registered in spite of all.
func TestStrangeRedirects(t *testing.T) {
	if len(strangeRedirects) < 60 {
		t.Fatalf("%d rows", len(strangeRedirects))
	}
	w := newTown(t)
	c, _ := w.clients.Client(t.Context(), w.id)
	for _, uri := range strangeRedirects {
		t.Run(uri, func(t *testing.T) {
			spoilt := c
			spoilt.RedirectURIs = []string{uri}
			if err := spoilt.Check(); err == nil {
				t.Error("can be registered")
			}
			if uri == "" {
				return // not named, and there is one registered
			}
			ask := with(w.asking(), "redirect_uri", uri)
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
