package verify

import (
	"encoding/asn1"
	"time"

	"github.com/pecete/pecete/cms"
	"github.com/pecete/pecete/tsa"
)

// documentStamp is the encoding of a time-stamp over the document itself (ETSI
// EN 319 142-1 §5.4.3).
const documentStamp = "ETSI.RFC3161"

// oidStamp is the attribute signature-time-stamp (RFC 3161, appendix A).
var oidStamp = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}

// leeway is how far ahead of our clock another may be.
const leeway = time.Minute

// judgeUnsigned takes the time-stamp from the attributes that the signer did not
// sign. It can be left out or added by anybody: a bad one says nothing of the
// signature.
func (s *Signature) judgeUnsigned(d *cms.SignedData, o Options) {
	other := false
	for _, a := range d.Unsigned {
		if !a.Type.Equal(oidStamp) {
			other = true
			continue
		}
		for _, token := range a.Values {
			if stamp := s.stamp(token.FullBytes, [][]byte{d.Value()}, o); stamp != nil && (s.Stamp == nil || !s.Stamp.Trusted) {
				s.Stamp = stamp
			}
		}
	}
	if other {
		s.note(found(unsignedUnseen))
	}
}

// stamp judges a token over parts; nil if it is not good.
func (s *Signature) stamp(token []byte, parts [][]byte, o Options) *Stamp {
	said, err := tsa.Verify(token, parts, o.Roots)
	switch {
	case err != nil:
		s.note(found(stampBad).because(codeOf(err)))
		return nil
	case said.Time.After(o.Now.Add(leeway)):
		s.note(found(stampAhead))
		return nil
	case said.Untrusted != nil:
		s.note(found(noStampChain).because(chainCode(said.Untrusted)))
	}
	return &Stamp{said.Time, said.Authority, said.Untrusted == nil}
}

// judgeDocumentStamp judges a time-stamp that stands in the place of a signature:
// its signer is the authority.
func (s *Signature) judgeDocumentStamp(der []byte, parts [][]byte, o Options) {
	said, err := tsa.Verify(der, parts, o.Roots)
	if err != nil {
		s.problem(Malformed, found(documentStale).because(codeOf(err)))
		return
	}
	if said.Time.After(o.Now.Add(leeway)) {
		s.problem(Malformed, found(documentAhead))
		return
	}
	s.Signer, s.DigestIntact, s.SignatureValid, s.CertificateBound = said.Authority, true, true, true
	s.Stamp = &Stamp{said.Time, said.Authority, said.Untrusted == nil}
	if said.Untrusted != nil {
		s.unchained(noStampChain, said.Untrusted)
		return
	}
	s.Trusted, s.Chain = true, said.Chain
}
