package conformance

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"time"
)

// A MutualClient is a client that proves itself by a certificate, and whose
// tokens are bound to that (RFC 8705).
type MutualClient struct {
	ID          string `json:"id"`
	Certificate string `json:"certificate"` // with its chain, PEM
	Key         string `json:"key"`         // PKCS#8, PEM
	// Base is the base URI of the API where certificates are asked for.
	Base string `json:"base"`
}

var errPair = errors.New("mutualClient.certificate and key are no certificate and its key in PEM")

// Pair is the client's certificate and key.
func (c MutualClient) Pair() (tls.Certificate, error) {
	pair, err := tls.X509KeyPair([]byte(c.Certificate), []byte(c.Key))
	if err != nil {
		return pair, errPair // what is wrong may quote the key
	}
	return pair, nil
}

// mutual is what a case needs that goes over mutual TLS.
func mutual(more ...Feature) []Feature { return append(more, Mutual, MutualClientID) }

func mutualRef(method, section string) Ref { return Ref{method, "RFC 8705 §" + section} }

// mutualCases are the requirements on clients that come with certificates
// (v2.0.0.2 §8.4.4, §8.5.2.3; RFC 8705).
var mutualCases = []Case{
	{ID: "mtls/token", Check: "CSC-TOK-022", Ref: refTo(methodToken), Level: Optional, Needs: mutual(),
		Says: "a client may prove itself by its certificate",
		Run: func(ctx context.Context, t *Target) error {
			a := t.mutualToken(ctx, own)
			o, err := a.WantOK()
			if token, _ := o.str("access_token"); err == nil && token == "" {
				return a.unlike("an access_token")
			}
			return err
		}},
	{ID: "mtls/no-certificate", Check: "CSC-SEAL-002", Ref: Ref{methodToken, "8.5.2.3"}, Level: Optional, Needs: mutual(),
		Says: "without a certificate such a client gets no token",
		Run:  mutualRefused(noCertificate)},
	{ID: "mtls/unknown-certificate", Check: "CSC-SEAL-003", Ref: Ref{methodToken, "8.5.2.3"}, Level: Optional, Needs: mutual(),
		Says: "nor does it with one that nobody issued to it",
		Run:  mutualRefused(unknownCertificate)},
	{ID: "mtls/api", Check: "RFC8705-3", Ref: mutualRef(General, "3"), Level: Must, Needs: mutual(methodList, Signer),
		Says: "a token that is bound to a certificate opens the API to who has that",
		Run:  mutualListed(own, func(a *Answer) error { _, err := a.WantOK(); return err })},
	{ID: "mtls/api-no-certificate", Check: "RFC8705-3", Ref: mutualRef(General, "3"), Level: Must, Needs: mutual(methodList, Signer),
		Says: "and not to who has none",
		Run:  mutualListed(noCertificate, shut)},
	{ID: "mtls/api-another-certificate", Check: "RFC8705-3", Ref: mutualRef(General, "3"), Level: Must, Needs: mutual(methodList, Signer),
		Says: "nor to who has another",
		Run:  mutualListed(unknownCertificate, shut)},
	{ID: "mtls/api-elsewhere", Check: "RFC8705-3", Ref: mutualRef(General, "3"), Level: Must, Needs: mutual(methodList, Signer),
		Says: "nor where no certificates are asked for",
		Run: func(ctx context.Context, t *Target) error {
			token, err := t.stock.certified(ctx)
			if err != nil {
				return err
			}
			return shut(t.post(ctx, methodList, token, Object{"userID": t.lister().ID}))
		}},
	{ID: "introspect/bound-to-certificate", Check: "RFC8705-3.2", Ref: mutualRef(methodIntrospect, "3.2"), Level: Must, Needs: mutual(Introspection),
		Says: "a token that is bound to a certificate is told with it: cnf.x5t#S256",
		Run: func(ctx context.Context, t *Target) error {
			token, err := t.stock.certified(ctx)
			if err != nil {
				return err
			}
			pair, err := t.Fixtures.MutualClient.Pair()
			if err != nil {
				return err
			}
			a := t.mutualCall(ctx, methodIntrospect, own, url.Values{"token": {token}})
			o, err := a.WantOK()
			if told, _ := o.object("cnf").str("x5t#S256"); err == nil && told != hashOf(string(pair.Certificate[0])) {
				return a.unlike("cnf.x5t#S256 %s", hashOf(string(pair.Certificate[0])))
			}
			return err
		}},
}

func shut(a *Answer) error { return a.WantStatus(http.StatusUnauthorized) }

// An identity is the certificate a client comes with.
type identity int

const (
	own identity = iota
	noCertificate
	unknownCertificate
)

// as is an HTTP client with the certificate.
func (t *Target) as(ctx context.Context, who identity) (*http.Client, error) {
	type made struct {
		client *http.Client
		err    error
	}
	m := see(ctx, t, [...]string{"own", "no", "unknown"}[who]+" certificate", func() made {
		client := t.newClient(true)
		var pair tls.Certificate
		var err error
		switch who {
		case own:
			pair, err = t.Fixtures.MutualClient.Pair()
		case unknownCertificate:
			pair, err = strange(t.Now())
		case noCertificate:
			return made{client, nil}
		}
		if transport, ok := client.Transport.(*http.Transport); ok {
			transport.TLSClientConfig.Certificates = []tls.Certificate{pair}
		}
		return made{client, err}
	})
	return m.client, m.err
}

// strange is a certificate that nobody but itself vouches for.
func strange(now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "nobody"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// mutualToken asks for a token of scope service by a certificate.
func (t *Target) mutualToken(ctx context.Context, who identity) *Answer {
	return t.mutualCall(ctx, methodToken, who, url.Values{"grant_type": {"client_credentials"}, "scope": {"service"}})
}

// mutualCall sends a form by a certificate, to the address for that (RFC 8705
// §5).
func (t *Target) mutualCall(ctx context.Context, method string, who identity, form url.Values) *Answer {
	client, err := t.as(ctx, who)
	if err != nil {
		return &Answer{request: "POST " + method, err: err}
	}
	m, err := t.announced(ctx)
	if err != nil {
		return &Answer{request: "POST " + method, err: err}
	}
	endpoint, _ := m.object("mtls_endpoint_aliases").str(members[method])
	if endpoint == "" {
		endpoint, _ = m.str(members[method])
	}
	form.Set("client_id", t.Fixtures.MutualClient.ID)
	h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}
	return t.do(ctx, call{method: method, url: endpoint, header: h, body: []byte(form.Encode()), client: client})
}

// mutualRefused asks for a token so, and wants none: the connection may end.
func mutualRefused(who identity) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		if _, err := t.stock.certified(ctx); err != nil { // the server can be reached so
			return err
		}
		a := t.mutualToken(ctx, who)
		if a.err != nil {
			return nil
		}
		if o, _ := a.Object(); o.has("access_token") || a.Status < 400 || a.Status > 499 {
			return a.unlike("400 or 401 and no access_token")
		}
		return nil
	}
}

// mutualListed shows the bound token to credentials/list.
func mutualListed(who identity, judge func(*Answer) error) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		token, err := t.stock.certified(ctx)
		if err != nil {
			return err
		}
		client, err := t.as(ctx, who)
		if err != nil {
			return err
		}
		text, err := json.Marshal(Object{"userID": t.lister().ID})
		if err != nil {
			return err
		}
		a := t.do(ctx, call{method: methodList, url: t.Fixtures.MutualClient.Base + "/" + methodList, header: headers(token), body: text, client: client})
		return judge(a)
	}
}

// certified is a living access token of scope service that is bound to the
// client's certificate.
func (s *stock) certified(ctx context.Context) (string, error) {
	s.mu.Lock()
	h := s.ofCertificate
	s.mu.Unlock()
	if h.value != "" && s.t.Now().Before(h.until) {
		return h.value, nil
	}
	a := s.t.mutualToken(ctx, own)
	o, err := a.WantOK()
	if err != nil {
		return "", err
	}
	token, _ := o.str("access_token")
	life, ok := o.integer("expires_in")
	if !ok {
		life = 3600 // §8.4.4
	}
	s.mu.Lock()
	s.ofCertificate = held{token, usable(s.t.Now(), life)}
	s.mu.Unlock()
	return token, nil
}
