package conformance

import (
	"bytes"
	"encoding/base64"
	"os"
	"strings"
	"testing"
)

// aToken is a time-stamp of openssl ts, with a nonce, over "abc".
func aToken(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/timestamp.b64")
	if err != nil {
		t.Fatal(err)
	}
	der, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(string(text), "\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// Another's token is read, and judged.
func TestReadTimeToken(t *testing.T) {
	der := aToken(t)
	token, err := readTimeToken(der)
	if err != nil {
		t.Fatal(err)
	}
	if err := token.verify(); err != nil {
		t.Error(err)
	}
	if err := token.covers(stampedHash()); err == nil {
		t.Error("it is taken for one of another hash")
	}
	for at := range der {
		changed := bytes.Clone(der)
		changed[at] ^= 1
		read, err := readTimeToken(changed)
		if err == nil && !bytes.Equal(read.cms.Content, token.cms.Content) && read.verify() == nil {
			t.Errorf("what is said can be changed at byte %d", at)
		}
	}
}

// FuzzReadTimeToken: whatever a server sends, no panic.
func FuzzReadTimeToken(f *testing.F) {
	f.Add(aToken(f))
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Fuzz(func(_ *testing.T, der []byte) {
		if token, err := readTimeToken(der); err == nil {
			_ = token.covers(stampedHash())
			_ = token.verify()
		}
	})
}
