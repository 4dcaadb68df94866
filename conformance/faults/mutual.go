package faults

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strings"
)

// A Mutual is where a good server asks its clients for certificates, and those
// of them that a proxy may come with: to stand between, it needs their keys.
type Mutual struct {
	Base         string // the base URI there
	Certificates []tls.Certificate
}

// mutual is a Mutual at work: how the server is asked with a certificate.
type mutual struct {
	origin  string
	clients map[[32]byte]*http.Client // by the SHA-256 of the certificate
	strange *http.Client              // with one that nobody knows
}

func newMutual(m Mutual, ca *x509.CertPool) (*mutual, error) {
	made := &mutual{origin: strings.TrimSuffix(m.Base, basePath), clients: map[[32]byte]*http.Client{}}
	for _, pair := range m.Certificates {
		made.clients[sha256.Sum256(pair.Certificate[0])] = clientOf(ca, pair)
	}
	nobody, _, err := selfSigned()
	made.strange = clientOf(ca, nobody)
	return made, err
}

// clientFor comes with the certificate that the proxy was shown, or with
// nobody's for one that it does not have the key of.
func (m *mutual) clientFor(shown *x509.Certificate) *http.Client {
	if c, ok := m.clients[sha256.Sum256(shown.Raw)]; ok {
		return c
	}
	return m.strange
}

func (m *mutual) close() {
	for _, c := range m.clients {
		c.CloseIdleConnections()
	}
	m.strange.CloseIdleConnections()
}

// certified holds for calls that came with a certificate.
func certified(c *Call, _ *Reply) bool { return c.Certificate != nil }

// mutualFaults are faults with clients that come with certificates.
var mutualFaults = []Fault{
	{Case: "mtls/token", Says: "knows no certificates", Answer: turns(good, to(methodToken, certified), 401, "invalid_client")},
	{Case: "mtls/token", Says: "calls the token something else", Answer: renames(methodToken, "access_token", "token")},
	{Case: "mtls/no-certificate", Says: "takes a client at its word", Answer: forgives(to(methodToken))},
	{Case: "mtls/no-certificate", Says: "breaks", Answer: breaks(to(methodToken))},
	{Case: "mtls/unknown-certificate", Says: "takes any certificate", Answer: forgives(to(methodToken))},
	{Case: "mtls/unknown-certificate", Says: "breaks", Answer: breaks(to(methodToken))},
	{Case: "mtls/api", Says: "refuses bound tokens", Answer: turns(good, to(methodList, certified), 401, "invalid_token")},
	{Case: "mtls/api-no-certificate", Says: "takes it for a bearer token", Answer: forgives(to(methodList))},
	{Case: "mtls/api-no-certificate", Says: "calls it a bad request", Answer: misstates(to(methodList), 400, "invalid_request")},
	{Case: "mtls/api-another-certificate", Says: "does not compare", Answer: forgives(to(methodList))},
	{Case: "mtls/api-elsewhere", Says: "takes it for a bearer token", Answer: forgives(to(methodList))},
	{Case: "introspect/bound-to-certificate", Says: "does not say to which", Answer: drops(methodIntrospect, "cnf")},
	{Case: "introspect/bound-to-certificate", Says: "names another", Answer: puts(methodIntrospect, "cnf", object{"x5t#S256": "another"})},
}
