// Package interop has applications that others wrote sign a hash with a whole
// server, and tells what went over the wire, secrets cut: with -v, and in
// build/interop.
package interop

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
	"golang.org/x/oauth2"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/browser"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

const (
	// home is where the applications want their signers back. Nobody listens there.
	home        = "http://127.0.0.1/callback"
	ecdsaSHA256 = "1.2.840.10045.4.3.2"
	password    = "correct horse battery staple"
	email       = "demo.signer@example.org"
)

// A scene is a server with one signer, who agrees on its pages.
type scene struct {
	*stage.Stage
	transcript
	signer  stage.Signer
	browser *browser.Browser
	web     *http.Client // of the application, whose exchanges are told
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{Stage: servertest.Raise(t), transcript: newTranscript(t)}
	ctx := servertest.Context(t)
	var err error
	s.signer, err = s.AddSigner(ctx, email, "Demo", "Signer", "--mode", "oauth2code")
	must(t, err)
	must(t, s.SetPassword(ctx, s.signer.ID, password))
	plain, err := s.HTTP()
	must(t, err)
	t.Cleanup(plain.CloseIdleConnections)
	s.browser = browser.New(home, browser.Always(plain))
	s.browser.Tell = s.seen
	s.web = &http.Client{Transport: recorder{s.transcript, plain.Transport}, Timeout: plain.Timeout}
	return s
}

// application registers an application that sends signers to the pages.
func (s *scene) application(name string, args ...string) (app stage.Client) {
	s.t.Helper()
	args = append([]string{"client", "add", name, "--redirect-uri", home, "-o", "json"}, args...)
	out, err := s.Run(servertest.Context(s.t), args...)
	must(s.t, err)
	must(s.t, json.Unmarshal(out, &app))
	return app
}

// agree sends the signer to an address, and returns where that ends.
func (s *scene) agree(ctx context.Context, address string) *url.URL {
	s.t.Helper()
	back, err := s.browser.Agree(ctx, address, browser.Signer{Email: email, Password: password, Code: s.code})
	must(s.t, err)
	if back.Get("iss") != s.URL {
		s.t.Errorf("the answer is from %q", back.Get("iss"))
	}
	end, err := url.Parse(home)
	must(s.t, err)
	end.RawQuery = back.Encode()
	return end
}

// code is what the signer's authenticator shows now.
func (s *scene) code(context.Context) (string, error) {
	key, err := otp.NewKeyFromURL(s.signer.OTPAuth)
	if err != nil {
		return "", err
	}
	return totp.GenerateCode(key.Secret(), time.Now())
}

// plain is the registration as golang.org/x/oauth2 has it. It finds out by
// itself how the client is to prove who it is.
func (s *scene) plain(app stage.Client, scope string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: app.ID, ClientSecret: app.Secret, RedirectURL: home, Scopes: []string{scope},
		Endpoint: oauth2.Endpoint{AuthURL: s.URL + "/oauth2/authorize", TokenURL: s.URL + "/oauth2/token"},
	}
}

// call calls a method of the API with whatever web authenticates with.
func call(ctx context.Context, web *http.Client, base, method string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+csc.BasePath+"/"+method, strings.NewReader(string(text)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := web.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", method, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(answer)
}

// A seen credential is what an application finds of the signer.
type found struct {
	IDs   []string `json:"credentialIDs"`
	Infos []struct {
		Cert struct {
			Certificates []string `json:"certificates"`
		} `json:"cert"`
	} `json:"credentialInfos"`
}

// find lists the signer's one credential and returns it with its certificate.
func find(ctx context.Context, t *testing.T, web *http.Client, base string) (id, certificate string) {
	t.Helper()
	var all found
	must(t, call(ctx, web, base, "credentials/list", map[string]any{"credentialInfo": true, "certificates": "single"}, &all))
	if len(all.IDs) != 1 || len(all.Infos) != 1 || len(all.Infos[0].Cert.Certificates) != 1 {
		t.Fatalf("the list has %+v", all)
	}
	return all.IDs[0], all.Infos[0].Cert.Certificates[0]
}

func digestOf(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func inBase64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// signed demands that a signature of the digest verifies with the certificate.
func signed(t *testing.T, certificate string, digest []byte, signature string) {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(certificate)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	value, err := base64.StdEncoding.DecodeString(signature)
	must(t, err)
	public, is := cert.PublicKey.(*ecdsa.PublicKey)
	if !is || !ecdsa.VerifyASN1(public, digest, value) {
		t.Errorf("the signature does not verify with the certificate of %s", cert.Subject)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
