package verify

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pecete/pecete/cms"
)

// when is the time at which certificates must have been valid: that of a trusted
// time-stamp, else the present.
func (s *Signature) when(o Options) time.Time {
	if s.Stamp != nil && s.Stamp.Trusted {
		return s.Stamp.Time
	}
	return o.Now
}

// judgeTrust builds the chain from the certificates that came along.
func (s *Signature) judgeTrust(d *cms.SignedData, o Options) {
	const signing = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	if s.Signer.KeyUsage != 0 && s.Signer.KeyUsage&signing == 0 {
		s.problem(Unfit, "The certificate of the signer is not meant for signing.")
	}
	roots, intermediates := o.Roots, x509.NewCertPool()
	if roots == nil {
		roots = x509.NewCertPool()
	}
	for _, cert := range d.Certificates {
		intermediates.AddCert(cert)
	}
	chains, err := s.Signer.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: s.when(o), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		kind, why := reason(err)
		s.problem(kind, "The certificate of the signer does not lead to a trusted root: "+why+".")
		return
	}
	s.Trusted, s.Chain = true, chains[0]
	for _, cert := range d.Certificates {
		if !slices.ContainsFunc(s.Chain, cert.Equal) {
			s.note("The signature carries a certificate that is not in the signer's chain: " + cert.Subject.String() + ".")
		}
	}
	s.judgeRevocation(o)
}

// reason says in short why there is no chain.
func reason(err error) (Kind, string) {
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return Expired, "it or one above it is expired or not yet valid"
	}
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return Untrusted, "its issuer is unknown"
	}
	return Untrusted, err.Error()
}

// A Revocation is what is known of a certificate's revocation.
type Revocation string

// The states of it.
const (
	NotChecked  Revocation = ""          // there was no list of its issuer that is in date
	NotRevoked  Revocation = "good"      // the list does not have it
	WasRevoked  Revocation = "revoked"   // before the signature, or nobody can say that it was later
	RevokedThen Revocation = "afterward" // after a trusted time-stamp
)

// onHold is certificateHold (RFC 5280 §5.3.1).
const onHold = 6

// judgeRevocation looks for the signer's certificate in the newest list of its
// issuer that is in date.
func (s *Signature) judgeRevocation(o Options) {
	if len(s.Chain) < 2 {
		return
	}
	var newest *x509.RevocationList
	for _, list := range o.CRLs {
		if list.CheckSignatureFrom(s.Chain[1]) != nil || list.ThisUpdate.After(o.Now) || list.NextUpdate.Before(o.Now) {
			continue
		}
		if newest == nil || list.ThisUpdate.After(newest.ThisUpdate) {
			newest = list
		}
	}
	if newest == nil {
		return
	}
	s.Revocation = NotRevoked
	for _, entry := range newest.RevokedCertificateEntries {
		if entry.SerialNumber.Cmp(s.Signer.SerialNumber) != 0 {
			continue
		}
		at, did := entry.RevocationTime.UTC().Format(time.RFC3339), "revoked"
		if entry.ReasonCode == onHold {
			did = "suspended"
		}
		if s.Stamp != nil && s.Stamp.Trusted && s.Stamp.Time.Before(entry.RevocationTime) {
			s.Revocation = RevokedThen
			s.note(fmt.Sprintf("The certificate of the signer was %s at %s, after the time-stamp.", did, at))
			return
		}
		s.Revocation = WasRevoked
		s.problem(Revoked, fmt.Sprintf("The certificate of the signer was %s at %s, and no time-stamp says that the signature is older.", did, at))
		return
	}
}
