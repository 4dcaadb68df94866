package portal_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/hostilepdf"
	"github.com/pecete/pecete/internal/samplepdf"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/sandbox"
	"github.com/pecete/pecete/signing/ades"
	"github.com/pecete/pecete/signing/ades/adestest"
	"github.com/pecete/pecete/verify"
)

// verifying gives the pages a real verifier, which trusts ca. Its children are of the
// program as it is delivered: the race detector would take ten times as long.
func verifying(t testing.TB, ca *adestest.CA) func(*portal.Pages) {
	t.Helper()
	box := &sandbox.Box{Program: servertest.Plain(t), Args: []string{"sandbox"}, Limits: sandbox.Limits{CPU: 2 * time.Second, Wall: time.Minute}}
	return func(p *portal.Pages) {
		p.Verifier = verify.Inspector{Documents: box, Roots: []*x509.Certificate{ca.Cert}, Now: time.Now}
		p.Verifications, p.Loads = quota.New(1000, time.Minute, p.Now), quota.NewShared(nil, "", 1000, time.Minute, p.Now)
	}
}

// upload sends a file with the form of the page.
func (b *browser) upload(name string, file []byte, header ...string) (*http.Response, string) {
	b.t.Helper()
	_, text := b.get("/verify")
	return b.uploadWith(tokenOf(b.t, text), name, file, header...)
}

func (b *browser) uploadWith(token, name string, file []byte, header ...string) (*http.Response, string) {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	must(b.t, form.WriteField("token", token))
	part, err := form.CreateFormFile("pdf", name)
	must(b.t, err)
	_, err = part.Write(file)
	must(b.t, err)
	must(b.t, form.Close())
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.server.URL+"/verify", &body)
	must(b.t, err)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for n := 0; n+1 < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	resp, err := b.web.Do(r)
	must(b.t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	must(b.t, err)
	return resp, string(answer)
}

// Whoever comes is told who signed a file, in his language, without logging in.
func TestVerifyPage(t *testing.T) {
	ca := adestest.NewCA(t)
	signer, stranger := ca.Signer(t, adestest.ECDSA()), adestest.NewCA(t).Signer(t, adestest.ECDSA())
	h := newHouse(t, verifying(t, ca))
	plain := samplepdf.New("A contract", "between two parties.")
	once := signer.SignPDF(t, plain, ades.PDFOptions{Time: time.Unix(1e9, 0)})
	twice := signer.SignPDF(t, once, ades.PDFOptions{Time: time.Unix(1e9, 0)})
	for _, row := range []struct {
		name   string
		file   []byte
		status int
		en, ro []string
	}{
		{"a signature", once, 200, []string{"The signatures are valid", "1 signature. It is intact", "Demo Signer", "9 September 2001", "Nothing. The signature covers the whole file.", "no legal validation"},
			[]string{"Semnăturile sunt valabile", "1 semnătură. Este intactă", "Demo Signer", "9 septembrie 2001", "nu o validare juridică"}},
		{"two signatures", twice, 200, []string{"2 signatures.", "1 of 2", "Somebody else signed it, too."}, []string{"2 semnături.", "1 din 2", "L-a mai semnat cineva."}},
		{"a changed document", bytes.Replace(once, []byte("two parties"), []byte("six parties"), 1), 200,
			[]string{"Do not rely on this document", "The document was changed after it was signed."}, []string{"Nu vă bazați pe acest document", "Documentul a fost schimbat după ce a fost semnat."}},
		{"an unknown authority", stranger.SignPDF(t, plain, ades.PDFOptions{}), 200, []string{"The certificate comes from nobody whom this service trusts."}, []string{"Certificatul nu vine de la nimeni"}},
		{"something added", append(bytes.Clone(once), '\n'), 200, []string{"covered by no intact signature"}, []string{"acoperită de nicio semnătură intactă"}},
		{"no signature", plain, 200, []string{"This document is not signed"}, []string{"Documentul nu este semnat"}},
		{"a file that is no PDF", []byte("PK\x03\x04 a letter.docx"), 422, []string{"This file is not a PDF"}, []string{"Fișierul nu este un PDF"}},
		{"half a file", plain[:len(plain)/2], 422, []string{"This PDF is damaged"}, []string{"PDF-ul este deteriorat"}},
		{"nothing in it", nil, 422, []string{"This file is not a PDF"}, []string{"Fișierul nu este un PDF"}},
		{"60 MB", append([]byte("%PDF-1.7\n"), make([]byte, 60<<20)...), 413, []string{"This file is too large"}, []string{"Fișierul este prea mare"}},
		{"one byte too many", append([]byte("%PDF-1.7\n"), make([]byte, portal.MostVerified-8)...), 413, []string{"This file is too large"}, nil},
	} {
		for tag, wants := range map[string][]string{"en": row.en, "ro": row.ro} {
			if wants == nil {
				continue // one language is enough for so many bytes
			}
			b := h.browser()
			resp, text := b.upload("contract <b>final.pdf", row.file, "Accept-Language", tag)
			if resp.StatusCode != row.status {
				t.Errorf("%s: %d, want %d", row.name, resp.StatusCode, row.status)
			}
			wantTold(t, text, wants...)
			if strings.Contains(text, "<b>final") {
				t.Errorf("%s: the name of the file is markup", row.name)
			}
			if row.status != 200 {
				continue
			}
			wantTold(t, text, "contract <b>final.pdf")
		}
	}
	if logged := h.log.String(); strings.Contains(logged, "contract") {
		t.Errorf("the name of a file is in the log: %s", logged)
	}
}

// What a browser of ours does not send is answered, and not read.
func TestVerifyPageRefusals(t *testing.T) {
	h := newHouse(t, verifying(t, adestest.NewCA(t)))
	b := h.browser()
	_, text := b.get("/verify")
	token, pdf := tokenOf(t, text), samplepdf.New("A contract")
	for _, row := range []struct {
		name   string
		send   func() (*http.Response, string)
		status int
	}{
		{"no file chosen", func() (*http.Response, string) { return b.uploadWith(token, "", nil) }, 422},
		{"another's token", func() (*http.Response, string) { return b.uploadWith("x"+token[1:], "a.pdf", pdf) }, 403},
		{"another's browser", func() (*http.Response, string) { return h.browser().uploadWith(token, "a.pdf", pdf) }, 403},
		{"from another site", func() (*http.Response, string) {
			return b.uploadWith(token, "a.pdf", pdf, "Sec-Fetch-Site", "cross-site")
		}, 403},
		{"not a form with files", func() (*http.Response, string) { return b.do(http.MethodPost, "/verify", fields("token", token)) }, 400},
		{"a form that ends early", func() (*http.Response, string) {
			return b.uploadWith(token, "a.pdf", pdf, "Content-Type", "multipart/form-data; boundary=other")
		}, 400},
	} {
		if resp, text := row.send(); resp.StatusCode != row.status {
			t.Errorf("%s: %d, want %d\n%s", row.name, resp.StatusCode, row.status, text)
		}
	}
	h.pages.Verifications = quota.New(1, time.Minute, h.clock)
	if resp, _ := b.upload("a.pdf", pdf); resp.StatusCode != http.StatusOK {
		t.Errorf("the first of the minute is answered with %d", resp.StatusCode)
	}
	if resp, _ := b.upload("a.pdf", pdf); resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") == "" {
		t.Errorf("the second of the minute is answered with %d", resp.StatusCode)
	}
}

// Files that are made to hurt are answered, each in words, and the page goes on.
func TestVerifyPageWithHostileFiles(t *testing.T) {
	h := newHouse(t, verifying(t, adestest.NewCA(t)))
	all := append(hostilepdf.Files(), hostilepdf.Signed()...)
	slices.SortFunc(all, func(a, b hostilepdf.File) int { return len(a.PDF) - len(b.PDF) })
	if len(all) < 100 {
		t.Fatalf("only %d files", len(all))
	}
	b := h.browser()
	_, text := b.get("/verify")
	token, kinds := tokenOf(t, text), map[int]int{}
	for _, file := range all[:100] {
		resp, text := b.uploadWith(token, file.Name, file.PDF)
		kinds[resp.StatusCode]++
		if resp.StatusCode != 200 && resp.StatusCode != 422 || !strings.Contains(text, "<h1>") {
			t.Errorf("%s: %d\n%s", file.Name, resp.StatusCode, text)
		}
		if resp.StatusCode == 200 && strings.Contains(text, "The signatures are valid") {
			t.Errorf("%s is valid", file.Name)
		}
	}
	if kinds[422] < 30 {
		t.Errorf("answers are %v", kinds)
	}
	if resp, _ := b.upload("a.pdf", samplepdf.New("A contract")); resp.StatusCode != http.StatusOK {
		t.Errorf("after them the page is %d", resp.StatusCode)
	}
}

// away says that something is for a while.
type away struct{}

func (away) Error() string     { return "away" }
func (away) Unavailable() bool { return true }

// While nobody knows which certificates were taken back, no file is told to be good.
func TestVerifyPageWithoutList(t *testing.T) {
	h := newHouse(t, func(p *portal.Pages) {
		p.Verifier = verify.Inspector{Documents: &sandbox.Box{Program: "/nowhere"}, Now: time.Now, Fresh: func(context.Context) (*x509.RevocationList, error) { return nil, away{} }}
		p.Verifications = quota.New(10, time.Minute, p.Now)
	})
	resp, text := h.browser().upload("a.pdf", samplepdf.New("A contract"))
	if resp.StatusCode != http.StatusServiceUnavailable || strings.Contains(text, "valid") {
		t.Errorf("%d: %s", resp.StatusCode, text)
	}
}

// A fault of ours is none of the file.
func TestVerifyPageFault(t *testing.T) {
	h := newHouse(t, func(p *portal.Pages) {
		p.Verifier = verify.Inspector{Documents: &sandbox.Box{Program: "/nowhere"}, Now: time.Now}
		p.Verifications = quota.New(10, time.Minute, p.Now)
	})
	resp, text := h.browser().upload("a.pdf", samplepdf.New("A contract"))
	if resp.StatusCode != http.StatusInternalServerError || strings.Contains(text, "nowhere") {
		t.Errorf("%d: %s", resp.StatusCode, text)
	}
}
