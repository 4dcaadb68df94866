package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

func TestServiceWay(t *testing.T) {
	w := newTown(t)
	for name, form := range map[string]url.Values{
		"by the query":  w.asking(),
		"scope service": with(w.asking(), "scope", "service"),
		"pushed":        w.atPushed(w.push(w.asking())),
	} {
		t.Run(name, func(t *testing.T) {
			told := w.browser().walk(form).told(t)
			if told.Get("state") != "a b&c=ț" || len(told) != 3 {
				t.Errorf("the client is told %v", told)
			}
			a := w.redeem(told.Get("code"))
			if a.is("token_type") != "Bearer" || a.body["expires_in"] != 600.0 || a.is("scope") != "service" || len(a.is("refresh_token")) != 87 || len(a.body) != 5 {
				t.Errorf("got %s", a.text)
			}
			who, err := w.provider.Bearer(t.Context(), csc.Secret(a.is("access_token")))
			if diff := cmp.Diff(credentials.Caller{ClientID: w.id, UserID: signer, Scope: "service"}, who); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

func TestCredentialWay(t *testing.T) {
	w := newTown(t)
	for name, form := range map[string]url.Values{
		"by the query": w.agreeing(),
		"pushed":       w.atPushed(w.push(w.agreeing())),
	} {
		t.Run(name, func(t *testing.T) {
			before := len(w.record.entries)
			a := w.redeem(w.code(form))
			if a.body["expires_in"] != 300.0 || a.is("scope") != "credential" || len(a.body) != 4 {
				t.Errorf("got %s", a.text)
			}
			token := csc.Secret(a.is("access_token"))
			who, err := w.provider.Bearer(t.Context(), token)
			want := credentials.Caller{ClientID: w.id, UserID: signer, Scope: "credential", GrantID: sad.ID(token), CredentialIDs: []string{"c_1"}}
			if diff := cmp.Diff(want, who); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
			g, err := w.grants.Get(t.Context(), sad.ID(token))
			if err != nil {
				t.Fatal(err)
			}
			grant := sad.Grant{
				ID: sad.ID(token), UserID: signer, ClientID: w.id, CredentialID: "c_1",
				Issued: w.clock.Now(), Expires: w.clock.Now().Add(300 * time.Second), Count: 2, Left: 2, Bound: true,
				Hashes: []sad.Agreed{{Digest: digest("one")}, {Digest: digest("two")}}, HashOID: csc.OIDSHA256, Standing: "one",
			}
			if diff := cmp.Diff(grant, g); diff != "" {
				t.Error(diff)
			}
			records := w.record.entries[before:]
			c, _ := w.vault.Credential(t.Context(), "c_1")
			issued := []audit.Entry{
				{Event: audit.TokenIssued, Client: w.id, User: signer, Reason: "scope credential"},
				{
					Event: audit.GrantIssued, Client: w.id, User: signer, Credential: "c_1", Certificate: c.Fingerprint(),
					Grant: g.ID, Count: 2, Bound: true, Hashes: []string{digest("one").String(), digest("two").String()},
					HashOID: csc.OIDSHA256, Factor: "OTP", Step: 5, Reason: "shown " + digest("page").String(),
				},
			}
			if diff := cmp.Diff(issued, records); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestQualifier(t *testing.T) {
	w := newTown(t)
	form := with(with(w.agreeing(), "credentialID"), "signatureQualifier", "eu_eidas_aes")
	b := w.browser()
	v := b.login(b.authorize(form), signer)
	i := b.picture(b.step(v, "/consent"))
	fit, err := w.provider.Choices(t.Context(), i)
	if err != nil || len(fit) != 1 || len(fit[0]) != 2 || fit[0][0].ID != "c_1" || fit[0][1].ID != "c_scal1" {
		t.Fatalf("choices %v, %v", fit, err)
	}
	for _, id := range []string{"c_qes", "c_strange", "c_explicit", "c_none", ""} {
		if next, err := w.provider.Agreed(t.Context(), i, []string{id}, digest("page"), 5); err == nil {
			t.Errorf("agreed with %s: %s", id, next)
		}
	}
	a := w.redeem(b.agree(v, "c_scal1").told(t).Get("code"))
	if a.is("credentialID") != "c_scal1" {
		t.Errorf("got %s", a.text)
	}
}

// What the pages of the login are given.
func TestInteraction(t *testing.T) {
	w := newTown(t)
	b := w.browser()
	form := with(w.agreeing(), "lang", "ro-RO")
	i := b.picture(b.step(b.authorize(form), "/login"))
	client, _ := w.clients.Client(t.Context(), w.id)
	want := oauth.Interaction{
		ID: i.ID, Client: client, Scope: "credential", Lang: "ro-RO", Expires: w.clock.Now().Add(10 * time.Minute),
		Description: "Contract", ClientData: "order 7",
		Details: []oauth.Detail{{
			CredentialID: "c_1", Count: 2, HashOID: csc.OIDSHA256,
			Digests: []oauth.DocumentDigest{{Digest: digest("one")}, {Digest: digest("two")}},
		}},
	}
	if diff := cmp.Diff(want, i, cmpopts.IgnoreUnexported(oauth.Interaction{})); diff != "" {
		t.Error(diff)
	}
	if got := i.Origin(); got != "https://app.example.com" {
		t.Errorf("origin %q", got)
	}
}

func TestCookie(t *testing.T) {
	w := newTown(t)
	b := w.browser()
	v := b.authorize(w.asking())
	const shape = "__Host-pecete-browser=; Path=/; HttpOnly; Secure; SameSite=Lax"
	got := strings.Replace(v.header.Get("Set-Cookie"), b.cookie.Value, "", 1)
	if got != shape || len(b.cookie.Value) != 43 {
		t.Errorf("cookie %q", v.header.Get("Set-Cookie"))
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
	} {
		if v.header.Get(name) != want {
			t.Errorf("%s %q", name, v.header.Get(name))
		}
	}
	second := b.authorize(w.asking())
	if second.header.Get("Set-Cookie") != "" || second.status != 303 {
		t.Errorf("a second interaction of the browser: %d, cookie %q", second.status, second.header.Get("Set-Cookie"))
	}
	for _, v := range []view{v, second} { // both go on
		if b.login(v, signer).told(t).Get("code") == "" {
			t.Error("no code")
		}
	}
}

func TestDecline(t *testing.T) {
	w := newTown(t)
	for _, form := range []url.Values{w.asking(), w.agreeing(), w.atPushed(w.push(w.agreeing()))} {
		b := w.browser()
		v := b.authorize(form)
		if form.Get("scope") == "credential" {
			v = b.login(v, signer)
		}
		i := b.picture(v.header.Get("Location"))
		next, err := w.provider.Declined(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		told := b.open(next).told(t)
		if told.Get("error") != "access_denied" || told.Get("state") == "" || told.Has("code") {
			t.Errorf("told %v", told)
		}
		if v := b.open(next); v.status != 400 {
			t.Errorf("again: %d", v.status)
		}
	}
}

// A client without a secret has PKCE alone, and its port on the loopback
// address is free.
func TestNativeClient(t *testing.T) {
	w := newTown(t)
	id, _ := w.addClient(func(c *oauth.Client) {
		c.Verifiers, c.RedirectURIs = nil, []string{"http://127.0.0.1/cb", "http://[::1]/cb"}
		c.Grants, c.Scopes = []string{"authorization_code"}, []string{"service"}
	})
	for _, uri := range []string{"http://127.0.0.1:49152/cb", "http://[::1]:8080/cb", "http://127.0.0.1/cb"} {
		b := w.browser()
		v := b.login(b.authorize(with(with(w.asking(), "client_id", id), "redirect_uri", uri)), signer)
		to, err := url.Parse(v.header.Get("Location"))
		if err != nil || !strings.HasPrefix(to.String(), uri+"?") {
			t.Fatalf("%s: sent to %q", uri, v.header.Get("Location"))
		}
		form := with(with(w.redeeming(to.Query().Get("code")), "client_id", id), "client_secret")
		a := w.post("/oauth2/token", with(form, "redirect_uri", uri))
		if a.status != http.StatusOK || a.is("refresh_token") != "" {
			t.Errorf("%s: %d %s", uri, a.status, a.text)
		}
	}
}

// A redirect URI with a query keeps it, and the only one need not be named.
func TestRedirectURI(t *testing.T) {
	w := newTown(t)
	w.changeClient(w.id, func(c *oauth.Client) { c.RedirectURIs = []string{callback + "?a=b"} })
	b := w.browser()
	v := b.login(b.authorize(with(w.asking(), "redirect_uri")), signer)
	told := v.told(t)
	if told.Get("a") != "b" {
		t.Errorf("told %v", told)
	}
	w.post("/oauth2/token", w.redeeming(told.Get("code"))).want(t, 400, "invalid_grant", "redirect_uri parameter does not match redirect_uri parameter of authorization request")
	if a := w.post("/oauth2/token", with(w.redeeming(told.Get("code")), "redirect_uri")); a.status != 200 {
		t.Errorf("got %d %s", a.status, a.text)
	}
	w.changeClient(w.id, func(c *oauth.Client) { c.RedirectURIs = []string{callback, callback + "2"} })
	if v := w.browser().authorize(with(w.asking(), "redirect_uri")); v.status != 400 {
		t.Errorf("no redirect URI and two to choose from: %d", v.status)
	}
}
