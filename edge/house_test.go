package edge_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pecete/pecete/edge"
)

// A house is a server behind an edge, with a handler that reads the body and
// says yes.
type house struct {
	t        *testing.T
	addr     string
	web      *http.Server
	listener *edge.Listener
	roots    *x509.CertPool
	log      *lines
	served   atomic.Int64
	handler  http.HandlerFunc
}

// newHouse serves until the test ends; change comes before.
func newHouse(t *testing.T, change ...func(*house)) *house {
	t.Helper()
	h := &house{t: t, log: &lines{}, roots: x509.NewCertPool()}
	h.handler = func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, "yes")
	}
	plain, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	h.addr = plain.Addr().String()
	h.listener = &edge.Listener{Listener: plain, Most: 64, MostEach: 48}
	h.web = edge.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.served.Add(1)
		h.handler(w, r)
	}), h.listener, slog.New(slog.NewJSONHandler(h.log, nil)))
	h.web.TLSConfig = &tls.Config{Certificates: []tls.Certificate{h.certify()}, MinVersion: tls.VersionTLS12}
	for _, c := range change {
		c(h)
	}
	done := make(chan error, 1)
	go func() { done <- h.web.ServeTLS(h.listener, "", "") }()
	t.Cleanup(func() {
		must(t, h.web.Close())
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("the server ended: %v", err)
		}
	})
	return h
}

func (h *house) certify() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(h.t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	must(h.t, err)
	cert, err := x509.ParseCertificate(der)
	must(h.t, err)
	h.roots.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// dial opens a connection from an address of this machine.
func (h *house) dial(from string, protocols ...string) (*tls.Conn, error) {
	plain, err := (&net.Dialer{
		LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: patience,
	}).DialContext(h.t.Context(), "tcp", h.addr)
	if err != nil {
		return nil, err
	}
	c := tls.Client(plain, &tls.Config{RootCAs: h.roots, ServerName: "localhost", NextProtos: protocols, MinVersion: tls.VersionTLS12})
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if err := c.HandshakeContext(h.t.Context()); err != nil {
		_ = plain.Close()
		return nil, err
	}
	return c, nil
}

// connect is dial from 127.0.0.1, which must succeed.
func (h *house) connect(protocols ...string) *tls.Conn {
	h.t.Helper()
	c, err := h.dial("127.0.0.1", protocols...)
	must(h.t, err)
	h.t.Cleanup(func() { _ = c.Close() })
	return c
}

// alive checks that somebody else is served.
func (h *house) alive() {
	h.t.Helper()
	c, err := h.dial("127.0.0.9")
	must(h.t, err)
	defer c.Close()
	_, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	must(h.t, err)
	text, err := io.ReadAll(c)
	must(h.t, err)
	if !bytes.HasPrefix(text, []byte("HTTP/1.1 200 OK\r\n")) || !bytes.HasSuffix(text, []byte("yes")) {
		h.t.Errorf("somebody else was answered %q", text)
	}
}

// patience is for a busy machine.
const patience = 30 * time.Second

// eventually waits for what must come to be.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not after %v: %s", patience, what)
		}
	}
}

// lines is a log kept for looking at.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
