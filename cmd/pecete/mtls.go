package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/pecete/pecete/tsa"
)

// clientCAs are the authorities of clients' certificates; nil if none is
// configured.
func (c *Config) clientCAs() (*x509.CertPool, error) {
	if c.MTLS.CA == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.path(c.MTLS.CA))
	if err != nil {
		return nil, forOperator(fmt.Errorf("mtls.ca: %w", err))
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, forOperator(errors.New("mtls.ca has no certificate in PEM"))
	}
	return pool, nil
}

// asking is TLS that asks a client for a certificate and takes any, or none:
// that it has the key is shown here, whose it is the authorization server judges.
func asking(plain *tls.Config) *tls.Config {
	c := plain.Clone()
	c.ClientAuth = tls.RequestClientCert
	return c
}

// programsOnly leaves of all there is what programs call. A browser that came
// here would ask its user for a certificate.
func programsOnly(all http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := r.URL.Path
		calls := strings.HasPrefix(at, "/csc/") || strings.HasPrefix(at, "/.well-known/") || at == "/healthz" || at == "/readyz" || at == tsa.Path ||
			strings.HasPrefix(at, "/oauth2/") && at != "/oauth2/authorize"
		if !calls {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"error":"invalid_request","error_description":"There are no pages here"}`))
			return
		}
		all.ServeHTTP(w, r)
	})
}
