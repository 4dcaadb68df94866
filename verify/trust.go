package verify

import (
	"crypto/x509"
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
		s.problem(Unfit, found(wrongUse))
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
		s.unchained(noChain, err)
		return
	}
	s.Trusted, s.Chain = true, chains[0]
	for _, cert := range d.Certificates {
		if !slices.ContainsFunc(s.Chain, cert.Equal) {
			s.note(found(strayed, cert.Subject))
		}
	}
	s.judgeRevocation(o)
}

// unchained says that a certificate leads to no root, and why.
func (s *Signature) unchained(what Code, err error) {
	kind, why := Untrusted, chainCode(err)
	if why == chainTime {
		kind = Expired
	}
	s.problem(kind, found(what).because(why))
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
		did, later := revoked, revokedThen
		if entry.ReasonCode == onHold {
			did, later = suspended, suspendedThen
		}
		if s.Stamp != nil && s.Stamp.Trusted && s.Stamp.Time.Before(entry.RevocationTime) {
			s.Revocation = RevokedThen
			s.note(found(later).at(entry.RevocationTime))
			return
		}
		s.Revocation = WasRevoked
		s.problem(Revoked, found(did).at(entry.RevocationTime))
		return
	}
}
