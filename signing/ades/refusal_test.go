package ades_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/signing/ades"
	"github.com/pecete/pecete/signing/ades/adestest"
)

func csSecret(s string) csc.Secret { return csc.Secret(s) }

func replace(pdf []byte, old, with string) []byte {
	if !bytes.Contains(pdf, []byte(old)) {
		panic("the sample has no " + old)
	}
	return bytes.Replace(pdf, []byte(old), []byte(with), 1)
}

func certified(p string) []byte {
	return assemble(
		"<< /Type /Catalog /Pages 2 0 R /Perms << /DocMDP 4 0 R >> >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
		"<< /Type /Sig /Reference [<< /TransformMethod /DocMDP /TransformParams << "+p+" >> >>] >>",
	)
}

type refusal struct {
	name    string
	pdf     []byte
	options ades.PDFOptions
	want    error
}

func TestPreparePDFRefuses(t *testing.T) {
	signer := adestest.NewCA(t).Signer(t, adestest.ECDSA())
	for _, rows := range [][]refusal{unreadable(), notToBeSigned(t, signer)} {
		for _, row := range rows {
			if row.options.Time.IsZero() && row.want != ades.ErrNoTime {
				row.options.Time = time.Now()
			}
			if _, err := ades.PreparePDF(row.pdf, signer.Signer, row.options); !errors.Is(err, row.want) {
				t.Errorf("%s: got %v, want %v", row.name, err, row.want)
			}
		}
	}
}

func unreadable() []refusal {
	var now ades.PDFOptions
	return []refusal{
		{"nothing", nil, now, ades.ErrNotPDF},
		{"a picture", []byte("\x89PNG\r\n\x1a\n"), now, ades.ErrNotPDF},
		{"only a header", []byte("%PDF-1.7\n"), now, ades.ErrDamaged},
		{"a line before the header", append([]byte("junk\n"), sample()...), now, ades.ErrDamaged},
		{"over 50 MB", append(sample(), make([]byte, ades.MaxPDF)...), now, ades.ErrTooLarge},
		{"cut off", sample()[:400], now, ades.ErrDamaged},
		{"startxref into the middle of something", replace(sample(), "startxref\n", "startxref\n1"), now, ades.ErrDamaged},
		{"an object moved by one byte", replace(sample(), "1 0 obj", " 1 0 obj"), now, ades.ErrDamaged},
		{"an entry of the table that points elsewhere", replace(sample(), "0000000015 00000 n", "0000000016 00000 n"), now, ades.ErrDamaged},
		{"an entry of another generation", replace(sample(), "0000000015 00000 n", "0000000015 00001 n"), now, ades.ErrDamaged},
		{"a line too few in the table", replace(sample(), "xref\n0 7", "xref\n0 9"), now, ades.ErrDamaged},
		{"a trailer without Root", replace(sample(), "/Root 1 0 R", "/Toor 1 0 R"), now, ades.ErrDamaged},
		{"a catalog that is not there", replace(sample(), "/Root 1 0 R", "/Root 9 0 R"), now, ades.ErrDamaged},
		{"a Size beyond all measure", replace(sample(), "/Size 7", "/Size 999999999"), now, ades.ErrDamaged},
		{"a field in a circle", formPDF("<< /Fields [8 0 R] >>", "<< /T (a) /Kids [8 0 R] >>", "null"), now, ades.ErrDamaged},
		{"a field twice", formPDF("<< /Fields [7 0 R 7 0 R] >>", "", "null"), now, ades.ErrDamaged},
		{"fields that are no array", formPDF("<< /Fields /None >>", "", "null"), now, ades.ErrDamaged},
		{"a form that is no dictionary", formPDF("[]", "", "null"), now, ades.ErrDamaged},
		{"certified with a P of its own", certified("/P 4"), now, ades.ErrDamaged},
	}
}

func notToBeSigned(t *testing.T, signer *adestest.Signer) []refusal {
	t.Helper()
	var now ades.PDFOptions
	certify := ades.PDFOptions{Certify: true}
	signed := signer.SignPDF(t, sample(), ades.PDFOptions{FieldName: "Taken"})
	aes := []string{"--encrypt", "user", "owner", "256", "--"}
	return []refusal{
		{"no password", qpdf(t, sample(), aes...), now, ades.ErrPassword},
		{"a wrong password", qpdf(t, sample(), aes...), ades.PDFOptions{Password: "other"}, ades.ErrPassword},
		{"no pages", replace(sample(), "/Kids [3 0 R]", "/Kids [     ]"), now, ades.ErrNoPages},
		{"a page tree in a circle", replace(sample(), "/Kids [3 0 R]", "/Kids [2 0 R]"), now, ades.ErrNoPages},
		{"an XFA form", formPDF("<< /XFA (x) /Fields [] >>", "", "null"), now, ades.ErrXFA},
		{"certified, no changes", certified("/P 1"), now, ades.ErrLocked},
		{"certified twice", certified("/P 2"), certify, ades.ErrNotFirst},
		{"usage rights", replace(certified("/P 2"), "/DocMDP 4 0 R", "/UR3    4 0 R"), now, ades.ErrUsageRights},
		{"certified after a signature", signed, certify, ades.ErrNotFirst},
		{"a name that is taken", signed, ades.PDFOptions{FieldName: "Taken"}, ades.ErrFieldTaken},
		{"a name with a full stop", sample(), ades.PDFOptions{FieldName: "a.b"}, ades.ErrFieldName},
		{"no time", sample(), ades.PDFOptions{}, ades.ErrNoTime},
		{"a time PDF cannot write", sample(), ades.PDFOptions{Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, ades.ErrNoTime},
		{"no room", sample(), ades.PDFOptions{Reserve: 500}, ades.ErrReserve},
	}
}

func TestPreparePDFTakes(t *testing.T) {
	signer := adestest.NewCA(t).Signer(t, adestest.ECDSA())
	for _, row := range []struct {
		name string
		pdf  []byte
	}{
		{"certified, forms and signatures allowed", certified("/P 2")},
		{"certified, annotations allowed too", certified("/P 3")},
		{"certified, nothing said", certified("/V /1.2")},
		{"no line end at the end", bytes.TrimRight(sample(), "\n")},
		{"rubbish at the end", append(sample(), strings.Repeat("\x00", 3000)...)},
		{"a comment behind the trailer", replace(sample(), "\nstartxref", "\n%comment\nstartxref")},
	} {
		signed := signer.SignPDF(t, row.pdf, ades.PDFOptions{})
		added, ok := bytes.CutPrefix(signed, row.pdf)
		if !ok || !bytes.HasSuffix(row.pdf, []byte("\n")) && added[0] != '\n' {
			t.Errorf("%s: the original is not a prefix, or its last line goes on", row.name)
		}
	}
}

func TestPreparePDFRefusesSigner(t *testing.T) {
	ca := adestest.NewCA(t)
	ec, rsa := ca.Signer(t, adestest.ECDSA()), ca.Signer(t, adestest.Algorithms()[0])
	for _, row := range []struct {
		name   string
		signer ades.Signer
		want   error
	}{
		{"no certificate", ades.Signer{Algorithm: ec.Algorithm}, ades.ErrCertificate},
		{"no algorithm", ades.Signer{Certificates: ec.Certificates}, ades.ErrAlgorithm},
		{"the algorithm of another key", ades.Signer{Certificates: ec.Certificates, Algorithm: rsa.Algorithm}, ades.ErrAlgorithm},
	} {
		if _, err := ades.PreparePDF(sample(), row.signer, ades.PDFOptions{Time: time.Now()}); !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", row.name, err, row.want)
		}
	}
}

// A signature that was not made over this file never gets into it.
func TestFinishPDFRefuses(t *testing.T) {
	ca := adestest.NewCA(t)
	signer, other := ca.Signer(t, adestest.ECDSA()), ca.Signer(t, adestest.ECDSA())
	prepared, err := ades.PreparePDF(sample(), signer.Signer, ades.PDFOptions{Time: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	for name, signature := range map[string][]byte{
		"by another key":      other.Sign(t, prepared.Digest()),
		"over another digest": signer.Sign(t, make([]byte, 32)),
		"none":                nil,
	} {
		if _, err := prepared.Finish(signature); !errors.Is(err, ades.ErrSignature) {
			t.Errorf("a signature %s: got %v, want %v", name, err, ades.ErrSignature)
		}
	}
}

// A space just large enough is enough, and one byte less is refused at once.
func TestReserve(t *testing.T) {
	ca := adestest.NewCA(t)
	signer := ca.Signer(t, adestest.Algorithms()[0], func(c *x509.Certificate) {
		c.ExtraExtensions = nil
		c.Subject.Organization = []string{strings.Repeat("x", 60)}
		c.SerialNumber = big.NewInt(7)
	})
	least := 0
	for reserve := 1000; reserve < 8000; reserve++ {
		if _, err := ades.PreparePDF(sample(), signer.Signer, ades.PDFOptions{Time: time.Now(), Reserve: reserve}); err == nil {
			least = reserve
			break
		} else if !errors.Is(err, ades.ErrReserve) {
			t.Fatal(err)
		}
	}
	if least == 0 {
		t.Fatal("no space is enough")
	}
	signer.SignPDF(t, sample(), ades.PDFOptions{Reserve: least})
}

// mutate changes a file as an accident or an enemy would.
func mutate(r *rand.Rand, pdf []byte) []byte {
	out := bytes.Clone(pdf)
	for range 1 + r.IntN(8) {
		switch at := r.IntN(len(out)); r.IntN(4) {
		case 0:
			out[at] ^= 1 << r.IntN(8)
		case 1:
			out[at] = byte(r.IntN(256))
		case 2:
			n := min(len(out)-at, r.IntN(40))
			out = append(out[:at], out[at+n:]...)
		case 3:
			from := r.IntN(len(out))
			piece := bytes.Clone(out[from:min(len(out), from+r.IntN(60))])
			out = append(out[:at], append(piece, out[at:]...)...)
		}
		if len(out) == 0 {
			return out
		}
	}
	return out
}

// Mutated files never panic, and what is signed keeps the file as its prefix and
// shows its new field.
func TestMutatedPDFs(t *testing.T) {
	signer := adestest.NewCA(t).Signer(t, adestest.ECDSA())
	r := rand.New(rand.NewPCG(1, 2))
	taken := 0
	for _, row := range variants[:12] {
		pdf := qpdf(t, sample(), row.qpdf...)
		for range 150 {
			if signAny(t, signer, mutate(r, pdf)) {
				taken++
			}
		}
	}
	if taken == 0 {
		t.Error("no mutated file was signed, so that nothing was tried")
	}
}

// signAny signs pdf if it can be, and reads the result again.
func signAny(t *testing.T, signer *adestest.Signer, pdf []byte) bool {
	t.Helper()
	if doc, err := ades.Open(pdf, ""); (doc == nil) != (err != nil) {
		t.Fatalf("reading gives %v and %v", doc, err)
	}
	prepared, err := ades.PreparePDF(pdf, signer.Signer, ades.PDFOptions{Time: time.Unix(1e9, 0), FieldName: "Fresh"})
	if err != nil {
		return false
	}
	signed, err := prepared.Finish(signer.Sign(t, prepared.Digest()))
	if err != nil || !bytes.HasPrefix(signed, pdf) {
		t.Fatalf("a file that could be prepared could not be signed: %v", err)
	}
	doc, err := ades.Open(signed, "")
	if err != nil {
		t.Fatalf("a signed file cannot be read: %v", err)
	}
	fields, err := doc.Fields()
	if err != nil || len(fields) == 0 || fields[len(fields)-1].Name != "Fresh" || fields[len(fields)-1].Value == nil {
		t.Fatalf("a signed file does not show its signature: %v %v", fields, err)
	}
	return true
}

func FuzzPreparePDF(f *testing.F) {
	signer := adestest.NewCA(f).Signer(f, adestest.ECDSA())
	for _, row := range variants {
		f.Add(qpdf(f, sample(), row.qpdf...))
	}
	f.Add(formPDF("8 0 R", "<< /Fields [7 0 R] /SigFlags 1 >>", "[7 0 R]"))
	f.Add(certified("/P 2"))
	f.Add(signer.SignPDF(f, sample(), ades.PDFOptions{}))
	f.Fuzz(func(t *testing.T, pdf []byte) { signAny(t, signer, pdf) })
}
