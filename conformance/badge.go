package conformance

import (
	"fmt"
	"io"
)

// The colours of a badge: readable with white letters on them.
var badgeColours = map[Outcome]string{Pass: "#217a3c", Warn: "#8a5a00", Fail: "#b3261e", Skip: "#5f6368"}

// What a badge is made of, in pixels.
const (
	badgeLetter = 7 // of the font below, at most
	badgeBlank  = 12
)

// WriteBadge writes r as one line in a picture (SVG), for a README: the version of
// the API, and how many cases passed or failed.
func (r Report) WriteBadge(w io.Writer) error {
	name, outcome, says := "CSC API v2", Pass, fmt.Sprintf("conformant, %d passed", r.Counts[Pass])
	if r.V1 {
		name = "CSC API v1"
	}
	switch {
	case r.Counts[Fail] > 0:
		outcome, says = Fail, fmt.Sprintf("%d failed, %d passed", r.Counts[Fail], r.Counts[Pass])
	case !r.Conformant:
		outcome, says = Skip, "not tried"
	case !r.Complete:
		outcome, says = Warn, fmt.Sprintf("tried in part, %d passed", r.Counts[Pass])
	}
	left, right := len(name)*badgeLetter+badgeBlank, len(says)*badgeLetter+badgeBlank
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="20" role="img" aria-label="%s: %s">
<title>%[2]s: %[3]s</title>
<rect width="%[4]d" height="20" fill="#444"/><rect x="%[4]d" width="%[5]d" height="20" fill="%[6]s"/>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"><text x="%[7]d" y="14">%[2]s</text><text x="%[8]d" y="14">%[3]s</text></g>
</svg>
`, left+right, name, says, left, right, badgeColours[outcome], left/2, left+right/2)
	return err
}
