package page

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// A run is a piece of a text: as it is, or a mark that stands for what would
// not be seen or would change how the rest is seen.
type run struct {
	Text string
	Mark bool
}

// maxMarks are the combining marks that one letter may have: Hebrew and
// Vietnamese need no more.
const maxMarks = 3

// visible is s for the eye. What is invisible, reorders, moves or covers other
// characters becomes a mark such as ⟦U+202E⟧, or ⟦U+0020 ×40⟧ for forty in a
// row; bytes that are not UTF-8 become ⟦0xFF⟧. The brackets of the marks are
// marked themselves, so that nobody can write a mark.
func visible(s string) []run {
	var b builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			b.mark(fmt.Sprintf("0x%02X", s[0]))
		case r == ' ' && b.blank(s):
			b.mark(code(r))
		case unicode.Is(unicode.Mn, r) && !hidden(r):
			b.combine(s[:size], r)
		case hidden(r):
			b.mark(code(r))
		default:
			b.plain(s[:size])
		}
		s = s[size:]
	}
	return b.finish()
}

func code(r rune) string { return fmt.Sprintf("U+%04X", r) }

// A builder joins what belongs together.
type builder struct {
	runs   []run
	text   []byte // the plain run so far
	name   string // of the mark so far
	times  int
	marks  int // combining marks on the last letter
	letter bool
}

func (b *builder) plain(s string) {
	b.endMark()
	b.text = append(b.text, s...)
	b.letter, b.marks = true, 0
}

// combine takes a combining mark, if there is a letter for it with room.
func (b *builder) combine(s string, r rune) {
	if !b.letter || b.marks >= maxMarks {
		b.mark(code(r))
		return
	}
	b.text = append(b.text, s...)
	b.marks++
}

func (b *builder) mark(name string) {
	b.endText()
	if name != b.name {
		b.endMark()
		b.name = name
	}
	b.times++
	b.letter = false
}

// blank reports whether the blank that rest begins with is not just one between
// two words.
func (b *builder) blank(rest string) bool {
	first := len(b.runs) == 0 && len(b.text) == 0 && b.times == 0
	return first || len(rest) == 1 || rest[1] == ' ' || b.name == code(' ')
}

func (b *builder) endText() {
	if len(b.text) > 0 {
		b.runs = append(b.runs, run{Text: string(b.text)})
	}
	b.text = nil
}

func (b *builder) endMark() {
	switch {
	case b.times > 1:
		b.runs = append(b.runs, run{fmt.Sprintf("⟦%s ×%d⟧", b.name, b.times), true})
	case b.times == 1:
		b.runs = append(b.runs, run{"⟦" + b.name + "⟧", true})
	}
	b.name, b.times = "", 0
}

func (b *builder) finish() []run {
	b.endText()
	b.endMark()
	return b.runs
}

// hidden reports whether r is of the table, encloses or covers a letter, or is
// none of the letters, marks, digits, punctuation and symbols that can be seen.
func hidden(r rune) bool {
	return r != ' ' && (unicode.In(r, invisible, unicode.Me) || !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S))
}

// Marked reports whether a mark stands in any of the texts.
func Marked(texts ...string) bool {
	for _, text := range texts {
		for _, r := range visible(text) {
			if r.Mark {
				return true
			}
		}
	}
	return false
}
