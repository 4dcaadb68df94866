package servertest_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// told is a request as the application got it.
type told struct{ mediaType, body string }

// An application that registered where it wants to be told is told when its
// request of mode A has ended, again if it was not well, and can hold the notice
// against the server's key; what was signed it asks for.
func TestAnApplicationIsToldOfTheEnd(t *testing.T) {
	notices := make(chan told, 8)
	var tries atomic.Int64
	listener := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		notices <- told{r.Header.Get("Content-Type"), string(body)}
		if tries.Add(1) == 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Listener.Addr().String())
	must(t, err)
	uri := "https://127.0.0.1:" + port + "/ended"
	s, signer, app := raiseTold(t, listener, uri)
	api := application(t, s, app)

	digest := sha256.Sum256([]byte("Contract"))
	granted, err := api.Authorize(servertest.Context(t), csc.AuthorizeRequest{
		CredentialID: signer.Credentials[0], NumSignatures: 1, Hashes: []csc.Digest{digest[:]}, HashAlgorithmOID: csc.OIDSHA256,
		AuthData: []csc.AuthData{{ID: "OTP", Value: code(t, signer.OTPAuth)}},
	})
	must(t, err)
	request := csc.SignHashRequest{
		CredentialID: signer.Credentials[0], SAD: granted.SAD, Hashes: []csc.Digest{digest[:]}, SignAlgo: ecdsaSHA256,
		Operation: csc.Operation{OperationMode: csc.ModeAsynchronous, ResponseURI: "https://127.0.0.1:" + port + "/other"},
	}
	_, err = api.SignHash(servertest.Context(t), request)
	wantRefused(t, "a URI that is not registered", err)
	request.ResponseURI = uri
	accepted, err := api.SignHash(servertest.Context(t), request)
	must(t, err)
	if accepted.ResponseID == "" || len(accepted.Signatures) > 0 {
		t.Fatalf("mode A was answered with %+v", accepted)
	}
	_, err = api.SignHash(servertest.Context(t), request)
	wantRefused(t, "an authorization that was spent", err)

	failed, again := next(t, notices), next(t, notices)
	one, two := opened(t, s, failed), opened(t, s, again)
	if one["jti"] != two["jti"] || one["jti"] == "" {
		t.Errorf("told again by another name: %v, %v", one["jti"], two["jti"])
	}
	for name, want := range map[string]any{
		"iss": s.URL, "aud": app.ID, "responseID": accepted.ResponseID, "method": "signatures/signHash", "state": "done",
	} {
		if two[name] != want {
			t.Errorf("%s is %v, want %v", name, two[name], want)
		}
	}
	result, err := api.Poll(servertest.Context(t), csc.SignPollingRequest{RequestID: accepted.ResponseID})
	must(t, err)
	if len(result.Signatures) != 1 || !ecdsa.VerifyASN1(publicKey(t, api, signer), digest[:], result.Signatures[0]) {
		t.Errorf("%d signatures, or one that does not verify", len(result.Signatures))
	}
	if out, err := s.Run(servertest.Context(t), "audit", "verify"); err != nil {
		t.Errorf("audit verify: %v\n%s", err, out)
	}
}

// raiseTold serves for an application that may be told at uri.
func raiseTold(t *testing.T, listener *httptest.Server, uri string) (*stage.Stage, stage.Signer, stage.Client) {
	t.Helper()
	s := servertest.Raise(t)
	vouches := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: listener.Certificate().Raw})
	must(t, os.WriteFile(filepath.Join(s.Folder, "applications-ca.pem"), vouches, 0o600))
	reconfigure(t, s, map[string]string{
		"# outbound:\n#   allow: [10.0.0.0/8]\n#   ca: applications-ca.pem": "outbound:\n  allow: [127.0.0.0/8]\n  ca: applications-ca.pem",
	})
	signer, err := s.AddSigner(servertest.Context(t), "signer@example.org", "Demo", "Signer")
	must(t, err)
	app, err := s.AddClient(servertest.Context(t), "Demo Application", signer.ID)
	must(t, err)
	_, err = s.Run(servertest.Context(t), "client", "change", app.ID, "--response-uri", uri)
	must(t, err)
	servertest.Serve(t, s)
	return s, signer, app
}

// next is the next notice.
func next(t *testing.T, notices <-chan told) string {
	t.Helper()
	select {
	case n := <-notices:
		if n.mediaType != "application/jwt" {
			t.Errorf("told as %q", n.mediaType)
		}
		return n.body
	case <-time.After(2 * time.Minute):
		t.Fatal("nobody was told")
		return ""
	}
}

// opened are the claims of a notice, which verifies with the server's key.
func opened(t *testing.T, s *stage.Stage, text string) map[string]any {
	t.Helper()
	web, err := s.HTTP()
	must(t, err)
	resp, err := web.Get(s.URL + "/callbacks/jwks.json")
	must(t, err)
	defer resp.Body.Close()
	var keys jose.JSONWebKeySet
	must(t, json.NewDecoder(resp.Body).Decode(&keys))
	signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.ES256})
	must(t, err)
	header := signed.Signatures[0].Header
	found := keys.Key(header.KeyID)
	if len(found) != 1 || header.ExtraHeaders["typ"] != "csc-response+jwt" {
		t.Fatalf("header %+v, %d keys", header, len(found))
	}
	body, err := signed.Verify(found[0])
	must(t, err)
	var claims map[string]any
	must(t, json.Unmarshal(body, &claims))
	return claims
}

// publicKey is that of the certificate of the signer's credential.
func publicKey(t *testing.T, api *client.Client, signer stage.Signer) *ecdsa.PublicKey {
	t.Helper()
	info, err := api.CredentialInfo(servertest.Context(t), csc.CredentialInfoRequest{
		CredentialID: signer.Credentials[0], View: csc.View{Certificates: csc.CertificatesSingle},
	})
	must(t, err)
	der, err := base64.StdEncoding.DecodeString(info.Cert.Certificates[0])
	must(t, err)
	certificate, err := x509.ParseCertificate(der)
	must(t, err)
	return certificate.PublicKey.(*ecdsa.PublicKey)
}
