package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	version = 1
	// maxLine bounds a record, newline included. An intent over 10,000 hashes of
	// 64 bytes has 1.3 MB, and its outcome 2 MB.
	maxLine = 4 << 20
	// timeLayout is RFC 3339 in UTC, always with microseconds.
	timeLayout = "2006-01-02T15:04:05.000000Z"
	// idPrefix begins the id of a log; 16 random bytes in hex follow.
	idPrefix = "log_"
)

// A Record is an Entry at its place in a log.
type Record struct {
	Log  string // id of the log
	Line int
	Seq  uint64
	Time time.Time // UTC, microseconds; of a head: when it was taken
	Entry
	// Head is set on an audit.head record.
	Head *Head
}

// A line is a record as it stands in the file. Its encoding is what json makes
// of it, members in this order, and no other.
type line struct {
	V    int    `json:"v"`
	Log  string `json:"log"`
	Seq  uint64 `json:"seq"`
	Time string `json:"time"`
	Prev string `json:"prev"`
	Entry
	Head *seal `json:"head,omitempty"`
}

// A seal is a Head as it stands in an audit.head record, whose header has the
// rest.
type seal struct {
	Seq       uint64 `json:"seq"`
	Hash      string `json:"hash"`
	Signature []byte `json:"signature"`
}

// A sum is the SHA-256 of a line without its newline.
type sum [sha256.Size]byte

func (s sum) String() string { return hex.EncodeToString(s[:]) }

// encode is the one encoding of v.
func encode(v any) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

// appendLine appends to buf the line of an Entry that is encoded already:
// byte for byte what encode makes of the whole, without encoding it again.
func appendLine(buf []byte, log string, seq uint64, at time.Time, prev sum, entry []byte) []byte {
	buf = append(buf, `{"v":`...)
	buf = strconv.AppendInt(buf, version, 10)
	buf = append(buf, `,"log":"`...)
	buf = append(buf, log...)
	buf = append(buf, `","seq":`...)
	buf = strconv.AppendUint(buf, seq, 10)
	buf = append(buf, `,"time":"`...)
	buf = at.AppendFormat(buf, timeLayout)
	buf = append(buf, `","prev":"`...)
	buf = hex.AppendEncode(buf, prev[:])
	buf = append(buf, `",`...)
	return append(buf, entry[1:]...)
}

// decode reads a line, which must be in the one encoding.
func decode(text []byte) (line, time.Time, error) {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return line{}, time.Time{}, fmt.Errorf("not a record: %w", plain(err))
	}
	again, err := encode(l)
	if err != nil || !bytes.Equal(again, text) {
		return line{}, time.Time{}, errors.New("not in the one encoding of a record")
	}
	if l.V != version {
		return line{}, time.Time{}, fmt.Errorf("a record of version %d", l.V)
	}
	if !validID(l.Log) {
		return line{}, time.Time{}, errors.New("not the id of a log")
	}
	at, err := time.Parse(timeLayout, l.Time)
	if err != nil || at.Format(timeLayout) != l.Time {
		return line{}, time.Time{}, errors.New("not a time in UTC with microseconds")
	}
	return l, at, nil
}

// plain is the kind of a JSON error without the text that caused it.
func plain(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("JSON breaks at byte %d", syntax.Offset)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("member %q is of another type", kind.Field)
	}
	return errors.New("JSON is broken")
}

func validID(id string) bool {
	rest, ok := strings.CutPrefix(id, idPrefix)
	return ok && len(rest) == 32 && isHex(rest)
}
