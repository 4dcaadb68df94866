package portal_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is in pdfjs is what is in its package: nobody changed it here.
func TestScriptsOfOthersAreAsTheyCame(t *testing.T) {
	const folder = "static/pdfjs"
	sums, err := os.ReadFile(filepath.Join(folder, "SHA256SUMS"))
	must(t, err)
	known := map[string]string{"SHA256SUMS": "", "README.md": ""}
	for line := range strings.Lines(string(sums)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		known[name] = sum
	}
	files, err := os.ReadDir(folder)
	must(t, err)
	if len(files) != len(known) {
		t.Errorf("%d files, and %d are known", len(files), len(known))
	}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(folder, f.Name()))
		must(t, err)
		sum := sha256.Sum256(content)
		if want, is := known[f.Name()]; !is || want != "" && want != hex.EncodeToString(sum[:]) {
			t.Errorf("%s is not the one that came", f.Name())
		}
	}
}

// Scripts are served as such, and nothing else of the folder is.
func TestStatic(t *testing.T) {
	h := newHouse(t, withDesk(t))
	b := h.browser()
	for path, want := range map[string]int{
		"view.mjs": 200, "pdfjs/pdf.min.mjs": 200, "pdfjs/pdf.worker.min.mjs": 200, "pdfjs/openjpeg_nowasm_fallback.js": 200,
		"": 404, "pdfjs": 404, "pdfjs/LICENSE": 404, "pdfjs/..%2f..%2fportal.go": 404, "templates/login.html": 404,
	} {
		resp, _ := b.get("/portal/static/" + path)
		if resp.StatusCode != want || want == 200 && !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/javascript") {
			t.Errorf("%s: %d %s", path, resp.StatusCode, resp.Header.Get("Content-Type"))
		}
	}
	if resp, _ := b.get("/portal/documents"); resp.StatusCode != http.StatusSeeOther || strings.Contains(resp.Header.Get("Content-Security-Policy"), "script-src") {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}
