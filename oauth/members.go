package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

var (
	errNoObject = errors.New("not a JSON object")
	errDouble   = errors.New("a member twice")
)

// members reads a JSON object whose names are exact and stand once each (RFC
// 7515 §4, RFC 7519 §4). Its values are left as they are written.
func members(text []byte) (map[string]json.RawMessage, error) {
	in := json.NewDecoder(bytes.NewReader(text))
	if open, err := in.Token(); err != nil || open != json.Delim('{') || !utf8.Valid(text) {
		return nil, errNoObject
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
