package ades_test

import (
	"bytes"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/signing/ades"
	"github.com/pecete/pecete/signing/ades/adestest"
)

// props are signed properties in their right encoding, hex.
var props = map[string]string{
	"commitment-type-indication":  "300d060b2a864886f70d0109100601",
	"content-hints":               "30140c0474657874060c2a864886f70d010907011101",
	"mime-type":                   "0c0a746578742f706c61696e",
	"signer-location":             "300ea0040c02524fa1060c044275636b",
	"signer-attributes-v2":        "3008a006300406022a03",
	"signature-policy-identifier": "301f06022a033019300b0609608648016503040201040a00010203040506070809",
	"content-reference":           "301506092a864886f70d01070104030102030403040506",
	"content-identifier":          "0403010203",
}

func decode(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSignedProperties(t *testing.T) {
	inPDF := []string{"commitment-type-indication", "signer-attributes-v2", "signature-policy-identifier"}
	for name, text := range props {
		value := decode(t, text)
		a, err := ades.SignedProperty(name, value, false)
		if err != nil || !bytes.Equal(a.Values[0].FullBytes, value) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if byOID, err := ades.SignedProperty(a.Type.String(), value, false); err != nil || !byOID.Type.Equal(a.Type) {
			t.Errorf("%s by its OID: %v", name, err)
		}
		whole, err := asn1.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ades.SignedProperty(name, whole, false); err != nil || !bytes.Equal(again.Values[0].FullBytes, value) {
			t.Errorf("%s as a whole attribute: %v", name, err)
		}
		if _, err := ades.SignedProperty(name, value, true); (err == nil) != contains(inPDF, name) {
			t.Errorf("%s in a PDF: %v", name, err)
		}
		for says, bad := range map[string][]byte{
			"nothing": nil, "a part": value[:len(value)-1], "more": append(bytes.Clone(value), 0), "another type": {5, 0}, "not DER": {0x30, 0x80, 0, 0},
		} {
			if _, err := ades.SignedProperty(name, bad, false); !errors.Is(err, ades.ErrAttribute) {
				t.Errorf("%s, %s: %v", name, says, err)
			}
		}
	}
	for _, name := range []string{"", "signing-time", "content-time-stamp", "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.16.2.47", "Commitment-type-indication", "Reason"} {
		if _, err := ades.SignedProperty(name, []byte{5, 0}, false); !errors.Is(err, ades.ErrAttribute) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

// A CAdES signature with its document in it, a signing time and more attributes
// is one to OpenSSL.
func TestAttachedByOpenSSL(t *testing.T) {
	ca := adestest.NewCA(t)
	signer := ca.Signer(t, adestest.ECDSA())
	params := ades.CMSParams{
		Certificates: signer.Certificates, Algorithm: signer.Algorithm, ContentDigest: digestOf(signer.Algorithm.Hash, content), Content: content,
		Time: time.Now().Add(-time.Minute),
	}
	for name, text := range props {
		a, err := ades.SignedProperty(name, decode(t, text), false)
		if err != nil {
			t.Fatal(err)
		}
		params.Signed = append(params.Signed, a)
	}
	cms, err := ades.NewCMS(params)
	if err != nil {
		t.Fatal(err)
	}
	der, err := cms.Finish(signer.Sign(t, cms.Digest()))
	if err != nil {
		t.Fatal(err)
	}
	out, code := adestest.Run(t, "openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", adestest.File(t, "cms", der),
		"-CAfile", adestest.PEM(t, ca.Cert), "-purpose", "any")
	if code != 0 || !strings.Contains(out, "CAdES Verification successful") || !strings.Contains(out, strings.TrimSpace(string(content))) {
		t.Errorf("openssl: %s", out)
	}
	out, _ = adestest.Run(t, "openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", adestest.File(t, "cms", der))
	for _, want := range []string{"signingTime", "id-smime-aa-ets-commitmentType", "id-smime-aa-ets-signerLocation"} {
		if !strings.Contains(out, want) {
			t.Errorf("openssl shows no %s", want)
		}
	}
}

func TestAttachedRefuses(t *testing.T) {
	signer := adestest.NewCA(t).Signer(t, adestest.ECDSA())
	params := ades.CMSParams{Certificates: signer.Certificates, Algorithm: signer.Algorithm, ContentDigest: digestOf(signer.Algorithm.Hash, content), Content: []byte("other")}
	if _, err := ades.NewCMS(params); !errors.Is(err, ades.ErrDigest) {
		t.Errorf("the digest of other content: %v", err)
	}
	mime, err := ades.SignedProperty("mime-type", decode(t, props["mime-type"]), false)
	if err != nil {
		t.Fatal(err)
	}
	params.Content, params.Signed = content, []ades.Attribute{mime, mime}
	if _, err := ades.NewCMS(params); !errors.Is(err, ades.ErrAttribute) {
		t.Errorf("an attribute twice: %v", err)
	}
	params.Signed = []ades.Attribute{{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}, Values: mime.Values}}
	if _, err := ades.NewCMS(params); !errors.Is(err, ades.ErrAttribute) {
		t.Errorf("a second message-digest: %v", err)
	}
}

// What is taken for a property is DER that goes back into the same bytes.
func FuzzSignedProperty(f *testing.F) {
	for name, text := range props {
		f.Add(name, decode(f, text), false)
	}
	f.Fuzz(func(t *testing.T, name string, value []byte, pdf bool) {
		a, err := ades.SignedProperty(name, value, pdf)
		if err != nil {
			return
		}
		der, err := asn1.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ades.SignedProperty(name, der, pdf)
		if err != nil || !bytes.Equal(again.Values[0].FullBytes, a.Values[0].FullBytes) {
			t.Fatalf("%x came back as %x, %v", value, der, err)
		}
	})
}
