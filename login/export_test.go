package login

import "strings"

// Visible is visible as one text.
func Visible(s string) string {
	var b strings.Builder
	for _, r := range visible(s) {
		b.WriteString(r.Text)
	}
	return b.String()
}

// What tests look into.
var (
	Hidden    = hidden
	Mixed     = mixed
	Invisible = invisible
	Policy    = policy
	Targets   = targets
	Shown     = shown
)

// Run is a run.
type Run = run

// Runs is visible.
func Runs(s string) []Run { return visible(s) }

// Tongues are the texts of each language, and the form that a number takes.
func Tongues() (texts map[string]map[string]string, plurals map[string]func(int) string) {
	texts, plurals = map[string]map[string]string{}, map[string]func(int) string{}
	for _, t := range tongues() {
		texts[t.Tag], plurals[t.Tag] = t.texts, t.plural
	}
	return texts, plurals
}
