package verify_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/signing/ades"
	"github.com/pecete/pecete/signing/ades/adestest"
	"github.com/pecete/pecete/verify"
)

const (
	contentStream = "4 0 obj\n<< /Length 0 >>\nstream\n\nendstream\nendobj\n"
	samePage      = "3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> "
	note          = "40 0 obj\n<< /Type /Annot /Subtype /Text /Rect [10 10 30 30] /Contents (Paid) >>\nendobj\n"
)

// What was changed after a signature is told by its kind, also when somebody
// else signed the change.
func TestChangesSince(t *testing.T) {
	ca := adestest.NewCA(t)
	first, second := ca.Signer(t, adestest.ECDSA()), ca.Signer(t, adestest.ECDSA())
	signed := first.SignPDF(t, sample(), ades.PDFOptions{Name: "First"})
	annots := "/Annots [" + strings.TrimSpace(annotations(t, signed)) + " 40 0 R]"
	for _, row := range []struct {
		name    string
		objects []string
		want    []verify.Change
		stands  bool // the first signature is still good
	}{
		{"nothing but a signature", nil, []verify.Change{verify.SignatureAdded}, true},
		{"the text of the page emptied", []string{contentStream}, []verify.Change{verify.SignatureAdded, verify.PagesChanged}, false},
		{"the page turned", []string{samePage + annots + " /Rotate 180 >>\nendobj\n", note}, []verify.Change{verify.SignatureAdded, verify.Annotated, verify.PagesChanged}, false},
		{"a note pinned to the page", []string{samePage + annots + " >>\nendobj\n", note}, []verify.Change{verify.SignatureAdded, verify.Annotated}, true},
		{"the annotations taken away", []string{samePage + ">>\nendobj\n"}, []verify.Change{verify.SignatureAdded, verify.PagesChanged}, false},
		{"pages counted anew", []string{"2 0 obj\n<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 2 >>\nendobj\n"}, []verify.Change{verify.SignatureAdded, verify.PagesChanged}, false},
		{"another title", []string{"6 0 obj\n<< /Title (Another) /Producer (Pecete) >>\nendobj\n"}, []verify.Change{verify.SignatureAdded, verify.DetailsChanged}, true},
		{"another font", []string{"5 0 obj\n<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>\nendobj\n"}, []verify.Change{verify.SignatureAdded, verify.OtherChange}, false},
		{"an object that nobody sees", []string{"41 0 obj\n<< /Here 1 >>\nendobj\n"}, []verify.Change{verify.SignatureAdded}, true},
	} {
		pdf := bytes.Clone(signed)
		if row.objects != nil {
			pdf = append(pdf, update(signed, row.objects...)...)
		}
		r := report(t, second.SignPDF(t, pdf, ades.PDFOptions{Name: "Second"}), options(ca))
		if diff := cmp.Diff(row.want, r.Signatures[0].Changes); diff != "" {
			t.Errorf("%s: -want +got:\n%s", row.name, diff)
		}
		if r.Signatures[0].OK() != row.stands || !r.Signatures[1].OK() || r.Signatures[1].Changes != nil {
			t.Errorf("%s: %+v", row.name, r)
		}
	}
}

// annotations are those of the page of a signed sample.
func annotations(t *testing.T, pdf []byte) string {
	t.Helper()
	_, rest, ok := bytes.Cut(pdf, []byte("/Annots["))
	list, _, closed := bytes.Cut(rest, []byte("]"))
	if !ok || !closed {
		t.Fatalf("the signed page has no annotations")
	}
	return string(list)
}
