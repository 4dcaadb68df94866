package oauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pecete/pecete/oauth"
)

// An authority issues certificates.
type authority struct {
	t           *testing.T
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	now         time.Time
}

func newAuthority(t *testing.T, now time.Time, name string) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t), now: now}
	a.certificate = a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, a.key.Public(), a.key)
	return a
}

func (a *authority) sign(c, parent *x509.Certificate, public crypto.PublicKey, by crypto.Signer) *x509.Certificate {
	a.t.Helper()
	c.SerialNumber, _ = rand.Int(rand.Reader, big.NewInt(1<<62))
	if c.NotBefore.IsZero() {
		c.NotBefore, c.NotAfter = a.now.Add(-time.Hour), a.now.Add(time.Hour)
	}
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, public, by)
	if err != nil {
		a.t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return made
}

// of issues a client's certificate.
func (a *authority) of(key *ecdsa.PrivateKey, change ...func(*x509.Certificate)) *x509.Certificate {
	uri, _ := url.Parse("urn:app:1")
	c := &x509.Certificate{
		Subject: pkix.Name{CommonName: "app", Organization: []string{"Banca, S.A."}, Country: []string{"RO"}}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, DNSNames: []string{"other.example.com", "App.example.com"},
		URIs: []*url.URL{uri}, IPAddresses: []net.IP{net.ParseIP("192.0.2.1").To4(), net.ParseIP("2001:db8::1")}, EmailAddresses: []string{"app@example.com"},
	}
	for _, f := range change {
		f(c)
	}
	return a.sign(c, a.certificate, key.Public(), a.key)
}

func over(chain ...*x509.Certificate) func(*http.Request) {
	return func(r *http.Request) { r.TLS = &tls.ConnectionState{PeerCertificates: chain} }
}

func TestCertificates(t *testing.T) {
	var ours, strange *authority
	h := newHouse(t, func(h *house) {
		ours, strange = newAuthority(t, h.clock.now, "clients"), newAuthority(t, h.clock.now, "clients")
		h.provider.ClientCAs, h.provider.Failures = x509.NewCertPool(), 1e6
		h.provider.ClientCAs.AddCert(ours.certificate)
		h.provider.MutualURL = "https://mtls.sign.example.test"
	})
	key := newKey(t)
	good := ours.of(key)
	aged := func(from, to time.Duration) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = ours.now.Add(from), ours.now.Add(to) }
	}
	below := newKey(t)
	between := ours.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "between"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, ours.certificate, below.Public(), ours.key)
	lower := &authority{t: t, certificate: between, key: below, now: ours.now}
	leaf := &authority{t: t, certificate: good, key: key, now: ours.now}
	const subject = `CN=app,O=Banca\, S.A.,C=RO`
	for _, tt := range []struct {
		says  string
		name  oauth.TLSName
		chain []*x509.Certificate
		text  string // "" for a token
	}{
		{"the subject", oauth.TLSName{SubjectDN: subject}, []*x509.Certificate{good}, ""},
		{"a DNS name, in other case", oauth.TLSName{SANDNS: "app.example.com"}, []*x509.Certificate{good}, ""},
		{"a URI", oauth.TLSName{SANURI: "urn:app:1"}, []*x509.Certificate{good}, ""},
		{"an IPv4 address", oauth.TLSName{SANIP: "192.0.2.1"}, []*x509.Certificate{good}, ""},
		{"an IPv6 address", oauth.TLSName{SANIP: "2001:db8::1"}, []*x509.Certificate{good}, ""},
		{"an e-mail address", oauth.TLSName{SANEmail: "app@example.com"}, []*x509.Certificate{good}, ""},
		{"an authority between", oauth.TLSName{SubjectDN: subject}, []*x509.Certificate{lower.of(key), between}, ""},
		{"an authority between that is not shown", oauth.TLSName{SubjectDN: subject}, []*x509.Certificate{lower.of(key)}, "Invalid client certificate"},
		{"another subject", oauth.TLSName{SubjectDN: "CN=other"}, []*x509.Certificate{good}, "Invalid client certificate"},
		{"the common name alone", oauth.TLSName{SubjectDN: "CN=app"}, []*x509.Certificate{good}, "Invalid client certificate"},
		{"another DNS name", oauth.TLSName{SANDNS: "example.com"}, []*x509.Certificate{good}, "Invalid client certificate"},
		{"a DNS name of all below", oauth.TLSName{SANDNS: "app.example.com"}, []*x509.Certificate{ours.of(key, func(c *x509.Certificate) { c.DNSNames = []string{"*.example.com"} })}, "Invalid client certificate"},
		{"a DNS name as common name", oauth.TLSName{SANDNS: "app.example.com"}, []*x509.Certificate{ours.of(key, func(c *x509.Certificate) {
			c.Subject.CommonName, c.DNSNames = "app.example.com", nil
		})}, "Invalid client certificate"},
		{"another URI", oauth.TLSName{SANURI: "urn:app:2"}, []*x509.Certificate{good}, "Invalid client certificate"},
		{"another address", oauth.TLSName{SANIP: "192.0.2.2"}, []*x509.Certificate{good}, "Invalid client certificate"},
		{"another e-mail address", oauth.TLSName{SANEmail: "a@example.com"}, []*x509.Certificate{good}, "Invalid client certificate"},
		{"no name registered", oauth.TLSName{}, []*x509.Certificate{good}, "Invalid client certificate"},
		{"no certificate", oauth.TLSName{SubjectDN: subject}, nil, "Client authorization required"},
		{"another authority of the same name", oauth.TLSName{SubjectDN: subject}, []*x509.Certificate{strange.of(key)}, "Invalid client certificate"},
		{"another authority, which is shown too", oauth.TLSName{SubjectDN: subject}, []*x509.Certificate{strange.of(key), strange.certificate}, "Invalid client certificate"},
		{"the right certificate behind another's", oauth.TLSName{SubjectDN: subject}, []*x509.Certificate{strange.of(key), good}, "Invalid client certificate"},
		{"one that a client issued", oauth.TLSName{SubjectDN: subject}, []*x509.Certificate{leaf.of(newKey(t)), good}, "Invalid client certificate"},
		{"expired", oauth.TLSName{SubjectDN: subject}, []*x509.Certificate{ours.of(key, aged(-time.Hour, -time.Second))}, "Invalid client certificate"},
		{"not yet valid", oauth.TLSName{SubjectDN: subject}, []*x509.Certificate{ours.of(key, aged(time.Second, time.Hour))}, "Invalid client certificate"},
		{"for servers", oauth.TLSName{SubjectDN: subject}, []*x509.Certificate{ours.of(key, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		})}, "Invalid client certificate"},
	} {
		t.Run(tt.says, func(t *testing.T) {
			for _, profile := range []string{oauth.ProfileCSC, oauth.ProfileFAPI2} {
				id, _ := h.addClient(func(c *oauth.Client) {
					c.AuthMethod, c.Verifiers, c.TLS, c.Profile, c.Bound = oauth.TLSAuth, nil, tt.name, profile, oauth.BoundMTLS
				})
				got := h.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {id}}, over(tt.chain...))
				switch {
				case tt.text == "" && got.status != 200:
					t.Errorf("got %d %s", got.status, got.text)
				case tt.text == "Client authorization required" && profile == oauth.ProfileCSC:
					got.want(t, 400, "invalid_request", tt.text)
				case tt.text != "":
					got.want(t, 401, "invalid_client", tt.text)
				}
			}
		})
	}
}

func TestSelfSignedCertificates(t *testing.T) {
	h := newHouse(t, func(h *house) { h.provider.Failures = 1e6 })
	key, other := newKey(t), newKey(t)
	self := &authority{t: t, key: key, now: h.clock.now}
	made := func(key *ecdsa.PrivateKey, change ...func(*x509.Certificate)) *x509.Certificate {
		c := &x509.Certificate{Subject: pkix.Name{CommonName: "app"}}
		for _, f := range change {
			f(c)
		}
		return self.sign(c, nil, key.Public(), key)
	}
	one, two := made(key), made(key)
	set := func(keys ...jose.JSONWebKey) []byte {
		text, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	bare := set(jose.JSONWebKey{KeyID: "x", Key: other.Public()}, jose.JSONWebKey{KeyID: "a", Key: key.Public()})
	pinned := set(jose.JSONWebKey{KeyID: "a", Key: key.Public(), Certificates: []*x509.Certificate{one}})
	expired := made(key, func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = self.now.Add(-2*time.Hour), self.now.Add(-time.Hour)
	})
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		says  string
		keys  []byte
		chain []*x509.Certificate
		ok    bool
	}{
		{"a certificate of a registered key", bare, []*x509.Certificate{one}, true},
		{"another of the same key", bare, []*x509.Certificate{two}, true},
		{"the registered certificate", pinned, []*x509.Certificate{one}, true},
		{"another of its key", pinned, []*x509.Certificate{two}, false},
		{"of another key", pinned, []*x509.Certificate{made(other)}, false},
		{"of another kind of key", bare, []*x509.Certificate{made(p384)}, false},
		{"behind another", bare, []*x509.Certificate{made(p384), one}, false},
		{"expired", bare, []*x509.Certificate{expired}, false},
		{"none", bare, nil, false},
	} {
		t.Run(tt.says, func(t *testing.T) {
			id, _ := h.addClient(func(c *oauth.Client) { c.AuthMethod, c.Verifiers, c.Keys = oauth.SelfSignedTLS, nil, tt.keys })
			form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}}
			if got := h.post("/oauth2/token", form, over(tt.chain...)); (got.status == 200) != tt.ok {
				t.Errorf("got %d %s", got.status, got.text)
			}
		})
	}
}

// A certificate is not a method for who is registered for another, and what a
// header says of one counts nowhere.
func TestCertificateIsNoOtherMethod(t *testing.T) {
	h := newHouse(t, func(h *house) { h.provider.Failures = 1e6 })
	self := &authority{t: t, key: newKey(t), now: h.clock.now}
	certificate := self.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "app"}}, nil, self.key.Public(), self.key)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {h.id}}
	h.post("/oauth2/token", form, over(certificate)).want(t, 400, "invalid_request", "Client authorization required")
	if got := h.post("/oauth2/token", h.good(), over(certificate)); got.status != 200 {
		t.Errorf("a secret over a connection with a certificate: %d %s", got.status, got.text)
	}
	keys, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{KeyID: "a", Key: self.key.Public()}}})
	if err != nil {
		t.Fatal(err)
	}
	id, _ := h.addClient(func(c *oauth.Client) { c.AuthMethod, c.Verifiers, c.Keys = oauth.SelfSignedTLS, nil, keys })
	form.Set("client_id", id)
	if got := h.post("/oauth2/token", form, over(certificate)); got.status != 200 {
		t.Fatalf("by the connection: %d %s", got.status, got.text)
	}
	h.post("/oauth2/token", with(form, "client_secret", "x"), over(certificate)).want(t, 401, "invalid_client", "Client authentication method is not supported")
	block := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
	text := base64.StdEncoding.EncodeToString(certificate.Raw)
	for _, name := range []string{"X-Forwarded-Client-Cert", "X-Ssl-Client-Cert", "Client-Cert", "X-Client-Cert", "SSL_CLIENT_CERT", "X-Forwarded-Tls-Client-Cert", "X-Ssl-Cert"} {
		for _, written := range []string{ // as proxies write it (RFC 9440 §2.1, and others before)
			":" + text + ":", text, url.QueryEscape(block), url.PathEscape(block), strings.ReplaceAll(block, "\n", "\t"), `Cert="` + url.QueryEscape(block) + `"`,
		} {
			told := func(r *http.Request) { r.Header[name] = []string{written} }
			h.post("/oauth2/token", form, told).want(t, 400, "invalid_request", "Client authorization required")
		}
	}
}

// The same over real connections: the server asks for a certificate and takes
// any, since it is here that it is judged.
func TestCertificateOverTLS(t *testing.T) {
	h := newHouse(t, func(h *house) { h.clock.now = time.Now() })
	self := &authority{t: t, key: newKey(t), now: h.clock.now}
	certificate := self.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "app"}}, nil, self.key.Public(), self.key)
	keys, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{KeyID: "a", Key: self.key.Public()}}})
	if err != nil {
		t.Fatal(err)
	}
	id, _ := h.addClient(func(c *oauth.Client) { c.AuthMethod, c.Verifiers, c.Keys = oauth.SelfSignedTLS, nil, keys })
	srv := httptest.NewUnstartedServer(h.handler)
	srv.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	srv.StartTLS()
	defer srv.Close()
	for _, tt := range []struct {
		says   string
		shown  []tls.Certificate
		status int
	}{
		{"with it", []tls.Certificate{{Certificate: [][]byte{certificate.Raw}, PrivateKey: self.key}}, 200},
		{"without", nil, 400},
	} {
		transport := srv.Client().Transport.(*http.Transport).Clone()
		transport.TLSClientConfig.Certificates = tt.shown
		client := &http.Client{Transport: transport}
		resp, err := client.PostForm(srv.URL+"/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {id}})
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, resp); got.status != tt.status {
			t.Errorf("%s: %d %s", tt.says, got.status, got.text)
		}
		_ = resp.Body.Close()
		transport.CloseIdleConnections()
	}
	// A certificate whose key the client does not have makes no connection.
	transport := srv.Client().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.Certificates = []tls.Certificate{{Certificate: [][]byte{certificate.Raw}, PrivateKey: newKey(t)}}
	resp, err := (&http.Client{Transport: transport}).PostForm(srv.URL+"/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {id}})
	if err == nil {
		_ = resp.Body.Close()
		t.Errorf("a certificate without its key: %d", resp.StatusCode)
	}
}
