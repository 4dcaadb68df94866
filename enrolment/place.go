package enrolment

import (
	"strconv"
	"strings"
	"time"
)

// Place is where an enrolment stands in the list of its inviter, and stood, if it is
// removed meanwhile: a list that is read in parts goes on from there.
func (e Enrolment) Place() string { return strconv.FormatInt(e.Created.UnixMicro(), 10) + "." + e.ID }

// PlaceOf reads a Place, and reports whether it is one.
func PlaceOf(text string) (created time.Time, id string, is bool) {
	at, id, parted := strings.Cut(text, ".")
	micros, err := strconv.ParseInt(at, 10, 64)
	return time.UnixMicro(micros).UTC(), id, parted && err == nil
}
