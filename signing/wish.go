package signing

import (
	"crypto"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/signing/ades"
)

// A wish is one signature that a request for documents asks for, in whatever
// form the request is.
type wish struct {
	isDocument bool
	document   []byte
	hash       csc.Digest // of the document, where that did not come
	hashOID    string
	kind       csc.AdESParameters
	asked      csc.SigningAlgorithm

	algorithm csc.Algorithm // decided by plan
	signed    []ades.Attribute
	texts     map[string]string // entries of a PDF's signature dictionary
}

// wishes reads a request, which has documents or hashes and not both.
func wishes(req csc.SignDocRequest) ([]wish, error) {
	digests, documents := req.DocumentDigests, req.Documents
	if one := req.SignatureCreationRequest; one != nil {
		kind, asked, err := one.Parameters()
		if err != nil {
			return nil, err
		}
		if one.Hashes != nil {
			digests = append(digests, csc.DocumentDigests{Hashes: one.Hashes, HashAlgorithmOID: one.HashAlgorithmOID, AdESParameters: kind, SigningAlgorithm: asked})
		}
		if one.Document != nil {
			documents = append(documents, csc.Document{Document: one.Document, AdESParameters: kind, SigningAlgorithm: asked})
		}
	}
	switch {
	case len(digests) > 0 && len(documents) > 0:
		return nil, csc.Refused("Both documentDigests and documents parameters passed", nil)
	case len(digests)+len(documents) == 0:
		return nil, csc.Refused("Empty documentDigests and documents objects", nil)
	}
	var all []wish
	for _, d := range digests {
		for _, hash := range d.Hashes {
			all = append(all, wish{hash: hash, hashOID: d.HashAlgorithmOID, kind: d.AdESParameters, asked: d.SigningAlgorithm})
		}
	}
	for _, d := range documents {
		if len(d.Document) == 0 {
			return nil, csc.Refused("Invalid Base64 documents string parameter", nil)
		}
		all = append(all, wish{isDocument: true, document: d.Document, kind: d.AdESParameters, asked: d.SigningAlgorithm})
	}
	return all, nil
}

// plan decides how the credential signs it, or says what of it cannot be.
// agreed is the hash function that was agreed to, "" if none was.
func (w *wish) plan(c credentials.Credential, agreed string) error {
	if err := w.planAlgorithm(c, agreed); err != nil {
		return err
	}
	if !w.isDocument && len(w.hash) != w.algorithm.Hash.Size() {
		return csc.Refused("Invalid digest value length", nil)
	}
	if !w.lies() {
		return csc.Invalid("signed_envelope_property")
	}
	return w.readProperties()
}

// planAlgorithm is that of signatures/signHash, but for a hash function that
// contradicts, which has a sentence of its own here, and for documents, of which
// nobody has to say it.
func (w *wish) planAlgorithm(c credentials.Credential, agreed string) (err error) {
	asked := csc.SignAlgo{OID: w.asked.SignAlgo, Params: w.asked.SignAlgoParams}
	if _, known := csc.HashByOID(w.hashOID); w.hashOID != "" && !known {
		return csc.Invalid("hashAlgorithmOID")
	}
	w.algorithm, err = c.Key.Plan(c.SignAlgos(), asked)
	if err == nil {
		if w.hashOID != "" && csc.OIDOfHash(w.algorithm.Hash) != w.hashOID {
			return csc.Refused("String parameter hashAlgorithmOID contradicts with signAlgo parameter", nil)
		}
		return nil
	}
	choices := []string{w.hashOID}
	if w.isDocument {
		choices = []string{agreed, csc.OIDOfHash(usual(c.Key))}
	}
	for _, asked.HashOID = range choices {
		if w.algorithm, err = c.Key.Plan(c.SignAlgos(), asked); err == nil {
			break
		}
	}
	return err
}

// usual is the hash function that goes with a key.
func usual(key csc.KeySpec) crypto.Hash {
	switch key {
	case csc.P384:
		return crypto.SHA384
	case csc.P521:
		return crypto.SHA512
	default:
		return crypto.SHA256
	}
}

// lies fills in how the signature lies to its document, and reports whether it
// can lie so. Nothing can be attached to a hash.
func (w *wish) lies() bool {
	of := map[string][]string{csc.CAdES: {csc.Attached, csc.Detached}, csc.PAdES: {csc.Certification, csc.Revision}}[w.kind.SignatureFormat]
	if w.kind.SignedEnvelopeProperty == "" {
		w.kind.SignedEnvelopeProperty = of[0]
		if !w.isDocument && w.kind.SignatureFormat == csc.CAdES {
			w.kind.SignedEnvelopeProperty = csc.Detached
		}
	}
	lies := w.kind.SignedEnvelopeProperty
	return (lies == of[0] || lies == of[1]) && (lies != csc.Attached || w.isDocument)
}

// texts are the entries of a PDF's signature dictionary that a client may fill.
var dictionaryTexts = [...]string{"Name", "Reason", "Location", "ContactInfo"}

// readProperties reads signed_props, and names all that cannot be taken.
func (w *wish) readProperties() error {
	pdf := w.kind.SignatureFormat == csc.PAdES
	var bad []string
	seen := map[string]bool{}
	for _, p := range w.kind.SignedProps {
		text := pdf && w.isDocument && slices.Contains(dictionaryTexts[:], p.Name)
		attribute, err := ades.SignedProperty(p.Name, p.Value, pdf)
		name := p.Name
		if err == nil {
			name = attribute.Type.String() // by which it may be there twice
		}
		switch {
		case seen[name], !text && err != nil, text && !printable(p.Value):
			bad = append(bad, fmt.Sprintf("%.64s", p.Name))
		case text:
			if w.texts == nil {
				w.texts = map[string]string{}
			}
			w.texts[p.Name] = string(p.Value)
		default:
			w.signed = append(w.signed, attribute)
		}
		seen[name] = true
	}
	if w.texts["Reason"] != "" && seen[ades.OIDCommitmentType] { // EN 319 142-1 §6.3
		bad = append(bad, "Reason")
	}
	if len(bad) > 0 {
		return csc.Refused("Invalid parameter signed_props ("+strings.Join(bad, ", ")+")", nil)
	}
	return nil
}

// printable reports whether a text can stand in a signature dictionary.
func printable(text []byte) bool {
	const most = 500 // characters
	return len(text) > 0 && utf8.Valid(text) && utf8.RuneCount(text) <= most && !strings.ContainsFunc(string(text), unicode.IsControl)
}
