package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// The columns hold what both databases keep alike: text, integers, booleans and
// bytes. A moment is microseconds since 1970, a list is JSON.

func micros(t time.Time) int64 { return t.UnixMicro() }

func moment(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

var (
	// errText says that a text cannot be kept: PostgreSQL takes UTF-8 without
	// NUL, and what it does not take nobody shall.
	errText = errors.New("text is not UTF-8 without NUL")
	// errUnreadable says that a column holds what this program did not write.
	errUnreadable = errors.New("unreadable column")
)

// plain reports whether all texts can be kept. What cannot be kept is not there
// either, so a look-up for it needs no question.
func plain(texts ...string) bool {
	for _, s := range texts {
		if !utf8.ValidString(s) || strings.Contains(s, "\x00") {
			return false
		}
	}
	return true
}

// encode returns a list as JSON. It cannot fail for lists of text and bytes.
func encode[T string | []byte](list []T) string {
	text, err := json.Marshal(list)
	if err != nil {
		panic(fmt.Sprintf("registry: encode list: %v", err))
	}
	return string(text)
}

func decode[T string | []byte](text string, list *[]T) error { return decodeOne(text, list) }

func decodeOne(text string, into any) error {
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	return nil
}
