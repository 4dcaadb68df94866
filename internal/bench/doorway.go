package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/browser"
	"github.com/pecete/pecete/internal/stage"
)

// home is where the application wants its signers back. Nobody listens there.
const home = "http://127.0.0.1/callback"

// A doorway is a scene with who comes by way of the authorization server.
type doorway struct {
	scene    *scene
	signers  *crowd // whose codes go to the API
	visitors *crowd // who log in on the pages
	web      stage.Client
	prover   stage.Client // with a key and no secret
	key      *ecdsa.PrivateKey
	asker    stage.Client // a resource server
}

// register registers the applications.
func (d *doorway) register(ctx context.Context) (err error) {
	s := d.scene.stage
	if d.web, err = s.AddWebClient(ctx, "Bench on the pages", home); err != nil {
		return err
	}
	if d.asker, err = d.add(ctx, "Bench that asks", "--resource-server"); err != nil {
		return err
	}
	if d.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	point, err := d.key.PublicKey.Bytes()
	if err != nil {
		return err
	}
	inURL := base64.RawURLEncoding.EncodeToString
	set := fmt.Sprintf(`{"keys":[{"kty":"EC","crv":"P-256","x":%q,"y":%q}]}`, inURL(point[1:33]), inURL(point[33:]))
	file := filepath.Join(s.Folder, "bench-jwks.json")
	if err := os.WriteFile(file, []byte(set), 0o600); err != nil {
		return err
	}
	d.prover, err = d.add(ctx, "Bench with a key", "--auth-method", "private_key_jwt", "--jwks", file)
	return err
}

// add registers an application.
func (d *doorway) add(ctx context.Context, name string, args ...string) (c stage.Client, err error) {
	out, err := d.scene.stage.Run(ctx, append([]string{"client", "add", name, "-o", "json"}, args...)...)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(out, &c)
}

// post makes callers that send one form after another.
func (d *doorway) post(path string, form func(v *server) url.Values) func(context.Context, *server, int) ([]visit, error) {
	return func(ctx context.Context, v *server, n int) (all []visit, err error) {
		for range n {
			w, err := v.dialForms(ctx)
			if err != nil {
				return all, err
			}
			all = append(all, visit{close: w.close, do: func(context.Context) error {
				_, err := w.form(path, form(v))
				return err
			}})
		}
		return all, nil
	}
}

// form sends a form and returns the answer, which is good until the next call.
func (w *wire) form(path string, form url.Values) ([]byte, error) {
	status, reply, err := w.post(path, []byte(form.Encode()))
	if err == nil && status >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s: %d %s", path, status, reply)
	}
	return reply, err
}

func secretOf(c stage.Client) url.Values {
	return url.Values{"client_id": {c.ID}, "client_secret": {c.Secret}}
}

func (d *doorway) bySecret(*server) url.Values {
	form := secretOf(d.scene.app)
	form.Set("grant_type", "client_credentials")
	return form
}

// byAssertion makes an assertion for each token. It says when it was made to the
// millisecond: in the first second of a one-time store's run the server takes
// none that says only which second it was.
func (d *doorway) byAssertion(v *server) url.Values {
	now := time.Now()
	claims := fmt.Sprintf(`{"iss":%q,"sub":%q,"aud":%q,"jti":%q,"iat":%d.%03d,"exp":%d}`, d.prover.ID, d.prover.ID, v.url(), rand.Text(),
		now.Unix(), now.Nanosecond()/int(time.Millisecond), now.Unix()+60)
	return url.Values{
		"grant_type": {"client_credentials"}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion": {signed(d.key, `{"alg":"ES256"}`, claims)},
	}
}

// signed is a JWS of ES256 (RFC 7518 §3.4).
func signed(key *ecdsa.PrivateKey, header, claims string) string {
	inURL := base64.RawURLEncoding.EncodeToString
	input := inURL([]byte(header)) + "." + inURL([]byte(claims))
	digest := sha256.Sum256([]byte(input))
	r, s, _ := ecdsa.Sign(rand.Reader, key, digest[:]) // never fails with a key of its curve
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + inURL(signature)
}

// asking is a request to sign one digest with a visitor's credential.
func (d *doorway) asking(credential string, digest []byte, verifier string) url.Values {
	form := secretOf(d.web)
	for name, value := range map[string]string{
		"response_type": "code", "redirect_uri": home, "state": "bench", "scope": csc.ScopeCredential, "credentialID": credential,
		"numSignatures": "1", "hashes": base64.RawURLEncoding.EncodeToString(digest), "hashAlgorithmOID": csc.OIDSHA256,
		"code_challenge": oauth2.S256ChallengeFromVerifier(verifier), "code_challenge_method": "S256",
	} {
		form.Set(name, value)
	}
	return form
}

func (d *doorway) pushing(*server) url.Values {
	return d.asking(d.visitors.all[0].Credential, make([]byte, sha256.Size), strings.Repeat("v", 43))
}

var errInactive = errors.New("introspection says that a good token is none")

// introspection has a resource server ask about the token of an application, or
// the application itself.
func (d *doorway) introspection(itself bool) func(context.Context, *server, int) ([]visit, error) {
	return func(ctx context.Context, v *server, n int) (all []visit, err error) {
		form := secretOf(d.asker)
		if itself {
			form = secretOf(d.scene.app)
		}
		form.Set("token", v.bearer)
		for range n {
			w, err := v.dialForms(ctx)
			if err != nil {
				return all, err
			}
			all = append(all, visit{close: w.close, do: func(context.Context) error {
				reply, err := w.form("/oauth2/introspect", form)
				if err == nil && !bytes.Contains(reply, []byte(`"active":true`)) {
					err = errInactive
				}
				return err
			}})
		}
		return all, nil
	}
}

// signing has visitors go the whole way: the request is pushed, the signer logs
// in with a password and agrees with a code, and the hash is signed.
func (d *doorway) signing(_ context.Context, v *server, n int) (all []visit, err error) {
	for range n {
		all = append(all, visit{close: func() {}, do: func(ctx context.Context) error {
			s, code, ok, err := d.visitors.take(time.Now())
			if err == nil && !ok {
				err = errUsedUp
			}
			if err != nil {
				return err
			}
			return d.sign(ctx, v, s, code)
		}})
	}
	return all, nil
}

func (d *doorway) sign(ctx context.Context, v *server, s *signer, code csc.Secret) error {
	verifier := oauth2.GenerateVerifier()
	digest := sha256.Sum256([]byte(verifier))
	var pushed struct {
		URI string `json:"request_uri"`
	}
	if err := v.ask(ctx, "/oauth2/pushed_authorize", d.asking(s.Credential, digest[:], verifier), &pushed); err != nil {
		return err
	}
	at := url.Values{"client_id": {d.web.ID}, "request_uri": {pushed.URI}}
	back, err := browser.New(home, browser.Always(v.web)).Agree(ctx, v.url()+"/oauth2/authorize?"+at.Encode(), browser.Signer{
		Email: s.Email, Password: password, Code: func(context.Context) (string, error) { return string(code), nil },
	})
	if err != nil {
		return err
	}
	form := secretOf(d.web)
	for name, value := range map[string]string{
		"grant_type": "authorization_code", "code": back.Get("code"), "redirect_uri": home, "code_verifier": verifier,
	} {
		form.Set(name, value)
	}
	var granted struct {
		Token string `json:"access_token"`
	}
	if err := v.ask(ctx, "/oauth2/token", form, &granted); err != nil {
		return err
	}
	return v.signHash(ctx, granted.Token, s.Credential, digest[:])
}

// ask sends a form and decodes the answer.
func (v *server) ask(ctx context.Context, path string, form url.Values, answer any) error {
	return v.request(ctx, path, "application/x-www-form-urlencoded", "", []byte(form.Encode()), answer)
}

// signHash signs one digest with a token of scope credential.
func (v *server) signHash(ctx context.Context, token, credential string, digest []byte) error {
	body, err := json.Marshal(csc.SignHashRequest{CredentialID: credential, Hashes: []csc.Digest{digest}, SignAlgo: "1.2.840.10045.4.3.2"})
	if err != nil {
		return err
	}
	var answer csc.SignHashResponse
	err = v.request(ctx, csc.BasePath+"/"+string(csc.MethodSignHash), "application/json", token, body, &answer)
	if err == nil && len(answer.Signatures) != 1 {
		err = errors.New("signHash answers no signature")
	}
	return err
}

func (v *server) request(ctx context.Context, path, kind, bearer string, body []byte, answer any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.url()+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := v.web.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s: %s %s", path, resp.Status, text)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, answer)
}
