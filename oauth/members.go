package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

var (
	errNoObject = errors.New("not a JSON object")
	errDouble   = errors.New("a member twice")
	errHalf     = errors.New("half of a surrogate pair")
)

// members reads a JSON object whose names are exact and stand once each (RFC
// 7515 §4, RFC 7519 §4). Its values are left as they are written.
func members(text []byte) (map[string]json.RawMessage, error) {
	in := json.NewDecoder(bytes.NewReader(text))
	if open, err := in.Token(); err != nil || open != json.Delim('{') || !utf8.Valid(text) {
		return nil, errNoObject
	}
	if !paired(text) {
		return nil, errHalf
	}
	all := map[string]json.RawMessage{}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return nil, errors.Join(errNoObject, err)
		}
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return nil, errors.Join(errNoObject, err)
		}
		key, ok := name.(string)
		if _, twice := all[key]; twice || !ok {
			return nil, fmt.Errorf("%w: %q", errDouble, key)
		}
		all[key] = value
	}
	if _, err := in.Token(); err != nil {
		return nil, errors.Join(errNoObject, err)
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: with something after it", errNoObject)
	}
	return all, nil
}

// paired reports whether no escape in a JSON text stands for half of a surrogate
// pair. The decoder would put another character in its place.
func paired(text []byte) bool {
	for len(text) > 0 {
		at := bytes.IndexByte(text, '\\')
		if at < 0 {
			return true
		}
		unit, rest := escape(text[at:])
		text = rest
		if !utf16.IsSurrogate(unit) {
			continue
		}
		low, rest := escape(text)
		if utf16.DecodeRune(unit, low) == utf8.RuneError {
			return false
		}
		text = rest
	}
	return true
}

// escape is the character that the escape text begins with stands for, 0 if that
// is no \u escape, and what comes after it.
func escape(text []byte) (rune, []byte) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, text[min(2, len(text)):]
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return 0, text[2:]
	}
	return rune(unit), text[6:]
}
