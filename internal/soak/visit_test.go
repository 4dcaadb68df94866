package soak_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/browser"
	"github.com/pecete/pecete/internal/stage"
)

// home is where the application wants its signers back. Nobody listens there.
const home = "http://127.0.0.1/callback"

// A visitor is a signer who agrees on the server's pages, with a browser.
type visitor struct {
	*signer
	t        *testing.T
	app      stage.Client
	at       string // the server
	email    string
	password string
	browser  *browser.Browser
	verifier string
}

// visitor adds such a signer, and an application that sends him to the pages.
func (w *town) visitor(name string) *visitor {
	w.t.Helper()
	ctx, first := w.t.Context(), w.two[0].Stage
	v := &visitor{
		t: w.t, at: first.URL, email: name + "@example.org", password: rand.Text(), verifier: rand.Text() + rand.Text(),
		browser: browser.New(home, browser.Always(w.two[0].api.HTTP)),
	}
	added, err := first.AddSigner(ctx, v.email, "Demo", name, "--mode", "oauth2code")
	fine(w.t, err)
	fine(w.t, first.SetPassword(ctx, added.ID, v.password))
	v.app, err = first.AddWebClient(ctx, name, home)
	fine(w.t, err)
	uri, err := url.Parse(added.OTPAuth)
	fine(w.t, err)
	v.signer = &signer{
		User: added.ID, Credential: added.Credentials[0], Secret: uri.Query().Get("secret"),
		key: keysOf(w.t, first)[added.Credentials[0]],
	}
	w.crowd.add(v.signer)
	return v
}

// push sends the application's request ahead (RFC 9126).
func (v *visitor) push(p *process, params url.Values) (uri string) {
	v.t.Helper()
	var pushed struct {
		RequestURI string `json:"request_uri"`
	}
	fine(v.t, v.post(p, "/oauth2/pushed_authorize", v.asking(params), &pushed))
	return pushed.RequestURI
}

// asking is params with what every request of the application has.
func (v *visitor) asking(params url.Values) url.Values {
	sum := sha256.Sum256([]byte(v.verifier))
	for name, value := range map[string]string{
		"response_type": "code", "redirect_uri": home, "state": "campaign", "code_challenge_method": "S256",
		"code_challenge": base64.RawURLEncoding.EncodeToString(sum[:]),
	} {
		params.Set(name, value)
	}
	return params
}

// authorize has the visitor log in, and agree if he is asked to; each request
// goes to the next of the processes. It returns the code.
func (v *visitor) authorize(params url.Values, at ...*process) (code string) {
	v.t.Helper()
	turn := 0
	next := func() *process { turn++; return at[turn%len(at)] }
	address := v.address(v.push(next(), params))
	back, err := v.browser.By(func() *http.Client { return next().api.HTTP }).Agree(v.t.Context(), address, v.person())
	fine(v.t, err)
	if back.Get("code") == "" {
		v.t.Fatalf("the way back is %v", back)
	}
	return back.Get("code")
}

// address is where the application sends its signer with a pushed request.
func (v *visitor) address(uri string) string {
	return v.at + "/oauth2/authorize?" + url.Values{"client_id": {v.app.ID}, "request_uri": {uri}}.Encode()
}

func (v *visitor) person() browser.Signer {
	return browser.Signer{Email: v.email, Password: v.password, Code: func(context.Context) (string, error) {
		return string(v.code(v.t)), nil
	}}
}

// tokens are an answer of oauth2/token.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

// redeem changes a code for tokens, bound to what prove shows.
func (v *visitor) redeem(p *process, code string, prove ...func(*http.Request)) (got tokens, err error) {
	return got, v.post(p, "/oauth2/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {home}, "code_verifier": {v.verifier},
	}, &got, prove...)
}

// refresh changes a refresh token for the next.
func (v *visitor) refresh(p *process, token string) (got tokens, err error) {
	return got, v.post(p, "/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, &got)
}

func (v *visitor) revoke(p *process, token string) error {
	return v.post(p, "/oauth2/revoke", url.Values{"token": {token}}, nil)
}

// post sends a form as the application.
func (v *visitor) post(p *process, path string, form url.Values, answer any, prove ...func(*http.Request)) error {
	form.Set("client_id", v.app.ID)
	return p.post(v.t.Context(), path, form, answer, append(prove, bySecret(v.app))...)
}

// bySecret has an application prove itself in the header.
func bySecret(app stage.Client) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(url.QueryEscape(app.ID), url.QueryEscape(app.Secret)) }
}

// post sends a form, with what proves whose it is. A refusal is a *client.Error.
func (p *process) post(ctx context.Context, path string, form url.Values, answer any, prove ...func(*http.Request)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, f := range prove {
		f(req)
	}
	return p.answered(req, answer)
}

// answered sends a request and decodes what comes back.
func (p *process) answered(req *http.Request, answer any) error {
	resp, err := p.api.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		told := &client.Error{Status: resp.StatusCode}
		var said struct {
			Code        csc.Code `json:"error"`
			Description string   `json:"error_description"`
		}
		if err := json.Unmarshal(text, &said); err != nil {
			return fmt.Errorf("%s: %w", req.URL.Path, err)
		}
		told.Code, told.Description = said.Code, said.Description
		return told
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}

// api is the application's client with a token of the visitor's.
func (v *visitor) api(p *process, token string) *client.Client {
	return &client.Client{
		BaseURL: p.URL + csc.BasePath, HTTP: p.api.HTTP,
		Token: func(context.Context) (csc.Secret, error) { return csc.Secret(token), nil },
	}
}

// toSign are the parameters of a request to sign one digest.
func (v *visitor) toSign(digest csc.Digest) url.Values {
	return url.Values{
		"scope": {csc.ScopeCredential}, "credentialID": {v.Credential}, "numSignatures": {"1"},
		"hashes": {base64.RawURLEncoding.EncodeToString(digest)}, "hashAlgorithmOID": {csc.OIDSHA256},
	}
}

// toSee are those of a request to see the visitor's credentials.
func (v *visitor) toSee() url.Values { return url.Values{"scope": {csc.ScopeService}} }
