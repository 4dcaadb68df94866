package page

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
	Invisible = invisible
	Policy    = policy
)

// Run is a run.
type Run = run

// Runs is visible.
func Runs(s string) []Run { return visible(s) }

// Plurals are the form that a number takes, by language.
func Plurals() map[string]func(int) string {
	plurals := map[string]func(int) string{}
	for _, t := range tongues() {
		plurals[t.Tag] = t.plural
	}
	return plurals
}
