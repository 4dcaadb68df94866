package notify_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// A mailServer is a server of RFC 5321 for one mail after the other, that keeps
// what it takes.
type mailServer struct {
	t        testing.TB
	address  string
	roots    *x509.CertPool
	config   *tls.Config
	starts   bool // offers STARTTLS
	implicit bool // TLS from the beginning
	refuses  string

	mu    sync.Mutex
	mails []received
}

// A received is a mail as it came in.
type received struct {
	from, to, data string
	secured        bool
	auth           string // user and password, with a colon between
}

func startMailServer(t testing.TB, change func(*mailServer)) *mailServer {
	t.Helper()
	s := &mailServer{t: t, starts: true}
	s.config, s.roots = certificate(t)
	if change != nil {
		change(s)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s.address = l.Addr().String()
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	return s
}

func certificate(t testing.TB) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	must(t, err)
	leaf, err = x509.ParseCertificate(der)
	must(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, roots
}

// serve speaks with one client until it goes.
func (s *mailServer) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	secured := s.implicit
	if secured {
		conn = tls.Server(conn, s.config)
	}
	in := bufio.NewReader(conn)
	say := func(lines ...string) { _, _ = fmt.Fprint(conn, strings.Join(lines, "\r\n")+"\r\n") }
	say("220 mail.example.org")
	m := received{secured: secured}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb := strings.ToUpper(strings.TrimSpace(line))
		switch {
		case strings.HasPrefix(verb, "EHLO") && s.starts && !m.secured:
			say("250-mail.example.org", "250-8BITMIME", "250 STARTTLS")
		case strings.HasPrefix(verb, "EHLO"):
			say("250-mail.example.org", "250-8BITMIME", "250 AUTH PLAIN")
		case verb == "STARTTLS":
			say("220 go ahead")
			conn = tls.Server(conn, s.config)
			in, m.secured = bufio.NewReader(conn), true
		case strings.HasPrefix(verb, "AUTH PLAIN "):
			text, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(line[len("AUTH PLAIN "):]))
			m.auth = strings.Trim(strings.ReplaceAll(string(text), "\x00", ":"), ":")
			say("235 known")
		case strings.HasPrefix(verb, "MAIL FROM:"):
			m.from = line[len("MAIL FROM:"):]
			say("250 ok")
		case strings.HasPrefix(verb, "RCPT TO:") && s.refuses != "":
			say(s.refuses)
		case strings.HasPrefix(verb, "RCPT TO:"):
			m.to = strings.TrimSpace(line[len("RCPT TO:"):])
			say("250 ok")
		case verb == "DATA":
			say("354 go on")
			m.data = data(in)
			s.mu.Lock()
			s.mails = append(s.mails, m)
			s.mu.Unlock()
			say("250 taken")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// data reads a mail until the line with the dot.
func data(in *bufio.Reader) string {
	var b strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil || line == ".\r\n" {
			return b.String()
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
}

func (s *mailServer) only() received {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.mails) != 1 {
		s.t.Fatalf("%d mails came in, want 1", len(s.mails))
	}
	return s.mails[0]
}

func (s *mailServer) none() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.mails) != 0 {
		s.t.Errorf("%d mails came in", len(s.mails))
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
