// Command table turns the rows that the campaigns left into the table of
// docs/reliability.md, with the machine, the commit and the command that made
// them.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/pecete/pecete/internal/soak"
)

func main() {
	rows := flag.String("rows", "build/soak", "`FOLDER` of the rows")
	doc := flag.String("doc", "docs/reliability.md", "`FILE` to put the table into")
	command := flag.String("command", "make soak", "what made the rows")
	flag.Parse()
	if err := put(*rows, *doc, *command); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func put(folder, doc, command string) error {
	rows, err := read(folder)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(doc)
	if err != nil {
		return err
	}
	made := fmt.Sprintf("Made by `%s` on %s, at commit %s, on %s.\n\n", command, time.Now().UTC().Format("2 January 2006"), commit(), machine())
	text, err = between(text, made+table(rows))
	if err != nil {
		return fmt.Errorf("%s: %w", doc, err)
	}
	return os.WriteFile(doc, text, 0o600)
}

var errNone = errors.New("no rows: run the campaigns first")

// read reads the rows, sorted by group and fault.
func read(folder string) (rows []soak.Row, err error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var row soak.Row
		if err := json.Unmarshal(text, &row); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil, errNone
	}
	slices.SortFunc(rows, func(a, b soak.Row) int {
		return cmp.Or(strings.Compare(a.Group, b.Group), strings.Compare(a.Fault, b.Fault))
	})
	return rows, nil
}

// The table stands between these lines.
const (
	begin = "<!-- table -->\n"
	end   = "<!-- end of table -->\n"
)

var errNoPlace = errors.New("there is no place for the table")

// between replaces what stands between the two lines.
func between(text []byte, table string) ([]byte, error) {
	before, rest, found := bytes.Cut(text, []byte(begin))
	_, after, ended := bytes.Cut(rest, []byte(end))
	if !found || !ended {
		return nil, errNoPlace
	}
	return []byte(string(before) + begin + table + end + string(after)), nil
}

// A chapter is the rows of one group.
type chapter struct{ group, title string }

// chapters are the groups, in the order of the document.
var chapters = []chapter{
	{"crash", "Killed"},
	{"race", "Contended for"},
	{"loss", "Stores, device, disk and clock taken away"},
	{"overload", "Overloaded"},
}

func table(rows []soak.Row) string {
	var b strings.Builder
	for _, c := range chapters {
		tries, lines := 0, ""
		for _, row := range rows {
			if row.Group == c.group {
				tries += row.Tries
				lines += line(row)
			}
		}
		if lines != "" {
			fmt.Fprintf(&b, "### %s (%d times)\n\n", c.title, tries)
			b.WriteString("| Fault | Times | What the client saw | Ready again after | What was lost | Signatures too many |\n|---|---|---|---|---|---|\n")
			b.WriteString(lines + "\n")
		}
	}
	return b.String()
}

func line(r soak.Row) string {
	recovered := "–"
	if r.Recovered > 0 {
		recovered = r.Recovered.Round(10 * time.Millisecond).String()
	}
	cell := strings.NewReplacer("|", `\|`, "\n", " ").Replace
	return fmt.Sprintf("| %s | %d | %s | %s | %s | %d |\n", cell(r.Fault), r.Tries, cell(r.Saw), recovered, cell(r.Lost), r.Excess)
}

// commit is the commit of the folder, and whether it has changes.
func commit() string {
	id, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	said := string(bytes.TrimSpace(id))
	changed, err := exec.Command("git", "status", "--porcelain", "--untracked-files=no").Output()
	if err != nil || len(bytes.TrimSpace(changed)) > 0 {
		said += " with changes"
	}
	return said
}

// machine is what the campaigns ran on.
func machine() string {
	model := "an unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for l := range strings.Lines(string(text)) {
			if name, value, _ := strings.Cut(l, ":"); strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d cores of %s, %s, %s", runtime.NumCPU(), model, runtime.GOOS, runtime.Version())
}
