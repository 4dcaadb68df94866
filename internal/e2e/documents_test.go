package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/pecete/pecete/internal/samplepdf"
)

// A signer brings documents, looks at one, puts the mark of his signature on it
// with the keys, signs all with one code and finds them again.
func TestDocuments(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	all := map[look]*visit{}
	for _, l := range looks {
		signer, email := s.signer(l, "--mode", "oauth2code")
		all[l] = &visit{scene: s, signer: signer, email: email}
	}
	must(t, s.Stage.Serve(s.ctx))
	t.Cleanup(func() { must(t, s.Stop()) })
	for _, l := range looks {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			p := all[l]
			p.viewer, p.app = s.viewer(t, l), &app{t: t, secret: secretOf(t, p.signer.OTPAuth)}
			p.documents()
		})
	}
}

func (p *visit) documents() {
	p.open(p.URL + "/portal")
	p.fill("email", p.email, "password", password, "code", p.app.code())
	p.press("button.yes")
	p.at("/portal/documents")
	p.see("documents-none")
	p.bring(map[string][]byte{
		"Contract.pdf": samplepdf.New("A contract", "between two parties, of a few lines", "that somebody reads before he signs."),
		"Anexă.pdf":    samplepdf.New("An annex"), "picture.pdf": []byte("\x89PNG"),
	})
	p.see("documents")
	p.press(".deeds a")
	p.until(`document.getElementById("viewer").dataset.ready === "yes"`)
	p.see("document")
	p.place()
	p.press("#place button.yes")
	p.at("/portal/documents")
	p.press("button[form=sheet]")
	p.see("sheet")
	p.press("main button.yes")
	p.enter()
	p.fill("code", p.app.code())
	p.press("button[value=sign]")
	p.until(`location.pathname.startsWith("/portal/sign/b_") && document.querySelector(".done")`)
	p.see("signed")
	p.judgeFiles()
	p.open(p.URL + "/portal/documents")
	p.see("documents-signed")
	p.open(p.URL + "/portal/history")
	p.see("history")
}

// bring adds files.
func (p *visit) bring(files map[string][]byte) {
	t := p.viewer.t
	t.Helper()
	var paths []string
	folder := t.TempDir()
	for name, content := range files {
		path := filepath.Join(folder, name)
		must(t, os.WriteFile(path, content, 0o600))
		paths = append(paths, path)
	}
	p.run(chromedp.SetUploadFiles("#files", paths, chromedp.ByQuery))
	p.press(".bring button")
	p.at("/portal/documents")
}

// place moves the mark with the keys, and the numbers follow; and the other way
// round.
func (p *visit) place() {
	t := p.viewer.t
	t.Helper()
	p.run(chromedp.Click("#seen", chromedp.ByQuery))
	p.until(`!document.getElementById("mark").hidden`)
	var before, after, moved float64
	left := `parseFloat(document.getElementById("left").value)`
	p.run(chromedp.Evaluate(left, &before), chromedp.Focus("#mark", chromedp.ByQuery), chromedp.KeyEvent(kb.ArrowLeft), chromedp.KeyEvent(kb.ArrowLeft),
		chromedp.Evaluate(left, &after))
	if after != before-2 {
		t.Errorf("%s: the keys moved it from %v to %v", p.look, before, after)
	}
	p.run(chromedp.Evaluate(`document.getElementById("mark").offsetLeft`, &before))
	p.fill("left", "20")
	p.run(chromedp.Evaluate(`document.getElementById("mark").offsetLeft`, &moved))
	if moved >= before {
		t.Errorf("%s: the number moved it from %v to %v", p.look, before, moved)
	}
	p.see("document-mark")
}

// judgeFiles has poppler judge what can be downloaded, and draw the mark.
func (p *visit) judgeFiles() {
	t := p.viewer.t
	t.Helper()
	var names []string
	p.run(chromedp.Evaluate(`Array.from(document.querySelectorAll(".deeds a")).map(a => a.href)`, &names))
	if len(names) != 2 {
		t.Fatalf("%s: %d files", p.look, len(names))
	}
	for n := range names {
		p.run(chromedp.Evaluate(`document.querySelectorAll(".deeds a")[`+string(rune('0'+n))+`].click()`, nil))
		file := p.downloaded(n + 1)
		out, err := exec.Command("pdfsig", "-nocert", file).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "Signature is Valid.") || !strings.Contains(string(out), "Total document signed") {
			t.Errorf("%s: %v\n%s", p.look, err, out)
		}
	}
}

// downloaded is the newest of so many files.
func (p *visit) downloaded(many int) (newest string) {
	t := p.viewer.t
	t.Helper()
	seen := func() int {
		files, err := filepath.Glob(filepath.Join(p.downloads, "*.pdf"))
		must(t, err)
		for _, f := range files {
			if !p.had[f] {
				newest = f
			}
		}
		return len(files)
	}
	for seen() < many {
		p.until("true")
	}
	if p.had == nil {
		p.had = map[string]bool{}
	}
	p.had[newest] = true
	return newest
}
