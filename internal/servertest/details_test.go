package servertest_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// A signer agrees once, in a browser, to documents for two credentials: the one
// token signs each with its own, and nothing twice; the log is whole.
func TestASignerAgreesToTwoCredentialsAtOnce(t *testing.T) {
	s := servertest.Raise(t)
	ctx := servertest.Context(t)
	signer, err := s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer", "--mode", "oauth2code")
	must(t, err)
	second, err := s.AddCredential(ctx, signer.ID, "--mode", "oauth2code", "--description", "For the company")
	must(t, err)
	must(t, s.SetPassword(ctx, signer.ID, password))
	codes := make(chan string, 1)
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if code := r.URL.Query().Get("code"); code != "" {
			codes <- code
		}
		_, _ = io.WriteString(w, "<title>back</title>") // the browser is gone
	}))
	t.Cleanup(home.Close)
	app, err := s.AddWebClient(ctx, "Demo Application", home.URL+"/callback")
	must(t, err)
	_, err = s.Run(ctx, "client", "account", app.ID, "account-42", signer.ID)
	must(t, err)
	servertest.Serve(t, s)
	d := &detailsApp{t: t, s: s, app: app, home: home.URL + "/callback"}

	credentials, labels := []string{signer.Credentials[0], second}, []string{"Contract.pdf", "Invoice <b>7</b>.pdf"}
	details := detailsOf(credentials, labels)
	tab, _ := openBrowser(t, ctx)
	must(t, chromedp.Run(tab, chromedp.Navigate(d.push(details))))
	logIn(t, tab, signer)
	consent := agree(t, tab, signer)
	for _, want := range append(labels, "2 documents to sign", "Part 2 of 2", "For the company", "Demo Application") {
		if !strings.Contains(consent, want) {
			t.Errorf("the consent page does not say %q:\n%s", want, consent)
		}
	}
	var told struct {
		Token   string           `json:"access_token"`
		Details []map[string]any `json:"authorization_details"`
	}
	select {
	case code := <-codes:
		d.post("/oauth2/token", "", d.form(url.Values{
			"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {d.home}, "code_verifier": {verifier}, "authorization_details": {details},
		}), http.StatusOK, &told)
	case <-ctx.Done():
		t.Fatal("the signer was not sent back")
	}
	if len(told.Details) != 2 || told.Details[1]["credentialID"] != second {
		t.Errorf("told %v", told.Details)
	}
	keys := []*ecdsa.PublicKey{d.key(told.Token, credentials[0]), d.key(told.Token, credentials[1])}
	for n, id := range credentials {
		d.sign(told.Token, id, labels[1-n], http.StatusBadRequest)
		signature, sum := d.sign(told.Token, id, labels[n], http.StatusOK), sha256.Sum256([]byte(labels[n]))
		if !ecdsa.VerifyASN1(keys[n], sum[:], signature) {
			t.Errorf("the signature over %q does not verify", labels[n])
		}
	}
	d.sign(told.Token, second, labels[1], http.StatusUnauthorized)
	if out, err := s.Run(ctx, "audit", "verify"); err != nil {
		t.Errorf("audit verify: %v\n%s", err, out)
	}
}

// rfcChallenge is that of verifier (RFC 7636 appendix B).
const rfcChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

func digestOf(label string) string {
	sum := sha256.Sum256([]byte(label))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// detailsOf asks for one document with each credential.
func detailsOf(credentials, labels []string) string {
	var elements []any
	for n, id := range credentials {
		elements = append(elements, map[string]any{
			"type": "credential", "credentialID": id, "hashAlgorithmOID": "2.16.840.1.101.3.4.2.1",
			"documentDigests": []any{map[string]any{"hash": digestOf(labels[n]), "label": labels[n]}},
		})
	}
	text, _ := json.Marshal(elements)
	return string(text)
}

// A detailsApp is an application that asks by authorization_details.
type detailsApp struct {
	t    *testing.T
	s    *stage.Stage
	app  stage.Client
	home string
}

func (d *detailsApp) form(form url.Values) string {
	form.Set("client_id", d.app.ID)
	form.Set("client_secret", d.app.Secret)
	return form.Encode()
}

// push pushes a request, and is where the browser goes then.
func (d *detailsApp) push(details string) string {
	var pushed struct {
		URI string `json:"request_uri"`
	}
	d.post("/oauth2/pushed_authorize", "", d.form(url.Values{
		"response_type": {"code"}, "redirect_uri": {d.home}, "code_challenge": {rfcChallenge}, "code_challenge_method": {"S256"}, "authorization_details": {details},
	}), http.StatusCreated, &pushed)
	return d.s.URL + "/oauth2/authorize?" + url.Values{"client_id": {d.app.ID}, "request_uri": {pushed.URI}}.Encode()
}

// sign asks for a signature over a label.
func (d *detailsApp) sign(token, id, label string, want int) []byte {
	d.t.Helper()
	body, _ := json.Marshal(map[string]any{"credentialID": id, "hashes": []string{digestOf(label)}, "signAlgo": "1.2.840.10045.4.3.2"})
	made := struct {
		Signatures [][]byte `json:"signatures"`
	}{[][]byte{nil}}
	d.post("/csc/v2/signatures/signHash", token, string(body), want, &made)
	return made.Signatures[0]
}

// key is the one in a credential's certificate.
func (d *detailsApp) key(token, id string) *ecdsa.PublicKey {
	d.t.Helper()
	var info struct {
		Cert struct {
			Certificates [][]byte `json:"certificates"`
		} `json:"cert"`
	}
	d.post("/csc/v2/credentials/info", token, `{"credentialID":"`+id+`"}`, http.StatusOK, &info)
	cert, err := x509.ParseCertificate(info.Cert.Certificates[0])
	must(d.t, err)
	return cert.PublicKey.(*ecdsa.PublicKey)
}

// post sends a form, or JSON with a token.
func (d *detailsApp) post(path, token, body string, want int, into any) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.s.URL+path, strings.NewReader(body))
	must(d.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if token != "" {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
	}
	c, err := d.s.HTTP()
	must(d.t, err)
	resp, err := c.Do(r)
	must(d.t, err)
	defer resp.Body.Close()
	if resp.StatusCode != want {
		d.t.Fatalf("%s: %s, want %d", path, resp.Status, want)
	}
	_ = json.NewDecoder(resp.Body).Decode(into)
}
