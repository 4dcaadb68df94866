package soak_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/stage"
)

// home is where the application wants its signers back. Nobody listens there.
const home = "http://127.0.0.1/callback"

// A visitor is a signer who agrees on the server's pages, with a browser.
type visitor struct {
	*signer
	t        *testing.T
	app      stage.Client
	email    string
	password string
	jar      *cookiejar.Jar
	verifier string
}

// visitor adds such a signer, and an application that sends him to the pages.
func (w *town) visitor(name string) *visitor {
	w.t.Helper()
	ctx, first := w.t.Context(), w.two[0].Stage
	v := &visitor{t: w.t, email: name + "@example.org", password: rand.Text(), verifier: rand.Text() + rand.Text()}
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
	v.jar, err = cookiejar.New(nil)
	fine(w.t, err)
	return v
}

// A window is the visitor's browser, or his application, at one of the
// processes.
func (v *visitor) window(p *process) *http.Client {
	own := *p.api.HTTP
	own.Jar = v.jar
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// A page is what the visitor sees: a form, or the way back.
type page struct {
	at     *url.URL
	fields url.Values
	back   url.Values // what the application is told, if this leads to it
}

// push sends the application's request ahead (RFC 9126).
func (v *visitor) push(p *process, params url.Values) (uri string) {
	v.t.Helper()
	sum := sha256.Sum256([]byte(v.verifier))
	for name, value := range map[string]string{
		"response_type": "code", "redirect_uri": home, "state": "campaign", "code_challenge_method": "S256",
		"code_challenge": base64.RawURLEncoding.EncodeToString(sum[:]),
	} {
		params.Set(name, value)
	}
	var pushed struct {
		RequestURI string `json:"request_uri"`
	}
	fine(v.t, v.post(p, "/oauth2/pushed_authorize", params, &pushed))
	return pushed.RequestURI
}

// authorize has the visitor log in, and agree if he is asked to; each request
// goes to the next of the processes. It returns the code.
func (v *visitor) authorize(params url.Values, at ...*process) (code string) {
	v.t.Helper()
	turn := 0
	next := func() *process { turn++; return at[turn%len(at)] }
	uri := v.push(next(), params)
	query := url.Values{"client_id": {v.app.ID}, "request_uri": {uri}}
	p := v.open(http.MethodGet, at[0].URL+"/oauth2/authorize?"+query.Encode(), nil, next)
	for range 3 {
		var fill url.Values
		switch {
		case p.back != nil:
			if code := p.back.Get("code"); code != "" {
				return code
			}
			v.t.Fatalf("the way back is %v", p.back)
		case p.fields.Has("code"):
			fill = url.Values{"code": {string(v.code(v.t))}, "decision": {"sign"}}
		default:
			fill = url.Values{"email": {v.email}, "password": {v.password}}
		}
		for name, values := range fill {
			p.fields[name] = values
		}
		p = v.open(http.MethodPost, p.at.String(), p.fields, next)
	}
	v.t.Fatalf("no way back from %v", p.at)
	return ""
}

// open asks for a page, and goes on as far as redirects lead.
func (v *visitor) open(method, address string, form url.Values, next func() *process) *page {
	v.t.Helper()
	for range 10 {
		at := next()
		req, err := http.NewRequestWithContext(v.t.Context(), method, address, strings.NewReader(form.Encode()))
		fine(v.t, err)
		if method == http.MethodPost {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Origin", at.URL)
		}
		resp, err := v.window(at).Do(req)
		fine(v.t, err)
		location, err := resp.Location()
		if errors.Is(err, http.ErrNoLocation) {
			return v.read(resp)
		}
		fine(v.t, errors.Join(err, resp.Body.Close()))
		if strings.HasPrefix(location.String(), home) {
			return &page{at: location, back: location.Query()}
		}
		method, address, form = http.MethodGet, location.String(), nil
	}
	v.t.Fatal("the redirects do not end")
	return nil
}

// read finds the fields of a page's form.
func (v *visitor) read(resp *http.Response) *page {
	v.t.Helper()
	defer resp.Body.Close()
	root, err := html.Parse(io.LimitReader(resp.Body, 1<<20))
	fine(v.t, err)
	p := &page{at: resp.Request.URL, fields: url.Values{}}
	for node := range root.Descendants() {
		if node.Type != html.ElementNode || node.Data != "input" {
			continue
		}
		attributes := map[string]string{}
		for _, a := range node.Attr {
			attributes[a.Key] = a.Val
		}
		p.fields.Set(attributes["name"], attributes["value"])
	}
	return p
}

// tokens are an answer of oauth2/token.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

// redeem changes a code for tokens.
func (v *visitor) redeem(p *process, code string) (got tokens, err error) {
	return got, v.post(p, "/oauth2/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {home}, "code_verifier": {v.verifier},
	}, &got)
}

// refresh changes a refresh token for the next.
func (v *visitor) refresh(p *process, token string) (got tokens, err error) {
	return got, v.post(p, "/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, &got)
}

func (v *visitor) revoke(p *process, token string) error {
	return v.post(p, "/oauth2/revoke", url.Values{"token": {token}}, nil)
}

// post sends a form as the application. A refusal is a *client.Error.
func (v *visitor) post(p *process, path string, form url.Values, answer any) error {
	form.Set("client_id", v.app.ID)
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, p.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(v.app.ID), url.QueryEscape(v.app.Secret))
	resp, err := v.window(p).Do(req)
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
			return fmt.Errorf("%s: %w", path, err)
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
