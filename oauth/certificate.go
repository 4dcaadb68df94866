package oauth

import (
	"crypto"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/pecete/pecete/csc"
)

var (
	errNoCertificate = errors.New("no certificate on the connection")
	errAuthority     = errors.New("no certificate of a client authority")
	errName          = errors.New("certificate of another name")
	errStrange       = errors.New("certificate that is not registered")
	errOutdated      = errors.New("certificate out of its time")
)

func errCertificate(cause error) *csc.Error {
	return &csc.Error{Code: csc.InvalidClient, Description: "Invalid client certificate", Cause: cause}
}

func errUncertified() *csc.Error {
	return csc.Refused("Client authorization required", errNoCertificate)
}

// certified implements tls_client_auth (RFC 8705 §2.1): a certificate of one of
// our client authorities, in time and for clients, with the registered name.
func (e *endpoints) certified(c Client, chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return errUncertified()
	}
	if e.ClientCAs == nil {
		return errCertificate(errAuthority)
	}
	between := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		between.AddCert(certificate)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: e.ClientCAs, Intermediates: between, CurrentTime: e.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return errCertificate(errors.Join(errAuthority, err))
	}
	if !c.TLS.names(chain[0]) {
		return errCertificate(errName)
	}
	return nil
}

// names reports whether a certificate has the name n: of a subject all of it, of
// alternative names one of them.
func (n TLSName) names(certificate *x509.Certificate) bool {
	switch {
	case n.SubjectDN != "":
		want, err := parseDN(n.SubjectDN)
		if err != nil {
			return false
		}
		got, err := parseSubject(certificate.RawSubject)
		return err == nil && want.is(got)
	case n.SANDNS != "":
		return slices.ContainsFunc(certificate.DNSNames, func(s string) bool { return strings.ToLower(s) == n.SANDNS })
	case n.SANURI != "":
		for _, uri := range certificate.URIs {
			if uri.String() == n.SANURI {
				return true
			}
		}
	case n.SANIP != "":
		want := net.ParseIP(n.SANIP)
		return want != nil && slices.ContainsFunc(certificate.IPAddresses, want.Equal)
	case n.SANEmail != "":
		return slices.Contains(certificate.EmailAddresses, n.SANEmail)
	}
	return false
}

// selfSigned implements self_signed_tls_client_auth (RFC 8705 §2.2): the very
// certificate that is registered as the x5c of a key, or any of a registered
// key that has none.
func (e *endpoints) selfSigned(c Client, chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return errUncertified()
	}
	keys, err := c.keys()
	if err != nil {
		return err
	}
	shown := chain[0]
	for _, key := range keys {
		known, comparable := key.Key.(interface{ Equal(crypto.PublicKey) bool })
		if !comparable || !known.Equal(shown.PublicKey) || len(key.Certificates) > 0 && !key.Certificates[0].Equal(shown) {
			continue
		}
		if now := e.Now(); now.Before(shown.NotBefore) || now.After(shown.NotAfter) {
			return errCertificate(errOutdated)
		}
		return nil
	}
	return errCertificate(errStrange)
}
