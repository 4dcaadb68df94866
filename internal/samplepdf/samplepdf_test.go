package samplepdf_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pecete/pecete/internal/samplepdf"
)

func TestNew(t *testing.T) {
	for _, row := range []struct {
		name  string
		title string
		lines []string
		want  []string // on the page
	}{
		{"plain words", "A contract", []string{"One.", "Two."}, []string{"A contract", "One.", "Two."}},
		{"characters PDF uses itself", `a (b) \c`, []string{"((", `\)`}, []string{`a (b) \c`, "((", `\)`}},
		{"Western letters", "Traité", []string{"Größe, în"}, []string{"Traité", "Größe, în"}},
		{"letters Helvetica has not", "Act", []string{"iată: ș"}, []string{"iat?: ?"}},
		{"no lines", "Only a title", nil, []string{"Only a title"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "sample.pdf")
			if err := os.WriteFile(file, samplepdf.New(row.title, row.lines...), 0o600); err != nil {
				t.Fatal(err)
			}
			if out := run(t, "qpdf", "--check", file); !strings.Contains(out, "No syntax or stream encoding errors found") {
				t.Errorf("qpdf --check: %s", out)
			}
			text := run(t, "pdftotext", "-enc", "UTF-8", "-layout", file, "-")
			for _, want := range row.want {
				if !strings.Contains(text, want) {
					t.Errorf("the page does not show %q:\n%s", want, text)
				}
			}
		})
	}
}

func TestNewIsDeterministic(t *testing.T) {
	if !bytes.Equal(samplepdf.New("Same", "words"), samplepdf.New("Same", "words")) {
		t.Error("two files of the same words differ")
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("this test needs %s: install qpdf and poppler-utils", name)
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}
