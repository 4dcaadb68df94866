package conformance

import (
	"bytes"
	"context"
	"encoding/asn1"
	"encoding/base64"

	"github.com/smallstep/pkcs7"
)

// alike is how documents are to be signed: CAdES of the baseline.
func (g *grant) alike(changes ...change) Object {
	return Object{"signature_format": "C", "conformance_level": "AdES-B-B", "signAlgo": g.algo}.but(changes...)
}

// byDigests is a right signatures/signDoc by the hashes of all documents.
func (g *grant) byDigests(changes ...change) Object {
	return Object{"credentialID": g.Credential.ID, "SAD": g.sad, "documentDigests": []Object{
		g.alike(with("hashes", encode(g.digests...)), with("hashAlgorithmOID", oidSHA256), with("signed_envelope_property", "Detached")),
	}}.but(changes...)
}

// byDocuments is the same by the documents themselves.
func (s *stock) byDocuments(g *grant, changes ...change) Object {
	var all []Object
	for _, d := range g.digests {
		all = append(all, g.alike(with("document", base64.StdEncoding.EncodeToString(s.document(d)))))
	}
	return Object{"credentialID": g.Credential.ID, "SAD": g.sad, "documents": all}.but(changes...)
}

// in makes changes to the first element of an array.
func in(name string, changes ...change) change {
	return func(o Object) {
		all, _ := o[name].([]Object)
		if len(all) > 0 {
			o[name] = append([]Object{all[0].but(changes...)}, all[1:]...)
		}
	}
}

// ofOne is the grant for its first digest.
func (g *grant) ofOne() *grant {
	one := *g
	one.digests = g.digests[:1]
	return &one
}

// docRefused is refusesSpare for a right signDoc by a hash with changes.
func docRefused(role string, w refusal, changes ...change) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		return t.refusesSpareOf(ctx, methodSignDoc, role, func(g *grant) Object { return g.ofOne().byDigests(changes...) }, w)
	}
}

// documentRefused is the same by a document.
func documentRefused(w refusal, changes ...change) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		return t.refusesSpareOf(ctx, methodSignDoc, "", func(g *grant) Object { return t.stock.byDocuments(g.ofOne(), changes...) }, w)
	}
}

// Where the answer has what was signed: beside its document, or in it.
const (
	beside = "SignatureObject"
	inside = "DocumentWithSignature"
)

// signsDoc asks for one signature by a hash or, if documents, by the document, and
// looks at it.
func signsDoc(documents bool, member string, changes ...change) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		g, err := t.stock.voucher(ctx, signerRole(t))
		if err != nil {
			return err
		}
		body := g.byDigests(changes...)
		if documents {
			body = t.stock.byDocuments(g, changes...)
		}
		_, err = t.envelopes(ctx, g, t.ask(ctx, methodSignDoc, body), member)
		return err
	}
}

// envelopes are the CMS signatures in a good answer, one for each digest of g in
// order, after each was verified as CAdES of the baseline is (ETSI EN 319 122-1).
func (t *Target) envelopes(ctx context.Context, g *grant, a *Answer, member string) ([]*pkcs7.PKCS7, error) {
	o, err := a.WantOK()
	if err != nil {
		return nil, err
	}
	texts, ok := o.strings(member)
	if !ok || len(texts) != len(g.digests) {
		return nil, a.unlike("an array %s of %d strings", member, len(g.digests))
	}
	all := make([]*pkcs7.PKCS7, len(texts))
	for i, text := range texts {
		der, err := decode(text)
		if err != nil {
			return nil, unmet("%s[%d]: %v", member, i, err)
		}
		if all[i], err = pkcs7.Parse(der); err != nil {
			return nil, unmet("%s[%d] is no CMS: %v", member, i, err)
		}
		if err := t.envelope(ctx, g, all[i], t.stock.document(g.digests[i]), member == inside); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (t *Target) envelope(ctx context.Context, g *grant, cms *pkcs7.PKCS7, document []byte, attached bool) error {
	if attached && !bytes.Equal(cms.Content, document) {
		return unmet("the document in the signature is not the one that was sent")
	}
	if !attached && len(cms.Content) > 0 {
		return unmet("the signature beside a document has %d bytes of content", len(cms.Content))
	}
	cms.Content = document
	signer := cms.GetOnlySigner()
	if signer == nil {
		return unmet("the signature does not bring the certificate of its one signer along")
	}
	own, err := t.stock.describe(ctx, g.Credential.ID)
	if err != nil {
		return err
	}
	chain, err := certificates(own)
	if err != nil {
		return err
	}
	if len(chain) == 0 || !bytes.Equal(chain[0].Raw, signer.Raw) {
		return unmet("the signature is not by the credential's certificate")
	}
	if err := cms.Verify(); err != nil {
		return unmet("the signature does not verify: %v", err)
	}
	return (&timeToken{cms: cms}).names(signer)
}

var oidTimeStampToken = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}

// stamped reports whether a signature has a time-stamp.
func stamped(cms *pkcs7.PKCS7) bool {
	for _, s := range cms.Signers {
		for _, a := range s.UnauthenticatedAttributes {
			if a.Type.Equal(oidTimeStampToken) {
				return true
			}
		}
	}
	return false
}
