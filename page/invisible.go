package page

import "unicode"

// invisible are the characters that show nothing, or change the order or the
// place of others. It holds what Unicode calls default ignorable, also where
// its category is a letter, a mark or a symbol; controls, formats, spaces,
// private and unassigned characters need no line here.
//
//nolint:gochecknoglobals // a table
var invisible = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x0000, 0x001f, 1}, // controls: ESC, CR, LF, TAB
		{0x007f, 0x009f, 1}, // DEL and the second controls
		{0x00a0, 0x00a0, 1}, // no-break space
		{0x00ad, 0x00ad, 1}, // soft hyphen
		{0x034f, 0x034f, 1}, // combining grapheme joiner
		{0x0600, 0x0605, 1}, // Arabic signs that span digits
		{0x061c, 0x061c, 1}, // Arabic letter mark
		{0x06dd, 0x06dd, 1},
		{0x070f, 0x070f, 1},
		{0x115f, 0x1160, 1}, // Hangul fillers
		{0x1680, 0x1680, 1}, // Ogham space
		{0x17b4, 0x17b5, 1}, // Khmer inherent vowels
		{0x180b, 0x180f, 1}, // Mongolian selectors and vowel separator
		{0x2000, 0x200f, 1}, // spaces, zero width, direction marks
		{0x2028, 0x202f, 1}, // separators, bidi embedding and override
		{0x205f, 0x206f, 1}, // word joiner, invisible operators, bidi isolates
		{0x27e6, 0x27e7, 1}, // the brackets of our marks
		{0x2800, 0x2800, 1}, // empty Braille pattern
		{0x3000, 0x3000, 1}, // ideographic space
		{0x3164, 0x3164, 1}, // Hangul filler
		{0xfe00, 0xfe0f, 1}, // variation selectors
		{0xfeff, 0xfeff, 1}, // byte order mark
		{0xffa0, 0xffa0, 1}, // half-width Hangul filler
		{0xfff0, 0xfffd, 1}, // specials, annotation anchors, replacement
	},
	R32: []unicode.Range32{
		{0x110bd, 0x110bd, 1}, // Kaithi number sign
		{0x110cd, 0x110cd, 1},
		{0x13430, 0x1345f, 1}, // hieroglyph format controls
		{0x16fe4, 0x16fe4, 1}, // Khitan filler
		{0x1bca0, 0x1bca3, 1}, // shorthand format controls
		{0x1d159, 0x1d159, 1}, // null notehead
		{0x1d173, 0x1d17a, 1}, // musical beams and slurs
		{0xe0000, 0xe0fff, 1}, // tags, further variation selectors
	},
	LatinOffset: 4,
}

// Mixed reports whether a word of s has letters that look like Latin ones
// beside Latin ones.
func Mixed(s string) bool {
	latin, other := false, false
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Latin, r):
			latin = true
		case unicode.In(r, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee, unicode.Coptic, unicode.Lisu) && unicode.IsLetter(r):
			other = true
		case !unicode.In(r, unicode.L, unicode.M) && !unicode.Is(invisible, r):
			latin, other = false, false
		}
		if latin && other {
			return true
		}
	}
	return false
}
