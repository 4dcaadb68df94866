package outbound_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pecete/pecete/outbound"
)

// names is the outside world's name service.
type names func(host string) []string

func (n names) LookupNetIP(_ context.Context, _, host string) (all []netip.Addr, err error) {
	for _, text := range n(host) {
		all = append(all, netip.MustParseAddr(text))
	}
	return all, nil
}

// A canary counts the connections to a server inside.
type canary struct {
	net.Listener
	touched atomic.Int64
}

func (c *canary) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.touched.Add(1)
	}
	return conn, err
}

// serve stands a server on a loopback address; the client trusts it.
func serve(t *testing.T, h http.Handler) (*canary, *outbound.Client, string) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	c := &canary{Listener: s.Listener}
	s.Listener = c
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return c, &outbound.Client{Roots: roots}, port
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func TestAnAllowedHostIsAsked(t *testing.T) {
	canary, c, port := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, r.Method+" "+r.Header.Get("Content-Type")+" "+string(body))
	}))
	c.Allowed = loopback
	c.Resolver = names(func(string) []string { return []string{"127.0.0.1"} })
	got, err := c.Do(t.Context(), http.MethodPost, "https://example.com:"+port+"/done", http.Header{"Content-Type": {"application/jwt"}}, []byte("told"))
	if err != nil || got.Status != http.StatusAccepted || string(got.Body) != "POST application/jwt told" {
		t.Errorf("%+v, %v", got, err)
	}
	if canary.touched.Load() != 1 {
		t.Errorf("%d connections", canary.touched.Load())
	}
}

// Nobody inside is so much as connected to, whatever the name service says.
func TestNobodyInsideIsAsked(t *testing.T) {
	canary, c, port := serve(t, http.NotFoundHandler())
	turn := 0
	resolvers := map[string]names{
		"an address inside":          func(string) []string { return []string{"127.0.0.1"} },
		"one inside among others":    func(string) []string { return []string{"1.1.1.1", "127.0.0.1"} },
		"one of version 6":           func(string) []string { return []string{"::1"} },
		"one mapped into version 6":  func(string) []string { return []string{"::ffff:127.0.0.1"} },
		"one translated":             func(string) []string { return []string{"64:ff9b::127.0.0.1"} },
		"one of a cloud's metadata":  func(string) []string { return []string{"169.254.169.254"} },
		"none":                       func(string) []string { return nil },
		"a link-local one":           func(string) []string { return []string{"fe80::1%lo"} },
		"inside every second time":   func(string) []string { turn++; return []string{[]string{"127.0.0.1", "::1"}[turn%2]} },
		"inside, though not allowed": func(string) []string { return []string{"10.0.0.1"} },
	}
	for says, resolver := range resolvers {
		t.Run(says, func(t *testing.T) {
			c := &outbound.Client{Roots: c.Roots, Resolver: resolver}
			for range 3 {
				if got, err := c.Do(t.Context(), http.MethodGet, "https://app.example.org:"+port+"/", nil, nil); err == nil {
					t.Errorf("%+v was answered", got)
				}
			}
		})
	}
	for _, address := range []string{"https://127.0.0.1:" + port + "/", "https://[::1]:" + port + "/"} {
		if _, err := c.Do(t.Context(), http.MethodGet, address, nil, nil); !errors.Is(err, outbound.ErrAddress) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if n := canary.touched.Load(); n != 0 {
		t.Errorf("%d connections came", n)
	}
}

// The address that was looked at is the one that is dialled: a name that
// resolves anew each time is asked for once.
func TestANameIsResolvedOnce(t *testing.T) {
	canary, c, port := serve(t, http.NotFoundHandler())
	asked := 0
	c.Allowed = loopback
	c.Resolver = names(func(string) []string {
		if asked++; asked == 1 {
			return []string{"127.0.0.1"}
		}
		return []string{"10.0.0.1"}
	})
	if _, err := c.Do(t.Context(), http.MethodGet, "https://example.com:"+port+"/", nil, nil); err != nil || asked != 1 || canary.touched.Load() != 1 {
		t.Errorf("%v; asked %d times, %d connections", err, asked, canary.touched.Load())
	}
}

func TestRedirectsAreAnswers(t *testing.T) {
	canary, c, port := serve(t, http.RedirectHandler("https://127.0.0.1/", http.StatusTemporaryRedirect))
	c.Allowed = loopback
	got, err := c.Do(t.Context(), http.MethodPost, "https://127.0.0.1:"+port+"/", nil, []byte("x"))
	if err != nil || got.Status != http.StatusTemporaryRedirect || canary.touched.Load() != 1 {
		t.Errorf("%+v, %v, %d connections", got, err, canary.touched.Load())
	}
}

// What stands in the environment sends nobody elsewhere.
func TestNoProxyIsAsked(t *testing.T) {
	canary, c, port := serve(t, http.NotFoundHandler())
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	t.Setenv("https_proxy", "http://127.0.0.1:1")
	c.Allowed = loopback
	c.Resolver = names(func(string) []string { return []string{"127.0.0.1"} })
	if _, err := c.Do(t.Context(), http.MethodGet, "https://example.com:"+port+"/", nil, nil); err != nil || canary.touched.Load() != 1 {
		t.Errorf("%v, %d connections", err, canary.touched.Load())
	}
}

func TestAnswersAreBounded(t *testing.T) {
	_, c, port := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(w, strings.Repeat("x", 1001))
	}))
	c.Allowed, c.Most, c.Timeout = loopback, 1000, 300*time.Millisecond
	if _, err := c.Do(t.Context(), http.MethodGet, "https://127.0.0.1:"+port+"/long", nil, nil); !errors.Is(err, outbound.ErrTooLong) {
		t.Errorf("a long answer: %v", err)
	}
	if _, err := c.Do(t.Context(), http.MethodGet, "https://127.0.0.1:"+port+"/slow", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a slow answer: %v", err)
	}
}

func TestAStrangersCertificateIsRefused(t *testing.T) {
	_, c, port := serve(t, http.NotFoundHandler())
	c.Allowed = loopback
	c.Resolver = names(func(string) []string { return []string{"127.0.0.1"} })
	if _, err := c.Do(t.Context(), http.MethodGet, "https://app.example.org:"+port+"/", nil, nil); err == nil {
		t.Error("a certificate for another host was taken")
	}
}
