package credentials

import (
	"crypto/x509"
	"sync"
)

// mostParsed is how many certificates a Parsed keeps: some 5 MB of them.
const mostParsed = 1024

// Parsed keeps certificates that were parsed lately, by their bytes: a signature
// needs its certificate three times. Nothing that may change is in it. The nil
// Parsed keeps none.
type Parsed struct {
	mu    sync.Mutex
	byDER map[string]*x509.Certificate
}

// Certificate is the certificate of these bytes; nobody may change it.
func (p *Parsed) Certificate(der []byte) (*x509.Certificate, error) {
	if p == nil {
		return x509.ParseCertificate(der)
	}
	p.mu.Lock()
	known := p.byDER[string(der)]
	p.mu.Unlock()
	if known != nil {
		return known, nil
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byDER == nil || len(p.byDER) >= mostParsed {
		p.byDER = map[string]*x509.Certificate{} // those in use come back
	}
	p.byDER[string(der)] = cert
	return cert, nil
}
