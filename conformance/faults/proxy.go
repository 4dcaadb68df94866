package faults

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// basePath is what a base URI ends in (v2.0.0.2 §7.2).
const basePath = "/csc/v2"

// A Proxy is a server that commits one fault.
type Proxy struct {
	URL         string         // its base URI
	CA          *x509.CertPool // who vouches for it
	Certificate []byte         // of that authority, DER

	fault    Fault
	base     string // path that the good server's base URI ends in
	origin   string // https://host:port of the good server
	own      string // and of this one
	upstream *http.Client
	mutual   *mutual // nil if nobody comes with certificates
	server   *http.Server
	done     chan struct{}
	mu       sync.Mutex // faults remember things
}

// A Call is a request on its way to the server.
type Call struct {
	Verb   string
	Proto  string
	Method string // "signatures/signHash", "oauth2/token"; else the path
	Query  string // as it stands
	Header http.Header
	Body   []byte
	// Certificate is the client's, nil if it came with none.
	Certificate *x509.Certificate
}

// A Reply is an answer on its way back.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// Start stands a proxy with the fault before the server at the base URI, which
// the authorities in ca vouch for. Clients who come with one of the certificates
// of also are handed on to there, with it.
func Start(base string, ca *x509.CertPool, f Fault, also ...Mutual) (*Proxy, error) {
	origin, ends, err := cut(base)
	if err != nil {
		return nil, err
	}
	certificate, pool, err := selfSigned()
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	conf := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, ClientAuth: tls.RequestClientCert}
	if f.TLS != nil {
		f.TLS(conf)
	}
	if f.afresh != nil {
		f.Answer = f.afresh()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if f.SSL3 {
		l = greeter{l}
	}
	p := &Proxy{CA: pool, Certificate: certificate.Certificate[0], fault: f, base: ends, origin: origin, own: "https://" + l.Addr().String(), done: make(chan struct{})}
	p.URL = p.own + ends
	if f.Path != "" {
		p.URL = p.own + f.Path
	}
	p.upstream = clientOf(ca)
	for _, m := range also {
		if p.mutual, err = newMutual(m, ca); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	p.server = &http.Server{Handler: p, TLSConfig: conf, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(p.done)
		_ = p.server.ServeTLS(l, "", "") // ends with ErrServerClosed
	}()
	return p, nil
}

// cut parts a base URI where the path of its version begins.
func cut(base string) (origin, path string, err error) {
	for _, path := range []string{basePath, basePathV1} {
		if origin, ok := strings.CutSuffix(base, path); ok {
			return origin, path, nil
		}
	}
	return "", "", fmt.Errorf("the base URI %s ends in neither %s nor %s", base, basePath, basePathV1)
}

// clientOf asks a server that ca vouches for, with the certificates, and takes
// redirects for answers.
func clientOf(ca *x509.CertPool, own ...tls.Certificate) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: ca, MinVersion: tls.VersionTLS12, Certificates: own},
			ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Close ends the proxy and everything under way in it.
func (p *Proxy) Close() error {
	err := p.server.Close()
	<-p.done
	p.upstream.CloseIdleConnections()
	if p.mutual != nil {
		p.mutual.close()
	}
	return err
}

// ServeHTTP hands a request on and the answer back, with the fault.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	c := &Call{Verb: r.Method, Proto: r.Proto, Method: p.method(r.URL), Query: r.URL.RawQuery, Header: r.Header, Body: body}
	if len(r.TLS.PeerCertificates) > 0 {
		c.Certificate = r.TLS.PeerCertificates[0]
	}
	sent := *c
	if p.fault.Request != nil {
		p.fault.Request(&sent)
	}
	reply, err := p.forward(r.Context(), &sent, r.URL)
	if err != nil {
		panic(http.ErrAbortHandler) // the server is gone: so is this one
	}
	if p.fault.Answer != nil {
		p.mu.Lock()
		p.fault.Answer(c, reply)
		p.mu.Unlock()
	}
	maps.Copy(w.Header(), reply.Header)
	w.Header().Del("Content-Length")
	w.WriteHeader(reply.Status)
	_, _ = w.Write(reply.Body) // the client may have left
}

func (p *Proxy) method(u *url.URL) string {
	path := strings.TrimPrefix(u.Path, "/")
	if m, ok := strings.CutPrefix(u.Path, p.path()+"/"); ok {
		path = m
	}
	return path
}

func (p *Proxy) path() string {
	if p.fault.Path != "" {
		return p.fault.Path
	}
	return p.base
}

// forward asks the good server. Where it speaks of itself it is made to speak
// of the proxy.
func (p *Proxy) forward(ctx context.Context, c *Call, u *url.URL) (*Reply, error) {
	origin, client := p.origin, p.upstream
	if p.mutual != nil && c.Certificate != nil {
		origin, client = p.mutual.origin, p.mutual.clientFor(c.Certificate)
	}
	target := origin + u.EscapedPath()
	if rest, ok := strings.CutPrefix(u.EscapedPath(), p.path()); ok {
		target = origin + p.base + rest
	}
	if c.Query != "" {
		target += "?" + c.Query
	}
	req, err := http.NewRequestWithContext(ctx, c.Verb, target, bytes.NewReader(c.Body))
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, c.Header)
	req.Header.Del("Accept-Encoding") // so that the transport undoes what it asks for
	if req.Header.Get("Origin") == p.own {
		req.Header.Set("Origin", p.origin)
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }() // only read
	body, err := io.ReadAll(res.Body)
	if kind := res.Header.Get("Content-Type"); strings.HasPrefix(kind, "application/json") || strings.HasPrefix(kind, "text/html") {
		body = bytes.ReplaceAll(body, []byte(p.origin), []byte(p.own))
		if p.mutual != nil {
			body = bytes.ReplaceAll(body, []byte(p.mutual.origin), []byte(p.own))
		}
	}
	h := res.Header.Clone()
	if rest, ok := strings.CutPrefix(h.Get("Location"), p.origin); ok {
		h.Set("Location", p.own+rest)
	}
	return &Reply{res.StatusCode, h, body}, err
}

// selfSigned makes a certificate for the loopback addresses.
func selfSigned() (tls.Certificate, *x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a server with a fault"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool, nil
}

// greeter accepts connections and answers a hello of SSL 3.0 itself.
type greeter struct{ net.Listener }

// Accept returns the next connection.
func (g greeter) Accept() (net.Conn, error) {
	c, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &greeting{Conn: c}, nil
}

// greeting looks at the first bytes of a connection before TLS does.
type greeting struct {
	net.Conn
	looked bool
}

// Read hands on what came, but for a hello of SSL 3.0: that it answers.
func (g *greeting) Read(b []byte) (int, error) {
	n, err := g.Conn.Read(b)
	if g.looked || n < 3 {
		return n, err
	}
	g.looked = true
	if !bytes.HasPrefix(b[:n], []byte{22, 3, 0}) {
		return n, err
	}
	hello := append([]byte{2, 0, 0, 38, 3, 0}, make([]byte, 32)...)
	hello = append(hello, 0, 0x00, 0x35, 0) // no session, a cipher suite, no compression
	if _, err := g.Write(append([]byte{22, 3, 0, 0, byte(len(hello))}, hello...)); err != nil {
		return 0, err
	}
	return 0, errors.New("greeted in SSL 3.0")
}
