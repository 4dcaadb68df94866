// Package notify sends messages to signers: by mail, by SMS, or, where nobody
// shall be disturbed, into a folder.
//
// What is to be said is a Letter, in words and without a form; it becomes the
// text and the HTML of a mail, or an SMS. A Sender hands a message to whoever
// delivers it and says whether that took it. Messages have secrets in them:
// nothing of one stands in an error.
package notify

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Message is one to one person. Subject and HTML are of mails only, and HTML
// may be "".
type Message struct {
	// ID tells a mail that may have been sent before from another one: whoever gets
	// it again can know that. "" for one that was not.
	ID      string
	To      string // an e-mail address, or a number in E.164
	Subject string
	Text    string
	HTML    string
}

// A Sender sends messages of one kind. That it has no error says that the next
// in line took the message, and no more.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// A Post has a Sender for each kind of message; nil where there is none.
type Post struct{ Mail, SMS Sender }

// ErrMessage says that a message cannot be sent as it is; what is wrong stands
// behind it.
var ErrMessage = errors.New("notify: not a message")

// An UnavailableError says that the next in line did not take a message. It may
// have got it all the same.
type UnavailableError struct{ Cause error }

func (e *UnavailableError) Error() string { return "notify: not taken: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *UnavailableError) Unwrap() error { return e.Cause }

// Unavailable marks the error as one that passes.
func (e *UnavailableError) Unavailable() bool { return true }

// The bounds of messages: no mail of ours comes near, and an SMS is at most
// three in one.
const (
	maxSubject = 200 // characters
	maxText    = 64 << 10
	maxSMS     = 459 // characters
)

// number is E.164: a plus, and seven to fifteen digits.
var number = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// Number reports whether s is a phone number in E.164.
func Number(s string) bool { return number.MatchString(s) }

// checkMail refuses what would be more than one mail to one address: line ends
// and other control characters in what stands in the head of it.
func (m Message) checkMail() error {
	address, err := mail.ParseAddress(m.To)
	switch {
	case err != nil || address.Address != m.To:
		return fmt.Errorf("%w: not one address", ErrMessage)
	case m.Subject == "" || utf8.RuneCountInString(m.Subject) > maxSubject || controlled(m.Subject):
		return fmt.Errorf("%w: not a subject", ErrMessage)
	case m.Text == "" || len(m.Text)+len(m.HTML) > maxText || !utf8.ValidString(m.Text) || !utf8.ValidString(m.HTML):
		return fmt.Errorf("%w: not a text", ErrMessage)
	}
	return nil
}

func (m Message) checkSMS() error {
	switch {
	case !Number(m.To):
		return fmt.Errorf("%w: not a number in E.164", ErrMessage)
	case m.Text == "" || !utf8.ValidString(m.Text) || utf8.RuneCountInString(m.Text) > maxSMS:
		return fmt.Errorf("%w: not a text of at most %d characters", ErrMessage, maxSMS)
	}
	return nil
}

func controlled(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl)
}

// maxName is how many characters of a name stand in a message.
const maxName = 40

// Moment is a time as letters have it, in Romanian or else in English.
func Moment(lang string, at time.Time) string {
	if lang == "ro" {
		return at.UTC().Format("02.01.2006, ora 15:04 UTC")
	}
	return at.UTC().Format("2 January 2006, 15:04 UTC")
}

// Name is what an application calls itself as it may stand in a message: letters,
// digits and a few signs, and nothing that a reader's program makes a link of.
func Name(s string) string {
	var b strings.Builder
	n, runes := 0, append([]rune(s), ' ')
	for i, r := range runes[:len(runes)-1] {
		switch {
		case n == maxName:
			return strings.TrimSpace(b.String()) + "…"
		case r == utf8.RuneError:
		case r == '.' && runes[i+1] == ' ', unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.Mn, r), strings.ContainsRune("-&'()+,", r):
			b.WriteRune(r)
			n++
		case r == ' ' && n > 0 && !strings.HasSuffix(b.String(), " "):
			b.WriteRune(' ')
			n++
		}
	}
	return strings.TrimSpace(b.String())
}
