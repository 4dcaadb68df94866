package csc

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
)

// ErrBase64 says that a text is not the Base64 of anything: RFC 4648, standard
// alphabet, padded, no line breaks, no spare bits (v2.0.0.2 §5.2).
var ErrBase64 = errors.New("not strict base64")

// A Digest is the raw bytes of a hash. On the wire it is Base64.
type Digest []byte

// DecodeBase64 decodes s strictly: of the many spellings of the same bytes it
// takes only the one that encoding gives.
func DecodeBase64(s string) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || base64.StdEncoding.EncodeToString(b) != s {
		return nil, ErrBase64
	}
	return b, nil
}

// String is the digest in hex, for people.
func (d Digest) String() string { return hex.EncodeToString(d) }

// Hex is each digest in hex, in the same order.
func Hex(digests []Digest) []string {
	texts := make([]string, len(digests))
	for i, d := range digests {
		texts[i] = d.String()
	}
	return texts
}

// MarshalJSON writes standard Base64.
func (d Digest) MarshalJSON() ([]byte, error) {
	return json.Marshal(base64.StdEncoding.EncodeToString(d))
}

// UnmarshalJSON reads strict standard Base64.
func (d *Digest) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	b, err := DecodeBase64(s)
	*d = b
	return err
}
