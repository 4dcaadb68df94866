package users

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1" // the form in which lists of stolen passwords are handed out
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pecete/pecete/csc"
)

// Why a password that could be set is not one to have (NIST SP 800-63B, 3.1.1.2).
// No other rule is made for what is in it.
var (
	// ErrBreached says that a password stands in the list of stolen ones.
	ErrBreached = errors.New("users: the password is in the list of stolen passwords")
	// ErrGuessable says that a password is little more than the signer's or the
	// service's name, or one sign again and again, or a row of the keyboard.
	ErrGuessable = errors.New("users: the password is easily guessed")
)

// An Advice says of a password whether others would guess it. A nil Advice has
// nothing to say.
type Advice struct {
	// Stolen is the list of stolen passwords; nil for none.
	Stolen *Stolen
}

// leastOwn is how many characters of a password must be more than names.
const leastOwn = 8

// rows are what hands type by themselves.
var rows = []string{"abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm"}

func (a *Advice) judge(password csc.Secret, names ...string) error {
	text, settable := normal(password)
	if a == nil || !settable {
		return nil
	}
	if guessable(strings.ToLower(text), names) {
		return ErrGuessable
	}
	if a.Stolen == nil {
		return nil
	}
	stolen, err := a.Stolen.has(text)
	if err == nil && stolen {
		err = ErrBreached
	}
	return err
}

func guessable(text string, names []string) bool {
	for _, name := range names {
		if name = strings.ToLower(name); len(name) > 2 {
			text = strings.ReplaceAll(text, name, "")
		}
	}
	signs := map[rune]bool{}
	for _, r := range text {
		signs[r] = true
	}
	if len([]rune(text)) < leastOwn || len(signs) < 4 {
		return true
	}
	for _, row := range rows {
		if strings.Contains(row, text) {
			return true
		}
	}
	return false
}

// Advise says whether a password is one to have: ErrPassword, ErrBreached,
// ErrGuessable.
func (r Registrar) Advise(ctx context.Context, userID string, password csc.Secret) error {
	if !Settable(password) {
		return ErrPassword
	}
	user, err := r.Store.User(ctx, userID)
	if err != nil {
		return fmt.Errorf("read user: %w", err)
	}
	return r.advise(user, password)
}

func (r Registrar) advise(user User, password csc.Secret) error {
	local, _, _ := strings.Cut(user.Email, "@")
	return r.Advice.judge(password, user.Email, local, user.GivenName, user.FamilyName, r.Issuer)
}

// A Stolen is a file of stolen passwords, each alone in its line: as it is, or as
// its SHA-1 in hex with capital letters, behind which a colon and a count may
// stand. The lines are in the order of their bytes, and are looked for in the file:
// it may have any size.
type Stolen struct {
	file *os.File
	size int64
}

const (
	maxLine = 4 << 10  // bytes
	swept   = 64 << 20 // so much of a file is read to see that it is in order
)

// OpenStolen opens a list, and refuses one that is not in order.
func OpenStolen(path string) (*Stolen, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open list of stolen passwords: %w", err)
	}
	info, err := file.Stat()
	if err == nil {
		err = inOrder(io.LimitReader(file, swept))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("list of stolen passwords %s: %w", path, err), file.Close())
	}
	return &Stolen{file, info.Size()}, nil
}

// Close closes the file.
func (s *Stolen) Close() error { return s.file.Close() }

func inOrder(r io.Reader) error {
	lines, last := bufio.NewScanner(r), []byte(nil)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		if bytes.Compare(last, lines.Bytes()) > 0 {
			return fmt.Errorf("line %d is not in order: LC_ALL=C sort it", n)
		}
		last = append(last[:0], lines.Bytes()...)
	}
	return lines.Err()
}

// has reports whether a password is in the list, in its own letters or in small
// ones.
func (s *Stolen) has(text string) (bool, error) {
	sum := sha1.Sum([]byte(text))
	for n, key := range []string{strings.ToUpper(hex.EncodeToString(sum[:])), text, strings.ToLower(text)} {
		line, err := s.from(key)
		if err != nil {
			return false, fmt.Errorf("read list of stolen passwords: %w", err)
		}
		if line == key || n == 0 && strings.HasPrefix(line, key+":") {
			return true, nil
		}
	}
	return false, nil
}

// from is the first line that is not before key, "" if there is none. A line that
// begins at or after low may be it, and one after high is not the first such one.
func (s *Stolen) from(key string) (string, error) {
	low, high := int64(0), s.size
	for low < high {
		middle := low + (high-low)/2
		line, there, err := s.after(middle)
		if err != nil {
			return "", err
		}
		if there && line < key {
			low = middle + 1
		} else {
			high = middle
		}
	}
	line, _, err := s.after(low)
	return line, err
}

// after is the first line that begins at a byte or after it, if there is one.
func (s *Stolen) after(at int64) (line string, there bool, err error) {
	begin := max(0, at-1) // if the byte before ends a line, one begins here
	r := bufio.NewReaderSize(io.NewSectionReader(s.file, begin, s.size-begin), 256)
	if at > 0 {
		_, err = r.ReadString('\n')
	}
	if err == nil {
		line, err = r.ReadString('\n')
	}
	there = line != ""
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), there, err
}
