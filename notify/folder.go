package notify

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A Folder keeps messages as files instead of sending them, for development and
// tests: a mail as NAME.eml, an SMS as NAME.txt with the number in its first
// line. NAME begins with the time, so that the last one is the newest.
type Folder struct {
	Path string
	SMS  bool // for SMS, not mails
	From string
	Now  func() time.Time
}

var _ Sender = Folder{}

// keptTime is how the name of a message begins.
const keptTime = "20060102T150405.000000000"

// Send keeps a message.
func (f Folder) Send(_ context.Context, m Message) error {
	if f.SMS {
		if err := m.checkSMS(); err != nil {
			return err
		}
		return f.keep(m.To, ".txt", func(file *os.File) error {
			_, err := fmt.Fprintf(file, "To: %s\n\n%s\n", m.To, m.Text)
			return err
		})
	}
	letter, err := SMTP{From: f.From}.letter(m)
	if err != nil {
		return err
	}
	return f.keep(m.To, ".eml", func(file *os.File) error {
		_, err := letter.WriteTo(file)
		return err
	})
}

// keep writes a file that is there when it is whole.
func (f Folder) keep(to, kind string, write func(*os.File) error) error {
	file, err := os.CreateTemp(f.Path, ".message-*")
	if err != nil {
		return &UnavailableError{err}
	}
	err = write(file)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		name := f.Now().UTC().Format(keptTime) + " " + strings.ReplaceAll(to, "/", "_") + kind
		err = os.Rename(file.Name(), filepath.Join(f.Path, name))
	}
	if err != nil {
		_ = os.Remove(file.Name()) // or it was renamed
		return &UnavailableError{err}
	}
	return nil
}
