// Package samplepdf writes a clean PDF of one page, for demonstrations and
// tests: A4, Helvetica, PDF 1.7 with a cross-reference table, nothing else. The
// same words give the same bytes.
package samplepdf

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
)

// New gives a page with title above lines; about fifty lines fit. Helvetica, as
// every viewer has it, shows Western European letters only: of any other
// character a question mark stands on the page.
func New(title string, lines ...string) []byte {
	var text bytes.Buffer
	fmt.Fprintf(&text, "BT\n/F1 20 Tf\n1 0 0 1 72 760 Tm\n(%s) Tj\n/F1 11 Tf\n1 0 0 1 72 728 Tm\n14 TL\n", literal(title))
	for _, line := range lines {
		fmt.Fprintf(&text, "(%s) Tj T*\n", literal(line))
	}
	text.WriteString("ET")
	return assemble(
		"<< /Type /Catalog /Pages 2 0 R /Lang (en) >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", text.Len(), text.Bytes()),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
		fmt.Sprintf("<< /Title (%s) /Producer (Pecete) >>", literal(title)),
	)
}

// assemble numbers objects from 1, the catalog first and the information
// dictionary last, and writes the file around them.
func assemble(objects ...string) []byte {
	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	table := fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for i, object := range objects {
		table += fmt.Sprintf("%010d 00000 n \n", out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	id := sha256.Sum256(out.Bytes())
	start := out.Len()
	fmt.Fprintf(&out, "%strailer\n<< /Size %d /Root 1 0 R /Info %d 0 R /ID [<%x> <%x>] >>\nstartxref\n%d\n%%%%EOF\n",
		table, len(objects)+1, len(objects), id[:16], id[:16], start)
	return out.Bytes()
}

// literal is s in the encoding of the page, fit to stand between parentheses.
func literal(s string) string {
	var out strings.Builder
	for _, r := range s {
		switch {
		case r == '(' || r == ')' || r == '\\':
			out.WriteString(`\` + string(r))
		case r >= ' ' && r < 0x7f:
			out.WriteRune(r)
		case r >= 0xa0 && r <= 0xff:
			fmt.Fprintf(&out, `\%03o`, r)
		default:
			out.WriteByte('?')
		}
	}
	return out.String()
}
