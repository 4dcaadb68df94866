package hostilepdf

import (
	"bytes"
	"fmt"
	"strings"
)

// broken are files that are cut, spoilt or something else as well.
func broken() []File {
	whole := plain(stream("/Type /X", bytes.Repeat([]byte("x"), 500))).file("").PDF
	shifted := plain()
	shifted.offset = func(_, at int) int { return at + 3 }
	same := plain()
	same.offset = func(int, int) int { return 15 }
	beyond := plain()
	beyond.offset = func(int, int) int { return 999_999_999 }
	noTrailer := bytes.Replace(whole, []byte("trailer"), []byte("trailxx"), 1)
	noRoot := bytes.Replace(whole, []byte("/Root 1 0 R"), []byte("/Root 9 0 R"), 1)
	twoRoots := bytes.Replace(whole, []byte("/Root 1 0 R"), []byte("/Root [1 0 R]"), 1)
	all := []File{
		{"nothing", nil},
		{"a first line and nothing else", []byte("%PDF-1.7\n")},
		{"a first line and rubbish", append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte{0xff, 0, '<', '['}, 100_000)...)},
		{"rubbish before the first line", append([]byte("GIF89a\n"), whole...)},
		{"a page of HTML behind the end", append(bytes.Clone(whole), "<html><script>alert(1)</script></html>"...)},
		{"two ends", append(bytes.Clone(whole), whole...)},
		{"no trailer", noTrailer},
		{"a root that is not there", noRoot},
		{"a root that is a list", twoRoots},
		shifted.file("objects three bytes beside"),
		same.file("all objects in the same place"),
		beyond.file("objects behind the end"),
	}
	for _, part := range []int{10, 50, 90, 99} {
		all = append(all, File{fmt.Sprintf("%d per cent of a file", part), whole[:len(whole)*part/100]})
	}
	return all
}

// forms are files whose form or encryption or signature is the trap.
func forms() []File {
	form := func(more ...string) draft {
		d := plain(more...)
		d.objects[0] = "<< /Type /Catalog /Pages 2 0 R /AcroForm 4 0 R >>"
		return d
	}
	many := form("<< /Fields ["+strings.Repeat("5 0 R ", 100_000)+"] >>", "<< /T (x) /FT /Sig >>")
	deep := form("<< /Fields [5 0 R] >>")
	for i := range 2000 {
		deep.objects = append(deep.objects, fmt.Sprintf("<< /T (x) /Kids [%d 0 R] >>", i+6))
	}
	encrypted := plain("<< /Filter /Standard /V 5 /R 6 /Length 256 /O (x) /U (x) /OE (x) /UE (x) /Perms (x) /P -1 >>")
	encrypted.trailer = "/Encrypt 4 0 R /ID [<00> <00>]"
	odd := plain("<< /Filter /Nobody /V 99 >>")
	odd.trailer = "/Encrypt 4 0 R"
	direct := plain()
	direct.trailer = "/Encrypt << /Filter /Standard /V 1 /R 2 /O (x) /U (x) /P -1 >>"
	docMDP := plain("<< /Type /Sig /Reference [ << /TransformMethod /DocMDP /TransformParams 4 0 R >> ] >>")
	docMDP.objects[0] = "<< /Type /Catalog /Pages 2 0 R /Perms << /DocMDP 4 0 R >> >>"
	return []File{
		many.file("a field that stands a hundred thousand times in a form"),
		deep.file("fields below fields, 2000 levels"),
		form("<< /Fields [5 0 R] >>", "<< /T (x) /Kids [5 0 R] >>").file("a field that is its own kid"),
		form("<< /Fields 4 0 R >>").file("a form that is its own list"),
		form("<< /Fields [] /XFA [(x) 5 0 R] >>", stream("", []byte("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'bb'>]><a>&b;</a>"))).file("a form of XML"),
		form("<< /Fields [5 0 R] >>", "<< /T "+strings.Repeat("(", 10_000)+"x"+strings.Repeat(")", 10_000)+" >>").file("a name nested in itself"),
		encrypted.file("an encryption of nonsense"),
		odd.file("an encryption of nobody"),
		direct.file("an encryption in the trailer"),
		docMDP.file("a certification that is its own parameter"),
	}
}
