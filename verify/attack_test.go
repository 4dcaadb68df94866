package verify_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/cms/cmstest"
	"github.com/pecete/pecete/internal/samplepdf"
	"github.com/pecete/pecete/signing/ades"
	"github.com/pecete/pecete/signing/ades/adestest"
)

var number = regexp.MustCompile(`(\d+) 0 obj`)

// update makes an incremental update of whole objects, of generation 0.
func update(pdf []byte, objects ...string) string {
	var out, table strings.Builder
	table.WriteString("xref\n")
	for _, object := range objects {
		n, _ := strconv.Atoi(number.FindStringSubmatch(object)[1])
		fmt.Fprintf(&table, "%d 1\n%010d 00000 n \n", n, len(pdf)+out.Len())
		out.WriteString(object)
	}
	last := bytes.LastIndex(pdf, []byte("startxref\n"))
	before, _, _ := strings.Cut(string(pdf[last+len("startxref\n"):]), "\n")
	start := len(pdf) + out.Len()
	fmt.Fprintf(&out, "%strailer\n<< /Size 50 /Root 1 0 R /Prev %s >>\nstartxref\n%d\n%%%%EOF\n", table.String(), before, start)
	return out.String()
}

var signatureNumber = regexp.MustCompile(`(\d+) 0 obj\n<<[^\n]*/Type/Sig`)

// Updates that attack the signature itself, after the classes of
// pdf-insecurity.org: its dictionary is replaced, its field is taken away.
func TestAttacksByUpdate(t *testing.T) {
	ca := adestest.NewCA(t)
	signed := ca.Signer(t, adestest.ECDSA()).SignPDF(t, sample(), ades.PDFOptions{})
	for _, row := range attacks(t, signed) {
		r := report(t, append(bytes.Clone(signed), update(signed, row.object)...), options(ca))
		said := r.Problems.String()
		for _, s := range r.Signatures {
			said += "\n" + s.Problems.String()
		}
		if r.OK() || !strings.Contains(said, row.want) {
			t.Errorf("%s: OK is %v, said is %q, want %q", row.name, r.OK(), said, row.want)
		}
	}
}

type attack struct{ name, object, want string }

func attacks(t *testing.T, signed []byte) []attack {
	t.Helper()
	n, _ := strconv.Atoi(string(signatureNumber.FindSubmatch(signed)[1]))
	from, _, to := contents(t, signed)
	whole := fmt.Sprintf("/ByteRange [0 %d %d %d]", from-1, to+1, len(signed)-to-1)
	sig := func(entries string) string {
		return fmt.Sprintf("%d 0 obj\n<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached %s >>\nendobj\n", n, entries)
	}
	catalog := func(entries string) string {
		return "1 0 obj\n<< /Type /Catalog /Pages 2 0 R " + entries + " >>\nendobj\n"
	}
	return []attack{
		{"no Contents", sig(whole), "contents"},
		{"empty Contents", sig(whole + " /Contents <>"), "contents"},
		{"Contents null", sig(whole + " /Contents null"), "contents"},
		{"Contents as a literal string", sig(whole + " /Contents (abc)"), "contents"},
		{"Contents copied, ByteRange kept", sig(whole + " /Contents <" + string(signed[from:to]) + ">"), "gap"},
		{"no ByteRange", sig("/Contents <00>"), "byte-range"},
		{"ByteRange null", sig("/ByteRange null /Contents <00>"), "byte-range"},
		{"ByteRange of nothing", sig("/ByteRange [] /Contents <00>"), "byte-range"},
		{"ByteRange below zero", sig("/ByteRange [0 -1 5 6] /Contents <00>"), "byte-range"},
		{"ByteRange in six parts", sig("/ByteRange [0 1 2 3 4 5] /Contents <00>"), "byte-range"},
		{"ByteRange beyond the end", sig("/ByteRange [0 1 2 99999999] /Contents <00>"), "gap"},
		{"Contents twice", sig(whole + " /Contents <00> /Contents <00>"), "dictionary-twice"},
		{"Contents twice, once in disguise", sig(whole + " /Contents <00> /C#6fntents <00>"), "dictionary-twice"},
		{"white space in Contents", sig("/ByteRange [0 1 2 3] /Contents <0 0>"), "gap"},
		{"no dictionary at all", fmt.Sprintf("%d 0 obj\nnull\nendobj\n", n), "field"},
		{"a stream instead", fmt.Sprintf("%d 0 obj\n<< /Length 0 >>\nstream\n\nendstream\nendobj\n", n), "field"},
		{"the form taken away", catalog(""), "hidden"},
		{"the form emptied", catalog("/AcroForm << /Fields [] >>"), "hidden"},
		{"a field with the signature inside", catalog("/AcroForm << /Fields [<< /FT /Sig /T (x) /V << /Type /Sig /ByteRange [0 1 2 3] /Contents <00> >> >>] >>"), "object"},
		{"the same signature under another name", catalog(fmt.Sprintf("/AcroForm << /Fields [<< /FT /Sig /T (Director) /V %d 0 R >>] >>", n)), "uncovered"},
		{"Contents as a dictionary", sig(whole + " /Contents << /A 1 >>"), "gap"},
	}
}

// resign lets the signer sign a file whose ByteRange he made up, as a dishonest
// one may.
func resign(t *testing.T, signer *adestest.Signer, signed []byte, ranges [4]int) []byte {
	t.Helper()
	from, _, to := contents(t, signed)
	out := bytes.Clone(signed)
	at := regexp.MustCompile(`/ByteRange \[[^]]*\] *`).FindIndex(out)
	copy(out[at[0]:at[1]], fmt.Sprintf("%-*s", at[1]-at[0], fmt.Sprintf("/ByteRange [%d %d %d %d]", ranges[0], ranges[1], ranges[2], ranges[3])))
	copy(out[from:to], bytes.Repeat([]byte("0"), to-from))
	covered := append(bytes.Clone(out[ranges[0]:ranges[0]+ranges[1]]), out[ranges[2]:ranges[2]+ranges[3]]...)
	hex.Encode(out[from:], newForge(signer, covered).Make(t))
	return out
}

// A signature that leaves out anything but itself is refused, even though all of
// its cryptography is right.
func TestByteRange(t *testing.T) {
	ca := adestest.NewCA(t)
	signer := ca.Signer(t, adestest.ECDSA())
	signed := signer.SignPDF(t, sample(), ades.PDFOptions{})
	from, _, to := contents(t, signed)
	a, b, end := from-1, to+1, len(signed)
	for _, row := range []struct {
		name   string
		ranges [4]int
		want   string
	}{
		{"as it should be", [4]int{0, a, b, end - b}, ""},
		{"the first byte left out", [4]int{1, a - 1, b, end - b}, "gap"},
		{"all before Contents moved by one", [4]int{1, a, b, end - b}, "gap"},
		{"a byte before Contents left out", [4]int{0, a - 1, b, end - b}, "gap"},
		{"a byte after Contents left out", [4]int{0, a, b + 1, end - b - 1}, "gap"},
		{"the last byte left out", [4]int{0, a, b, end - b - 1}, "uncovered 1"},
		{"the end left out", [4]int{0, a, b, 10}, "version-end"},
		{"the brackets of Contents covered too", [4]int{0, a + 1, b - 1, end - b + 1}, "gap"},
		{"nothing behind Contents", [4]int{0, a, b, 0}, "version-end"},
	} {
		r := report(t, resign(t, signer, signed, row.ranges), options(ca))
		said := append(r.Problems, r.Signatures[0].Problems...).String()
		if r.OK() != (row.want == "") || !strings.Contains(said, row.want) {
			t.Errorf("%s: OK is %v, said is %q, want %q", row.name, r.OK(), said, row.want)
		}
	}
}

// The signature of one file does not fit another, nor does one by another key.
func TestSignatureOfAnother(t *testing.T) {
	ca := adestest.NewCA(t)
	signer, other := ca.Signer(t, adestest.ECDSA()), ca.Signer(t, adestest.ECDSA())
	one := signer.SignPDF(t, sample(), ades.PDFOptions{Time: time.Unix(1e9, 0)})
	two := signer.SignPDF(t, samplepdf.New("Another contract"), ades.PDFOptions{Time: time.Unix(1e9, 0)})
	from, _, to := contents(t, one)
	from2, _, to2 := contents(t, two)
	moved := bytes.Clone(one)
	copy(moved[from:to], two[from2:to2])
	if s := report(t, moved, options(ca)).Signatures[0]; s.OK() || s.DigestIntact || !s.SignatureValid {
		t.Errorf("the signature of another file: %+v", s)
	}
	f := newForge(signer, slices.Concat(one[:from-1], one[to+1:]))
	f.Key = other.Key
	copy(moved[from:to], bytes.Repeat([]byte("0"), to-from))
	hex.Encode(moved[from:], f.Make(t))
	r := report(t, moved, options(ca))
	if s := r.Signatures[0]; s.OK() || !s.DigestIntact || s.SignatureValid || s.Intact() {
		t.Errorf("a signature by another key: %+v", s)
	}
	if !strings.Contains(r.Problems.String(), "uncovered") {
		t.Errorf("a bad signature is said to cover the file: %q", r.Problems)
	}
}

// An older kind of signature, whose attributes name no certificate and may hold
// a signing-time, is judged as what it is; kinds that are not known are not.
func TestOtherSubFilters(t *testing.T) {
	ca := adestest.NewCA(t)
	signer := ca.Signer(t, adestest.ECDSA())
	signed := signer.SignPDF(t, sample(), ades.PDFOptions{})
	from, _, to := contents(t, signed)
	for _, row := range []struct {
		subFilter string
		ok        bool
	}{{"/adbe.pkcs7.detached", true}, {"/adbe.pkcs7.sha1    ", false}, {"/ETSI.RFC3161       ", false}, {"/ETSI.CAdES.detached", false}} {
		pdf := bytes.Replace(signed, []byte("/ETSI.CAdES.detached"), []byte(row.subFilter), 1)
		f := newForge(signer, slices.Concat(pdf[:from-1], pdf[to+1:]))
		f.Attributes = append(f.Attributes[:2], cmstest.Attr([]int{1, 2, 840, 113549, 1, 9, 5}, cmstest.DER(time.Now().UTC())))
		copy(pdf[from:to], bytes.Repeat([]byte("0"), to-from))
		hex.Encode(pdf[from:], f.Make(t))
		if r := report(t, pdf, options(ca)); r.OK() != row.ok {
			t.Errorf("%s: OK is %v: %+v", row.subFilter, r.OK(), r)
		}
	}
}
