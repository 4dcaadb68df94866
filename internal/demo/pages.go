package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/browser"
)

// home is where the demonstration's application wants its signers back. Nobody
// listens there: the demonstration is the browser.
const home = "http://127.0.0.1/callback"

// A visitor is an application that sends its signer to the server's pages, and
// that signer.
type visitor struct {
	*player
	browser *browser.Browser
	web     *http.Client // the application's
	proves  string       // what the browser's next answer does
	cast    *cast
	oauth   oauth2.Config
	token   string // of scope service, then of scope credential
}

func (c *cast) visitor(web *http.Client) *visitor {
	v := &visitor{browser: browser.New(home, browser.Always(web)), web: web, cast: c, player: &player{}}
	v.api = &client.Client{
		BaseURL: c.stage.URL + csc.BasePath, HTTP: web,
		Token: func(context.Context) (csc.Secret, error) { return csc.Secret(v.token), nil },
		Trace: func(e client.Exchange) { v.last = e },
	}
	v.browser.Tell = func(a browser.Answer) {
		line(client.Exchange{Method: a.Method, Path: a.URL.Path, Status: a.Status, Duration: a.Took}, v.proves)
		v.proves = ""
	}
	v.oauth = oauth2.Config{
		ClientID: c.web.ID, ClientSecret: c.web.Secret, RedirectURL: home,
		Endpoint: oauth2.Endpoint{
			AuthURL: c.stage.URL + "/oauth2/authorize", TokenURL: c.stage.URL + "/oauth2/token",
			AuthStyle: oauth2.AuthStyleInHeader,
		},
	}
	return v
}

// open has the signer go to an address.
func (v *visitor) open(ctx context.Context, address, proves string) (*browser.Page, error) {
	v.proves = proves
	return v.browser.Open(ctx, address)
}

// submit has the signer fill in a page's form.
func (v *visitor) submit(ctx context.Context, p *browser.Page, fill url.Values, proves string) (*browser.Page, error) {
	v.proves = proves
	return v.browser.Submit(ctx, p, fill)
}

// signOnPages is way (b): the signer logs in and agrees on the server's pages.
func (c *cast) signOnPages(ctx context.Context, web *http.Client, pdf []byte) ([]byte, error) {
	v := c.visitor(web)
	if err := v.enter(ctx); err != nil {
		return nil, err
	}
	certificates, err := v.certificates(ctx, c.onPages)
	if err != nil {
		return nil, err
	}
	prepared, err := prepare(pdf, certificates)
	if err != nil {
		return nil, err
	}
	digest := prepared.Digest()
	if err := v.wrongWay(ctx, digest); err != nil {
		return nil, err
	}
	if err := v.agreeOnPages(ctx, digest); err != nil {
		return nil, err
	}
	request := csc.SignHashRequest{CredentialID: c.onPages, Hashes: []csc.Digest{digest}, SignAlgo: ecdsaSHA256}
	var answer csc.SignHashResponse
	err = v.step("the token signs this hash, once", func() (err error) {
		answer, err = v.api.SignHash(ctx, request)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = v.refused("and is dead after that", csc.InvalidToken.Description(), func() error {
		_, err := v.api.SignHash(ctx, request)
		return err
	})
	if err != nil {
		return nil, err
	}
	return prepared.Finish(answer.Signatures[0])
}

// enter has the signer log in, so that the application may see the credentials.
func (v *visitor) enter(ctx context.Context) error {
	back, err := v.authorize(ctx, url.Values{"scope": {csc.ScopeService}}, func(p *browser.Page) (*browser.Page, error) {
		return v.logIn(ctx, p)
	})
	if err != nil {
		return err
	}
	return errors.Join(v.redeem(ctx, back, "the application has the signer's service token"),
		v.step("it sees the signer's credentials", func() error {
			list, err := v.api.List(ctx, csc.ListRequest{})
			if err == nil && len(list.CredentialIDs) != 2 {
				err = fmt.Errorf("%d credentials, want 2", len(list.CredentialIDs))
			}
			return err
		}))
}

// agreeOnPages has the signer agree to the digest with the code of the moment.
func (v *visitor) agreeOnPages(ctx context.Context, digest csc.Digest) error {
	back, err := v.authorize(ctx, v.credential(v.cast.onPages, digest), func(p *browser.Page) (*browser.Page, error) {
		p, err := v.logIn(ctx, p)
		if err != nil {
			return nil, err
		}
		right, _, err := codes(v.cast.signer.OTPAuth, 0)
		if err != nil {
			return nil, err
		}
		return v.submit(ctx, p, url.Values{"code": {right}, "decision": {"sign"}}, "the signer agrees to this hash, with the app's code")
	})
	if err != nil {
		return err
	}
	return v.redeem(ctx, back, "the application has a token for this hash alone")
}

// wrongWay shows that the credential of the other way is not to be had here.
func (v *visitor) wrongWay(ctx context.Context, digest csc.Digest) error {
	back, err := v.authorize(ctx, v.credential(v.cast.explicit, digest), func(p *browser.Page) (*browser.Page, error) {
		return v.logIn(ctx, p)
	})
	if err != nil {
		return err
	}
	if back.Get("error") == "" {
		return errors.New("the explicit credential was authorized on the pages")
	}
	note("the explicit credential is refused here: " + back.Get("error"))
	return v.refused("and this one refuses the explicit way", "The credential identified by credentialID is authorized with OAuth 2.0", func() error {
		_, err := v.api.Authorize(ctx, csc.AuthorizeRequest{CredentialID: v.cast.onPages, NumSignatures: 1})
		return err
	})
}

func (v *visitor) credential(id string, digest csc.Digest) url.Values {
	return url.Values{
		"scope": {csc.ScopeCredential}, "credentialID": {id}, "numSignatures": {"1"},
		"hashes":           {base64.RawURLEncoding.EncodeToString(digest)},
		"hashAlgorithmOID": {csc.OIDSHA256}, "description": {"Demonstration"},
	}
}

func (v *visitor) logIn(ctx context.Context, p *browser.Page) (*browser.Page, error) {
	if p.Back != nil {
		return p, nil
	}
	return v.submit(ctx, p, url.Values{"email": {signerEmail}, "password": {v.cast.password}}, "the signer logs in")
}

// authorize pushes a request (RFC 9126), sends the signer after it, and returns
// what the application is told in the end.
func (v *visitor) authorize(ctx context.Context, params url.Values, visit func(*browser.Page) (*browser.Page, error)) (url.Values, error) {
	verifier := oauth2.GenerateVerifier()
	for name, value := range map[string]string{
		"response_type": "code", "client_id": v.oauth.ClientID, "redirect_uri": home, "state": "demonstration",
		"code_challenge": oauth2.S256ChallengeFromVerifier(verifier), "code_challenge_method": "S256",
	} {
		params.Set(name, value)
	}
	var pushed struct {
		RequestURI string `json:"request_uri"`
	}
	err := v.step("the request is pushed, out of the browser's reach", func() error {
		return v.post(ctx, "/oauth2/pushed_authorize", params, http.StatusCreated, &pushed)
	})
	if err != nil {
		return nil, err
	}
	query := url.Values{"client_id": {v.oauth.ClientID}, "request_uri": {pushed.RequestURI}}
	p, err := v.open(ctx, v.oauth.Endpoint.AuthURL+"?"+query.Encode(), "the signer is sent to the server's pages")
	if err == nil {
		p, err = visit(p)
	}
	if err != nil {
		return nil, err
	}
	if p.Back == nil {
		return nil, fmt.Errorf("the signer is not sent back from %s", p.At.Path)
	}
	if iss := p.Back.Get("iss"); iss != v.cast.stage.URL {
		return nil, fmt.Errorf("the answer is from %q", iss)
	}
	p.Back.Set("verifier", verifier)
	return p.Back, nil
}

// redeem changes the code for a token.
func (v *visitor) redeem(ctx context.Context, back url.Values, proves string) error {
	if back.Get("code") == "" {
		return fmt.Errorf("refused: %s %s", back.Get("error"), back.Get("error_description"))
	}
	var granted struct {
		Token string `json:"access_token"`
	}
	err := v.step(proves, func() error {
		return v.post(ctx, "/oauth2/token", url.Values{
			"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "client_id": {v.oauth.ClientID},
			"redirect_uri": {home}, "code_verifier": {back.Get("verifier")},
		}, http.StatusOK, &granted)
	})
	v.token = granted.Token
	return err
}

// post sends a form as the application, and notes how that went.
func (v *visitor) post(ctx context.Context, path string, form url.Values, want int, answer any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.cast.stage.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(v.oauth.ClientID), url.QueryEscape(v.oauth.ClientSecret))
	start := time.Now()
	resp, err := v.web.Do(req)
	if err != nil {
		return err
	}
	v.last = client.Exchange{Method: http.MethodPost, Path: path, Status: resp.StatusCode, Duration: time.Since(start)}
	return decode(resp, want, answer)
}
