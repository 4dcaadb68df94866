package ades

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"time"
)

// A property is a signed attribute that an application may add (EN 319 122-1
// §5.2, in the names of signatures/signDoc, v2.0.0.2 §11.11).
type property struct {
	name string
	oid  asn1.ObjectIdentifier
	pdf  bool                    // PAdES baseline allows it too (EN 319 142-1 §6.3)
	fits func(value []byte) bool // is value, DER, of its syntax
}

// OIDCommitmentType is that of commitment-type-indication.
const OIDCommitmentType = "1.2.840.113549.1.9.16.2.16"

// properties are those that are taken. content-time-stamp is not among them: it
// is made by a time-stamping authority.
var properties = [...]property{
	{"commitment-type-indication", asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 16}, true, fits[struct {
		Type       asn1.ObjectIdentifier
		Qualifiers []asn1.RawValue `asn1:"optional"`
	}]},
	{"content-hints", asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 4}, false, fits[struct {
		Description string `asn1:"optional,utf8"`
		Type        asn1.ObjectIdentifier
	}]},
	{"mime-type", asn1.ObjectIdentifier{0, 4, 0, 1733, 2, 1}, false, fitsUTF8},
	{"signer-location", asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 17}, false, fitsTagged},
	{"signer-attributes-v2", asn1.ObjectIdentifier{0, 4, 0, 19122, 1, 1}, true, fitsTagged},
	{"signature-policy-identifier", asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 15}, true, fits[struct {
		Policy asn1.ObjectIdentifier
		Hash   struct {
			Algorithm pkix.AlgorithmIdentifier
			Value     []byte
		}
		Qualifiers []asn1.RawValue `asn1:"optional"`
	}]},
	{"content-reference", asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 10}, false, fits[struct {
		Type       asn1.ObjectIdentifier
		Identifier []byte
		Originator []byte
	}]},
	{"content-identifier", asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 7}, false, fits[[]byte]},
}

// SignedProperty is the signed attribute of a name, or of an OID as text, with
// what an application encoded: the whole attribute or its one value, DER. In a
// PDF fewer may stand. What cannot be taken is ErrAttribute.
func SignedProperty(name string, encoded []byte, pdf bool) (Attribute, error) {
	for _, p := range properties {
		if p.name != name && p.oid.String() != name || pdf && !p.pdf {
			continue
		}
		value := encoded
		var whole Attribute
		if rest, err := asn1.Unmarshal(encoded, &whole); err == nil && len(rest) == 0 && whole.Type.Equal(p.oid) && len(whole.Values) == 1 {
			value = whole.Values[0].FullBytes
		}
		if !p.fits(value) {
			return Attribute{}, fmt.Errorf("%w: %s is encoded otherwise", ErrAttribute, p.name)
		}
		return Attribute{Type: p.oid, Values: []asn1.RawValue{{FullBytes: value}}}, nil
	}
	return Attribute{}, fmt.Errorf("%w: there is none of that name", ErrAttribute)
}

// fits reports whether der is a T, the whole of it, in its one encoding.
func fits[T any](der []byte) bool {
	var value T
	if rest, err := asn1.Unmarshal(der, &value); err != nil || len(rest) > 0 {
		return false
	}
	again, err := asn1.Marshal(value)
	return err == nil && bytes.Equal(again, der)
}

// fitsTagged is for a SEQUENCE of up to three members that may be left out, told
// from each other by context tags, of which one must be there.
func fitsTagged(der []byte) bool {
	var members []asn1.RawValue
	rest, err := asn1.Unmarshal(der, &members)
	if err != nil || len(rest) > 0 || len(members) == 0 {
		return false
	}
	for i, m := range members {
		if m.Class != asn1.ClassContextSpecific || !m.IsCompound || m.Tag > 2 || i > 0 && m.Tag <= members[i-1].Tag {
			return false
		}
	}
	again, err := asn1.Marshal(members)
	return err == nil && bytes.Equal(again, der)
}

func fitsUTF8(der []byte) bool {
	var value asn1.RawValue
	rest, err := asn1.Unmarshal(der, &value)
	return err == nil && len(rest) == 0 && value.Class == asn1.ClassUniversal && value.Tag == asn1.TagUTF8String && len(value.Bytes) > 0 &&
		bytes.Equal(bytes.ToValidUTF8(value.Bytes, nil), value.Bytes)
}

// claimable reports whether a time can be claimed: years have four digits.
func claimable(t time.Time) bool {
	return !t.IsZero() && t.UTC().Year() >= 1 && t.UTC().Year() <= 9999
}
