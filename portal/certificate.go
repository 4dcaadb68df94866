package portal

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/page"
)

// A certificateView is a certificate in words.
type certificateView struct {
	ID, Description, Holder, Issuer string
	Serial, Key                     string // hex; kind and size of the key
	From, Until                     time.Time
	Status                          string // key of a text
}

func (p *Pages) certificates(v visit) ([]certificateView, error) {
	owned, err := p.Certificates.CredentialsOf(v.ctx, v.user.ID)
	if err != nil {
		return nil, fmt.Errorf("look up certificates: %w", err)
	}
	var all []certificateView
	for _, c := range owned {
		cert, err := c.Certificate()
		if err != nil {
			return nil, err
		}
		all = append(all, p.view(c, cert))
	}
	return all, nil
}

func (p *Pages) view(c credentials.Credential, cert *x509.Certificate) certificateView {
	return certificateView{
		ID: c.ID, Description: c.Description, Holder: cert.Subject.CommonName,
		Issuer: cert.Issuer.CommonName, Serial: fmt.Sprintf("%x", cert.SerialNumber), Key: string(c.Key),
		From: cert.NotBefore, Until: cert.NotAfter, Status: statusOf(c, cert.NotBefore, cert.NotAfter, p.Now()),
	}
}

func statusOf(c credentials.Credential, from, until, now time.Time) string {
	switch {
	case c.Revoked:
		return "certificate.revoked"
	case now.After(until):
		return "certificate.expired"
	case c.Suspended:
		return "certificate.suspended"
	case c.Disabled:
		return "certificate.disabled"
	case now.Before(from):
		return "certificate.early"
	}
	return "certificate.valid"
}

// certificate hands out a certificate of the signer with those that issued it, in
// PEM, or alone in DER. Another signer's is not there.
func (p *Pages) certificate(v visit) {
	owned, err := p.Certificates.CredentialsOf(v.ctx, v.user.ID)
	if err != nil {
		p.book.Fail(v.Visit, fmt.Errorf("look up certificates: %w", err))
		return
	}
	for _, c := range owned {
		if c.ID == v.R.PathValue("credential") && len(c.Certificates) > 0 {
			handOut(v.W, c, v.R.URL.Query().Get("form"))
			return
		}
	}
	p.book.Fail(v.Visit, &page.Fault{Status: http.StatusNotFound, Kind: "nothing", Home: Path, Cause: credentials.ErrUnknown})
}

// handOut writes the certificate. Its file is named by the credential, whose id is
// of letters and digits.
func handOut(w http.ResponseWriter, c credentials.Credential, form string) {
	kind, ending := "application/x-pem-file", ".pem"
	var body []byte
	if form == "der" {
		kind, ending, body = "application/pkix-cert", ".cer", c.Certificates[0]
	} else {
		for _, der := range c.Certificates {
			body = append(body, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
		}
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+c.ID+ending+`"`)
	_, _ = w.Write(body) // the browser is gone
}
