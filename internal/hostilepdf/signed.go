package hostilepdf

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Signed are files whose signatures are the trap, for who judges signatures. None
// is one of Files.
func Signed() []File {
	const whole = "/ByteRange [0 10 20 30]"
	sig := func(entries string) string {
		return "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached " + entries + " >>"
	}
	contents := func(der []byte) string { return whole + " /Contents <" + hex.EncodeToString(der) + ">" }
	long := func(tag byte, depth int) []byte { // so many elements inside each other, of no definite length
		return append(bytes.Repeat([]byte{tag, 0x80}, depth), make([]byte, 2*depth)...)
	}
	var all []File
	for name, value := range traps(sig, contents, long) {
		d := plain("<< /Fields [5 0 R] /SigFlags 3 >>", "<< /FT /Sig /T (Signature) /V 6 0 R /Rect [0 0 0 0] >>", value)
		d.objects[0] = "<< /Type /Catalog /Pages 2 0 R /AcroForm 4 0 R >>"
		all = append(all, d.file(fmt.Sprintf("a signature %s", name)))
	}
	all = append(all, crowds(sig(contents(nil)))...)
	slices.SortFunc(all, func(a, b File) int { return strings.Compare(a.Name, b.Name) }) // of a map: the same order always
	return all
}

func traps(sig func(string) string, contents func([]byte) string, long func(byte, int) []byte) map[string]string {
	return map[string]string{
		"of nothing":                             sig(contents(nil)),
		"of zeros":                               sig(contents(make([]byte, 100_000))),
		"of sequences without end":               sig(contents(long(0x30, 100_000))),
		"of sets without end":                    sig(contents(long(0x31, 100_000))),
		"longer than there can be":               sig(contents([]byte{0x30, 0x88, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})),
		"of a length of a hundred bytes":         sig(contents(append([]byte{0x30, 0xe4}, bytes.Repeat([]byte{0xff}, 100)...))),
		"of a name that never ends":              sig(contents(append([]byte{0x30, 0x84, 0, 1, 0x86, 0xa2, 0x06, 0x83, 1, 0x86, 0x9e}, bytes.Repeat([]byte{0xff}, 100_000)...))),
		"in letters that are no digits":          sig("/ByteRange [0 10 20 30] /Contents <" + strings.Repeat("zz", 50_000) + ">"),
		"that does not close":                    "<< /Type /Sig /ByteRange [0 10 20 30] /Contents <" + strings.Repeat("00", 50_000),
		"over a range below zero":                sig("/ByteRange [-9 -9 -9 -9] /Contents <00>"),
		"over a range beyond all numbers":        sig("/ByteRange [0 99999999999999999999 9 9] /Contents <00>"),
		"over a hundred thousand ranges":         sig("/ByteRange [" + strings.Repeat("0 1 ", 100_000) + "] /Contents <00>"),
		"over ranges that are arrays":            sig("/ByteRange " + strings.Repeat("[", 50_000) + strings.Repeat("]", 50_000) + " /Contents <00>"),
		"that is its own value":                  "6 0 R",
		"with a hundred thousand entries":        sig(contents(nil) + " " + entries(100_000)),
		"under a name of a million letters":      sig(contents(nil) + " /Name (" + strings.Repeat("x", 1_000_000) + ")"),
		"of a time that is none":                 sig(contents(nil) + " /M (D:99999999999999999999Z')"),
		"with a reference that runs in a circle": sig(contents(nil) + " /Reference [6 0 R] /Data 6 0 R"),
	}
}

func entries(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, "/K%d %d ", i, i)
	}
	return out.String()
}

// crowds are files of many signatures.
func crowds(value string) []File {
	many := plain("<< /Fields ["+strings.Repeat("5 0 R ", 5000)+"] /SigFlags 3 >>", "<< /FT /Sig /T (S) /V 6 0 R >>", value)
	own := plain("")
	var fields strings.Builder
	for i := range 300 {
		fmt.Fprintf(&fields, "%d 0 R ", i+5)
		own.objects = append(own.objects, fmt.Sprintf("<< /FT /Sig /T (S%d) /V %s >>", i, value))
	}
	own.objects[3] = "<< /Fields [" + fields.String() + "] /SigFlags 3 >>"
	for _, d := range []*draft{&many, &own} {
		d.objects[0] = "<< /Type /Catalog /Pages 2 0 R /AcroForm 4 0 R >>"
	}
	return []File{many.file("a signature that five thousand fields show"), own.file("three hundred signatures inside their fields")}
}
