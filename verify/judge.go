package verify

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/pecete/pecete/cms"
)

var (
	errAttached    = errors.New("the signature brings a content of its own instead of signing the document")
	errSigningTime = errors.New("the signature holds a signing-time, which PAdES forbids")
)

const pades = "ETSI.CAdES.detached"

// CMS judges a detached CAdES signature over content, encoded as der with
// nothing behind it.
func CMS(der, content []byte, o Options) (Signature, error) {
	if o.Now.IsZero() {
		return Signature{}, ErrNoTime
	}
	s := Signature{SubFilter: pades, Covered: int64(len(content)), CoversDocument: true}
	d, err := parse(der)
	if err != nil {
		s.problem(Malformed, sentence(err))
		return s, nil
	}
	s.judgeCMS(d, [][]byte{content}, o)
	return s, nil
}

// judge takes the DER out of its place in a PDF, where only zeros may follow.
func (s *Signature) judge(padded []byte, parts [][]byte, o Options) {
	if s.SubFilter != pades && s.SubFilter != "adbe.pkcs7.detached" && s.SubFilter != documentStamp {
		s.problem(Unsupported, "The signature is encoded in a way that is not supported.")
		return
	}
	rest := cryptobyte.String(padded)
	var der cryptobyte.String
	if !rest.ReadASN1Element(&der, tag.SEQUENCE) {
		s.problem(Malformed, sentence(cms.ErrEncoding))
		return
	}
	if len(bytes.Trim(rest, "\x00")) > 0 {
		s.problem(Malformed, sentence(cms.ErrTrailing))
		return
	}
	if s.SubFilter == documentStamp {
		s.judgeDocumentStamp(der, parts, o)
		return
	}
	d, err := parse(der)
	if err != nil {
		s.problem(Malformed, sentence(err))
		return
	}
	s.judgeCMS(d, parts, o)
}

// parse reads a SignedData over content that is elsewhere and has no type.
func parse(der []byte) (*cms.SignedData, error) {
	d, err := cms.Parse(der)
	switch {
	case err != nil:
		return nil, err
	case d.Version != 1:
		return nil, cms.ErrVersion
	case !d.ContentType.Equal(cms.OIDData):
		return nil, cms.ErrEncoding
	case d.Content != nil:
		return nil, errAttached
	}
	return d, nil
}

func (s *Signature) judgeCMS(d *cms.SignedData, parts [][]byte, o Options) {
	s.Signer = d.Signer
	var err error
	if s.Algorithm, err = d.Algorithm(); err != nil {
		s.problem(Unsupported, sentence(err))
		return
	}
	s.SignatureValid = d.Verifies(s.Algorithm)
	if !s.SignatureValid {
		s.problem(Forged, "The signature was not made by the key of the certificate it carries, or was changed.")
	}
	s.judgeSigned(d, parts)
	s.judgeUnsigned(d, o)
	s.judgeTrust(d, o)
	if d.Revocation {
		s.note("The signature carries revocation lists that were not looked at.")
	}
}

// judgeSigned looks at each signed attribute.
func (s *Signature) judgeSigned(d *cms.SignedData, parts [][]byte) {
	known := []asn1.ObjectIdentifier{cms.OIDContentType, cms.OIDMessageDigest, cms.OIDSigningTime, cms.OIDSigningCertificateV2}
	for _, a := range d.Signed {
		if len(a.Values) != 1 {
			s.problem(Malformed, sentence(cms.ErrAttributes))
			return
		}
		if !slices.ContainsFunc(known, a.Type.Equal) {
			s.note(fmt.Sprintf("The signature holds a signed attribute (%s) that was not looked at.", a.Type))
		}
	}
	if err := d.CheckContentType(); err != nil {
		s.problem(Malformed, sentence(err))
	}
	if d.Has(cms.OIDSigningTime) && s.SubFilter == pades {
		s.problem(Malformed, sentence(errSigningTime))
	}
	s.judgeDigest(d, parts)
	s.judgeBinding(d)
}

func (s *Signature) judgeDigest(d *cms.SignedData, parts [][]byte) {
	digest, err := d.MessageDigest()
	if err != nil {
		s.problem(Malformed, sentence(err))
		return
	}
	state := s.Algorithm.Hash.New()
	for _, part := range parts {
		state.Write(part)
	}
	s.DigestIntact = bytes.Equal(digest, state.Sum(nil))
	if !s.DigestIntact {
		s.problem(Changed, "The document was changed after it was signed.")
	}
}

// judgeBinding checks signing-certificate-v2 (RFC 5035 §3). Older signatures of
// PDF have none; CAdES demands it.
func (s *Signature) judgeBinding(d *cms.SignedData) {
	if !d.Has(cms.OIDSigningCertificateV2) && s.SubFilter != pades {
		s.unbound = true
		s.note("The signature does not name its certificate, as older signatures do not.")
		return
	}
	err := d.CheckBinding()
	s.CertificateBound = err == nil
	if err != nil {
		s.problem(Forged, sentence(err))
	}
}
