package server_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

const (
	callback = "https://app.example.com/cb"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
)

// addWebApp adds a client that sends signers to the pages.
func (h *house) addWebApp(name string) app {
	h.t.Helper()
	a := h.addApp(name)
	client, err := h.registry.Client(h.t.Context(), a.id)
	must(h.t, err)
	client.RedirectURIs = []string{callback}
	client.Grants = append(client.Grants, "authorization_code", "refresh_token")
	client.Scopes = append(client.Scopes, csc.ScopeCredential)
	must(h.t, h.registry.UpdateClient(h.t.Context(), client))
	return a
}

// A visit is a signer's browser on the way through the pages, which are played
// here: they log in whoever it is, and agree.
type visit struct {
	*house
	cookie *http.Cookie
}

func (v *visit) open(path string) (location *url.URL) {
	v.t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if v.cookie != nil {
		r.AddCookie(v.cookie)
	}
	rec := httptest.NewRecorder()
	v.handler.ServeHTTP(rec, r)
	resp := rec.Result()
	for _, c := range resp.Cookies() {
		v.cookie = c
	}
	location, err := resp.Location()
	if err != nil {
		v.t.Fatalf("%s: %d %s", path, rec.Code, rec.Body)
	}
	return location
}

// user is who has the id, as the login page would find him.
func (h *house) user(id string) users.User {
	h.t.Helper()
	found, err := h.registry.User(h.t.Context(), id)
	must(h.t, err)
	return found
}

// tokens are what a login, or an agreement, of the user gives the client.
func (h *house) tokens(a app, user string, asked url.Values) (access, refresh string) {
	h.t.Helper()
	sum := sha256.Sum256([]byte(verifier))
	form := url.Values{
		"response_type": {"code"}, "client_id": {a.id}, "redirect_uri": {callback},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	for name, values := range asked {
		form[name] = values
	}
	v := &visit{house: h}
	at := v.open("/oauth2/authorize?" + form.Encode())
	for at.Host == "" {
		r := httptest.NewRequest(http.MethodGet, at.String(), nil)
		r.AddCookie(v.cookie)
		i, err := h.provider.Interaction(r)
		must(h.t, err)
		next := ""
		if at.Path == "/login" {
			next, err = h.provider.LoggedIn(h.t.Context(), i, h.user(user))
		} else {
			next, err = h.provider.Agreed(h.t.Context(), i, []string{i.Details[0].CredentialID}, sum[:], 1)
		}
		must(h.t, err)
		at = v.open(next)
	}
	return h.redeem(a, at.Query().Get("code"))
}

func (h *house) redeem(a app, code string) (access, refresh string) {
	h.t.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {a.id}, "client_secret": {a.secret}, "code": {code},
		"redirect_uri": {callback}, "code_verifier": {verifier},
	}
	got := h.send(http.MethodPost, "/oauth2/token", form.Encode(), "Content-Type: application/x-www-form-urlencoded", "Authorization: ")
	var answer struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	must(h.t, json.Unmarshal([]byte(got.body), &answer))
	if answer.Access == "" {
		h.t.Fatalf("no token: %d %s", got.status, got.body)
	}
	return answer.Access, answer.Refresh
}

// agreeing asks a signer to agree to hashes with a credential.
func agreeing(credential string, hashes ...string) url.Values {
	return url.Values{
		"scope": {csc.ScopeCredential}, "credentialID": {credential}, "numSignatures": {strconv.Itoa(len(hashes))},
		"hashes": {strings.Join(hashes, ",")}, "hashAlgorithmOID": {csc.OIDSHA256},
	}
}
