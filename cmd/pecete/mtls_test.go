package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, made, made, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// Browsers are asked for no certificate where the pages are, and find no pages
// where programs are asked for one. Both stop when they are told to.
func TestListeners(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	c := &Config{Listen: "127.0.0.1:0"}
	c.MTLS.Listen, c.MTLS.URL = "127.0.0.1:0", "https://localhost"
	ended := make(chan error, 1)
	certificate := selfSigned(t)
	go func() {
		ended <- listen(ctx, c, slog.New(slog.NewJSONHandler(in, nil)), certificate, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			shown := len(r.TLS.PeerCertificates)
			_ = json.NewEncoder(w).Encode(shown)
		}), nil, &leave{})
		_ = in.Close()
	}()
	lines := bufio.NewScanner(out)
	address := func() (at struct{ Listen string }) {
		if !lines.Scan() || json.Unmarshal(lines.Bytes(), &at) != nil || at.Listen == "" {
			t.Fatalf("no listener: %s", lines.Text())
		}
		return at
	}
	pages, programs := address().Listen, address().Listen
	go func() { _, _ = io.Copy(io.Discard, out) }()

	roots := x509.NewCertPool()
	roots.AddCert(certificate.Leaf)
	ask := func(at, path string) (status int, body string, asked bool) {
		t.Helper()
		own := selfSigned(t)
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "localhost",
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { asked = true; return &own, nil }}}
		defer transport.CloseIdleConnections()
		resp, err := (&http.Client{Transport: transport}).Get("https://" + at + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text), asked
	}
	for _, path := range []string{"/login", "/consent", "/oauth2/authorize", "/oauth2/token", "/csc/v2/info"} {
		if status, body, asked := ask(pages, path); status != 200 || body != "0\n" || asked {
			t.Errorf("%s: %d %s, asked for a certificate: %t", path, status, body, asked)
		}
	}
	for path, want := range map[string]int{
		"/oauth2/token": 200, "/oauth2/pushed_authorize": 200, "/oauth2/revoke": 200, "/csc/v2/signatures/signHash": 200, "/healthz": 200,
		"/.well-known/oauth-authorization-server": 200,
		"/oauth2/authorize":                       404, "/login": 404, "/consent": 404, "/": 404, "/logo.png": 404, "/csc": 404,
	} {
		status, body, asked := ask(programs, path)
		if status != want || !asked || want == 200 && body != "1\n" {
			t.Errorf("%s: %d %s, asked for a certificate: %t", path, status, body, asked)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("at the end: %v", err)
	}
}

// Of two listeners neither is left when one cannot be had.
func TestListenersTogether(t *testing.T) {
	c := &Config{Listen: "127.0.0.1:0"}
	c.MTLS.Listen = "192.0.2.1:1"
	if err := listen(t.Context(), c, slog.New(slog.DiscardHandler), selfSigned(t), http.NotFoundHandler(), nil, &leave{}); err == nil {
		t.Error("no error")
	}
}

func TestClientCAs(t *testing.T) {
	c := &Config{dir: t.TempDir()}
	if pool, err := c.clientCAs(); pool != nil || err != nil {
		t.Errorf("none configured: %v, %v", pool, err)
	}
	c.MTLS.CA = "ca.pem"
	if _, err := c.clientCAs(); err == nil {
		t.Error("a file that is not there: no error")
	}
	for text, good := range map[string]bool{
		"":  false,
		"x": false,
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: selfSigned(t).Certificate[0]})): true,
	} {
		if err := os.WriteFile(filepath.Join(c.dir, "ca.pem"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if pool, err := c.clientCAs(); (err == nil) != good || (pool != nil) != good {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}
