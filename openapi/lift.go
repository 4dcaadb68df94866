package openapi

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pecete/pecete/csc"
)

// apart is the name of the members whose texts are decoded as they come.
const apart = "document"

// A part is a text that was taken out of a body: its bytes, or why it is not
// Base64.
type part struct {
	data  []byte
	fault error
}

// A TooLargeError says that a body has more bytes, beside its documents, than
// are read.
type TooLargeError struct{ Most int }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the body has more than %d bytes beside its documents", e.Most)
}

// lift reads a body and takes the texts of members called document out of it:
// "" stands where they stood, and they are decoded without being kept as texts,
// which would take more memory than all else. So it is not a reader of JSON: it
// knows where strings begin and end and what stands before a colon, and leaves
// all that is wrong with the body for whoever reads it. A text that is no Base64
// stays in the body from the first character that is wrong.
func lift(from io.Reader, most int) (body []byte, parts map[int]*part, err error) {
	l := lifter{in: bufio.NewReaderSize(from, 64<<10), most: most, parts: map[int]*part{}}
	err = l.all()
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return l.body, l.parts, err
}

type lifter struct {
	in    *bufio.Reader
	most  int
	body  []byte
	parts map[int]*part
}

// keep leaves a byte in the body.
func (l *lifter) keep(c byte) error {
	if len(l.body) == l.most {
		return &TooLargeError{l.most}
	}
	l.body = append(l.body, c)
	return nil
}

// all reads to the end. named says that the last thing was the name of a member
// to be taken out, colon that its colon has come too.
func (l *lifter) all() error {
	named, colon := false, false
	for {
		c, err := l.in.ReadByte()
		if err != nil {
			return err
		}
		switch c {
		case ' ', '\t', '\r', '\n':
			err = l.keep(c)
		case ':':
			colon = named && !colon
			named = colon
			err = l.keep(c)
		case '"':
			if colon {
				err = l.take()
				named = false
			} else {
				named, err = l.text()
			}
			colon = false
		default:
			named, colon = false, false
			err = l.keep(c)
		}
		if err != nil {
			return err
		}
	}
}

// text leaves a string in the body, and reports whether it is the name.
func (l *lifter) text() (named bool, err error) {
	if err := l.keep('"'); err != nil {
		return false, err
	}
	begin := len(l.body)
	if err := l.rest(false); err != nil {
		return false, err
	}
	return string(l.body[begin:len(l.body)-1]) == apart, nil
}

// take takes a string out of the body.
func (l *lifter) take() error {
	p := &part{}
	l.parts[len(l.body)] = p
	if err := l.keep('"'); err != nil {
		return err
	}
	d := decoder{to: p}
	for {
		c, err := l.base64()
		if err != nil {
			return err
		}
		if c == '"' {
			p.fault = d.end()
			return l.keep(c)
		}
		if d.add(c) {
			continue
		}
		*p = part{fault: csc.ErrBase64}
		if err := l.keep(c); err != nil {
			return err
		}
		return l.rest(c == '\\')
	}
}

// base64 is the next character of a string: a slash may be escaped, as some
// writers do. Of any other escape it is the backslash, which is no Base64.
func (l *lifter) base64() (byte, error) {
	c, err := l.in.ReadByte()
	if err != nil || c != '\\' {
		return c, err
	}
	next, err := l.in.Peek(1)
	if err == nil && next[0] == '/' {
		return l.in.ReadByte()
	}
	return c, nil
}

// rest leaves the rest of a string in the body; escaped says that a backslash
// stands before it.
func (l *lifter) rest(escaped bool) error {
	for {
		c, err := l.in.ReadByte()
		if err != nil {
			return err
		}
		if err := l.keep(c); err != nil {
			return err
		}
		if c == '"' && !escaped {
			return nil
		}
		escaped = c == '\\' && !escaped
	}
}

// A decoder decodes Base64 as strictly as csc.DecodeBase64, as it comes.
type decoder struct {
	to   *part
	text []byte // not yet decoded
	over bool   // padding has come
}

const chunk = 4 << 10

// add takes a character, and reports whether it may stand there.
func (d *decoder) add(c byte) bool {
	alphabet := 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/'
	if c == '=' {
		d.over = true
	} else if !alphabet || d.over {
		return false
	}
	if d.text = append(d.text, c); len(d.text) == chunk {
		return d.flush() == nil
	}
	return true
}

func (d *decoder) flush() error {
	decoded, err := base64.StdEncoding.Strict().AppendDecode(d.to.data, d.text)
	if err != nil {
		return csc.ErrBase64
	}
	d.to.data, d.text = decoded, d.text[:0]
	return nil
}

// end decodes the last characters.
func (d *decoder) end() error {
	if err := d.flush(); err != nil {
		d.to.data = nil
		return err
	}
	d.to.data = slices.Clip(d.to.data)
	return nil
}
