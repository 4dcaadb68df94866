package csc_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
)

// abc is SHA-256("abc"): its Base64 has characters that base64url does not.
const abc = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="

func TestDecodeBase64(t *testing.T) {
	tests := []struct {
		says string
		text string
		want string
		ok   bool
	}{
		{"nothing is the Base64 of nothing", "", "", true},
		{"one byte", "YQ==", "a", true},
		{"two bytes", "YWI=", "ab", true},
		{"three bytes", "YWJj", "abc", true},
		{"every bit of the alphabet", "+/+/", "\xfb\xff\xbf", true},
		{"a hash", abc, "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad", true},
		{"a hash in the url alphabet", "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0=", "", false},
		{"a hash without padding", strings.TrimRight(abc, "="), "", false},
		{"a hash with padding twice", abc + "=", "", false},
		{"a hash padded to the next four", abc + "====", "", false},
		{"a line break at the end", abc + "\n", "", false},
		{"a line break at the start", "\r\n" + abc, "", false},
		{"lines of 22", abc[:22] + "\r\n" + abc[22:], "", false},
		{"a space inside", abc[:10] + " " + abc[10:], "", false},
		{"spare bits after one byte", "YR==", "", false},
		{"spare bits after two bytes", "YWJ=", "", false},
		{"one character", "Y", "", false},
		{"one character, padded", "Y===", "", false},
		{"padding alone", "====", "", false},
		{"padding in the middle", "YQ==YQ==", "", false},
		{"padding, then more", "YWI=YWJj", "", false},
		{"percent-encoded", "YQ%3D%3D", "", false},
		{"a data URL", "data:;base64,YQ==", "", false},
		{"quotes", `"YQ=="`, "", false},
		{"NUL at the end", "YQ==\x00", "", false},
		{"a letter that only looks like A", "YWJ\u0410", "", false},
		{"an equals sign of full width", "YQ\uff1d\uff1d", "", false},
		{"a byte order mark", "\ufeffYWJj", "", false},
		{"a soft hyphen", "YW\u00adJj", "", false},
		{"no UTF-8", "YWJ\xff", "", false},
		{"hex of the right length for Base64", "ba7816bf", "m\xae\xfc\xd7\xa6\xdf", true},
		{"Base64 of a hash, encoded again, is Base64 of something else", base64.StdEncoding.EncodeToString([]byte(abc)), abc, true},
	}
	for _, test := range tests {
		t.Run(test.says, func(t *testing.T) {
			got, err := csc.DecodeBase64(test.text)
			if (err == nil) != test.ok || string(got) != test.want {
				t.Errorf("DecodeBase64(%q) = %q, %v; want %q, taken: %v", test.text, got, err, test.want, test.ok)
			}
			if err != nil && got != nil {
				t.Errorf("DecodeBase64(%q) gave bytes beside its error", test.text)
			}
		})
	}
}

// Of all the spellings of a hash that lenient decoders take, one is taken.
func TestDecodeBase64Spellings(t *testing.T) {
	refused := 0
	refuse := func(s string) {
		t.Helper()
		refused++
		if b, err := csc.DecodeBase64(s); err == nil {
			t.Errorf("DecodeBase64(%q) = %x, want it refused", s, b)
		}
	}
	for i := 0; i <= len(abc); i++ {
		for _, in := range []string{"\n", "\r", "\r\n", " ", "\t", "=", "%", "\x00", "-", "_", ".", "\u200b", "\ufeff"} {
			refuse(abc[:i] + in + abc[i:])
		}
	}
	for i := range abc {
		refuse(abc[:i] + abc[i+1:])
		if i%4 != 0 { // at four the shorter text is a hash's beginning
			refuse(abc[:i])
		}
	}
	for _, spare := range "123" { // "0" leaves no bit over
		refuse(abc[:42] + string(spare) + "=")
	}
	if refused < 600 {
		t.Errorf("tried %d spellings only", refused)
	}
}

func TestDecodeBase64Large(t *testing.T) {
	b := bytes.Repeat([]byte{0xfb, 0xff, 0xbf}, 16<<20/4)
	text := base64.StdEncoding.EncodeToString(b)
	if got, err := csc.DecodeBase64(text); err != nil || !bytes.Equal(got, b) {
		t.Errorf("16 MiB came back as %d bytes, %v", len(got), err)
	}
	if _, err := csc.DecodeBase64(text[:len(text)-1]); err == nil {
		t.Error("16 MiB less a character was taken")
	}
}

// FuzzDecodeBase64 holds the decoder to a grammar of its own: what encoding can
// give, and nothing else.
func FuzzDecodeBase64(f *testing.F) {
	canonical := regexp.MustCompile(`\A(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?\z`)
	for _, s := range []string{"", abc, abc + "\n", "YR==", "YQ==", "YWJ=", "YWI=", "-_-_", "\ufeff", "YQ", "=", "YQ==YQ=="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := csc.DecodeBase64(s)
		if want := canonical.MatchString(s); (err == nil) != want {
			t.Fatalf("DecodeBase64(%q) = %x, %v; the grammar says %v", s, b, err, want)
		}
		if err == nil && base64.StdEncoding.EncodeToString(b) != s {
			t.Fatalf("%q is not what encoding %x gives", s, b)
		}
		back, err := csc.DecodeBase64(base64.StdEncoding.EncodeToString([]byte(s)))
		if err != nil || string(back) != s {
			t.Fatalf("what was encoded from %q came back as %q, %v", s, back, err)
		}
	})
}

func TestDigestJSON(t *testing.T) {
	tests := []struct {
		says string
		json string
		want string // hex
		ok   bool
	}{
		{"a digest", `"YWJj"`, "616263", true},
		{"a digest, escaped as JSON allows", `"\u0059WJj"`, "616263", true},
		{"a digest with its slash escaped", `"\/\/\/\/"`, "ffffff", true},
		{"an empty digest", `""`, "", true},
		{"a line break, escaped", `"YWJj\n"`, "", false},
		{"spare bits", `"YR=="`, "", false},
		{"the url alphabet", `"__-_"`, "", false},
		{"half a surrogate pair", `"YWJ\ud800"`, "", false},
		{"a number", `5`, "", false},
		{"a boolean", `true`, "", false},
		{"an array of bytes", `[97,98,99]`, "", false},
		{"an object", `{}`, "", false},
	}
	for _, test := range tests {
		t.Run(test.says, func(t *testing.T) {
			var got csc.Digest
			err := json.Unmarshal([]byte(test.json), &got)
			if (err == nil) != test.ok || got.String() != test.want {
				t.Errorf("%s = %s, %v; want %s, taken: %v", test.json, got, err, test.want, test.ok)
			}
		})
	}
}

func TestDigestOnTheWire(t *testing.T) {
	body, err := json.Marshal(struct {
		Hashes []csc.Digest `json:"hashes"`
	}{[]csc.Digest{{0xfb, 0xff, 0xbf}, {'a'}, {}}})
	if want := `{"hashes":["+/+/","YQ==",""]}`; err != nil || string(body) != want {
		t.Errorf("digests are %s on the wire, %v; want %s", body, err, want)
	}
	if got, want := fmt.Sprint(csc.Digest("abc")), "616263"; got != want {
		t.Errorf("a digest prints as %s, want %s", got, want)
	}
}
