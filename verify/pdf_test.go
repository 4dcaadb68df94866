package verify_test

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/samplepdf"
	"github.com/pecete/pecete/signing/ades"
	"github.com/pecete/pecete/signing/ades/adestest"
	"github.com/pecete/pecete/verify"
)

func sample() []byte { return samplepdf.New("A contract", "Between one party", "and another.") }

func report(t testing.TB, pdf []byte, o verify.Options) verify.Report {
	t.Helper()
	r, err := verify.PDF(pdf, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// clean reports that nothing at all is said against a file.
func clean(pdf []byte, o verify.Options) bool {
	r, err := verify.PDF(pdf, o)
	return err == nil && r.OK() && !slices.ContainsFunc(r.Signatures, func(s verify.Signature) bool { return len(s.Notes) > 0 })
}

func TestPDF(t *testing.T) {
	ca := adestest.NewCA(t)
	at := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	for _, a := range adestest.Algorithms() {
		signer := ca.Signer(t, a)
		signed := signer.SignPDF(t, sample(), ades.PDFOptions{Time: at, FieldName: "Party", Certify: true})
		r := report(t, signed, options(ca))
		if !r.OK() || len(r.Signatures) != 1 {
			t.Fatalf("%s: %+v", a.Name(), r)
		}
		s := r.Signatures[0]
		if s.Field != "Party" || s.SubFilter != "ETSI.CAdES.detached" || !s.Claimed.Equal(at) || !s.Signer.Equal(signer.Cert) ||
			!s.CoversDocument || s.Covered != int64(len(signed)) || len(s.Notes) > 0 || len(s.Chain) != 2 || s.Algorithm.Scheme != a.Scheme {
			t.Errorf("%s: %+v", a.Name(), s)
		}
	}
}

// Files of every form, signed three times over.
func TestPDFVariants(t *testing.T) {
	ca := adestest.NewCA(t)
	signer := ca.Signer(t, adestest.ECDSA())
	for _, args := range [][]string{
		{"--object-streams=disable"},
		{"--object-streams=generate"},
		{"--linearize", "--object-streams=generate"},
		{"--allow-weak-crypto", "--encrypt", "", "owner", "40", "--"},
		{"--allow-weak-crypto", "--encrypt", "", "owner", "128", "--use-aes=y", "--"},
		{"--object-streams=generate", "--encrypt", "", "owner", "256", "--"},
		{"--encrypt", "user", "owner", "256", "--"},
	} {
		o := options(ca)
		if slices.Contains(args, "user") {
			o.Password = "user"
		}
		out, _ := adestest.Run(t, "qpdf", append(args, adestest.File(t, "in.pdf", sample()), "-")...)
		pdf := []byte(out)
		for count := 1; count <= 3; count++ {
			pdf = signer.SignPDF(t, pdf, ades.PDFOptions{Password: o.Password, Time: time.Unix(1e9, 0)})
			r := report(t, pdf, o)
			if !r.OK() || len(r.Signatures) != count {
				t.Fatalf("%v: %+v", args, r)
			}
			for i, s := range r.Signatures {
				if s.CoversDocument != (i == count-1) || len(s.Notes) > 0 != (i < count-1) || s.Claimed.Unix() != 1e9 {
					t.Errorf("%v: signature %d of %d: %+v", args, i+1, count, s)
				}
			}
		}
		if o.Password != "" {
			o.Password = "wrong"
			if _, err := verify.PDF(pdf, o); !errors.Is(err, ades.ErrPassword) {
				t.Errorf("a wrong password gives %v", err)
			}
		}
	}
}

func TestUnsigned(t *testing.T) {
	if r := report(t, sample(), options(adestest.NewCA(t))); r.OK() || len(r.Signatures) > 0 || len(r.Problems) > 0 {
		t.Errorf("%+v", r)
	}
	for _, pdf := range [][]byte{nil, []byte("hello"), []byte("%PDF-1.7\n"), sample()[:300]} {
		if _, err := verify.PDF(pdf, options(adestest.NewCA(t))); err == nil {
			t.Errorf("%q was read", pdf)
		}
	}
}

var hole = regexp.MustCompile(`/Contents <([0-9a-f]+)>`)

// contents finds the hexadecimal digits of the last signature, and how many of
// them are CMS and not padding.
func contents(t testing.TB, pdf []byte) (from, used, to int) {
	t.Helper()
	all := hole.FindAllSubmatchIndex(pdf, -1)
	if len(all) == 0 {
		t.Fatal("no Contents")
	}
	from, to = all[len(all)-1][2], all[len(all)-1][3]
	raw, err := hex.DecodeString(string(pdf[from:to]))
	if err != nil {
		t.Fatal(err)
	}
	return from, 2 * len(bytes.TrimRight(raw, "\x00")), to
}

// Every single bit counts: of the document, of the signature, of the padding
// behind it.
func TestEveryBitCounts(t *testing.T) {
	ca := adestest.NewCA(t)
	r := rand.New(rand.NewPCG(3, 4))
	for _, a := range []adestest.Algorithm{adestest.ECDSA(), adestest.Algorithms()[0], adestest.Algorithms()[1]} {
		signer := ca.Signer(t, a)
		once := signer.SignPDF(t, sample(), ades.PDFOptions{})
		from, used, to := contents(t, once)
		regions := [][2]int{{0, from}, {from, from + used}, {from, from + used}, {from + used, to}, {to, len(once)}}
		for range 200 {
			region := regions[r.IntN(len(regions))]
			at, bit := region[0]+r.IntN(region[1]-region[0]), byte(1)<<r.IntN(8)
			changed := bytes.Clone(once)
			changed[at] ^= bit
			if clean(changed, options(ca)) {
				t.Errorf("%s: bit %#x of byte %d (%q to %q) can be changed unnoticed", a.Name(), bit, at, once[at], changed[at])
			}
		}
	}
}

// What the signature is made of, bit for bit: each change makes it bad, not just
// remarked upon, as long as only the signer's certificate is in it.
func TestEveryBitOfTheCMSCounts(t *testing.T) {
	ca := adestest.NewCA(t)
	signer := ca.Signer(t, adestest.ECDSA())
	signer.Certificates = signer.Certificates[:1]
	signed := signer.SignPDF(t, sample(), ades.PDFOptions{})
	from, used, _ := contents(t, signed)
	for i := range used / 2 {
		raw, err := hex.DecodeString(string(signed[from+2*i : from+2*i+2]))
		if err != nil {
			t.Fatal(err)
		}
		changed := bytes.Clone(signed)
		hex.Encode(changed[from+2*i:], []byte{raw[0] ^ 1<<(i%8)})
		if r, err := verify.PDF(changed, options(ca)); err == nil && r.OK() {
			t.Errorf("byte %d of the CMS can be changed", i)
		}
	}
}

func TestTruncated(t *testing.T) {
	ca := adestest.NewCA(t)
	signed := ca.Signer(t, adestest.ECDSA()).SignPDF(t, sample(), ades.PDFOptions{})
	for n := 0; n < len(signed); n += 1 + n/40 {
		if clean(signed[:n], options(ca)) {
			t.Errorf("the first %d of %d bytes are taken for the whole", n, len(signed))
		}
	}
	if clean(signed[:len(signed)-1], options(ca)) {
		t.Error("the last byte can be cut off")
	}
}

func TestAppended(t *testing.T) {
	ca := adestest.NewCA(t)
	signer := ca.Signer(t, adestest.ECDSA())
	signed := signer.SignPDF(t, sample(), ades.PDFOptions{})
	for name, more := range map[string]string{
		"a space": " ", "a line end": "\n", "a comment": "%more\n", "zeros": "\x00\x00",
		"an update": update(signed, "6 0 obj\n<< /Title (Another) /Producer (Pecete) >>\nendobj\n"),
	} {
		r := report(t, append(bytes.Clone(signed), more...), options(ca))
		s := r.Signatures[0]
		if r.OK() || s.CoversDocument || !s.OK() || !strings.Contains(r.Problems.String(), fmt.Sprintf("uncovered %d", len(more))) {
			t.Errorf("%s appended: %+v", name, r)
		}
	}
}

func TestTooManySignatures(t *testing.T) {
	ca := adestest.NewCA(t)
	fields := ""
	for i := range 101 {
		fields += fmt.Sprintf("<< /FT /Sig /T (s%d) /V << >> >> ", i)
	}
	pdf := append(sample(), update(sample(), "1 0 obj\n<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields ["+fields+"] >> >>\nendobj\n")...)
	if _, err := verify.PDF(pdf, options(ca)); !errors.Is(err, verify.ErrTooMany) {
		t.Errorf("got %v", err)
	}
}

// FuzzPDF: whatever comes, no panic; what is found good has its signed bytes.
func FuzzPDF(f *testing.F) {
	ca := adestest.NewCA(f)
	signer := ca.Signer(f, adestest.ECDSA())
	signer.Certificates = signer.Certificates[:1]
	signed := signer.SignPDF(f, sample(), ades.PDFOptions{Reserve: 1200})
	f.Add(signed)
	f.Add(signer.SignPDF(f, signed, ades.PDFOptions{Reserve: 1200}))
	f.Add(append(bytes.Clone(signed), update(signed, "1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n")...))
	f.Fuzz(func(t *testing.T, pdf []byte) {
		r, err := verify.PDF(pdf, options(ca))
		if err != nil || !r.OK() {
			return
		}
		if s := r.Signatures[len(r.Signatures)-1]; !bytes.Contains(pdf, signed[:1000]) || s.Algorithm.Hash != crypto.SHA256 {
			t.Errorf("a file nobody signed is found good: %+v", s)
		}
	})
}
