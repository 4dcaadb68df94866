package hostilepdf

import (
	"bytes"
	"fmt"
	"strings"
)

// nested are files that go deep.
func nested() (all []File) {
	for _, depth := range []int{100, 10_000, 200_000, 4_000_000} {
		array := strings.Repeat("[", depth) + strings.Repeat("]", depth)
		all = append(all, plain(array).file(fmt.Sprintf("arrays nested %d deep", depth)))
	}
	for _, depth := range []int{1000, 100_000, 1_000_000} {
		dict := strings.Repeat("<</A ", depth) + "1" + strings.Repeat(">>", depth)
		all = append(all, plain(dict).file(fmt.Sprintf("dictionaries nested %d deep", depth)))
	}
	open := strings.Repeat("[", 3_000_000)
	trailer := plain()
	trailer.trailer = "/Deep " + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	in := draft{objects: []string{"<< /Type /Catalog /Pages 2 0 R /Names " + strings.Repeat("<</A ", 50_000) + "1" + strings.Repeat(">>", 50_000) + " >>", pages, page}}
	return append(all,
		plain(open).file("arrays that never close"),
		plain(strings.Repeat("<<", 500_000)).file("dictionaries that never close"),
		plain("("+strings.Repeat("(", 1_000_000)+strings.Repeat(")", 1_000_000)+")").file("strings nested in strings"),
		trailer.file("a trailer that goes deep"),
		in.file("a catalog that goes deep"),
		tree(5000).file("pages below pages, 5000 levels"),
		tree(50_000).file("pages below pages, 50000 levels"),
	)
}

// tree is a file whose page is so many levels below the catalog.
func tree(levels int) draft {
	d := draft{objects: []string{catalog}}
	for i := range levels {
		d.objects = append(d.objects, fmt.Sprintf("<< /Type /Pages /Kids [%d 0 R] /Count 1 >>", i+3))
	}
	d.objects = append(d.objects, "<< /Type /Page /MediaBox [0 0 1 1] >>")
	return d
}

// claiming are files that say there is more than there is.
func claiming() (all []File) {
	for _, size := range []string{"2147483647", "9223372036854775807", "99999999999999999999", "-1", "0", "1.5", "(x)", "500001"} {
		d := plain()
		d.size = size
		all = append(all, d.file("a Size of "+size))
	}
	for _, kids := range []int{100_000, 1_000_000} {
		d := draft{objects: []string{catalog, "<< /Type /Pages /Count 1 /Kids [" + strings.Repeat("3 0 R ", kids) + "] >>", page}}
		all = append(all, d.file(fmt.Sprintf("the same page %d times", kids)))
	}
	table := plain()
	table.tail = "startxref\n9\n%%EOF\nxref\n0 4294967295\n0000000000 65535 f \ntrailer\n<< /Size 5 /Root 1 0 R >>\n"
	long := plain(stream("/Type /X", []byte("x")))
	long.objects[3] = strings.Replace(long.objects[3], "/Length 1", "/Length 4294967295", 1)
	negative := plain(stream("/Type /X", []byte("x")))
	negative.objects[3] = strings.Replace(negative.objects[3], "/Length 1", "/Length -5", 1)
	return append(all,
		table.file("a cross-reference table of four thousand million"),
		long.file("a stream longer than the file"),
		negative.file("a stream shorter than nothing"),
		xrefStream("[0 0 0]", "[0 1000000]", "1000000").file("cross-reference entries of no width"),
		xrefStream("[1 4 2]", "[0 2147483647]", "2147483647").file("cross-reference entries that are not there"),
		xrefStream("[8 8 8]", "[0 1]", "1").file("cross-reference entries of great width"),
		xrefStream("[99 99 99]", "[0 1]", "1").file("cross-reference entries of impossible width"),
		xrefStream("[-1 4 2]", "[0 1]", "1").file("cross-reference entries of negative width"),
		xrefStream("[1 4 2]", "[2147483647 2147483647]", "5").file("cross-reference entries far beyond"),
	)
}

// xrefStream is a file with a cross-reference stream of so said entries.
func xrefStream(widths, index, size string) draft {
	d := plain()
	entries := fmt.Sprintf("/Type /XRef /W %s /Index %s /Size %s /Root 1 0 R /Filter /FlateDecode", widths, index, size)
	rows := deflated(bytes.Repeat([]byte{1, 0, 0, 0, 9, 0, 0}, 5000))
	start := 0
	d.offset = func(_, at int) int { start = at; return at }
	d.objects = append(d.objects, stream(entries, rows))
	written := d.file("").PDF
	at := bytes.Index(written, []byte("4 0 obj"))
	d.tail = fmt.Sprintf("startxref\n%d\n%%%%EOF\n", max(at, start))
	return d
}

// circling are files that lead back to where one came from.
func circling() []File {
	self := plain()
	self.trailer = "/Prev 9"
	d := plain("4 0 R", "6 0 R", "5 0 R")
	d.objects[2] = "<< /Type /Page /Parent 2 0 R /MediaBox 4 0 R /Annots 5 0 R >>"
	pagesSelf := draft{objects: []string{catalog, "<< /Type /Pages /Kids [2 0 R] /Count 1 >>"}}
	pagesPair := draft{objects: []string{catalog, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", "<< /Type /Pages /Kids [2 0 R] /Count 1 >>"}}
	catalogSelf := draft{objects: []string{"1 0 R", pages, page}}
	length := plain("<< /Length 4 0 R >>\nstream\nx\nendstream")
	outlines := plain("<< /First 5 0 R /Last 5 0 R /Count 1 >>", "<< /Title (x) /Parent 4 0 R /Next 5 0 R /Prev 5 0 R /First 4 0 R >>")
	outlines.objects[0] = "<< /Type /Catalog /Pages 2 0 R /Outlines 4 0 R >>"
	names := plain("<< /Kids [4 0 R 4 0 R] /Limits [(a) (z)] >>")
	names.objects[0] = "<< /Type /Catalog /Pages 2 0 R /Names << /Dests 4 0 R >> >>"
	inStream := plain(stream("/Type /ObjStm /N 1 /First 4", []byte("4 0 (x)")), stream("/Type /ObjStm /N 1 /First 4 /Extends 5 0 R", []byte("4 0 (x)")))
	return []File{
		looped(1).file("a section before which stands itself"),
		looped(2).file("two sections, each before the other"),
		self.file("a Prev that leads nowhere"),
		d.file("references to references, in a circle"),
		pagesSelf.file("pages that are their own kids"),
		pagesPair.file("pages that are each other's kids"),
		catalogSelf.file("a catalog that is its own reference"),
		length.file("a stream whose length is itself"),
		outlines.file("outlines in a circle"),
		names.file("names in a circle"),
		inStream.file("object streams inside themselves"),
	}
}

// looped is a file of so many cross-reference sections, the first of which says
// that it comes after the last.
func looped(sections int) draft {
	d := plain()
	body := d.file("").PDF
	at := bytes.Index(body, []byte("xref\n"))
	second := len(body) + len("startxref\n0000000000\n%%EOF\n")
	if sections == 1 {
		d.trailer = fmt.Sprintf("/Prev %d", at)
		return d
	}
	d.trailer = fmt.Sprintf("/Prev %d", second)
	first := d.file("").PDF
	second = len(first)
	d.trailer = fmt.Sprintf("/Prev %d", second)
	d.tail = fmt.Sprintf("startxref\n%d\n%%%%EOF\nxref\n0 0\ntrailer\n<< /Size 4 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n", at, at, second)
	return d
}

// bombs are small files of much content.
func bombs() (all []File) {
	once, huge := zeros(64), zeros(300)
	twice := deflated(bytes.Repeat(once, 16))
	contents := func(object string) draft {
		d := plain(object)
		d.objects[2] = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>"
		return d
	}
	objects := func(n int) string {
		return stream(fmt.Sprintf("/Type /ObjStm /N %d /First %d /Filter /FlateDecode", n, 16*n), huge)
	}
	for _, n := range []int{1, 1000, 400_000} {
		d := hybridObjects(objects(n))
		all = append(all, d.file(fmt.Sprintf("an object stream of 300 megabytes with %d objects", n)))
	}
	return append(all,
		contents(stream("/Filter /FlateDecode", once)).file("a page of 64 megabytes"),
		contents(stream("/Filter /FlateDecode", huge)).file("a page of 300 megabytes"),
		contents(stream("/Filter [/FlateDecode /FlateDecode]", twice)).file("a page packed twice"),
		contents(stream("/Filter ["+strings.Repeat("/FlateDecode ", 10_000)+"]", once)).file("a page packed ten thousand times"),
		contents(stream("/Filter /ASCIIHexDecode", bytes.Repeat([]byte("00"), 4<<20))).file("a page in hexadecimal"),
		contents(stream("/Filter /LZWDecode", bytes.Repeat([]byte{0x80, 0x0b, 0x60, 0x50}, 1<<20))).file("a page in LZW"),
		contents(stream("/Filter /RunLengthDecode", bytes.Repeat([]byte{129, 0}, 1<<20))).file("a page of runs"),
		contents(stream("/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 2147483647 /Colors 32 /BitsPerComponent 16 >>", once)).file("a predictor of great width"),
		xrefBomb(huge).file("a cross-reference stream of 300 megabytes"),
	)
}

// hybridObjects is a file whose cross-reference stream says that the page is in
// an object stream.
func hybridObjects(object string) draft {
	rows := []byte{0, 0, 0, 0, 0, 0, 0}
	d := draft{objects: []string{catalog, pages, object}}
	body := d.file("").PDF
	for n := 1; n <= 3; n++ {
		at := bytes.Index(body, fmt.Appendf(nil, "%d 0 obj", n))
		rows = append(rows, 1, byte(at>>24), byte(at>>16), byte(at>>8), byte(at), 0, 0)
	}
	rows = append(rows, 2, 0, 0, 0, 3, 0, 0)
	d.objects[1] = "<< /Type /Pages /Kids [4 0 R] /Count 1 >>"
	start := bytes.Index(body, []byte("xref\n"))
	rows = append(rows, 1, byte(start>>24), byte(start>>16), byte(start>>8), byte(start), 0, 0)
	d.objects = append(d.objects, "", stream("/Type /XRef /W [1 4 2] /Size 6 /Root 1 0 R", rows))
	d.tail = fmt.Sprintf("startxref\n%d\n%%%%EOF\n", start)
	return d
}

func xrefBomb(rows []byte) draft {
	d := plain()
	start := bytes.Index(d.file("").PDF, []byte("xref\n"))
	d.objects = append(d.objects, stream("/Type /XRef /W [1 4 2] /Size 70000000 /Root 1 0 R /Filter /FlateDecode", rows))
	d.tail = fmt.Sprintf("startxref\n%d\n%%%%EOF\n", start)
	return d
}
