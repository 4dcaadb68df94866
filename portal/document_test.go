package portal_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/documents"
	"github.com/pecete/pecete/internal/samplepdf"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/sandbox"
	"github.com/pecete/pecete/sandbox/pdf"
	"github.com/pecete/pecete/users"
)

// withDesk has pages to sign on, which nothing is signed on here: that is tested
// with a whole server.
func withDesk(t testing.TB, change ...func(*documents.Desk)) func(*portal.Pages) {
	t.Helper()
	program := servertest.Plain(t)
	return func(p *portal.Pages) {
		store, ok := p.Sessions.(documents.Store)
		if !ok {
			t.Fatal("the registry keeps no documents")
		}
		p.Desk = &documents.Desk{
			Store: store, Vault: documents.Vault{Folder: t.TempDir(), Key: []byte("32 bytes of a key for the tests.")},
			PDFs:        pdf.Reader{In: &sandbox.Box{Program: program, Args: []string{"sandbox"}, Limits: sandbox.Limits{Wall: time.Minute}}},
			Credentials: p.Certificates, Logger: p.Logger, Now: p.Now,
		}
		for _, f := range change {
			f(p.Desk)
		}
	}
}

// bring sends files as browsers do, with the token of the page or another.
func (b *browser) bring(token string, files map[string][]byte) (*http.Response, string) {
	b.t.Helper()
	if token == "" {
		_, text := b.get("/portal/documents")
		token = tokenOf(b.t, text)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	must(b.t, form.WriteField("token", token))
	for name, content := range files {
		part, err := form.CreateFormFile("files", name)
		must(b.t, err)
		_, err = part.Write(content)
		must(b.t, err)
	}
	must(b.t, form.Close())
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.server.URL+"/portal/documents", &body)
	must(b.t, err)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	resp, err := b.web.Do(r)
	must(b.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(b.t, err)
	return resp, string(text)
}

var documentLink = regexp.MustCompile(`href="(/portal/documents/d_[0-9a-f]{32})"`)

// Each file has its line, and the good ones are there; a document is its signer's
// alone, to the byte what a document that is not there is.
func TestDocumentsComeIn(t *testing.T) {
	h := newHouse(t, withDesk(t, func(d *documents.Desk) { d.Limits = documents.Limits{Size: 1 << 20} }))
	h.credential("c_1", h.signer.ID)
	b := h.inside()
	good := samplepdf.New("A contract")
	resp, _ := b.bring("", map[string][]byte{
		"contract.pdf": good, "<script>alert(1)</script>.pdf": []byte("GIF89a"), "large.pdf": make([]byte, 3<<20), "cut.pdf": good[:300],
	})
	wantRedirect(t, resp, "/portal/documents")
	_, text := b.get("/portal/documents")
	wantTold(t, text, "contract.pdf", "this is not a PDF", "the file is too large", "the PDF is damaged", "Up to 10 files at a time, each of at most 1 MB", "deleted after 24 hours")
	if strings.Contains(text, "<script>alert") {
		t.Error("a name is a script")
	}
	links := documentLink.FindAllStringSubmatch(text, -1)
	if len(links) != 1 {
		t.Fatalf("%d documents:\n%s", len(links), text)
	}
	path := links[0][1]
	resp, body := b.get(path + "/file")
	if body != string(good) || resp.Header.Get("Content-Type") != "application/pdf" || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("another file: %v", resp.Header)
	}
	resp, text = b.get(path)
	if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the page with scripts has the policy %s", policy)
	}
	wantTold(t, text, "Nowhere: in the document", `src="/portal/static/view.mjs"`)
	resp, _ = b.send(path, fields("mark", "visible", "page", "1", "left", "20", "top", "30"))
	wantRedirect(t, resp, "/portal/documents")
	_, text = b.get("/portal/documents")
	wantTold(t, text, "Signature seen on page 1")
	for says, form := range map[string][]string{
		"no such page": {"page", "2", "left", "1", "top", "1"}, "no number": {"page", "1", "left", "x", "top", "1"}, "less than nothing": {"page", "1", "left", "-1", "top", "1"},
	} {
		resp, _ = b.send(path, fields(append([]string{"mark", "visible"}, form...)...))
		wantRedirect(t, resp, path)
		if _, text = b.get(path); !strings.Contains(text, "There is no such place") {
			t.Errorf("%s: %s", says, text)
		}
	}
	h.notAnothers(path)
}

// Where documents are signed, the login does not say that nothing is.
func TestLoginToWhereIsSigned(t *testing.T) {
	h := newHouse(t, withDesk(t))
	_, text := h.browser().get("/portal/login")
	if wantTold(t, text, "Here you bring documents and sign them"); strings.Contains(text, "Nothing is signed here") {
		t.Error("it says that nothing is signed there")
	}
}

// notAnothers: another signer finds nothing there.
func (h *house) notAnothers(path string) {
	h.t.Helper()
	stranger := users.Person{Email: "semnatar.demo@example.org", GivenName: "Semnatar", FamilyName: "Demo", Country: "RO", Locale: "en"}
	user, uri, err := h.operator.Enrol(h.t.Context(), stranger)
	must(h.t, err)
	parsed, err := url.Parse(uri)
	must(h.t, err)
	must(h.t, h.operator.SetPassword(h.t.Context(), user.ID, password))
	h.credential("c_2", user.ID)
	other := h.browser()
	resp, _ := other.send("/portal/login", fields("email", stranger.Email, "password", password, "code", codeAt(h.t, parsed.Query().Get("secret"), h.clock())))
	wantRedirect(h.t, resp, "/portal/documents")
	for _, tail := range []string{"", "/file", "/signed"} {
		resp, text := other.get(path + tail)
		none, same := other.get("/portal/documents/d_" + strings.Repeat("0", 32) + tail)
		if resp.StatusCode != http.StatusNotFound || none.StatusCode != http.StatusNotFound || text != same {
			h.t.Errorf("%s%s: %d", path, tail, resp.StatusCode)
		}
	}
	for _, to := range []string{"/portal/sign?document=" + path[len("/portal/documents/"):], "/portal/sign?document=d_" + strings.Repeat("0", 32)} {
		resp, _ := other.get(to)
		wantRedirect(h.t, resp, "/portal/documents")
	}
}

// A form with files that is not ours leaves nothing.
func TestForgedFiles(t *testing.T) {
	h := newHouse(t, withDesk(t))
	h.credential("c_1", h.signer.ID)
	b := h.inside()
	files := map[string][]byte{"contract.pdf": samplepdf.New("A contract")}
	if resp, _ := b.bring("another", files); resp.StatusCode != http.StatusForbidden {
		t.Errorf("with another token: %d", resp.StatusCode)
	}
	if resp, _ := h.browser().bring("x", files); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("without a session: %d", resp.StatusCode)
	}
	if resp, _ := b.send("/portal/documents", fields("files", "x")); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("without a file in it: %d", resp.StatusCode)
	}
	many := map[string][]byte{}
	for n := range 12 {
		many[fmt.Sprintf("%d.pdf", n)] = files["contract.pdf"]
	}
	resp, _ := b.bring("", many)
	wantRedirect(t, resp, "/portal/documents")
	_, text := b.get("/portal/documents")
	wantTold(t, text, "too many at once")
	if n := len(documentLink.FindAllString(text, -1)); n != 10 {
		t.Errorf("%d documents", n)
	}
}
