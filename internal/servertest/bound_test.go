package servertest_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/browser"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

const (
	home     = "http://127.0.0.1/callback"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
)

// A bank is an application whose tokens are bound, as it sees a server.
type bank struct {
	t      *testing.T
	s      *stage.Stage
	url    string       // where it calls
	web    *http.Client // how
	app    stage.Client
	key    *client.DPoP // nil if a certificate holds its tokens
	signer stage.Signer
}

func (b *bank) post(path string, form url.Values) (status int, body map[string]any) {
	b.t.Helper()
	form.Set("client_id", b.app.ID)
	for begun := time.Now(); ; { // a second time with the nonce that the first brought, or when the server's first second is over
		req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+path, strings.NewReader(form.Encode()))
		must(b.t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if b.app.Secret != "" {
			req.SetBasicAuth(url.QueryEscape(b.app.ID), url.QueryEscape(b.app.Secret))
		}
		if b.key != nil {
			proof, err := b.key.Proof(http.MethodPost, b.url+path, "", time.Now())
			must(b.t, err)
			req.Header.Set("DPoP", proof)
		}
		resp, err := b.web.Do(req)
		must(b.t, err)
		text, err := io.ReadAll(resp.Body)
		must(b.t, errors.Join(err, resp.Body.Close()))
		body = nil
		if len(text) > 0 {
			must(b.t, json.Unmarshal(text, &body))
		}
		status = resp.StatusCode
		if b.key == nil || body["error"] != "use_dpop_nonce" && !early(body["error_description"]) || time.Since(begun) > 20*time.Second {
			return status, body
		}
		b.key.Learn(req.URL, resp.Header)
	}
}

// early reports whether a proof was made before the server remembered any, as
// all are whose second the server began in.
func early(description any) bool {
	return strings.HasSuffix(fmt.Sprint(description), "before the server began to remember proofs")
}

// token gets a token of a scope from the signer, by the pages.
func (b *bank) token(scope string, params url.Values) csc.Secret {
	b.t.Helper()
	sum := sha256.Sum256([]byte(verifier))
	form := url.Values{
		"response_type": {"code"}, "redirect_uri": {home}, "scope": {scope},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	for name, values := range params {
		form[name] = values
	}
	status, pushed := b.post("/oauth2/pushed_authorize", form)
	uri, _ := pushed["request_uri"].(string)
	if status != http.StatusCreated {
		b.t.Fatalf("not pushed: %d %v", status, pushed)
	}
	web, err := b.s.HTTP()
	must(b.t, err)
	b.t.Cleanup(web.CloseIdleConnections)
	query := url.Values{"client_id": {b.app.ID}, "request_uri": {uri}}
	told, err := browser.New(home, browser.Always(web)).Agree(b.t.Context(), b.s.URL+"/oauth2/authorize?"+query.Encode(), browser.Signer{
		Email: "demo.signer@example.org", Password: password,
		Code: func(context.Context) (string, error) { return string(code(b.t, b.signer.OTPAuth)), nil },
	})
	must(b.t, err)
	status, got := b.post("/oauth2/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {told.Get("code")}, "redirect_uri": {home}, "code_verifier": {verifier},
	})
	kind := map[bool]string{true: "DPoP", false: "Bearer"}[b.key != nil]
	token, _ := got["access_token"].(string)
	if status != http.StatusOK || got["token_type"] != kind {
		b.t.Fatalf("told %v, redeemed: %d %v", told, status, got)
	}
	return csc.Secret(token)
}

// api is the bank with a token.
func (b *bank) api(token csc.Secret) *client.Client {
	return &client.Client{
		BaseURL: b.url + csc.BasePath, HTTP: b.web, DPoP: b.key,
		Token: func(context.Context) (csc.Secret, error) { return token, nil },
	}
}

// signs goes the whole way: a service token, the signer's agreement to two
// hashes, and a signature by each of the two ways to spend it. A thief who has
// read all of it, but holds nothing, is given nothing.
func (b *bank) signs(thief *bank) {
	b.t.Helper()
	ctx := servertest.Context(b.t)
	service := b.token(csc.ScopeService, nil)
	list, err := b.api(service).List(ctx, csc.ListRequest{})
	must(b.t, err)
	if len(list.CredentialIDs) != 1 {
		b.t.Fatalf("credentials %v", list.CredentialIDs)
	}
	one, two := sha256.Sum256([]byte("one")), sha256.Sum256([]byte("two"))
	hashes := base64.RawURLEncoding.EncodeToString(one[:]) + "," + base64.RawURLEncoding.EncodeToString(two[:])
	credential := b.token(csc.ScopeCredential, url.Values{
		"credentialID": {list.CredentialIDs[0]}, "numSignatures": {"2"}, "hashes": {hashes}, "hashAlgorithmOID": {csc.OIDSHA256},
	})
	signing := func(sad csc.Secret, hash [32]byte) csc.SignHashRequest {
		return csc.SignHashRequest{CredentialID: list.CredentialIDs[0], SAD: sad, Hashes: []csc.Digest{hash[:]}, SignAlgo: ecdsaSHA256}
	}
	steals := func(token, sad csc.Secret, as *bank) {
		b.t.Helper()
		if answer, err := as.api(token).SignHash(ctx, signing(sad, one)); err == nil {
			b.t.Fatalf("a thief is given %d signatures", len(answer.Signatures))
		}
	}
	steals(service, credential, thief)
	steals(credential, "", thief)
	bare := *thief
	bare.key = nil
	steals(service, credential, &bare)
	steals(credential, "", &bare)
	own := thief.token(csc.ScopeService, nil) // which is the thief's to have: the same client, and the same signer
	steals(own, credential, thief)

	_, err = b.api(service).SignHash(ctx, signing(credential, one)) // as SAD beside the service token
	must(b.t, err)
	_, err = b.api(credential).SignHash(ctx, signing("", two)) // alone
	must(b.t, err)
	if _, err := b.api(credential).SignHash(ctx, signing("", two)); err == nil {
		b.t.Error("spent, and good once more")
	}
}

// raiseFor is a server with a signer and an application.
func raiseFor(t *testing.T, changes map[string]string, args ...string) *bank {
	t.Helper()
	b := &bank{t: t, s: servertest.Raise(t)}
	ctx := servertest.Context(t)
	if changes != nil {
		reconfigure(t, b.s, changes)
	}
	var err error
	b.signer, err = b.s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer", "--mode", "oauth2code")
	must(t, err)
	must(t, b.s.SetPassword(ctx, b.signer.ID, password))
	text, err := b.s.Run(ctx, append([]string{"client", "add", "Demo Bank", "--redirect-uri", home, "-o", "json"}, args...)...)
	must(t, err)
	must(t, json.Unmarshal(text, &b.app))
	b.url = b.s.URL
	b.web, err = b.s.HTTP()
	must(t, err)
	t.Cleanup(b.web.CloseIdleConnections)
	return b
}

func TestSigningWithDPoP(t *testing.T) {
	for says, changes := range map[string]map[string]string{
		"as it is installed": nil, "with nonces": {"onetime: memory": "onetime: memory\noauth2:\n  dpop_nonce: true"},
	} {
		t.Run(says, func(t *testing.T) {
			b := raiseFor(t, changes, "--bound", "dpop")
			servertest.Serve(t, b.s)
			thief := *b
			for _, one := range []*bank{b, &thief} {
				key, err := client.NewDPoP(nil)
				must(t, err)
				one.key = key
			}
			b.signs(&thief)
			info, err := b.api("").Info(servertest.Context(t), csc.InfoRequest{})
			if must(t, err); !info.OAuth2FAPI {
				t.Error("info does not say oauth2FAPIsupport")
			}
		})
	}
}

// The package client by itself: with an id, a secret and a key.
func TestTheClientBindsItsTokens(t *testing.T) {
	s := servertest.Raise(t)
	ctx := servertest.Context(t)
	signer, err := s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer")
	must(t, err)
	text, err := s.Run(ctx, "client", "add", "Demo Bank", "--signer", signer.ID, "--bound", "dpop", "-o", "json")
	must(t, err)
	var app stage.Client
	must(t, json.Unmarshal(text, &app))
	reconfigure(t, s, map[string]string{"onetime: memory": "onetime: memory\noauth2:\n  dpop_nonce: true"})
	servertest.Serve(t, s)
	web, err := s.HTTP()
	must(t, err)
	t.Cleanup(web.CloseIdleConnections)
	key, err := client.NewDPoP(nil)
	must(t, err)
	c := &client.Client{BaseURL: s.URL + csc.BasePath, HTTP: web, ID: app.ID, Secret: csc.Secret(app.Secret), DPoP: key}
	var told *client.Error
	for err = c.Authenticate(ctx); errors.As(err, &told) && early(told.Description); err = c.Authenticate(ctx) {
		continue // until the server's first second is over
	}
	must(t, err)
	digest := sha256.Sum256([]byte("a document"))
	granted, err := c.Authorize(ctx, csc.AuthorizeRequest{
		CredentialID: signer.Credentials[0], NumSignatures: 1, Hashes: []csc.Digest{digest[:]}, HashAlgorithmOID: csc.OIDSHA256,
		AuthData: []csc.AuthData{{ID: "OTP", Value: code(t, signer.OTPAuth)}},
	})
	must(t, err)
	_, err = c.SignHash(ctx, csc.SignHashRequest{CredentialID: signer.Credentials[0], SAD: granted.SAD, Hashes: []csc.Digest{digest[:]}, SignAlgo: ecdsaSHA256})
	must(t, err)
	plain := &client.Client{BaseURL: s.URL + csc.BasePath, HTTP: web, ID: app.ID, Secret: csc.Secret(app.Secret)}
	if _, err := plain.List(ctx, csc.ListRequest{UserID: signer.ID}); !errors.As(err, &told) || told.Code != csc.InvalidDPoPProof {
		t.Errorf("without a key: %v", err)
	}
}

// The same over mutual TLS, where the application proves itself by its
// certificate too.
func TestSigningOverMutualTLS(t *testing.T) {
	port := fmt.Sprint(proctest.FreePort(t))
	clients := newAuthority(t)
	path := filepath.Join(t.TempDir(), "clients.pem")
	must(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: clients.certificate.Raw}), 0o600))
	b := raiseFor(t, map[string]string{"onetime: memory": "onetime: memory\nmtls:\n  listen: 127.0.0.1:" + port + "\n  url: https://localhost:" + port + "\n  ca: " + path},
		"--profile", "fapi2", "--auth-method", "tls_client_auth", "--tls-subject-dn", "CN=demo-bank")
	servertest.Serve(t, b.s)
	b.url = "https://localhost:" + port
	thief := *b
	b.web, thief.web = b.over(port, clients.issue(t, "demo-bank")), b.over(port, clients.issue(t, "demo-bank"))
	b.signs(&thief)
}

// over calls the listener at the port with a certificate.
func (b *bank) over(port string, own tls.Certificate) *http.Client {
	b.t.Helper()
	web, err := b.s.HTTP()
	must(b.t, err)
	transport, ok := web.Transport.(*http.Transport)
	if !ok {
		b.t.Fatalf("transport is a %T", web.Transport)
	}
	transport.TLSClientConfig.Certificates = []tls.Certificate{own}
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+port)
	}
	b.t.Cleanup(web.CloseIdleConnections)
	return web
}

// An authority issues certificates of clients.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	own := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Clients"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, own, own, key.Public(), key)
	must(t, err)
	own, err = x509.ParseCertificate(der)
	must(t, err)
	return authority{own, key}
}

func (a authority) issue(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	must(t, err)
	leaf := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.certificate, key.Public(), a.key)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
