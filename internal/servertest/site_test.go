package servertest_test

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/servertest"
)

// A key logs its signer in: what TLS wants signed he authorizes with a code.
type key struct {
	t          *testing.T
	app        *client.Client
	credential string
	public     crypto.PublicKey
	code       func() csc.Secret
}

func (k key) Public() crypto.PublicKey { return k.public }

func (k key) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	agreed, err := k.app.Authorize(k.t.Context(), csc.AuthorizeRequest{
		CredentialID: k.credential, NumSignatures: 1, Hashes: []csc.Digest{digest}, HashAlgorithmOID: csc.OIDSHA256,
		AuthData: []csc.AuthData{{ID: "OTP", Value: k.code()}},
	})
	if err != nil {
		return nil, err
	}
	made, err := k.app.SignHash(k.t.Context(), csc.SignHashRequest{
		CredentialID: k.credential, SAD: agreed.SAD, Hashes: []csc.Digest{digest}, SignAlgo: "1.2.840.10045.4.3.2",
	})
	if err != nil {
		return nil, err
	}
	return made.Signatures[0], nil
}

// With a credential for logins a signer logs in to a site of somebody else, through an
// application that may do that; one that may not can nothing but read what it is.
func TestLogInToASite(t *testing.T) {
	s, ctx := servertest.Raise(t), servertest.Context(t)
	reconfigure(t, s, map[string]string{"  # logins: true\n": "  logins: true\n"})
	signer, err := s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer", "--bare")
	must(t, err)
	login, err := s.AddCredential(ctx, signer.ID, "--for", "login")
	must(t, err)
	added, err := s.AddClient(ctx, "Demo Application", signer.ID)
	must(t, err)
	servertest.Serve(t, s)
	app := application(t, s, added)
	info, err := app.CredentialInfo(ctx, csc.CredentialInfoRequest{CredentialID: login, View: csc.View{Certificates: "chain", CertInfo: true}})
	must(t, err)
	var chain [][]byte
	for _, text := range info.Cert.Certificates {
		der, err := base64.StdEncoding.DecodeString(text)
		must(t, err)
		chain = append(chain, der)
	}
	leaf, err := x509.ParseCertificate(chain[0])
	must(t, err)
	if leaf.KeyUsage != x509.KeyUsageDigitalSignature || len(leaf.ExtKeyUsage) != 1 || leaf.ExtKeyUsage[0] != x509.ExtKeyUsageClientAuth || info.SignatureQualifier != "" {
		t.Errorf("told: %v %v %q", leaf.KeyUsage, leaf.ExtKeyUsage, info.SignatureQualifier)
	}

	root, err := os.ReadFile(filepath.Join(s.Folder, "ca.pem"))
	must(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	site := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	site.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots, MinVersion: tls.VersionTLS13}
	site.StartTLS()
	t.Cleanup(site.Close)
	visit := func(code func() csc.Secret) (string, error) {
		web := site.Client()
		web.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{{
			Certificate: chain, PrivateKey: key{t, app, login, leaf.PublicKey, code},
		}}
		resp, err := web.Get(site.URL)
		if err != nil {
			return "", err
		}
		page, err := io.ReadAll(resp.Body)
		return string(page), errors.Join(err, resp.Body.Close())
	}
	if page, err := visit(func() csc.Secret { return code(t, signer.OTPAuth) }); err == nil || !strings.Contains(err.Error(), "Invalid parameter credentialID") {
		t.Errorf("through an application that may not: %q, %v", page, err)
	}
	_, err = s.Run(ctx, "client", "change", added.ID, "--may", "login")
	must(t, err)
	if page, err := visit(func() csc.Secret { return code(t, signer.OTPAuth) }); err != nil || page != "Demo Signer" { // the refused one cost no code
		t.Errorf("through an application that may: %q, %v", page, err)
	}
}
