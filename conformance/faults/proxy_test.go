package faults

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// before stands the fault before a server that answers every call with itself.
func before(t *testing.T, f Fault) (p *Proxy, ask func(method, body string) (*http.Response, string)) {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Seen", r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("X-Sent"))
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.Copy(w, r.Body)
		_, _ = io.WriteString(w, "https://"+r.Host)
	}))
	t.Cleanup(server.Close)
	p, err := Start(server.URL+basePath, server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.CA}}}
	return p, func(method, body string) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, p.URL+"/"+method+"?a=%2F", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Sent", "as it is")
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(text)
	}
}

// Without a fault a proxy is the server, under another name.
func TestNoFault(t *testing.T) {
	p, ask := before(t, Fault{})
	res, body := ask("credentials/list", `{"broken": `)
	own := strings.TrimSuffix(p.URL, basePath)
	if res.StatusCode != http.StatusTeapot || body != `{"broken": `+own {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	if seen := res.Header.Get("X-Seen"); seen != "PUT /csc/v2/credentials/list?a=%2F as it is" {
		t.Errorf("the server saw %q", seen)
	}
}

// A client's certificate goes where certificates are asked for, and one that the
// proxy has no key of as one that nobody knows.
func TestCertificatesAreHandedOn(t *testing.T) {
	mutual := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	mutual.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	mutual.StartTLS()
	t.Cleanup(mutual.Close)
	plain := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, mutual.URL)
	}))
	t.Cleanup(plain.Close)
	known, other := certificateOf(t, "known"), certificateOf(t, "other")
	ca := plain.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs // of both
	seen := false
	p, err := Start(plain.URL+basePath, ca, Fault{Answer: func(c *Call, _ *Reply) { seen = c.Certificate != nil }},
		Mutual{Base: mutual.URL + basePath, Certificates: []tls.Certificate{known}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	for _, row := range []struct {
		name string
		own  []tls.Certificate
		want string
	}{
		{"none", nil, strings.TrimSuffix(p.URL, basePath)},
		{"one that the proxy has", []tls.Certificate{known}, "known"},
		{"one that it has not", []tls.Certificate{other}, "a server with a fault"},
	} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.CA, Certificates: row.own}}}
		res, err := client.Get(p.URL + "/info")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		client.CloseIdleConnections()
		if err != nil || string(text) != row.want || seen != (row.own != nil) {
			t.Errorf("%s: %q %v, seen %t; want %q", row.name, text, err, seen, row.want)
		}
	}
}

func certificateOf(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	own := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, own, own, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestAFaultIsOneFault(t *testing.T) {
	_, ask := before(t, Fault{Path: "/elsewhere", Request: func(c *Call) { c.Body = bytes.ToUpper(c.Body) },
		Answer: func(c *Call, r *Reply) {
			if c.Method == "info" && string(c.Body) == "quiet" {
				r.Status = http.StatusAccepted
			}
		}})
	res, body := ask("info", "quiet")
	if res.StatusCode != http.StatusAccepted || !strings.HasPrefix(body, "QUIET") || !strings.HasPrefix(res.Header.Get("X-Seen"), "PUT /csc/v2/info?") {
		t.Errorf("%d %s %s", res.StatusCode, body, res.Header)
	}
	if res, _ = ask("info", "loud"); res.StatusCode != http.StatusTeapot {
		t.Errorf("%d", res.StatusCode)
	}
}

func TestStartWantsABaseURI(t *testing.T) {
	if _, err := Start("https://127.0.0.1:1", nil, Fault{}); err == nil {
		t.Error("a server without /csc/v2 has no proxy")
	}
}

func TestAt(t *testing.T) {
	o := object{"a": []any{object{"b": object{"c": "x"}}, object{"b": object{"c": "y"}}, "no object"}}
	var seen []string
	at(o, "a.b.c", func(in object, name string) { seen = append(seen, in[name].(string)) })
	if strings.Join(seen, "") != "xy" {
		t.Errorf("%v", seen)
	}
}

// A signer sent along by a proxy stays with it, until sent to the application.
func TestRedirects(t *testing.T) {
	origins := make(chan string, 2)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origins <- r.Header.Get("Origin")
		to := "https://" + r.Host + "/login"
		if r.URL.Query().Has("home") {
			to = "http://127.0.0.1/callback?code=x&state=y"
		}
		http.Redirect(w, r, to, http.StatusFound)
	}))
	t.Cleanup(server.Close)
	fault := Fault{Answer: returns(to(methodOAuth), func(q url.Values) { q.Del("state") })}
	p, err := Start(server.URL+basePath, server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, fault)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	own := strings.TrimSuffix(p.URL, basePath)
	for path, want := range map[string]string{
		"/oauth2/authorize": own + "/login", "/oauth2/authorize?home": "http://127.0.0.1/callback?code=x",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, own+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", own)
		res, err := clientOf(p.CA).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
		if got := res.Header.Get("Location"); got != want {
			t.Errorf("%s leads to %s, want %s", path, got, want)
		}
		if got := <-origins; got != server.URL {
			t.Errorf("%s comes from %s, want %s", path, got, server.URL)
		}
	}
}
