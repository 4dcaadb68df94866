package portal

import (
	"errors"
	"strings"

	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/verify"
)

// Words say what package verify found, in a language of these pages: on them, and
// wherever else it is told.
type Words struct{ T page.Tongue }

// WordsIn are those of a locale, RFC 5646.
func WordsIn(locale string) Words { return Words{page.In(locale, texts())} }

// Found is what was found, in a sentence, and why in another.
func (w Words) Found(f verify.Finding) (string, error) {
	values := make([]any, len(f.Values))
	for n, value := range f.Values {
		values[n] = value
	}
	if !f.At.IsZero() {
		values = append(values, w.T.Date(f.At))
	}
	said, err := w.T.Say("found."+string(f.Code), values...)
	if err != nil || f.Why == "" {
		return said, err
	}
	why, err := w.T.Say("found." + string(f.Why))
	return said + " " + why, err
}

// Since is what was changed after a signature.
func (w Words) Since(s verify.SignatureFacts) (string, error) {
	var said []string
	var faults []error
	for _, key := range sinceTexts(s) {
		text, err := w.T.Say(key)
		said, faults = append(said, text), append(faults, err)
	}
	return strings.Join(said, " "), errors.Join(faults...)
}

// Revocation is what is known of it.
func (w Words) Revocation(r verify.Revocation) (string, error) {
	return w.T.Say(revocationTexts[r])
}

// sinceTexts are the keys for what was changed after a signature.
func sinceTexts(s verify.SignatureFacts) (keys []string) {
	switch {
	case !s.Intact:
		return []string{"since.broken"}
	case s.CoversDocument:
		return []string{"since.whole"}
	case s.Covered == 0:
		return []string{"since.unknown"}
	case len(s.Changes) == 0:
		return []string{"since.nothing"}
	}
	for _, change := range s.Changes {
		keys = append(keys, changeTexts[change])
	}
	return keys
}

var changeTexts = map[verify.Change]string{
	verify.SignatureAdded: "since.signature", verify.FormFilled: "since.form", verify.Annotated: "since.annotation",
	verify.DetailsChanged: "since.details", verify.PagesChanged: "since.pages", verify.OtherChange: "since.other",
	verify.UnknownChange: "since.unknown",
}

var revocationTexts = map[verify.Revocation]string{
	verify.NotChecked: "revocation.unchecked", verify.NotRevoked: "revocation.good",
	verify.WasRevoked: "revocation.revoked", verify.RevokedThen: "revocation.afterward",
}
