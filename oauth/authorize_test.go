package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

const tableResponseType = "The authorization server does not support obtaining an authorization code using this method."

// A faulty row is a request with one fault. It is answered alike by the query,
// with a redirect, and pushed, with 400.
type faulty struct {
	name        string
	form        url.Values
	code        string
	description string
}

func (w *town) faults() []faulty {
	good, cred := w.asking(), w.agreeing()
	long := func(n int) string { return strings.Repeat("x", n) }
	rows := []faulty{
		{"no response_type", with(good, "response_type"), "invalid_request", "Missing parameter response_type"},
		{"response_type empty", with(good, "response_type", ""), "invalid_request", "Missing parameter response_type"},
		{"response_type token", with(good, "response_type", "token"), "unsupported_response_type", tableResponseType},
		{"response_type id_token", with(good, "response_type", "id_token"), "unsupported_response_type", tableResponseType},
		{"response_type code token", with(good, "response_type", "code token"), "unsupported_response_type", tableResponseType},
		{"response_type in another case", with(good, "response_type", "Code"), "unsupported_response_type", tableResponseType},
		{"response_type over-long", with(good, "response_type", long(65)), "invalid_request", "Invalid parameter response_type"},
		{"response_mode fragment", with(good, "response_mode", "fragment"), "invalid_request", "Invalid parameter response_mode"},
		{"response_mode form_post", with(good, "response_mode", "form_post"), "invalid_request", "Invalid parameter response_mode"},
		{"response_mode over-long", with(good, "response_mode", long(65)), "invalid_request", "Invalid parameter response_mode"},
		{"no code_challenge", with(good, "code_challenge"), "invalid_request", "Missing parameter code_challenge"},
		{"code_challenge empty", with(good, "code_challenge", ""), "invalid_request", "Missing parameter code_challenge"},
		{"code_challenge short", with(good, "code_challenge", challenge[:42]), "invalid_request", "Invalid parameter code_challenge"},
		{"code_challenge over-long", with(good, "code_challenge", challenge+"A"), "invalid_request", "Invalid parameter code_challenge"},
		{"code_challenge padded", with(good, "code_challenge", challenge[:42]+"="), "invalid_request", "Invalid parameter code_challenge"},
		{"code_challenge of the other alphabet", with(good, "code_challenge", strings.Replace(challenge, "-", "+", 1)), "invalid_request", "Invalid parameter code_challenge"},
		{"code_challenge with spare bits", with(good, "code_challenge", challenge[:42]+"N"), "invalid_request", "Invalid parameter code_challenge"},
		{"no code_challenge_method, which is plain", with(good, "code_challenge_method"), "invalid_request", "Missing parameter code_challenge_method"},
		{"code_challenge_method plain", with(good, "code_challenge_method", "plain"), "invalid_request", "Invalid parameter code_challenge_method"},
		{"code_challenge_method none", with(good, "code_challenge_method", "none"), "invalid_request", "Invalid parameter code_challenge_method"},
		{"code_challenge_method S999", with(good, "code_challenge_method", "S999"), "invalid_request", "Invalid parameter code_challenge_method"},
		{"code_challenge_method in another case", with(good, "code_challenge_method", "s256"), "invalid_request", "Invalid parameter code_challenge_method"},
		{"code_challenge_method over-long", with(good, "code_challenge_method", long(17)), "invalid_request", "Invalid parameter code_challenge_method"},
		{"scope unknown", with(good, "scope", "foo"), "invalid_scope", tableInvalidScope},
		{"scope in another case", with(good, "scope", "Service"), "invalid_scope", tableInvalidScope},
		{"both scopes", with(cred, "scope", "service credential"), "invalid_scope", tableInvalidScope},
		{"both scopes, turned", with(cred, "scope", "credential service"), "invalid_scope", tableInvalidScope},
		{"a scope twice in one", with(good, "scope", "service service"), "invalid_scope", tableInvalidScope},
		{"scope openid", with(good, "scope", "openid"), "invalid_scope", tableInvalidScope},
		{"scope openid beside service", with(good, "scope", "openid service"), "invalid_scope", tableInvalidScope},
		{"scope offline_access", with(good, "scope", "service offline_access"), "invalid_scope", tableInvalidScope},
		{"scope with a space", with(good, "scope", "service "), "invalid_scope", tableInvalidScope},
		{"scope over-long", with(good, "scope", long(257)), "invalid_request", "Invalid parameter scope"},
		{"lang over-long", with(good, "lang", long(36)), "invalid_request", "Invalid parameter lang"},
		{"lang of no language", with(good, "lang", "<b>"), "invalid_request", "Invalid parameter lang"},
		{"an account_token, where nobody keeps accounts", with(good, "account_token", "e.e.e"), "invalid_request", "The parameter account_token is not supported for this client"},

		{"no credentialID", with(cred, "credentialID"), "invalid_request", "Missing parameter credentialID"},
		{"credentialID empty", with(cred, "credentialID", ""), "invalid_request", "Missing parameter credentialID"},
		{"credentialID over-long", with(cred, "credentialID", long(129)), "invalid_request", "Invalid parameter credentialID"},
		{"credentialID of no id", with(cred, "credentialID", "c_1 "), "invalid_request", "Invalid parameter credentialID"},
		{"credentialID beside a qualifier", with(cred, "signatureQualifier", "eu_eidas_aes"), "invalid_request", "Invalid parameter signatureQualifier"},
		{"signatureQualifier over-long", with(with(cred, "credentialID"), "signatureQualifier", long(129)), "invalid_request", "Invalid parameter signatureQualifier"},
		{"signatureQualifier of no qualifier", with(with(cred, "credentialID"), "signatureQualifier", "eu/eidas"), "invalid_request", "Invalid parameter signatureQualifier"},
		{"no numSignatures", with(cred, "numSignatures"), "invalid_request", "Missing parameter numSignatures"},
		{"numSignatures empty", with(cred, "numSignatures", ""), "invalid_request", "Missing parameter numSignatures"},
		{"numSignatures over-long", with(cred, "numSignatures", "1000000000"), "invalid_request", "Invalid parameter numSignatures"},
		{"hashes without hashAlgorithmOID", with(cred, "hashAlgorithmOID"), "invalid_request", "Missing parameter hashAlgorithmOID"},
		{"hashAlgorithmOID empty", with(cred, "hashAlgorithmOID", ""), "invalid_request", "Missing parameter hashAlgorithmOID"},
		{"hashAlgorithmOID of SHA-1", with(cred, "hashAlgorithmOID", "1.3.14.3.2.26"), "invalid_request", "Invalid parameter hashAlgorithmOID"},
		{"hashAlgorithmOID by name", with(cred, "hashAlgorithmOID", "SHA256"), "invalid_request", "Invalid parameter hashAlgorithmOID"},
		{"hashAlgorithmOID over-long", with(cred, "hashAlgorithmOID", long(65)), "invalid_request", "Invalid parameter hashAlgorithmOID"},
		{"hashAlgorithmOID unknown and no hashes", with(with(cred, "hashes"), "hashAlgorithmOID", "1.2"), "invalid_request", "Invalid parameter hashAlgorithmOID"},
		{"hashes of another length", with(cred, "hashAlgorithmOID", csc.OIDSHA512), "invalid_request", "Invalid digest value length"},
		{"hashes in hex", with(cred, "hashes", digest("one").String()+","+digest("two").String()), "invalid_request", "Invalid digest value length"},
		{"one hash for two signatures", with(cred, "hashes", urlHash("one")), "invalid_request", "Invalid value for parameter numSignatures"},
		{"three hashes for two signatures", with(cred, "hashes", urlHash("a")+","+urlHash("b")+","+urlHash("c")), "invalid_request", "Invalid value for parameter numSignatures"},
		{"description of 501 characters", with(cred, "description", strings.Repeat("ș", 501)), "invalid_request", "Invalid parameter description"},
		{"description over-long", with(cred, "description", long(2001)), "invalid_request", "Invalid parameter description"},
		{"clientData over-long", with(cred, "clientData", long(8193)), "invalid_request", "Invalid parameter clientData"},
	}
	for _, n := range []string{"0", "-1", "+2", "02", "2.0", "2e0", "0x2", " 2", "two", "٢", "1_0", "2,2"} {
		rows = append(rows, faulty{"numSignatures " + n, with(cred, "numSignatures", n), "invalid_request", "Invalid value for parameter numSignatures"})
	}
	one := urlHash("one")
	for name, list := range map[string]string{
		"empty at the end": one + ",", "empty at the start": "," + one, "a space": one + ", " + urlHash("two"),
		"base64url with padding": one + "=," + one, "standard Base64 without padding": one + ",-" + strings.Repeat("+", 42),
		"both alphabets in one": one + ",-/" + strings.Repeat("A", 41), "spare bits": one + "," + one[:42] + "B",
		"a line break": one + "," + one[:20] + "\n" + one[20:], "another sign": one + "," + one[:42] + "!",
	} {
		rows = append(rows, faulty{"hashes with " + name, with(cred, "hashes", list), "invalid_request", "Invalid parameter hashes"})
	}
	return rows
}

// Every fault of a parameter, by the query and pushed.
func TestFaultyRequests(t *testing.T) {
	w := newTown(t)
	for _, tt := range w.faults() {
		t.Run(tt.name, func(t *testing.T) {
			told := w.browser().authorize(tt.form).told(t)
			if told.Get("error") != tt.code || told.Get("error_description") != tt.description || told.Get("state") != "a b&c=ț" || len(told) != 4 {
				t.Errorf("told %v\nwant %s: %s", told, tt.code, tt.description)
			}
			w.post("/oauth2/pushed_authorize", w.pushedForm(tt.form)).want(t, 400, tt.code, tt.description)
		})
	}
}

// What must not be refused.
func TestUnusualRequests(t *testing.T) {
	w := newTown(t)
	good, cred := w.asking(), w.agreeing()
	for name, form := range map[string]url.Values{
		"no state":                           with(good, "state"),
		"a state of 1024 bytes":              with(good, "state", strings.Repeat("x", 1024)),
		"unknown parameters":                 with(with(good, "prompt", "login"), "nonce", "n"),
		"credential parameters at service":   with(with(good, "credentialID", "<"), "numSignatures", "-1"),
		"clientData at service":              with(good, "clientData", "x"),
		"response_mode query":                with(good, "response_mode", "query"),
		"empty credential parameters":        with(with(with(cred, "hashes", ""), "hashAlgorithmOID", ""), "credentialID", "c_scal1"),
		"standard Base64":                    with(cred, "hashes", stdHash("one")+","+stdHash("two")),
		"the two alphabets in two hashes":    with(cred, "hashes", stdHash("one")+","+urlHash("two")),
		"the same hash twice":                with(cred, "hashes", urlHash("one")+","+urlHash("one")),
		"a description of 500 characters":    with(cred, "description", strings.Repeat("ș", 500)),
		"authorization_details with nothing": with(cred, "authorization_details", ""),
	} {
		t.Run(name, func(t *testing.T) {
			for _, form := range []url.Values{form, w.atPushed(w.push(form))} {
				b := w.browser()
				if v := b.authorize(form); v.status != 303 || !strings.HasPrefix(v.header.Get("Location"), "/login?i=") {
					t.Errorf("got %d to %q\n%s", v.status, v.header.Get("Location"), v.text)
				}
			}
		})
	}
	if told := w.browser().walk(with(good, "state")).told(t); told.Has("state") {
		t.Errorf("a state that was not sent: %v", told)
	}
}

func stdHash(s string) string { b, _ := digest(s).MarshalJSON(); return strings.Trim(string(b), `"`) }

// A parameter that stands twice.
func TestDoubledParameters(t *testing.T) {
	w := newTown(t)
	uri := w.push(w.asking())
	for name := range w.agreeing() {
		raw := w.agreeing().Encode() + "&" + name + "=" + url.QueryEscape(w.agreeing().Get(name))
		t.Run(name, func(t *testing.T) {
			v := w.browser().open("/oauth2/authorize?" + raw)
			if name == "client_id" || name == "redirect_uri" {
				v.isPage(t, 400)
			} else if told := v.told(t); told.Get("error") != "invalid_request" || told.Get("error_description") != tableInvalidRequest || told.Has("state") == (name == "state") {
				t.Errorf("told %v", told)
			}
			body := raw + "&client_secret=" + string(w.secret)
			w.send("/oauth2/pushed_authorize", body).want(t, 400, "invalid_request", tableInvalidRequest)
		})
	}
	w.browser().open("/oauth2/authorize?"+w.atPushed(uri).Encode()+"&request_uri=x").isPage(t, 400)
	told := w.browser().authorize(with(w.asking(), "state", strings.Repeat("x", 1025))).told(t)
	if told.Get("error_description") != "Invalid parameter state" || told.Has("state") {
		t.Errorf("told %v", told)
	}
}

// isPage demands a page of ours, small, without script and without anything of
// the request, and no way to a client.
func (v view) isPage(t *testing.T, status int) {
	t.Helper()
	lower := strings.ToLower(v.text)
	switch {
	case v.status != status || v.header.Get("Location") != "":
		t.Errorf("got %d to %q, want a page with %d", v.status, v.header.Get("Location"), status)
	case v.header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(lower, "<h1>"):
		t.Errorf("not a page: %q\n%s", v.header.Get("Content-Type"), v.text)
	case strings.Contains(lower, "<script") || strings.Contains(lower, "evil") || len(v.text) > 2048:
		t.Errorf("page has what it must not:\n%s", v.text)
	case !strings.HasPrefix(v.header.Get("Content-Security-Policy"), "default-src 'none';"):
		t.Errorf("policy %q", v.header.Get("Content-Security-Policy"))
	case v.header.Get("Set-Cookie") != "":
		t.Errorf("cookie %q", v.header.Get("Set-Cookie"))
	case !strings.Contains(v.text, `<link rel="stylesheet" href="/style.css">`) || !strings.Contains(v.header.Get("Content-Security-Policy"), "; style-src 'self';"):
		t.Errorf("page is not in the style of all:\n%s", v.text)
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := v.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// Who cannot be told by a redirect is told by a page.
func TestNeverRedirected(t *testing.T) {
	w := newTown(t)
	disabled, _ := w.addClient(func(c *oauth.Client) { c.Disabled, c.RedirectURIs = true, []string{callback} })
	none, _ := w.addClient()
	good := w.asking()
	for name, form := range map[string]url.Values{
		"nothing at all":        {},
		"no client_id":          with(good, "client_id"),
		"client_id empty":       with(good, "client_id", ""),
		"client_id unknown":     with(good, "client_id", oauth.NewClientID()),
		"client_id over-long":   with(good, "client_id", strings.Repeat("a", 200)),
		"client_id of evil":     with(good, "client_id", `"><script>evil()</script>`),
		"client disabled":       with(good, "client_id", disabled),
		"client without a URI":  with(with(good, "client_id", none), "redirect_uri"),
		"redirect_uri to evil":  with(good, "redirect_uri", "https://evil.example/"),
		"too long a query":      with(good, "x", strings.Repeat("x", 16<<10)),
		"request_uri of nobody": with(good, "request_uri", "urn:ietf:params:oauth:request_uri:"+challenge),
		"request_uri to evil":   with(good, "request_uri", "https://evil.example/request.jwt"),
		"request_uri short":     with(good, "request_uri", "urn:ietf:params:oauth:request_uri:x"),
		"an interaction of none": {
			"i": {challenge},
		},
		"an interaction of no id": {"i": {"<script>"}},
	} {
		t.Run(name, func(t *testing.T) { w.browser().authorize(form).isPage(t, 400) })
	}
	for name, raw := range map[string]string{
		"bytes that are not UTF-8": "&x=%ff", "a null": "&x=%00", "a semicolon": "&x=1;y=2", "an escape cut short": "&x=%4", "an interaction twice": "&i=a&i=b",
	} {
		t.Run(name, func(t *testing.T) { w.browser().open("/oauth2/authorize?"+good.Encode()+raw).isPage(t, 400) })
	}
	for _, method := range []string{"POST", "HEAD", "PUT", "OPTIONS"} {
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, httptest.NewRequest(method, "/oauth2/authorize?"+good.Encode(), nil))
		if rec.Code != 405 || rec.Header().Get("Allow") != "GET" {
			t.Errorf("%s: %d, Allow %q", method, rec.Code, rec.Header().Get("Allow"))
		}
	}
}

func TestPageLanguage(t *testing.T) {
	w := newTown(t)
	for accept, want := range map[string]string{
		"": `lang="en"`, "ro": `lang="ro"`, "ro-RO,ro;q=0.9,en;q=0.8": `lang="ro"`, "de, ro": `lang="ro"`, "rom": `lang="en"`, "de": `lang="en"`,
	} {
		rec := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/oauth2/authorize", nil)
		r.Header.Set("Accept-Language", accept)
		w.handler.ServeHTTP(rec, r)
		if !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%q: want %s", accept, want)
		}
	}
	if v := w.browser().open("/oauth2/authorize?lang=ro"); !strings.Contains(v.text, "Aplicația nu este cunoscută aici.") {
		t.Error(v.text)
	}
}

// A client asks for no more than it is registered for.
func TestUnauthorizedRequests(t *testing.T) {
	w := newTown(t)
	for name, spoil := range map[string]func(*oauth.Client){
		"no grant":              func(c *oauth.Client) { c.Grants = []string{"client_credentials"} },
		"no scope credential":   func(c *oauth.Client) { c.Scopes = []string{"service"} },
		"no scope at all":       func(c *oauth.Client) { c.Scopes = nil },
		"the grant of renewals": func(c *oauth.Client) { c.Grants = []string{"refresh_token"} },
	} {
		t.Run(name, func(t *testing.T) {
			was, _ := w.clients.Client(t.Context(), w.id)
			w.changeClient(w.id, spoil)
			told := w.browser().authorize(w.agreeing()).told(t)
			if told.Get("error") != "unauthorized_client" {
				t.Errorf("told %v", told)
			}
			w.post("/oauth2/pushed_authorize", w.pushedForm(w.agreeing())).want(t, 400, "unauthorized_client", tableUnauthorized)
			w.changeClient(w.id, func(c *oauth.Client) { *c = was })
		})
	}
}

// What depends on the credential is told after the login, and of a credential
// that is somebody else's as of one that does not exist.
func TestUnfitCredentials(t *testing.T) {
	w := newTown(t)
	cred := w.agreeing()
	id := func(id string) url.Values { return with(cred, "credentialID", id) }
	qualifier := func(q string) url.Values { return with(with(cred, "credentialID"), "signatureQualifier", q) }
	ten := strings.Repeat(urlHash("a")+",", 10) + urlHash("a")
	for _, tt := range []struct {
		name        string
		form        url.Values
		description string
	}{
		{"unknown", id("c_none"), "Invalid parameter credentialID"},
		{"another signer's", id("c_strange"), "Invalid parameter credentialID"},
		{"of mode explicit", id("c_explicit"), "The credential identified by credentialID is not authorized with OAuth 2.0"},
		{"disabled", id("c_disabled"), "The credential identified by credentialID cannot sign now"},
		{"revoked", id("c_revoked"), "The credential identified by credentialID cannot sign now"},
		{"expired", id("c_expired"), "The credential identified by credentialID cannot sign now"},
		{"for logins", id("c_login"), "Invalid parameter credentialID"},
		{"a qualifier whose credential is for logins", qualifier("ro_law_login"), "Invalid parameter signatureQualifier"},
		{"SCAL 2 without hashes", with(cred, "hashes"), "Missing parameter hashes"},
		{"above multisign", with(with(cred, "numSignatures", "11"), "hashes", ten), "Numbers of signatures is too high"},
		{"above multisign at SCAL 1", with(with(id("c_scal1"), "numSignatures", "11"), "hashes"), "Numbers of signatures is too high"},
		{"a qualifier nothing has", qualifier("ro_law_x"), "Invalid parameter signatureQualifier"},
		{"a qualifier whose credential signs once", qualifier("eu_eidas_qes"), "Invalid parameter signatureQualifier"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := w.browser()
			v := b.authorize(tt.form)
			b.step(v, "/login")
			told := b.login(v, signer).told(t)
			if told.Get("error") != "invalid_request" || told.Get("error_description") != tt.description || told.Has("code") {
				t.Errorf("told %v", told)
			}
		})
	}
}

// Who comes back from a loss is not sent back to the application unheard: a page says
// from when he signs, and until then no agreement is taken.
func TestSignerWhoComesBack(t *testing.T) {
	w := newTown(t)
	for _, form := range []url.Values{w.agreeing(), with(with(w.agreeing(), "credentialID"), "signatureQualifier", "eu_eidas_aes")} {
		b := w.browser()
		w.people.recover(signer, w.clock.Now().Add(time.Hour))
		v := b.login(b.authorize(form), signer)
		i := b.picture(b.step(v, "/consent"))
		if next, err := w.provider.Agreed(t.Context(), i, []string{"c_1"}, digest("page"), 5); err == nil {
			t.Errorf("agreed, and sent to %s", next)
		}
		w.people.recover(signer, time.Time{})
		if told := b.walk(form).told(t); told.Get("code") == "" {
			t.Errorf("afterwards: %v", told)
		}
	}
}

// Loads are limited by address, and the limit passes.
func TestLoadLimit(t *testing.T) {
	w := newTown(t, func(h *house) { h.provider.Loads = 3 })
	b := w.browser()
	var last view
	for range 3 {
		if last = b.authorize(w.asking()); last.status != 303 {
			t.Fatalf("got %d", last.status)
		}
	}
	v := b.authorize(w.asking())
	v.isPage(t, 429)
	if got := v.header.Get("Retry-After"); got != "60" {
		t.Errorf("Retry-After %q", got)
	}
	if b.login(last, signer).told(t).Get("code") == "" {
		t.Error("the way on is limited too")
	}
	w.clock.move(61e9)
	if v := b.authorize(w.asking()); v.status != 303 {
		t.Errorf("a minute later: %d", v.status)
	}
}
