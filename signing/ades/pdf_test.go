package ades_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/samplepdf"
	"github.com/pecete/pecete/signing/ades"
	"github.com/pecete/pecete/signing/ades/adestest"
)

func sample() []byte { return samplepdf.New("A contract", "Between one party", "and another.") }

// judge has pdfsig and qpdf look at a signed file: count signatures, all valid
// and trusted, the last over the whole document.
func judge(t *testing.T, ca *adestest.CA, nss string, signed []byte, count int, password string) {
	t.Helper()
	file := adestest.File(t, "signed.pdf", signed)
	args := []string{"-nssdir", "sql:" + nss, file}
	if password != "" {
		args = append([]string{"-upw", password}, args...)
	}
	out, _ := adestest.Run(t, "pdfsig", args...)
	for want, n := range map[string]int{
		"Signature is Valid.": count, "Certificate is Trusted.": count,
		"Signature Type: ETSI.CAdES.detached": count,
		"Total document signed":               1, "Not total document signed": count - 1,
	} {
		if got := strings.Count(out, want); got != n {
			t.Errorf("pdfsig says %q %d times, want %d:\n%s", want, got, n, out)
		}
	}
	if out, code := adestest.Run(t, "qpdf", "--check", "--password="+password, file); code != 0 {
		t.Errorf("qpdf --check: %s", out)
	}
}

func TestSignedByEveryAlgorithm(t *testing.T) {
	ca := adestest.NewCA(t)
	nss := ca.NSS(t)
	for _, a := range adestest.Algorithms() {
		t.Run(a.Name(), func(t *testing.T) {
			signed := ca.Signer(t, a).SignPDF(t, sample(), ades.PDFOptions{})
			if !bytes.HasPrefix(signed, sample()) {
				t.Error("the original is not a prefix")
			}
			judge(t, ca, nss, signed, 1, "")
		})
	}
}

// variants are the sample in the forms that other programs write.
var variants = []struct {
	name     string
	password string // that opens it
	qpdf     []string
}{
	{"as it is", "", nil},
	{"table", "", []string{"--object-streams=disable"}},
	{"object streams", "", []string{"--object-streams=generate"}},
	{"linearized table", "", []string{"--linearize", "--object-streams=disable"}},
	{"linearized object streams", "", []string{"--linearize", "--object-streams=generate"}},
	{"RC4-40", "", []string{"--allow-weak-crypto", "--encrypt", "", "owner", "40", "--"}},
	{"RC4-128", "", []string{"--allow-weak-crypto", "--encrypt", "", "owner", "128", "--use-aes=n", "--"}},
	{"AES-128", "", []string{"--allow-weak-crypto", "--encrypt", "", "owner", "128", "--use-aes=y", "--"}},
	{"AES-128 clear metadata", "", []string{"--allow-weak-crypto", "--encrypt", "", "owner", "128", "--use-aes=y", "--cleartext-metadata", "--"}},
	{"AES-256", "", []string{"--encrypt", "", "owner", "256", "--"}},
	{"AES-256 object streams", "", []string{"--object-streams=generate", "--encrypt", "", "owner", "256", "--"}},
	{"AES-256 linearized object streams", "", []string{"--linearize", "--object-streams=generate", "--encrypt", "", "owner", "256", "--"}},
	{"RC4-40 with a password", "user", []string{"--allow-weak-crypto", "--encrypt", "user", "owner", "40", "--"}},
	{"RC4-128 with a password", "user", []string{"--allow-weak-crypto", "--encrypt", "user", "owner", "128", "--use-aes=n", "--"}},
	{"AES-128 with a password", "user", []string{"--allow-weak-crypto", "--encrypt", "user", "owner", "128", "--use-aes=y", "--"}},
	{"AES-256 with a password", "user", []string{"--encrypt", "user", "owner", "256", "--"}},
}

func qpdf(t testing.TB, pdf []byte, args ...string) []byte {
	t.Helper()
	if len(args) == 0 {
		return pdf
	}
	all := append([]string{"--static-id"}, args...)
	all = append(all, adestest.File(t, "in.pdf", pdf), "-")
	out, code := adestest.Run(t, "qpdf", all...)
	if code != 0 {
		t.Fatalf("qpdf %v: %s", args, out)
	}
	return []byte(out)
}

// Three signatures, one after another, on every form of file: each keeps those
// before it valid.
func TestSignedVariants(t *testing.T) {
	ca := adestest.NewCA(t)
	nss := ca.NSS(t)
	signer := ca.Signer(t, adestest.ECDSA())
	for _, row := range variants {
		t.Run(row.name, func(t *testing.T) {
			pdf := qpdf(t, sample(), row.qpdf...)
			for count := 1; count <= 3; count++ {
				options := ades.PDFOptions{Name: "Semnatar Demo", Reason: "Îmi place", Location: "Iași (centru)", Certify: count == 1, Password: csSecret(row.password)}
				signed := signer.SignPDF(t, pdf, options)
				if !bytes.HasPrefix(signed, pdf) {
					t.Fatal("the original is not a prefix")
				}
				judge(t, ca, nss, signed, count, row.password)
				pdf = signed
			}
		})
	}
}

// The claimed time is read by others as it was given, in encrypted files too.
func TestClaimedTime(t *testing.T) {
	signer := adestest.NewCA(t).Signer(t, adestest.ECDSA())
	at := time.Date(2026, 3, 29, 1, 2, 3, 999, time.FixedZone("", 2*3600))
	for _, row := range variants {
		signed := signer.SignPDF(t, qpdf(t, sample(), row.qpdf...), ades.PDFOptions{Time: at, Password: csSecret(row.password), FieldName: "Mine"})
		file := adestest.File(t, "signed.pdf", signed)
		out, _ := adestest.Run(t, "qpdf", "--password="+row.password, "--json", "--json-stream-data=none", file)
		for _, want := range []string{`"/M": "u:D:20260328230203Z"`, `"/T": "u:Mine"`, `"/SigFlags": 3`} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: there is no %s in the file", row.name, want)
			}
		}
	}
}

func TestPreparePDFIsDeterministic(t *testing.T) {
	signer := adestest.NewCA(t).Signer(t, adestest.ECDSA())
	options := ades.PDFOptions{Time: time.Now(), Name: "Demo Signer", Reason: "a", Location: "b", ContactInfo: "c", Certify: true}
	for _, row := range variants[:5] {
		pdf := qpdf(t, sample(), row.qpdf...)
		var digests [2]string
		for i := range digests {
			prepared, err := ades.PreparePDF(pdf, signer.Signer, options)
			if err != nil {
				t.Fatal(err)
			}
			digests[i] = prepared.Digest().String()
		}
		if digests[0] != digests[1] {
			t.Errorf("%s: two digests of the same file and options", row.name)
		}
	}
}

// Existing forms and annotations, held directly or by reference, keep what they
// have.
func TestExistingForms(t *testing.T) {
	ca := adestest.NewCA(t)
	nss := ca.NSS(t)
	signer := ca.Signer(t, adestest.ECDSA())
	for _, row := range []struct{ name, form, eight, annots, kept string }{
		{"all direct", "<< /Fields [7 0 R] /DA (/Helv 0 Tf) >>", "", "[7 0 R]", "Text:Tx "},
		{"form by reference", "8 0 R", "<< /Fields [7 0 R] /SigFlags 1 >>", "[7 0 R]", "Text:Tx "},
		{"fields by reference", "<< /Fields 8 0 R >>", "[7 0 R]", "[7 0 R]", "Text:Tx "},
		{"annotations by reference", "<< /Fields [7 0 R] >>", "[7 0 R]", "8 0 R", "Text:Tx "},
		{"annotations and fields the same array", "<< /Fields 8 0 R >>", "[7 0 R]", "8 0 R", "Text:Tx "},
		{"an empty form", "<< >>", "null", "null", ""},
		{"references to nothing", "9 0 R", "null", "10 0 R", ""},
		{"a reference to an earlier generation", "8 1 R", "<< /Fields [7 0 R] >>", "[7 0 R]", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			pdf := formPDF(row.form, row.eight, row.annots)
			signed := signer.SignPDF(t, signer.SignPDF(t, pdf, ades.PDFOptions{}), ades.PDFOptions{})
			judge(t, ca, nss, signed, 2, "")
			if row.annots == "8 0 R" && bytes.Contains(signed[len(pdf):], []byte("\n3 0 obj")) {
				t.Error("the page was written anew, though only its annotations changed")
			}
			doc, err := ades.Open(signed, "")
			if err != nil {
				t.Fatal(err)
			}
			fields, err := doc.Fields()
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, field := range fields {
				names = append(names, field.Name+":"+field.Type)
			}
			want := row.kept + "Signature1:Sig Signature2:Sig"
			if got := strings.Join(names, " "); got != want {
				t.Errorf("the fields are %s, want %s", got, want)
			}
		})
	}
}

// formPDF is a one-page file with a text field 7 and one more object 8.
func formPDF(form, eight, annots string) []byte {
	return assemble(
		"<< /Type /Catalog /Pages 2 0 R /AcroForm "+form+" >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> /Annots "+annots+" >>",
		"null", "null", "null",
		"<< /Type /Annot /Subtype /Widget /FT /Tx /T (Text) /V (kept) /Rect [10 10 100 30] /P 3 0 R >>",
		orNull(eight),
	)
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return s
}

// assemble writes a file with a cross-reference table.
func assemble(objects ...string) []byte {
	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n")
	table := fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for i, object := range objects {
		table += fmt.Sprintf("%010d 00000 n \n", out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	start := out.Len()
	fmt.Fprintf(&out, "%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF", table, len(objects)+1, start)
	return out.Bytes()
}
