package verify

import (
	"bytes"
	"encoding/hex"
	"strconv"
)

// A place is what the bytes of a signature dictionary say, read without any
// parser of PDF between: where its Contents stand, from < up to and with >, and
// its ByteRange.
type place struct {
	from, to  int
	byteRange [4]int
}

// locate reads the dictionary of the object that begins at at.
func locate(pdf []byte, at int64) (p place, fault Code) {
	r := &reader{text: pdf, at: int(at)}
	seen := map[string]bool{}
	if !r.word("obj") || r.next() != '<' || !r.take("<<") {
		return p, dictUnread
	}
	for {
		if r.next() == '>' && r.take(">>") {
			break
		}
		key, ok := r.name()
		if !ok {
			return p, dictUnread
		}
		if seen[key] {
			return p, dictTwice
		}
		seen[key] = true
		r.next()
		from := r.at
		if !r.value(0) {
			return p, dictUnread
		}
		switch key {
		case "Contents":
			p.from, p.to = from, r.at
		case "ByteRange":
			if p.byteRange, ok = numbers(pdf[from:r.at]); !ok {
				return p, byteRangeOdd
			}
		}
	}
	if !seen["ByteRange"] {
		return p, byteRangeOdd
	}
	if !seen["Contents"] || pdf[p.from] != '<' || p.to-p.from < 4 {
		return p, contentsOdd
	}
	return p, ""
}

// numbers reads an array of four numbers that are not negative.
func numbers(text []byte) (four [4]int, ok bool) {
	inner, begins := bytes.CutPrefix(text, []byte("["))
	inner, ends := bytes.CutSuffix(inner, []byte("]"))
	fields := bytes.FieldsFunc(inner, func(r rune) bool { return r < 0x80 && isSpace(byte(r)) })
	if !begins || !ends || len(fields) != 4 {
		return four, false
	}
	for i, field := range fields {
		n, err := strconv.ParseUint(string(field), 10, 40)
		if err != nil {
			return four, false
		}
		four[i] = int(n)
	}
	return four, true
}

// plainHex decodes digits that have no white space among them and letters of one
// case: the signature does not protect its own text, so only one spelling of it
// is taken.
func plainHex(digits []byte) ([]byte, bool) {
	if bytes.ContainsAny(digits, "abcdef") && bytes.ContainsAny(digits, "ABCDEF") {
		return nil, false
	}
	out := make([]byte, len(digits)/2)
	_, err := hex.Decode(out, digits)
	return out, err == nil
}

// A reader steps over the tokens of PDF (ISO 32000-1 §7.2, §7.3).
type reader struct {
	text []byte
	at   int
}

func isSpace(c byte) bool     { return bytes.IndexByte([]byte("\x00\t\n\f\r "), c) >= 0 }
func isDelimiter(c byte) bool { return bytes.IndexByte([]byte("()<>[]{}/%"), c) >= 0 }

// next skips white space and comments and gives the byte that follows, 0 at the
// end.
func (r *reader) next() byte {
	for r.at < len(r.text) {
		switch c := r.text[r.at]; {
		case isSpace(c):
			r.at++
		case c == '%':
			end := bytes.IndexAny(r.text[r.at:], "\r\n")
			if end < 0 {
				r.at = len(r.text)
				return 0
			}
			r.at += end
		default:
			return c
		}
	}
	return 0
}

func (r *reader) take(word string) bool {
	if !bytes.HasPrefix(r.text[r.at:], []byte(word)) {
		return false
	}
	r.at += len(word)
	return true
}

// regular reads the bytes up to the next white space or delimiter.
func (r *reader) regular() string {
	from := r.at
	for r.at < len(r.text) && !isSpace(r.text[r.at]) && !isDelimiter(r.text[r.at]) {
		r.at++
	}
	return string(r.text[from:r.at])
}

// word skips two numbers and then word, as in "7 0 obj".
func (r *reader) word(word string) bool {
	for range 2 {
		r.next()
		if _, err := strconv.ParseUint(r.regular(), 10, 40); err != nil {
			return false
		}
	}
	r.next()
	return r.take(word)
}

// name reads a name with its escapes undone.
func (r *reader) name() (string, bool) {
	if r.next() != '/' {
		return "", false
	}
	r.at++
	var out []byte
	raw := r.regular()
	for i := 0; i < len(raw); i++ {
		if raw[i] == '#' && i+2 < len(raw) {
			if b, err := hex.DecodeString(raw[i+1 : i+3]); err == nil {
				out = append(out, b[0])
				i += 2
				continue
			}
		}
		out = append(out, raw[i])
	}
	return string(out), len(out) > 0
}

const maxNesting = 32

// value steps over one object. A reference is three words; the two behind its
// number are taken with it.
func (r *reader) value(depth int) bool {
	if depth > maxNesting {
		return false
	}
	switch c := r.next(); c {
	case 0, ')', '>', ']', '{', '}':
		return false
	case '/':
		_, ok := r.name()
		return ok
	case '(':
		return r.literal()
	case '[':
		r.at++
		return r.until("]", depth)
	case '<':
		if r.take("<<") {
			return r.until(">>", depth)
		}
		end := bytes.IndexByte(r.text[r.at:], '>')
		r.at += end + 1
		return end > 0
	}
	r.regular()
	mark := r.at
	if r.next() >= '0' && r.text[r.at] <= '9' {
		r.regular()
		if r.next() == 'R' && r.regular() == "R" {
			return true
		}
	}
	r.at = mark
	return true
}

// until steps over objects to the closing token.
func (r *reader) until(closing string, depth int) bool {
	for {
		if r.next() == closing[0] {
			return r.take(closing)
		}
		if !r.value(depth + 1) {
			return false
		}
	}
}

// literal steps over a string in balanced parentheses.
func (r *reader) literal() bool {
	depth := 0
	for ; r.at < len(r.text); r.at++ {
		switch r.text[r.at] {
		case '\\':
			r.at++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				r.at++
				return true
			}
		}
	}
	return false
}
