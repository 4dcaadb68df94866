package portal_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/portal"
)

// outbox is a house whose messages are kept, one of each kind and one that is
// hostile.
func outbox(t *testing.T) (*house, http.Handler) {
	t.Helper()
	h := newHouse(t)
	folder := notify.Folder{Path: t.TempDir(), From: "Pecete <pecete@localhost>", Now: h.clock}
	mails, sms := folder, folder
	sms.SMS = true
	must(t, mails.Send(t.Context(), notify.Message{
		To: email, Subject: "Codul dumneavoastră – ș, ț", Text: "Deschideți linkul:\nhttps://localhost:8443/welcome/pair?link=abc\n\nSfârșit",
		HTML: "<!DOCTYPE html><p>Deschideți <b>linkul</b></p>",
	}))
	h.after(time.Minute)
	must(t, sms.Send(t.Context(), notify.Message{To: "+40700000000", Text: "Pecete: 123456 is your code"}))
	h.after(time.Minute)
	must(t, mails.Send(t.Context(), notify.Message{
		To: "semnatar.demo@example.org", Subject: "<script>alert(1)</script>", Text: "<script>alert(2)</script>", HTML: "<script>alert(3)</script><img src=https://evil.example/x>",
	}))
	for _, name := range []string{"notes.txt", "20261122T120500.000000000 broken.eml", ".message-1"} {
		must(t, os.WriteFile(filepath.Join(folder.Path, name), []byte("no message"), 0o600))
	}
	mux := http.NewServeMux()
	pages := portal.Outbox{House: h.pages.House, Folder: folder}
	pages.Mount(mux)
	return h, mux
}

func ask(t *testing.T, handler http.Handler, url string, change ...func(*http.Request)) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, url, nil)
	r.RemoteAddr = "127.0.0.1:50000"
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Result(), w.Body.String()
}

var messageLink = regexp.MustCompile(`href="(/outbox/[0-9a-f]{16})"`)

func TestOutbox(t *testing.T) {
	_, mux := outbox(t)
	resp, text := ask(t, mux, "https://localhost:8443/outbox")
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("answered with %d, %v", resp.StatusCode, resp.Header)
	}
	links := messageLink.FindAllStringSubmatch(text, -1)
	if len(links) != 3 || strings.Contains(text, "<script") {
		t.Fatalf("%d messages on\n%s", len(links), text)
	}
	hostile, sms, mail := links[0][1], links[1][1], links[2][1] // the newest first
	_, text = ask(t, mux, "https://localhost:8443"+mail)
	wantTold(t, text, "Codul dumneavoastră – ș, ț", email, "22 November 2026", "Sfârșit",
		`<a href="https://localhost:8443/welcome/pair?link=abc"`, mail+"/html")
	_, text = ask(t, mux, "https://localhost:8443"+mail+"?lang=ro")
	wantTold(t, text, "22 noiembrie 2026", "Toate mesajele")
	_, text = ask(t, mux, "https://localhost:8443"+sms)
	wantTold(t, text, "123456 is your code", "+40700000000", "SMS")
	if resp, _ := ask(t, mux, "https://localhost:8443"+sms+"/html"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("the HTML of an SMS: %d", resp.StatusCode)
	}
	if _, text = ask(t, mux, "https://localhost:8443"+hostile); strings.Contains(text, "<script") {
		t.Errorf("the page:\n%s", text)
	}
	resp, text = ask(t, mux, "https://localhost:8443"+hostile+"/html")
	policy := resp.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "sandbox; default-src 'none';") || strings.Contains(policy, "allow-") || strings.Contains(policy, "script-src") {
		t.Errorf("HTML of a mail under the policy %q", policy)
	}
	if !strings.Contains(text, "alert(3)") {
		t.Error("not the HTML of the mail")
	}
	for _, path := range []string{"/outbox/0123456789abcdef", "/outbox/..%2fnotes.txt", "/outbox/x/html"} {
		if resp, _ := ask(t, mux, "https://localhost:8443"+path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

// The messages have codes in them: they are for who sits at this machine.
func TestOutboxIsOfThisMachine(t *testing.T) {
	_, mux := outbox(t)
	for _, row := range []struct {
		says, url, remote string
		want              int
	}{
		{"this machine", "https://localhost:8443/outbox", "127.0.0.1:5", 200},
		{"this machine by its number", "https://127.0.0.1:8443/outbox", "127.0.0.1:5", 200},
		{"this machine in IPv6", "https://[::1]:8443/outbox", "[::1]:5", 200},
		{"this machine without a port", "https://localhost/outbox", "[::ffff:127.0.0.1]:5", 200},
		{"another machine", "https://localhost:8443/outbox", "192.0.2.1:5", 404},
		{"a neighbour", "https://localhost:8443/outbox", "192.168.0.7:5", 404},
		{"a proxy here", "https://sign.example.org/outbox", "127.0.0.1:5", 404},
		{"a name that leads here", "https://localhost.evil.example/outbox", "127.0.0.1:5", 404},
		{"nobody", "https://localhost:8443/outbox", "", 404},
	} {
		resp, text := ask(t, mux, row.url, func(r *http.Request) { r.RemoteAddr = row.remote })
		if resp.StatusCode != row.want || strings.Contains(text, "demo.signer") != (row.want == 200) {
			t.Errorf("%s: %d", row.says, resp.StatusCode)
		}
	}
}

// Where messages are sent there is no such page.
func TestNoOutbox(t *testing.T) {
	h := newHouse(t)
	if resp, _ := h.browser().get("/outbox"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("answered with %d", resp.StatusCode)
	}
}

func TestOutboxIsAway(t *testing.T) {
	h := newHouse(t)
	mux := http.NewServeMux()
	pages := portal.Outbox{House: h.pages.House, Folder: notify.Folder{Path: filepath.Join(t.TempDir(), "none")}}
	pages.Mount(mux)
	for _, path := range []string{"/outbox", "/outbox/0123456789abcdef"} {
		if resp, _ := ask(t, mux, "https://localhost"+path); resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

func TestDownloads(t *testing.T) {
	h := newHouse(t)
	_, text := h.browser().get(portal.DownloadsPath)
	wantTold(t, text, "Google Authenticator", "Microsoft Authenticator", "Google Play", "App Store", `href="/portal"`)
	_, text = h.browser().get(portal.DownloadsPath + "?lang=ro")
	wantTold(t, text, "Aplicații de autentificare")
	if loaded := regexp.MustCompile(`(src|srcset|data)="?https?:`).FindString(text); loaded != "" {
		t.Errorf("the page loads %s", loaded)
	}
}
