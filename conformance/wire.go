package conformance

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/url"
	"time"
)

const shakeTimeout = 10 * time.Second

// dial connects to the server of t, below TLS.
func (t *Target) dial(ctx context.Context) (net.Conn, string, error) {
	u, err := url.Parse(t.Base)
	if err != nil {
		return nil, "", fmt.Errorf("read the base URI: %w", err)
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	dialer := net.Dialer{Timeout: shakeTimeout}
	c, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, "", err
	}
	return c, u.Hostname(), c.SetDeadline(time.Now().Add(shakeTimeout))
}

// hangUp ends a connection nothing more is wanted of.
func hangUp(c net.Conn) { _ = c.Close() }

// handshake tries one version of TLS and nothing else. Nothing is sent over
// what comes of it, so it does not matter who vouches for the server.
func (t *Target) handshake(ctx context.Context, version uint16) error {
	c, host, err := t.dial(ctx)
	if err != nil {
		return err
	}
	defer hangUp(c)
	return tls.Client(c, &tls.Config{
		ServerName: host, InsecureSkipVerify: true,
		MinVersion: version, MaxVersion: version, CipherSuites: anySuite(),
	}).HandshakeContext(ctx)
}

// offersNoSSL says hello as SSL 3.0 did (RFC 6101 §5.6.1.2), which no library
// does any more, and wants anything but a hello of that version back.
func offersNoSSL(ctx context.Context, t *Target) error {
	c, _, err := t.dial(ctx)
	if err != nil {
		return err
	}
	defer hangUp(c)
	if _, err := c.Write(helloSSL3()); err != nil {
		return nil // hung up at once
	}
	answer := make([]byte, 11)
	if _, err := io.ReadFull(c, answer); err != nil {
		return nil
	}
	const handshake, serverHello = 22, 2
	if answer[0] == handshake && answer[5] == serverHello && answer[9] == 3 && answer[10] == 0 {
		return unmet("the server answers a hello of SSL 3.0 with its own")
	}
	return nil
}

// helloSSL3 is a ClientHello with the cipher suites of its time.
func helloSSL3() []byte {
	suites := []byte{0x00, 0x35, 0x00, 0x2f, 0x00, 0x0a, 0x00, 0x05, 0x00, 0x04}
	hello := []byte{3, 0}
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	hello = append(hello, random[:]...)
	hello = append(hello, 0, 0, byte(len(suites)))
	hello = append(hello, suites...)
	hello = append(hello, 1, 0) // no compression
	message := append([]byte{1, 0, 0, byte(len(hello))}, hello...)
	return append([]byte{22, 3, 0, 0, byte(len(message))}, message...)
}
