package cms_test

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"errors"
	"testing"
	"time"

	"github.com/pecete/pecete/cms"
	"github.com/pecete/pecete/cms/cmstest"
	"github.com/pecete/pecete/signing/ades/adestest"
)

var content = []byte("what is signed\n")

// What is built reads as it was meant. The rest of the building is tried by
// signing/ades, the rest of the reading by verify.
func TestBuiltIsRead(t *testing.T) {
	ca := adestest.NewCA(t)
	s := ca.Signer(t, adestest.ECDSA())
	other := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	digest := crypto.SHA256.New()
	digest.Write(content)
	for _, row := range []struct {
		says    string
		params  cms.Params
		version int
		kind    asn1.ObjectIdentifier
	}{
		{"detached", cms.Params{ContentDigest: digest.Sum(nil)}, 1, cms.OIDData},
		{"with its content", cms.Params{Content: content}, 1, cms.OIDData},
		{"with content of a type", cms.Params{Content: content, ContentType: other}, 3, other},
		{"with a time", cms.Params{Content: content, Time: time.Now()}, 1, cms.OIDData},
		{"without certificates", cms.Params{Content: content, Bare: true}, 1, cms.OIDData},
	} {
		row.params.Certificates, row.params.Algorithm = s.Certificates, s.Algorithm
		prepared, err := cms.Prepare(row.params)
		if err != nil {
			t.Fatalf("%s: %v", row.says, err)
		}
		der, err := prepared.Finish(s.Sign(t, prepared.Digest()))
		if err != nil {
			t.Fatalf("%s: %v", row.says, err)
		}
		if most, err := prepared.MaxSize(); err != nil || len(der) > most {
			t.Errorf("%s: %d bytes, at most %d, %v", row.says, len(der), most, err)
		}
		if _, err := cms.Parse(der); (err != nil) != row.params.Bare {
			t.Errorf("%s, with no certificate known: %v", row.says, err)
		}
		d, err := cms.Parse(der, s.Cert)
		if err != nil {
			t.Fatalf("%s: %v", row.says, err)
		}
		if d.Version != row.version || !d.ContentType.Equal(row.kind) || !bytes.Equal(d.Content, row.params.Content) ||
			d.Has(cms.OIDSigningTime) == row.params.Time.IsZero() || (len(d.Certificates) == 0) != row.params.Bare || !d.Signer.Equal(s.Cert) {
			t.Errorf("%s: read as %+v", row.says, d)
		}
		a, err := d.Algorithm()
		got, e := d.MessageDigest()
		if err := errors.Join(err, e, d.CheckContentType(), d.CheckBinding()); err != nil || !d.Verifies(a) || !bytes.Equal(got, digest.Sum(nil)) {
			t.Errorf("%s: %v, digest %v", row.says, err, got)
		}
	}
}

func TestPrepareRefuses(t *testing.T) {
	s := adestest.NewCA(t).Signer(t, adestest.ECDSA())
	again := cms.Attribute{Type: cms.OIDContentType, Values: []asn1.RawValue{{FullBytes: []byte{5, 0}}}}
	for says, row := range map[string]struct {
		params cms.Params
		want   error
	}{
		"the digest of other content": {cms.Params{Content: content, ContentDigest: make([]byte, 32)}, cms.ErrDigest},
		"neither content nor digest":  {cms.Params{}, cms.ErrDigest},
		"an attribute twice":          {cms.Params{Content: content, Signed: []cms.Attribute{again}}, cms.ErrAttribute},
	} {
		row.params.Certificates, row.params.Algorithm = s.Certificates, s.Algorithm
		if _, err := cms.Prepare(row.params); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", says, err, row.want)
		}
	}
}

// FuzzParse: whatever comes, no panic; what is taken has a signer and each signed
// attribute once.
func FuzzParse(f *testing.F) {
	s := adestest.NewCA(f).Signer(f, adestest.ECDSA())
	forge := cmstest.New(s.Cert, s.Key, s.Algorithm.Scheme, content)
	f.Add(forge.Make(f))
	forge.Content, forge.Version = content, 3
	f.Add(forge.Make(f))
	f.Fuzz(func(t *testing.T, der []byte) {
		d, err := cms.Parse(der, s.Cert)
		if err != nil {
			return
		}
		if d.Signer == nil {
			t.Error("read without a signer")
		}
		seen := map[string]bool{}
		for _, a := range d.Signed {
			if seen[a.Type.String()] || len(a.Values) == 0 {
				t.Errorf("attribute %v twice, or empty", a.Type)
			}
			seen[a.Type.String()] = true
		}
		if a, err := d.Algorithm(); err == nil {
			d.Verifies(a)
		}
		_, _ = d.MessageDigest()
		_ = errors.Join(d.CheckBinding(), d.CheckOldBinding(), d.CheckContentType())
	})
}
