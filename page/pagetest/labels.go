package pagetest

import (
	_ "embed"
	"encoding/json"
	"testing"
)

//go:embed testdata/labels.json
var labels []byte

// A Label is what somebody may call a document, an application or himself, and
// what of it is seen.
type Label struct{ Family, Label, Seen string }

// Labels are hostile ones: markup, directions, controls, what cannot be seen and
// what looks like something else.
func Labels(t testing.TB) []Label {
	t.Helper()
	var all []Label
	if err := json.Unmarshal(labels, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 150 {
		t.Fatalf("only %d labels", len(all))
	}
	return all
}
