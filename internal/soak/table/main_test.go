package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/soak"
)

func TestRowsBecomeATable(t *testing.T) {
	folder := t.TempDir()
	for _, row := range []soak.Row{
		{Group: "race", Fault: "eight | at once", Tries: 20, Saw: "200 for one", Lost: "nothing"},
		{Group: "crash", Fault: "killed", Tries: 3, Saw: "no answer", Recovered: 1234 * time.Millisecond, Lost: "the code"},
		{Group: "crash", Fault: "killed twice", Tries: 4, Saw: "no answer", Lost: "nothing", Excess: 1},
	} {
		if err := soak.Record(folder, row); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := read(folder)
	if err != nil {
		t.Fatal(err)
	}
	const head = "| Fault | Times | What the client saw | Ready again after | What was lost | Signatures too many |\n|---|---|---|---|---|---|\n"
	const want = "### Killed (7 times)\n\n" + head +
		"| killed | 3 | no answer | 1.23s | the code | 0 |\n" +
		"| killed twice | 4 | no answer | – | nothing | 1 |\n\n" +
		"### Contended for (20 times)\n\n" + head +
		"| eight \\| at once | 20 | 200 for one | – | nothing | 0 |\n\n"
	if got := table(rows); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestATableNeedsRowsAndAPlace(t *testing.T) {
	if _, err := read(t.TempDir()); err == nil {
		t.Error("no rows were read")
	}
	if text, err := between([]byte("before\n"+begin+"old\n"+end+"after\n"), "new\n"); err != nil ||
		string(text) != "before\n"+begin+"new\n"+end+"after\n" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := between([]byte("a text"), "new\n"); err == nil {
		t.Error("a text without a place was taken")
	}
}

// The document has a place, and every chapter of the table is a group of rows.
func TestTheDocumentHasAPlace(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "reliability.md"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), begin) != 1 || strings.Count(string(text), end) != 1 {
		t.Error("the document has no place for the table")
	}
}
