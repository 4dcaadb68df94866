package docs

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The rooms that ARCHITECTURE.md draws are those that there are, but for what tests
// of others need of a package.
func TestRooms(t *testing.T) {
	graph, err := os.ReadFile("../internal/layout/dag.txt")
	if err != nil {
		t.Fatal(err)
	}
	var rooms []string
	for line := range strings.Lines(string(graph)) {
		room, _, _ := strings.Cut(line, ":")
		if !strings.Contains(room, " ") && !helps(room) && room != "docs" {
			rooms = append(rooms, room)
		}
	}
	var drawn []string
	quoted := regexp.MustCompile("`([^`]+)`")
	for _, row := range tableOf(t, "ARCHITECTURE.md", "Package") {
		for _, name := range quoted.FindAllStringSubmatch(row[0], -1) {
			if name[1] != "docs" {
				drawn = append(drawn, name[1])
			}
		}
	}
	for _, room := range rooms {
		if !slices.Contains(drawn, room) {
			t.Errorf("%s is not drawn", room)
		}
	}
	for _, room := range drawn {
		if !slices.Contains(rooms, room) {
			t.Errorf("%s is drawn, and not there", room)
		}
	}
}

// helps reports whether a package is under another's name with test behind it.
func helps(room string) bool {
	for ; room != "."; room = path.Dir(room) {
		if path.Base(room) == path.Base(path.Dir(room))+"test" {
			return true
		}
	}
	return false
}
