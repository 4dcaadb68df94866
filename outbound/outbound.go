// Package outbound speaks to hosts that strangers named: whoever lets a server
// fetch or tell an address of his choice must not thereby reach what stands
// behind the server and trusts it (SSRF).
//
// Three things keep him from it. Parse takes a URL in one spelling only, so that
// nobody reads another host out of it than we do. The dialer resolves the name
// itself, looks at every address, and dials the very addresses it looked at: a
// name that resolves to something else a moment later gains nothing. And no
// redirect is followed and no proxy of the environment asked.
//
// What comes back is bounded in time and size, and what went wrong is for the
// log: told to the stranger it would show him what listens where.
package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// ErrAddress says that a host has an address that is not to be asked.
var ErrAddress = errors.New("outbound: the host has an address inside")

// A Resolver finds a host's addresses; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// A Client asks over https, one connection a question. It may be used by many
// at once; its fields are set before the first question.
type Client struct {
	// Allowed are networks that may be asked although strangers must not name
	// them: an operator's own.
	Allowed []netip.Prefix
	// Roots vouch for the hosts; nil are those the system trusts.
	Roots    *x509.CertPool
	Resolver Resolver      // the system's if nil
	Timeout  time.Duration // of a question with its answer; 10 s if zero
	Most     int64         // bytes of an answer that are read; 64 KiB if zero

	once sync.Once
	web  *http.Client
}

// An Answer is what a host said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// ErrTooLong says that an answer has more bytes than are read.
var ErrTooLong = errors.New("outbound: the answer is too long")

// Do asks a URL that Parse takes, and returns whatever the host answers, a
// redirect too.
func (c *Client) Do(ctx context.Context, verb, address string, header http.Header, body []byte) (Answer, error) {
	if _, err := Parse(address); err != nil {
		return Answer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, verb, address, bytes.NewReader(body))
	if err != nil {
		return Answer{}, fmt.Errorf("outbound: %w", err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := c.client().Do(req)
	if err != nil {
		return Answer{}, fmt.Errorf("outbound: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // all that is wanted was read
	most := c.Most
	if most <= 0 {
		most = 64 << 10
	}
	said, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	switch {
	case err != nil:
		return Answer{}, fmt.Errorf("outbound: read the answer: %w", err)
	case int64(len(said)) > most:
		return Answer{}, ErrTooLong
	}
	return Answer{resp.StatusCode, resp.Header, said}, nil
}

func (c *Client) timeout() time.Duration {
	if c.Timeout <= 0 {
		return 10 * time.Second
	}
	return c.Timeout
}

func (c *Client) client() *http.Client {
	c.once.Do(func() {
		c.web = &http.Client{
			Transport: &http.Transport{
				Proxy:                  nil, // that of the environment would dial for us
				DialContext:            c.Dial,
				TLSClientConfig:        &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12},
				TLSHandshakeTimeout:    c.timeout(),
				ResponseHeaderTimeout:  c.timeout(),
				MaxResponseHeaderBytes: 64 << 10,
				DisableKeepAlives:      true,
				DisableCompression:     true, // what is unpacked has no bound
				ForceAttemptHTTP2:      true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	})
	return c.web
}

// Dial connects to host:port if all addresses of the host may be asked, and
// ErrAddress if one may not.
func (c *Client) Dial(ctx context.Context, network, hostport string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, err
	}
	addresses, err := c.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, a := range addresses {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(a.String(), port))
		if err == nil {
			return conn, nil
		}
		faults = append(faults, err)
	}
	return nil, errors.Join(faults...)
}

// resolve finds the addresses of a host, all of which may be asked.
func (c *Client) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	found := []netip.Addr{}
	if literal, err := netip.ParseAddr(host); err == nil {
		found = append(found, literal)
	} else {
		var resolver Resolver = net.DefaultResolver
		if c.Resolver != nil {
			resolver = c.Resolver
		}
		if found, err = resolver.LookupNetIP(ctx, "ip", host); err != nil {
			return nil, err
		}
	}
	for i, a := range found {
		if !c.may(a) {
			return nil, ErrAddress
		}
		found[i] = a.Unmap()
	}
	if len(found) == 0 {
		return nil, errors.New("the host has no address")
	}
	return found, nil
}

// may reports whether an address may be asked.
func (c *Client) may(a netip.Addr) bool {
	for _, allowed := range c.Allowed {
		if allowed.Contains(a.Unmap()) && a.Zone() == "" {
			return true
		}
	}
	return Public(a)
}
