package ades

import "bytes"

// A scanner reads the few plain tokens of PDF that stand outside of objects.
type scanner struct {
	text []byte
	at   int
}

// space skips white space (ISO 32000-1 §7.2.2).
func (s *scanner) space() {
	for s.at < len(s.text) && isSpace(s.text[s.at]) {
		s.at++
	}
}

func isSpace(c byte) bool { return bytes.IndexByte([]byte{0, '\t', '\n', '\f', '\r', ' '}, c) >= 0 }

// take steps over word if it is next.
func (s *scanner) take(word string) bool {
	if !bytes.HasPrefix(s.text[s.at:], []byte(word)) {
		return false
	}
	s.at += len(word)
	return true
}

// integer reads white space and an unsigned decimal number below 10^15.
func (s *scanner) integer() (n int, ok bool) {
	s.space()
	begin := s.at
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' && s.at-begin < 15 {
		n = n*10 + int(s.text[s.at]-'0')
		s.at++
	}
	return n, s.at > begin
}

// header reads "number generation obj".
func (s *scanner) header() (number, generation int, ok bool) {
	number, ok = s.integer()
	generation, ok2 := s.integer()
	s.space()
	return number, generation, ok && ok2 && s.take("obj")
}
