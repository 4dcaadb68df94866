package notify

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A Kept is a message that a Folder kept.
type Kept struct {
	ID  string // of letters and digits
	At  time.Time
	SMS bool
	Message
}

// ErrNotKept says that there is no such message.
var ErrNotKept = errors.New("notify: no such message")

// maxKept bounds how much of a file is read as a message.
const maxKept = 1 << 20

// Kept lists the newest messages of the folder, of both kinds, the newest first;
// what is in it beside them is left out.
func (f Folder) Kept(most int) ([]Kept, error) {
	files, err := f.files()
	if err != nil {
		return nil, err
	}
	var all []Kept
	for _, file := range files {
		if k, err := f.read(file); err == nil && len(all) < most {
			all = append(all, k)
		}
	}
	return all, nil
}

// Find returns one of them; ErrNotKept.
func (f Folder) Find(id string) (Kept, error) {
	files, err := f.files()
	if err != nil {
		return Kept{}, err
	}
	for _, file := range files {
		if keptID(file) == id {
			return f.read(file)
		}
	}
	return Kept{}, ErrNotKept
}

// files are the names of the messages, the newest first.
func (f Folder) files() ([]string, error) {
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		return nil, &UnavailableError{err}
	}
	var names []string
	for _, e := range entries {
		if kind := filepath.Ext(e.Name()); e.Type().IsRegular() && (kind == ".eml" || kind == ".txt") && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	slices.Reverse(names)
	return names, nil
}

func keptID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:8])
}

func (f Folder) read(name string) (Kept, error) {
	file, err := os.Open(filepath.Join(f.Path, name))
	if err != nil {
		return Kept{}, &UnavailableError{err}
	}
	defer file.Close() //nolint:errcheck // nothing was written
	text, err := io.ReadAll(io.LimitReader(file, maxKept))
	if err != nil {
		return Kept{}, &UnavailableError{err}
	}
	stamp, _, _ := strings.Cut(name, " ")
	at, err := time.Parse(keptTime, stamp)
	if err != nil {
		return Kept{}, fmt.Errorf("%w: %w", ErrNotKept, err)
	}
	k := Kept{ID: keptID(name), At: at, SMS: filepath.Ext(name) == ".txt"}
	if k.SMS {
		k.Message, err = readSMS(text)
	} else {
		k.Message, err = readMail(text)
	}
	return k, err
}

// readSMS reads what Send kept of an SMS.
func readSMS(text []byte) (Message, error) {
	head, body, found := strings.Cut(string(text), "\n\n")
	to, is := strings.CutPrefix(head, "To: ")
	if !found || !is {
		return Message{}, fmt.Errorf("%w: not an SMS", ErrMessage)
	}
	return Message{To: to, Text: strings.TrimSuffix(body, "\n")}, nil
}

// readMail reads a mail of a text, or of a text and HTML beside it.
func readMail(text []byte) (Message, error) {
	letter, err := mail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		return Message{}, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	words := new(mime.WordDecoder)
	m := Message{To: letter.Header.Get("To")}
	if address, err := mail.ParseAddress(m.To); err == nil {
		m.To = address.Address
	}
	if m.Subject, err = words.DecodeHeader(letter.Header.Get("Subject")); err != nil {
		return Message{}, fmt.Errorf("%w: subject: %w", ErrMessage, err)
	}
	if err := m.fill(partHeader(letter.Header), letter.Body); err != nil {
		return m, err
	}
	if m.To == "" || m.Text == "" {
		return m, fmt.Errorf("%w: to nobody, or nothing", ErrMessage)
	}
	return m, nil
}

// A partHeader is the head of a mail or of a part of one.
type partHeader map[string][]string

func (h partHeader) get(name string) string {
	if values := h[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// fill reads the text and the HTML of a part.
func (m *Message) fill(head partHeader, body io.Reader) error {
	media, params, err := mime.ParseMediaType(cmp.Or(head.get("Content-Type"), "text/plain"))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMessage, err)
	}
	if media == "multipart/alternative" {
		return m.fillParts(multipart.NewReader(body, params["boundary"]))
	}
	switch strings.ToLower(head.get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMessage, err)
	}
	said := strings.ToValidUTF8(strings.ReplaceAll(string(text), "\r\n", "\n"), "\uFFFD")
	switch media {
	case "text/plain":
		m.Text = said
	case "text/html":
		m.HTML = said
	}
	return nil
}

func (m *Message) fillParts(parts *multipart.Reader) error {
	const most = 8
	for range most {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrMessage, err)
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "multipart/") {
			return fmt.Errorf("%w: parts within parts", ErrMessage)
		}
		if err := m.fill(partHeader(part.Header), part); err != nil {
			return err
		}
	}
	return nil
}
