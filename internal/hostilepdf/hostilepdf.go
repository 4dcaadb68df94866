// Package hostilepdf writes PDF files that are made to hurt whoever reads them:
// nested without end, unpacking to a thousand times their size, running in
// circles, claiming more than there is. None has a meaning for people. The same
// call gives the same files, always.
package hostilepdf

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"strings"
)

// A File is a hostile PDF and what is the matter with it.
type File struct {
	Name string
	PDF  []byte
}

// Files are all there are.
func Files() []File {
	var all []File
	for _, family := range []func() []File{nested, claiming, circling, bombs, broken, forms, boxes} {
		all = append(all, family()...)
	}
	return all
}

// A draft is a file in the making: objects from 1, of which the first is the
// catalog, and a trailer. An object that is "" is free.
type draft struct {
	objects []string
	trailer string // beside Size and Root
	size    string // of the trailer, if it lies
	offset  func(number, at int) int
	tail    string // in the stead of startxref and %%EOF
}

const (
	catalog = "<< /Type /Catalog /Pages 2 0 R >>"
	pages   = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
	page    = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"
)

// plain is a file of one empty page with further objects from 4.
func plain(more ...string) draft {
	return draft{objects: append([]string{catalog, pages, page}, more...)}
}

func (d draft) file(name string) File {
	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	var table strings.Builder
	fmt.Fprintf(&table, "xref\n0 %d\n0000000000 65535 f \n", len(d.objects)+1)
	for i, object := range d.objects {
		at := out.Len()
		if d.offset != nil {
			at = d.offset(i+1, at)
		}
		if object == "" {
			table.WriteString("0000000000 00001 f \n")
			continue
		}
		fmt.Fprintf(&table, "%010d 00000 n \n", at)
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	size := d.size
	if size == "" {
		size = fmt.Sprint(len(d.objects) + 1)
	}
	start := out.Len()
	fmt.Fprintf(&out, "%strailer\n<< /Size %s /Root 1 0 R %s >>\n", table.String(), size, d.trailer)
	if d.tail != "" {
		out.WriteString(d.tail)
	} else {
		fmt.Fprintf(&out, "startxref\n%d\n%%%%EOF\n", start)
	}
	return File{name, out.Bytes()}
}

// stream is an object with data behind a dictionary of so many entries.
func stream(entries string, data []byte) string {
	return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", entries, len(data), data)
}

func deflated(data []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	_, _ = w.Write(data) // to memory
	_ = w.Close()
	return out.Bytes()
}

// zeros are so many megabytes of them, deflated: one that is packed, so often
// (RFC 1950, RFC 1951).
func zeros(megabytes int) []byte {
	var one bytes.Buffer
	w, err := flate.NewWriter(&one, flate.BestCompression)
	if err != nil {
		panic(err) // the level is one
	}
	_, _ = w.Write(make([]byte, 1<<20)) // to memory
	_ = w.Flush()
	out := append([]byte{0x78, 0x9c}, bytes.Repeat(one.Bytes(), megabytes)...)
	out = append(out, 1, 0, 0, 0xff, 0xff) // the last block, with nothing in it
	return binary.BigEndian.AppendUint32(out, uint32(megabytes<<20%65521)<<16|1)
}
