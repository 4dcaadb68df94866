package notify_test

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/internal/leaktest"
	"github.com/pecete/pecete/notify"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const (
	to    = "demo.signer@example.org"
	phone = "+40700000001"
	from  = "Pecete <sign@example.org>"
)

func letter() notify.Letter {
	return notify.Letter{
		Lang: "ro", From: "Pecete", Subject: "Codul dumneavoastră ștampilat",
		Says: []string{"Aplicația „<b>Fiii & Asociații</b>” vă cere acordul.", "Acesta este codul:"}, Code: "270391",
		Link: "https://sign.example.org/approve?i=abc&x=1", Do: "Vedeți", Adds: []string{"Nu îl spuneți nimănui."},
		Short: "Pecete: 270391 este codul dumneavoastră.",
	}
}

func asMail(t testing.TB) notify.Message {
	t.Helper()
	m, err := letter().Mail(to)
	must(t, err)
	return m
}

// parts are the bodies of a mail by their types, decoded, and its head.
func parts(t testing.TB, text string) (head mail.Header, bodies map[string]string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(text))
	must(t, err)
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	must(t, err)
	if kind != "multipart/alternative" {
		t.Fatalf("a mail of type %s", kind)
	}
	bodies = map[string]string{}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m.Header, bodies
		}
		must(t, err)
		kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		must(t, err)
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		must(t, err)
		bodies[kind] = strings.ReplaceAll(string(body), "\r\n", "\n")
	}
}

func TestMail(t *testing.T) {
	for name, test := range map[string]struct {
		change   func(*mailServer)
		security string
		user     string
		secured  bool
	}{
		"by STARTTLS":                  {nil, notify.StartTLS, "", true},
		"by STARTTLS, without a word":  {nil, "", "", true},
		"by STARTTLS, with a password": {nil, notify.StartTLS, "pecete", true},
		"by TLS, with a password":      {func(s *mailServer) { s.implicit = true }, notify.TLS, "pecete", true},
		"in clear, to this machine":    {func(s *mailServer) { s.starts = false }, notify.Clear, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := startMailServer(t, test.change)
			sender := notify.SMTP{Server: s.address, Security: test.security, User: test.user, Password: "secret", From: from, Roots: s.roots}
			must(t, sender.Check())
			must(t, sender.Send(t.Context(), asMail(t)))
			got := s.only()
			if got.secured != test.secured || !strings.Contains(got.from, "<sign@example.org>") || got.to != "<"+to+">" {
				t.Errorf("%+v", got)
			}
			if want := map[string]string{"": "", "pecete": "pecete:secret"}[test.user]; got.auth != want {
				t.Errorf("the server was told %q", got.auth)
			}
			wantLetter(t, got.data)
		})
	}
}

// wantLetter wants a mail to be the letter, in both forms.
func wantLetter(t *testing.T, text string) {
	t.Helper()
	head, bodies := parts(t, text)
	subject, err := new(mime.WordDecoder).DecodeHeader(head.Get("Subject"))
	must(t, err)
	if subject != letter().Subject || head.Get("To") != "<"+to+">" || head.Get("Auto-Submitted") != "auto-generated" || head.Get("Message-Id") == "" {
		t.Errorf("the head is %v", head)
	}
	want := "Aplicația „<b>Fiii & Asociații</b>” vă cere acordul.\n\nAcesta este codul:\n\n    270391\n\n" +
		"Vedeți:\nhttps://sign.example.org/approve?i=abc&x=1\n\nNu îl spuneți nimănui.\n\n-- \nPecete\n"
	if diff := cmp.Diff(strings.TrimSpace(want), strings.TrimSpace(bodies["text/plain"])); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, want := range []string{
		`<html lang="ro">`, "&lt;b&gt;Fiii &amp; Asociații&lt;/b&gt;", ">270391<", `href="https://sign.example.org/approve?i=abc&amp;x=1"`, "Nu îl spuneți nimănui.",
	} {
		if !strings.Contains(bodies["text/html"], want) {
			t.Errorf("no %s in %s", want, bodies["text/html"])
		}
	}
	for _, not := range []string{"<b>", "<script", "<img", "http://", "url("} {
		if strings.Contains(bodies["text/html"], not) {
			t.Errorf("%s in %s", not, bodies["text/html"])
		}
	}
}

// Without the protection that was asked for nothing leaves, no password either.
func TestMailIsNotSentUnprotected(t *testing.T) {
	none := startMailServer(t, func(s *mailServer) { s.starts = false })
	stranger := startMailServer(t, nil)
	_, others := certificate(t)
	for name, sender := range map[string]notify.SMTP{
		"a server without STARTTLS": {Server: none.address, User: "u", Password: "secret", From: from, Roots: none.roots},
		"a server nobody knows":     {Server: stranger.address, User: "u", Password: "secret", From: from, Roots: others},
		"a server without TLS":      {Server: stranger.address, Security: notify.TLS, From: from, Roots: stranger.roots},
	} {
		err := sender.Send(t.Context(), asMail(t))
		var away *notify.UnavailableError
		if !errors.As(err, &away) || !away.Unavailable() {
			t.Errorf("%s: %v", name, err)
		}
		quiet(t, err)
	}
	none.none()
	stranger.none()
}

// quiet wants nothing of the message in an error.
func quiet(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{"270391", to, phone, "secret", "key=hidden"} {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%q is in %v", secret, err)
		}
	}
}

func TestMailThatIsRefused(t *testing.T) {
	s := startMailServer(t, func(s *mailServer) { s.refuses = "550 no " + to + " here" })
	err := notify.SMTP{Server: s.address, From: from, Roots: s.roots}.Send(t.Context(), asMail(t))
	var away *notify.UnavailableError
	if !errors.As(err, &away) || !strings.Contains(err.Error(), "550") {
		t.Errorf("%v", err)
	}
	quiet(t, err)
}

func TestMailServerThatIsSilent(t *testing.T) {
	s := startMailServer(t, nil)
	err := notify.SMTP{Server: s.address, Security: notify.TLS, From: from, Roots: s.roots, Timeout: 200 * time.Millisecond}.Send(t.Context(), asMail(t))
	var away *notify.UnavailableError
	if !errors.As(err, &away) {
		t.Errorf("%v", err)
	}
}

func TestSettingsOfMail(t *testing.T) {
	for name, s := range map[string]notify.SMTP{
		"no port":                       {Server: "mail.example.org", From: from},
		"no host":                       {Server: ":25", From: from},
		"no number":                     {Server: "mail.example.org:smtp", From: from},
		"no protection that there is":   {Server: "mail.example.org:25", Security: "ssl", From: from},
		"in clear through the network":  {Server: "mail.example.org:25", Security: notify.Clear, From: from},
		"a password in clear":           {Server: "127.0.0.1:25", Security: notify.Clear, User: "u", From: from},
		"no sender":                     {Server: "mail.example.org:25"},
		"two senders":                   {Server: "mail.example.org:25", From: "a@example.org, b@example.org"},
		"a sender with another's lines": {Server: "mail.example.org:25", From: "a@example.org\r\nBcc: b@example.org"},
	} {
		if s.Check() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// What would be more than one message to one person is none.
func TestNoMessages(t *testing.T) {
	s := startMailServer(t, nil)
	mails := notify.SMTP{Server: s.address, From: from, Roots: s.roots}
	folder := t.TempDir()
	for name, change := range map[string]func(*notify.Message){
		"two addresses":                 func(m *notify.Message) { m.To = to + ", other@example.org" },
		"an address with a name":        func(m *notify.Message) { m.To = "Demo <" + to + ">" },
		"an address with a line":        func(m *notify.Message) { m.To = to + "\r\nBcc: other@example.org" },
		"an address with a line's end":  func(m *notify.Message) { m.To = to + "\n" },
		"no address":                    func(m *notify.Message) { m.To = "" },
		"a subject with a line":         func(m *notify.Message) { m.Subject = "x\r\nBcc: other@example.org" },
		"a subject with a bare return":  func(m *notify.Message) { m.Subject = "x\rBcc: other@example.org" },
		"a subject with a bare feed":    func(m *notify.Message) { m.Subject = "x\nBcc: other@example.org" },
		"a subject with a NUL":          func(m *notify.Message) { m.Subject = "x\x00" },
		"a subject with a new line":     func(m *notify.Message) { m.Subject = "x\u0085Bcc: y" },
		"a subject that is no UTF-8":    func(m *notify.Message) { m.Subject = "x\xff" },
		"no subject":                    func(m *notify.Message) { m.Subject = "" },
		"a subject without an end":      func(m *notify.Message) { m.Subject = strings.Repeat("x", 201) },
		"no text":                       func(m *notify.Message) { m.Text = "" },
		"a text without an end":         func(m *notify.Message) { m.Text = strings.Repeat("x", 65<<10) },
		"a text that is no UTF-8":       func(m *notify.Message) { m.Text = "\xff" },
		"markup that is no UTF-8":       func(m *notify.Message) { m.HTML = "\xff" },
		"an address of another's lines": func(m *notify.Message) { m.To = "a@example.org>\r\nRCPT TO:<b@example.org" },
	} {
		m := asMail(t)
		change(&m)
		for _, sender := range []notify.Sender{mails, notify.Folder{Path: folder, From: from, Now: time.Now}} {
			if err := sender.Send(t.Context(), m); !errors.Is(err, notify.ErrMessage) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	s.none()
	for name, m := range map[string]notify.Message{
		"no number":              {Text: "x"},
		"a number without a +":   {To: "0700000001", Text: "x"},
		"two numbers":            {To: phone + "," + phone, Text: "x"},
		"a number with a line":   {To: phone + "\n", Text: "x"},
		"a number too long":      {To: "+4070000000123456", Text: "x"},
		"a number from zero":     {To: "+0700000001", Text: "x"},
		"other digits":           {To: "+４０700000001", Text: "x"},
		"an address":             {To: to, Text: "x"},
		"no text":                {To: phone},
		"more than three in one": {To: phone, Text: strings.Repeat("x", 460)},
		"no UTF-8":               {To: phone, Text: "\xff"},
	} {
		for _, sender := range []notify.Sender{notify.Gateway{URL: "http://127.0.0.1:1"}, notify.Folder{Path: folder, SMS: true, Now: time.Now}} {
			if err := sender.Send(t.Context(), m); !errors.Is(err, notify.ErrMessage) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 0 {
		t.Errorf("%d files, %v", len(files), err)
	}
}

// A gateway keeps the last request.
type gateway struct {
	mu     sync.Mutex
	kind   string
	auth   string
	body   string
	status int
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.kind, g.auth, g.body = r.Header.Get("Content-Type"), r.Header.Get("Authorization"), string(body)
	if g.status == http.StatusFound {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(g.status)
}

func TestSMS(t *testing.T) {
	g := &gateway{status: http.StatusAccepted}
	web := httptest.NewServer(g)
	defer web.Close()
	m := letter().SMS(phone)
	m.Text += "\n\"},{\"to\":\"+40799999999&text=x"
	sender := notify.Gateway{
		URL: web.URL + "/send?key=hidden", To: "recipient", Text: "message", Fields: map[string]string{"sender": "Pecete", "recipient": "other"},
		Authorization: "Bearer secret", Prefixes: []string{"+40", "+373"}, Client: web.Client(),
	}
	must(t, sender.Check())
	must(t, sender.Send(t.Context(), m))
	var got map[string]string
	must(t, json.Unmarshal([]byte(g.body), &got))
	want := map[string]string{"recipient": phone, "message": m.Text, "sender": "Pecete"}
	if diff := cmp.Diff(want, got); diff != "" || g.kind != "application/json" || g.auth != "Bearer secret" {
		t.Errorf("%s %s\n%s", g.kind, g.auth, diff)
	}
	sender.Form, sender.To, sender.Text, sender.Authorization = notify.Form, "", "", ""
	must(t, sender.Check())
	must(t, sender.Send(t.Context(), m))
	form, err := url.ParseQuery(g.body)
	must(t, err)
	wantForm := url.Values{"to": {phone}, "text": {m.Text}, "sender": {"Pecete"}, "recipient": {"other"}}
	if diff := cmp.Diff(wantForm, form); diff != "" || g.kind != "application/x-www-form-urlencoded" || g.auth != "" {
		t.Errorf("%s %s\n%s", g.kind, g.auth, diff)
	}
	if err := sender.Send(t.Context(), notify.Message{To: "+8821234567", Text: "x"}); !errors.Is(err, notify.ErrMessage) {
		t.Errorf("a number nobody asked to send to: %v", err)
	}
	for _, status := range []int{302, 400, 401, 500, 503} {
		g.mu.Lock()
		g.status = status
		g.mu.Unlock()
		plain := sender
		plain.Client = nil
		err := plain.Send(t.Context(), m)
		var away *notify.UnavailableError
		if !errors.As(err, &away) || !strings.Contains(err.Error(), "status") {
			t.Errorf("status %d: %v", status, err)
		}
		quiet(t, err)
	}
	web.Close()
	err = sender.Send(t.Context(), m)
	var away *notify.UnavailableError
	if !errors.As(err, &away) {
		t.Errorf("nobody there: %v", err)
	}
	quiet(t, err)
}

func TestSettingsOfSMS(t *testing.T) {
	for name, g := range map[string]notify.Gateway{
		"no URL":                  {},
		"no host":                 {URL: "https:///send"},
		"in clear":                {URL: "http://gateway.example.org/send"},
		"another scheme":          {URL: "ftp://gateway.example.org/send"},
		"a fragment":              {URL: "https://gateway.example.org/send#x"},
		"another form":            {URL: "https://gateway.example.org/send", Form: "xml"},
		"one field":               {URL: "https://gateway.example.org/send", To: "x", Text: "x"},
		"a prefix without a plus": {URL: "https://gateway.example.org/send", Prefixes: []string{"40"}},
		"a prefix of all":         {URL: "https://gateway.example.org/send", Prefixes: []string{"+"}},
		"a header of two lines":   {URL: "https://gateway.example.org/send", Authorization: "x\r\ny: z"},
	} {
		if g.Check() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestFolder(t *testing.T) {
	folder := t.TempDir()
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	must(t, notify.Folder{Path: folder, From: from, Now: func() time.Time { return at }}.Send(t.Context(), asMail(t)))
	must(t, notify.Folder{Path: folder, SMS: true, Now: func() time.Time { return at.Add(time.Second) }}.Send(t.Context(), letter().SMS(phone)))
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	must(t, err)
	if len(files) != 2 || !strings.HasSuffix(files[0], " "+to+".eml") || !strings.HasSuffix(files[1], " "+phone+".txt") {
		t.Fatalf("%q", files)
	}
	text, err := os.ReadFile(files[0])
	must(t, err)
	wantLetter(t, string(text))
	text, err = os.ReadFile(files[1])
	must(t, err)
	if string(text) != "To: "+phone+"\n\nPecete: 270391 este codul dumneavoastră.\n" {
		t.Errorf("%q", text)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	err = notify.Folder{Path: filepath.Join(folder, "no"), SMS: true, Now: time.Now}.Send(t.Context(), letter().SMS(phone))
	var away *notify.UnavailableError
	if !errors.As(err, &away) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"Demo Application":                "Demo Application",
		"Semnături Fiii & Asociații S.A.": "Semnături Fiii & Asociații SA.",
		"pay at evil.example/now":         "pay at evilexamplenow",
		"https://evil.example":            "httpsevilexample",
		"a@b.example":                     "abexample",
		"  two   blanks  ":                "two blanks",
		"line\r\nBcc: x":                  "lineBcc x",
		"\u202eevil\u202c":                "evil",
		"\xff\xfe":                        "",
		"":                                "",
		"…”“„":                            "",
		strings.Repeat("ș", 41):           strings.Repeat("ș", 40) + "…",
		strings.Repeat("x", 40):           strings.Repeat("x", 40),
	} {
		if got := notify.Name(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}

// Whatever an application calls itself, nothing of it makes a link or a line.
func FuzzName(f *testing.F) {
	f.Add("Demo Application")
	f.Add("https://evil.example/\r\nBcc: x")
	f.Add("\xff\u202e.\u0000")
	f.Fuzz(func(t *testing.T, s string) {
		got := notify.Name(s)
		if strings.ContainsAny(got, "\r\n\t/:@<>\"\x00") || strings.Count(got, "") > 43 {
			t.Errorf("%q becomes %q", s, got)
		}
		l := letter()
		l.Subject, l.Says = "x "+got, []string{got}
		m, err := l.Mail(to)
		must(t, err)
		if strings.Contains(strings.ReplaceAll(got, ". ", ""), ".") && !strings.HasSuffix(got, ".") && !strings.HasSuffix(got, "…") {
			t.Errorf("%q keeps a dot: %q", s, got)
		}
		must(t, notify.Folder{Path: t.TempDir(), From: from, Now: time.Now}.Send(t.Context(), m))
	})
}
