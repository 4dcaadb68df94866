package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/proctest"
)

// A post is where messages to signers arrive.
type post interface {
	// mails are the texts of all mails to somebody, the oldest first, as a plain
	// mail reader shows them.
	mails(to string) []string
	// sms are those to a phone.
	sms(to string) []string
}

// await is the last message that says something; it may still be on its way.
func await(t *testing.T, messages func(to string) []string, to string, says *regexp.Regexp) []string {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		for _, text := range slices.Backward(messages(to)) {
			if m := says.FindStringSubmatch(text); m != nil {
				return m
			}
		}
	}
	t.Fatalf("no message to %s says %s; there are %q", to, says, messages(to))
	return nil
}

// An outbox is the folder in which messages are kept for trying.
type outbox struct {
	t      *testing.T
	folder string
}

func (o outbox) mails(to string) (all []string) {
	for _, text := range o.kept(to, ".eml") {
		all = append(all, plainText(o.t, text))
	}
	return all
}

func (o outbox) sms(to string) (all []string) {
	for _, text := range o.kept(to, ".txt") {
		all = append(all, string(text))
	}
	return all
}

func (o outbox) kept(to, kind string) (all [][]byte) {
	o.t.Helper()
	files, err := filepath.Glob(filepath.Join(o.folder, "* "+to+kind)) // in the order of their times
	must(o.t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(o.t, err)
		all = append(all, text)
	}
	return all
}

// A carrier is a mail server that others wrote, and a gateway for SMS.
type carrier struct {
	t       *testing.T
	folder  string // a maildir
	server  string // host:port
	gateway string // URL

	mu   sync.Mutex
	sent map[string][]string // SMS by number
}

func newCarrier(t *testing.T) *carrier {
	t.Helper()
	c := &carrier{t: t, folder: filepath.Join(t.TempDir(), "mail"), sent: map[string][]string{}}
	c.server = fmt.Sprintf("127.0.0.1:%d", proctest.FreePort(t))
	proctest.Start(t, "aiosmtpd", "-n", "-l", c.server, "-c", "aiosmtpd.handlers.Mailbox", c.folder)
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if conn, err := net.Dial("tcp", c.server); err == nil {
			must(t, conn.Close())
			break
		}
		if time.Now().After(end) {
			t.Fatal("the mail server does not listen")
		}
	}
	web := httptest.NewServer(c)
	t.Cleanup(web.Close)
	c.gateway = web.URL + "/send"
	return c
}

// ServeHTTP is the gateway.
func (c *carrier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var sms struct{ To, Text string }
	if err := json.NewDecoder(r.Body).Decode(&sms); err != nil || r.Method != http.MethodPost {
		http.Error(w, "no", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent[sms.To] = append(c.sent[sms.To], sms.Text)
}

func (c *carrier) sms(to string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.sent[to])
}

func (c *carrier) mails(to string) (all []string) {
	c.t.Helper()
	files, err := filepath.Glob(filepath.Join(c.folder, "new", "*"))
	must(c.t, err)
	slices.SortFunc(files, func(a, b string) int { return when(c.t, a).Compare(when(c.t, b)) })
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(c.t, err)
		if m, err := mail.ReadMessage(bytes.NewReader(text)); err == nil && strings.Contains(m.Header.Get("To"), to) {
			all = append(all, plainText(c.t, text))
		}
	}
	return all
}

func when(t *testing.T, file string) time.Time {
	t.Helper()
	info, err := os.Stat(file)
	must(t, err)
	return info.ModTime()
}

// plainText is the text/plain of a mail.
func plainText(t *testing.T, letter []byte) string {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(letter))
	must(t, err)
	return part(t, m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
}

func part(t *testing.T, kind, encoding string, body io.Reader) string {
	t.Helper()
	media, params, err := mime.ParseMediaType(kind)
	must(t, err)
	if strings.HasPrefix(media, "multipart/") {
		for all := multipart.NewReader(body, params["boundary"]); ; {
			p, err := all.NextRawPart()
			if err != nil {
				return ""
			}
			if text := part(t, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p); text != "" {
				return text
			}
		}
	}
	if media != "text/plain" {
		return ""
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	must(t, err)
	return string(text)
}
