package ades

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"
)

// A pen draws letters as outlines. So they are the same in every program, ș and ț
// too, which the fonts that every program has do not have; and no font of 150 kB
// goes into each signed file.
type pen struct {
	out   *bytes.Buffer
	font  *sfnt.Font
	buf   sfnt.Buffer
	units fixed.Int26_6
}

// letters draws a line of text from a point on, in letters of so many points, or
// smaller ones if there is no room for it; what has none even then is cut.
func letters(out *bytes.Buffer, text string, size, x, y, room float64) {
	f, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		return // it is the one that is built in
	}
	p := &pen{out: out, font: f, units: fixed.I(int(f.UnitsPerEm()))}
	line := []rune(strings.ToValidUTF8(norm.NFC.String(text), "?"))
	if width := p.width(line) * size; width > room {
		size = max(size*.6, size*room/width)
	}
	for cut := len(line); p.width(line)*size > room && cut > 0; {
		cut--
		line = append(line[:cut:cut], '…')
	}
	for _, r := range line {
		x += p.letter(r, size, x, y) * size
	}
}

// glyph is that of a letter, or of a question mark.
func (p *pen) glyph(r rune) sfnt.GlyphIndex {
	for _, r := range []rune{r, '?'} {
		if g, err := p.font.GlyphIndex(&p.buf, r); err == nil && g != 0 {
			return g
		}
	}
	return 0
}

// advance is how wide a letter is, for a size of 1.
func (p *pen) advance(r rune) float64 {
	a, err := p.font.GlyphAdvance(&p.buf, p.glyph(r), p.units, font.HintingNone)
	if err != nil {
		return 0
	}
	return float64(a) / float64(p.units)
}

func (p *pen) width(line []rune) (sum float64) {
	for _, r := range line {
		sum += p.advance(r)
	}
	return sum
}

// letter draws one, and says how wide it is.
func (p *pen) letter(r rune, size, x, y float64) float64 {
	segments, err := p.font.LoadGlyph(&p.buf, p.glyph(r), p.units, nil)
	if err != nil {
		return 0
	}
	at := func(to fixed.Point26_6) [2]float64 {
		return [2]float64{x + float64(to.X)/float64(p.units)*size, y - float64(to.Y)/float64(p.units)*size}
	}
	var last [2]float64
	for i, s := range segments {
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			if i > 0 {
				p.out.WriteString("h ")
			}
			last = at(s.Args[0])
			p.points("m", last)
		case sfnt.SegmentOpLineTo:
			last = at(s.Args[0])
			p.points("l", last)
		case sfnt.SegmentOpQuadTo: // PDF has cubic curves alone
			c, to := at(s.Args[0]), at(s.Args[1])
			p.points("c", toward(last, c), toward(to, c), to)
			last = to
		case sfnt.SegmentOpCubeTo:
			last = at(s.Args[2])
			p.points("c", at(s.Args[0]), at(s.Args[1]), last)
		}
	}
	if len(segments) > 0 {
		p.out.WriteString("h f\n")
	}
	return p.advance(r)
}

// toward is two thirds of the way from a point to another.
func toward(from, to [2]float64) [2]float64 {
	return [2]float64{from[0] + (to[0]-from[0])*2/3, from[1] + (to[1]-from[1])*2/3}
}

func (p *pen) points(operator string, all ...[2]float64) {
	for _, one := range all {
		for _, n := range one {
			p.out.WriteString(strconv.FormatFloat(n, 'f', 2, 64) + " ")
		}
	}
	p.out.WriteString(operator + " ")
}
