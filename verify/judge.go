package verify

import (
	"bytes"
	"encoding/asn1"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/pecete/pecete/cms"
)

const pades = "ETSI.CAdES.detached"

// CMS judges a detached CAdES signature over content, encoded as der with
// nothing behind it.
func CMS(der, content []byte, o Options) (Signature, error) {
	if o.Now.IsZero() {
		return Signature{}, ErrNoTime
	}
	s := Signature{SubFilter: pades, Covered: int64(len(content)), CoversDocument: true}
	d, fault := parse(der)
	if fault != "" {
		s.problem(Malformed, found(fault))
		return s, nil
	}
	s.judgeCMS(d, [][]byte{content}, o)
	return s, nil
}

// judge takes the DER out of its place in a PDF, where only zeros may follow.
func (s *Signature) judge(padded []byte, parts [][]byte, o Options) {
	if s.SubFilter != pades && s.SubFilter != "adbe.pkcs7.detached" && s.SubFilter != documentStamp {
		s.problem(Unsupported, found(encodingOther))
		return
	}
	rest := cryptobyte.String(padded)
	var der cryptobyte.String
	if !rest.ReadASN1Element(&der, tag.SEQUENCE) {
		s.problem(Malformed, found(ofCMS(cms.ErrEncoding)))
		return
	}
	if len(bytes.Trim(rest, "\x00")) > 0 {
		s.problem(Malformed, found(ofCMS(cms.ErrTrailing)))
		return
	}
	if s.SubFilter == documentStamp {
		s.judgeDocumentStamp(der, parts, o)
		return
	}
	d, fault := parse(der)
	if fault != "" {
		s.problem(Malformed, found(fault))
		return
	}
	s.judgeCMS(d, parts, o)
}

// parse reads a SignedData over content that is elsewhere and has no type.
func parse(der []byte) (*cms.SignedData, Code) {
	d, err := cms.Parse(der)
	switch {
	case err != nil:
		return nil, codeOf(err)
	case d.Version != 1:
		return nil, ofCMS(cms.ErrVersion)
	case !d.ContentType.Equal(cms.OIDData):
		return nil, ofCMS(cms.ErrEncoding)
	case d.Content != nil:
		return nil, attached
	}
	return d, ""
}

func (s *Signature) judgeCMS(d *cms.SignedData, parts [][]byte, o Options) {
	s.Signer = d.Signer
	var err error
	if s.Algorithm, err = d.Algorithm(); err != nil {
		s.problem(Unsupported, found(codeOf(err)))
		return
	}
	s.SignatureValid = d.Verifies(s.Algorithm)
	if !s.SignatureValid {
		s.problem(Forged, found(keyOther))
	}
	s.judgeSigned(d, parts)
	s.judgeUnsigned(d, o)
	s.judgeTrust(d, o)
	if d.Revocation {
		s.note(found(listsUnread))
	}
}

// judgeSigned looks at each signed attribute.
func (s *Signature) judgeSigned(d *cms.SignedData, parts [][]byte) {
	known := []asn1.ObjectIdentifier{cms.OIDContentType, cms.OIDMessageDigest, cms.OIDSigningTime, cms.OIDSigningCertificateV2}
	for _, a := range d.Signed {
		if len(a.Values) != 1 {
			s.problem(Malformed, found(ofCMS(cms.ErrAttributes)))
			return
		}
		if !slices.ContainsFunc(known, a.Type.Equal) {
			s.note(found(signedUnseen, a.Type))
		}
	}
	if err := d.CheckContentType(); err != nil {
		s.problem(Malformed, found(codeOf(err)))
	}
	if d.Has(cms.OIDSigningTime) && s.SubFilter == pades {
		s.problem(Malformed, found(signingTime))
	}
	s.judgeDigest(d, parts)
	s.judgeBinding(d)
}

func (s *Signature) judgeDigest(d *cms.SignedData, parts [][]byte) {
	digest, err := d.MessageDigest()
	if err != nil {
		s.problem(Malformed, found(codeOf(err)))
		return
	}
	state := s.Algorithm.Hash.New()
	for _, part := range parts {
		state.Write(part)
	}
	s.DigestIntact = bytes.Equal(digest, state.Sum(nil))
	if !s.DigestIntact {
		s.problem(Changed, found(digestOff))
	}
}

// judgeBinding checks signing-certificate-v2 (RFC 5035 §3). Older signatures of
// PDF have none; CAdES demands it.
func (s *Signature) judgeBinding(d *cms.SignedData) {
	if !d.Has(cms.OIDSigningCertificateV2) && s.SubFilter != pades {
		s.unbound = true
		s.note(found(nameless))
		return
	}
	err := d.CheckBinding()
	s.CertificateBound = err == nil
	if err != nil {
		s.problem(Forged, found(codeOf(err)))
	}
}
