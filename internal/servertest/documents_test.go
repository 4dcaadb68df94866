package servertest_test

import (
	"archive/zip"
	"bytes"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pecete/pecete/internal/browser"
	"github.com/pecete/pecete/internal/samplepdf"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// A desk is a signer in front of the pages on which documents are signed.
type desk struct {
	*giver
	at *browser.Browser
}

// newDesk is a signer who has logged in on a server that serves.
func newDesk(t *testing.T, s *stage.Stage, g *giver) *desk {
	t.Helper()
	d := &desk{g, g.browser(s)}
	ctx := servertest.Context(t)
	page, err := d.at.Open(ctx, s.URL+"/portal")
	must(t, err)
	page, err = d.at.Submit(ctx, page, url.Values{"email": {"demo.signer@example.org"}, "password": {password}, "code": {d.code()}})
	must(t, err)
	if page.At.Path != "/portal/documents" || page.Status != http.StatusOK {
		t.Fatalf("not logged in: %s %d", page.At, page.Status)
	}
	return d
}

// text is what stands on a page, as HTML.
func (d *desk) text(path string) string {
	d.t.Helper()
	status, _, body, err := d.at.Get(servertest.Context(d.t), d.s.URL+path)
	must(d.t, err)
	if status != http.StatusOK {
		d.t.Fatalf("%s: %d\n%s", path, status, body)
	}
	return string(body)
}

// bring brings files, and returns the page after that.
func (d *desk) bring(files ...browser.File) string {
	d.t.Helper()
	ctx := servertest.Context(d.t)
	page, err := d.at.Open(ctx, d.s.URL+"/portal/documents")
	must(d.t, err)
	page, err = d.at.Send(ctx, page, "/portal/documents", "files", files...)
	must(d.t, err)
	if page.Status != http.StatusOK || page.At.Path != "/portal/documents" {
		d.t.Fatalf("not brought: %s %d", page.At, page.Status)
	}
	return d.text("/portal/documents")
}

var picked = regexp.MustCompile(`name="document" value="(d_[0-9a-f]{32})" form="sheet"`)

// waiting are the documents that can be signed.
func (d *desk) waiting() (ids []string) {
	d.t.Helper()
	for _, m := range picked.FindAllStringSubmatch(d.text("/portal/documents"), -1) {
		ids = append(ids, m[1])
	}
	return ids
}

// sheet is the page that lists what will be signed.
func (d *desk) sheet(ids ...string) *browser.Page {
	d.t.Helper()
	page, err := d.at.Open(servertest.Context(d.t), d.s.URL+"/portal/sign?"+url.Values{"document": ids}.Encode())
	must(d.t, err)
	return page
}

// agree goes on from a page, as the signer, until a page of the portal is there.
func (d *desk) agree(page *browser.Page) *browser.Page {
	d.t.Helper()
	page, err := d.agreeing(page)
	must(d.t, err)
	return page
}

// agreeing is agree as far as the server lives.
func (d *desk) agreeing(page *browser.Page) (*browser.Page, error) {
	d.t.Helper()
	ctx := servertest.Context(d.t)
	page, err := d.at.Submit(ctx, page, nil)
	for err == nil && !strings.HasPrefix(page.At.Path, "/portal/") {
		fill := url.Values{"email": {"demo.signer@example.org"}, "password": {password}}
		if page.Fields.Has("code") {
			fill = url.Values{"code": {d.code()}, "decision": {"sign"}}
		}
		page, err = d.at.Submit(ctx, page, fill)
	}
	return page, err
}

var signedLinks = regexp.MustCompile(`href="(/portal/documents/d_[0-9a-f]{32}/signed)"`)

// pdfsig is what poppler says of a file.
func pdfsig(t *testing.T, s *stage.Stage, pdf []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "signed.pdf")
	must(t, os.WriteFile(file, pdf, 0o600))
	out, err := exec.Command("pdfsig", "-nocert", file).CombinedOutput()
	if err != nil {
		t.Fatalf("pdfsig: %v\n%s", err, out)
	}
	return string(out)
}

// A signer brings files, signs those that can be signed with one code, and gets
// them back: over HTTP alone, with no script.
func TestDocumentsAreSignedOnThePages(t *testing.T) {
	s := servertest.Raise(t)
	g := newGiver(t, s)
	servertest.Serve(t, s)
	d := newDesk(t, s, g)
	contract := samplepdf.New("A contract", "between two parties")
	text := d.bring(
		browser.File{Name: "contract.pdf", Content: contract}, browser.File{Name: "Anexă și țintă.pdf", Content: samplepdf.New("An annex")},
		browser.File{Name: "picture.pdf", Content: []byte("\x89PNG\r\n\x1a\n")}, browser.File{Name: "damaged.pdf", Content: contract[:300]},
		browser.File{Name: "empty.pdf"}, browser.File{Name: "large.pdf", Content: append(bytes.Clone(contract), make([]byte, 60<<20)...)},
	)
	for _, want := range []string{"contract.pdf", "Anexă și țintă.pdf", "this is not a PDF", "the file is empty", "the file is too large", "the PDF is damaged"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
	ids := d.waiting()
	if len(ids) != 2 {
		t.Fatalf("%d documents wait:\n%s", len(ids), text)
	}
	d.refuseOthers(ids[0])
	sheet := d.sheet(ids...)
	result := d.agree(sheet)
	if !strings.HasPrefix(result.At.Path, "/portal/sign/b_") {
		t.Fatalf("sent to %s", result.At)
	}
	text = d.text(result.At.Path)
	links := signedLinks.FindAllStringSubmatch(text, -1)
	if len(links) != 2 || !strings.Contains(text, "2 documents are signed") {
		t.Fatalf("not signed:\n%s\n%s", text, d.log("documents not signed"))
	}
	for i, link := range links {
		_, header, pdf, err := d.at.Get(servertest.Context(t), s.URL+link[1])
		must(t, err)
		if said := pdfsig(t, s, pdf); !strings.Contains(said, "Signature is Valid.") || !strings.Contains(said, "Total document signed") || !strings.Contains(said, "Demo Signer") {
			t.Errorf("pdfsig says\n%s", said)
		}
		if i == 0 && (!bytes.HasPrefix(pdf, contract) || !strings.Contains(header.Get("Content-Disposition"), "contract-signed.pdf")) {
			t.Errorf("another file: %v", header)
		}
	}
	d.allInOne(result.At.Path)
	d.onceOnly(sheet, result)
	if text := d.text("/portal/history"); strings.Count(text, "contract.pdf") != 1 || !strings.Contains(text, "Anexă și țintă.pdf") {
		t.Errorf("the history is\n%s", text)
	}
	d.receipt()
	d.nothingInTheOpen(contract, s)
}

// receipt: one mail tells of both documents.
func (d *desk) receipt() {
	d.t.Helper()
	mails, err := filepath.Glob(filepath.Join(d.s.Folder, "outbox", "*demo.signer@example.org*"))
	must(d.t, err)
	told := 0
	for _, mail := range mails {
		text, err := os.ReadFile(mail)
		must(d.t, err)
		if strings.Contains(string(text), "you signed") {
			told++
		}
		must(d.t, os.Remove(mail)) // it names the document, as it should
	}
	if told != 1 {
		d.t.Errorf("%d of %d mails are receipts", told, len(mails))
	}
}

// refuseOthers: a document is its signer's, and who is not logged in is sent to the
// login.
func (d *desk) refuseOthers(id string) {
	d.t.Helper()
	ctx := servertest.Context(d.t)
	for _, path := range []string{"/portal/documents/" + id, "/portal/documents/" + id + "/file", "/portal/sign?document=" + id} {
		resp, err := d.browser(d.s).Do(ctx, http.MethodGet, d.s.URL+path, nil)
		must(d.t, err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/portal/login" {
			d.t.Errorf("%s: %d %s", path, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
}

// allInOne: the signed files come in one, by names that tell them apart.
func (d *desk) allInOne(path string) {
	d.t.Helper()
	_, _, body, err := d.at.Get(servertest.Context(d.t), d.s.URL+path+"/all")
	must(d.t, err)
	all, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	must(d.t, err)
	var names []string
	for _, f := range all.File {
		names = append(names, f.Name)
	}
	if !slices.Equal(names, []string{"contract-signed.pdf", "Anexă și țintă-signed.pdf"}) {
		d.t.Errorf("the archive has %q", names)
	}
}

// onceOnly: the sheet sent again, by a second click or the back button, and the
// answer brought again, sign nothing more.
func (d *desk) onceOnly(sheet, result *browser.Page) {
	d.t.Helper()
	ctx := servertest.Context(d.t)
	before := d.text(result.At.Path)
	again, err := d.at.Submit(ctx, sheet, nil)
	must(d.t, err)
	if again.Status == http.StatusOK && again.At.Path != result.At.Path {
		d.t.Errorf("the sheet once more leads to %s", again.At)
	}
	if after := d.text(result.At.Path); signedLinks.FindString(after) != signedLinks.FindString(before) {
		d.t.Error("the result changed")
	}
	if n := d.signatures(); n != 2 {
		d.t.Errorf("%d signatures were made", n)
	}
}

// log are the lines of the server's log with a message.
func (d *desk) log(message string) (lines string) {
	d.t.Helper()
	text, err := os.ReadFile(filepath.Join(d.s.Folder, "server.log"))
	must(d.t, err)
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, message) {
			lines += line
		}
	}
	return lines
}

// signatures is how many were made, as the audit log has it.
func (d *desk) signatures() int {
	d.t.Helper()
	log, err := os.ReadFile(filepath.Join(d.s.Folder, "audit", "server.log"))
	must(d.t, err)
	n := 0
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, `"sign.done"`) {
			n += strings.Count(line[strings.Index(line, `"signatures"`):], `","`) + 1
		}
	}
	return n
}

// nothingInTheOpen: neither a document nor its name can be read in the server's
// folder.
func (d *desk) nothingInTheOpen(contract []byte, s *stage.Stage) {
	d.t.Helper()
	must(d.t, filepath.WalkDir(s.Folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err == nil && (bytes.Contains(content, contract[:200]) || bytes.Contains(content, []byte("contract.pdf"))) {
			d.t.Errorf("%s has it in the open", path)
		}
		return err
	}))
}

// Who declines has signed nothing, and can choose the documents again.
func TestDocumentsAreDeclined(t *testing.T) {
	s := servertest.Raise(t)
	g := newGiver(t, s)
	servertest.Serve(t, s)
	d := newDesk(t, s, g)
	ctx := servertest.Context(t)
	d.bring(browser.File{Name: "contract.pdf", Content: samplepdf.New("A contract")})
	ids := d.waiting()
	page, err := d.at.Submit(ctx, d.sheet(ids...), nil)
	must(t, err)
	page, err = d.at.Submit(ctx, page, url.Values{"email": {"demo.signer@example.org"}, "password": {password}})
	must(t, err)
	if len(d.waiting()) != 0 || !strings.Contains(d.text("/portal/documents"), "Waiting for your agreement") {
		t.Error("what waits for an agreement can be signed beside it")
	}
	page, err = d.at.Submit(ctx, page, url.Values{"decision": {"decline"}})
	must(t, err)
	if text := d.text(page.At.Path); !strings.Contains(text, "You declined") {
		t.Errorf("%s says\n%s", page.At, text)
	}
	if got := d.waiting(); !slices.Equal(got, ids) || d.signatures() != 0 {
		t.Errorf("%q wait, %d signed", got, d.signatures())
	}
}
