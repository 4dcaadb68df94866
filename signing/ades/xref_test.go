package ades_test

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/signing/ades"
	"github.com/pecete/pecete/signing/ades/adestest"
)

var objects = []string{
	"<< /Type /Catalog /Pages 2 0 R >>",
	"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
	"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> >>",
}

// streamPDF is a file whose cross-reference stream is written as asked for: pack
// turns its rows of five bytes into data and more entries of its dictionary.
func streamPDF(pack func(rows []byte) (data []byte, entries string)) []byte {
	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n")
	rows := []byte{0, 0, 0, 0, 0}
	for i, object := range objects {
		rows = append(rows, 1, byte(out.Len()>>16), byte(out.Len()>>8), byte(out.Len()), 0)
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	start := out.Len()
	rows = append(rows, 1, byte(start>>16), byte(start>>8), byte(start), 0)
	data, entries := pack(rows)
	fmt.Fprintf(&out, "4 0 obj\n<< /Type /XRef /Size 5 /Root 1 0 R /W [1 3 1] /Length %d %s >>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n",
		len(data), entries, data, start)
	return out.Bytes()
}

func deflate(data []byte) []byte {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	if _, err := z.Write(data); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// predict puts predictor before each row of five bytes and encodes it so.
func predict(rows []byte, predictor byte) []byte {
	var out []byte
	for at := 0; at < len(rows); at += 5 {
		out = append(out, predictor)
		for i := range 5 {
			b := rows[at+i]
			switch {
			case predictor == 2 && at > 0:
				b -= rows[at-5+i]
			case predictor == 1 && i > 0:
				b -= rows[at+i-1]
			}
			out = append(out, b)
		}
	}
	return out
}

func TestCrossReferenceStreams(t *testing.T) {
	ca := adestest.NewCA(t)
	nss := ca.NSS(t)
	signer := ca.Signer(t, adestest.ECDSA())
	const png = "/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 5 >>"
	for _, row := range []struct {
		name string
		pack func(rows []byte) ([]byte, string)
		good bool
	}{
		{"as it is", func(rows []byte) ([]byte, string) { return rows, "" }, true},
		{"packed", func(rows []byte) ([]byte, string) { return deflate(rows), "/Filter /FlateDecode" }, true},
		{"packed, the filter in an array", func(rows []byte) ([]byte, string) { return deflate(rows), "/Filter [/FlateDecode]" }, true},
		{"rows predicted from above", func(rows []byte) ([]byte, string) { return deflate(predict(rows, 2)), png }, true},
		{"rows predicted from the left", func(rows []byte) ([]byte, string) { return deflate(predict(rows, 1)), png }, true},
		{"rows not predicted", func(rows []byte) ([]byte, string) { return deflate(predict(rows, 0)), png }, true},
		{"rows in two sections", func(rows []byte) ([]byte, string) { return rows, "/Index [0 2 2 3]" }, true},
		{"rows of another predictor", func(rows []byte) ([]byte, string) { return deflate(predict(rows, 4)), png }, false},
		{"too few rows", func(rows []byte) ([]byte, string) { return rows[:15], "" }, false},
		{"an Index too long", func(rows []byte) ([]byte, string) { return rows, "/Index [0 6]" }, false},
		{"an odd Index", func(rows []byte) ([]byte, string) { return rows, "/Index [0 5 1]" }, false},
		{"an entry of an unknown kind", func(rows []byte) ([]byte, string) { return append([]byte{9}, rows[1:]...), "" }, false},
		{"packed, but not so", func(rows []byte) ([]byte, string) { return rows, "/Filter /FlateDecode" }, false},
		{"packed in a strange way", func(rows []byte) ([]byte, string) { return rows, "/Filter /RunLengthDecode" }, false},
		{"an offset wrong by one", func(rows []byte) ([]byte, string) { rows[8]++; return rows, "" }, false},
	} {
		pdf := streamPDF(row.pack)
		if row.good {
			judge(t, ca, nss, signer.SignPDF(t, signer.SignPDF(t, pdf, ades.PDFOptions{}), ades.PDFOptions{}), 2, "")
		} else if _, err := ades.PreparePDF(pdf, signer.Signer, ades.PDFOptions{Time: time.Now()}); !errors.Is(err, ades.ErrDamaged) {
			t.Errorf("%s: got %v, want %v", row.name, err, ades.ErrDamaged)
		}
	}
}

// hybrid is a file with a table and, for newer readers, a stream beside it. table
// is what the newest section says itself.
func hybrid(table string) []byte {
	pdf := assemble(objects...)
	before := bytes.LastIndex(pdf, []byte("xref\n0 "))
	var out bytes.Buffer
	out.Write(pdf)
	out.WriteString("\n")
	note := out.Len()
	out.WriteString("4 0 obj\n<< /Title (hidden) >>\nendobj\n")
	stream := out.Len()
	row := []byte{1, byte(note >> 16), byte(note >> 8), byte(note), 0}
	fmt.Fprintf(&out, "5 0 obj\n<< /Type /XRef /Size 6 /Root 1 0 R /W [1 3 1] /Index [4 1] /Length 5 >>\nstream\n%s\nendstream\nendobj\n", row)
	start := out.Len()
	fmt.Fprintf(&out, "xref\n%strailer\n<< /Size 6 /Root 1 0 R /Prev %d /XRefStm %d >>\nstartxref\n%d\n%%%%EOF\n", table, before, stream, start)
	return out.Bytes()
}

func TestHybridFiles(t *testing.T) {
	ca := adestest.NewCA(t)
	nss := ca.NSS(t)
	signer := ca.Signer(t, adestest.ECDSA())
	signed := signer.SignPDF(t, signer.SignPDF(t, hybrid("0 0\n"), ades.PDFOptions{}), ades.PDFOptions{})
	judge(t, ca, nss, signed, 2, "")

	// An object that old readers must not see and new ones must: the parser takes
	// the side of the old ones.
	if _, err := ades.PreparePDF(hybrid("4 1\n0000000000 65535 f \n"), signer.Signer, ades.PDFOptions{Time: time.Now()}); !errors.Is(err, ades.ErrDamaged) {
		t.Errorf("an object that is hidden and shown: got %v, want %v", err, ades.ErrDamaged)
	}
}

func TestCrossReferenceTables(t *testing.T) {
	signer := adestest.NewCA(t).Signer(t, adestest.ECDSA())
	good := assemble(objects...)
	start := bytes.LastIndex(good, []byte("xref\n0 "))
	for _, row := range []struct{ name, old, with string }{
		{"Prev that leads to itself", "/Root 1 0 R", fmt.Sprintf("/Root 1 0 R /Prev %d", start)},
		{"Prev past the end", "/Root 1 0 R", "/Root 1 0 R /Prev 99999"},
		{"Prev that is a name", "/Root 1 0 R", "/Root 1 0 R /Prev /Up"},
		{"XRefStm that leads nowhere", "/Root 1 0 R", "/Root 1 0 R /XRefStm 99999"},
		{"XRefStm to an object that is none", "/Root 1 0 R", "/Root 1 0 R /XRefStm 20"},
		{"an Encrypt without an object of its own", "/Root 1 0 R", "/Root 1 0 R /Encrypt << /Filter /Standard >>"},
		{"entries of an unknown kind", " f \n", " x \n"},
		{"a number that is a word", "xref\n0 4", "xref\n0 four"},
		{"a trailer that is no dictionary", "trailer\n<<", "trailer\n[]"},
		{"an object number beyond all measure", "xref\n0 4", "xref\n99999999 4"},
	} {
		_, err := ades.PreparePDF(replace(good, row.old, row.with), signer.Signer, ades.PDFOptions{Time: time.Now()})
		if !errors.Is(err, ades.ErrDamaged) && !errors.Is(err, ades.ErrEncryption) {
			t.Errorf("%s: got %v", row.name, err)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error is no sentence: %q", row.name, err)
		}
	}
}
