package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
)

// spellings are ways to write a Base64 text that strict readers refuse, made from
// the one way that they take. One that leaves the text as it is is none of it.
var spellings = []struct {
	says string
	make func(good string) string
}{
	{"in the alphabet of URLs", replaced("+", "-", "/", "_")},
	{"in the alphabet of URLs, without padding", replaced("+", "-", "/", "_", "=", "")},
	{"with one letter of the other alphabet", replaced("+", "-")},
	{"with the other letter of the other alphabet", replaced("/", "_")},
	{"in the alphabet of IMAP", replaced("/", ",")},
	{"without padding", replaced("=", "")},
	{"with another character for padding", replaced("=", ".")},
	{"with a tilde for padding", replaced("=", "~")},
	{"with full-width padding", replaced("=", "＝")},
	{"with padding in percents", replaced("=", "%3D")},
	{"with a plus in percents", replaced("+", "%2B")},
	{"with a slash in percents", replaced("/", "%2F")},
	{"with a blank for a plus", replaced("+", " ")},
	{"with one spare bit", spare(1)},
	{"with the other spare bit", spare(2)},
	{"with both spare bits", spare(3)},
	{"with padding twice", func(s string) string { return s + "=" }},
	{"with a whole quantum of padding", func(s string) string { return s + "====" }},
	{"with padding in front", func(s string) string { return "=" + s }},
	{"with padding inside", at(8, "=")},
	{"with a padded quantum inside", at(8, "YQ==")},
	{"with a line break behind", func(s string) string { return s + "\n" }},
	{"with CR and LF behind", func(s string) string { return s + "\r\n" }},
	{"with a CR behind", func(s string) string { return s + "\r" }},
	{"with a line break in front", func(s string) string { return "\n" + s }},
	{"with a line break inside", at(8, "\n")},
	{"with CR and LF inside", at(8, "\r\n")},
	{"with a line break before the padding", replaced("=", "\n=")},
	{"folded as in mails", func(s string) string { return s[:20] + "\r\n " + s[20:] }},
	{"with a blank behind", func(s string) string { return s + " " }},
	{"with a blank in front", func(s string) string { return " " + s }},
	{"with a blank inside", at(8, " ")},
	{"with a tab inside", at(8, "\t")},
	{"with a vertical tab behind", func(s string) string { return s + "\v" }},
	{"with a space that does not break", at(8, "\u00a0")},
	{"with a space of no width", at(8, "\u200b")},
	{"with a byte order mark", func(s string) string { return "\ufeff" + s }},
	{"with a NUL behind", func(s string) string { return s + "\x00" }},
	{"with a NUL in front", func(s string) string { return "\x00" + s }},
	{"with a NUL inside", at(8, "\x00")},
	{"with a letter of another script that looks the same", func(s string) string { return "а" + s[1:] }},
	{"with a full-width letter", func(s string) string { return "Ａ" + s[1:] }},
	{"with an umlaut", func(s string) string { return "ä" + s[1:] }},
	{"without its first character", func(s string) string { return s[1:] }},
	{"without its first two characters", func(s string) string { return s[2:] }},
	{"without its first three characters", func(s string) string { return s[3:] }},
	{"with a character more", func(s string) string { return "A" + s }},
	{"with two characters more", func(s string) string { return "AA" + s }},
	{"with three characters more", func(s string) string { return "AAA" + s }},
	{"in quotes", func(s string) string { return `"` + s + `"` }},
	{"in brackets", func(s string) string { return "[" + s + "]" }},
	{"with a comma behind", func(s string) string { return s + "," }},
	{"with a dot inside", at(8, ".")},
	{"with a hyphen inside", at(8, "-")},
	{"with an exclamation mark", at(8, "!")},
	{"with a backslash", at(8, `\`)},
	{"as a data URL", func(s string) string { return "data:;base64," + s }},
	{"as PEM", func(s string) string { return "-----BEGIN HASH-----\n" + s + "\n-----END HASH-----" }},
	{"with a check sum as in armour", func(s string) string { return s + "\n=njUN" }},
	{"as an element of a form", func(s string) string { return "hash=" + s }},
	{"as MIME's encoded word", func(s string) string { return "=?utf-8?B?" + s + "?=" }},
}

func replaced(pairs ...string) func(string) string { return strings.NewReplacer(pairs...).Replace }

func at(n int, more string) func(string) string {
	return func(s string) string { return s[:n] + more + s[n:] }
}

// spare sets bits that the last character before one padding has and that no byte
// is made of.
func spare(bits int) func(string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	return func(s string) string {
		text, padded := strings.CutSuffix(s, "=")
		if !padded || strings.HasSuffix(text, "=") {
			return s
		}
		last := strings.IndexByte(alphabet, text[len(text)-1])
		return text[:len(text)-1] + string(alphabet[last|bits]) + "="
	}
}

// Wherever bytes are sent they have one spelling. In every other one they are
// refused in the words of the method, and nothing is changed: with each request
// comes an authorization for whatever it would have been read as.
func TestBase64HasOneSpelling(t *testing.T) {
	t.Parallel()
	r, n := newTrial(t), 0
	const (
		hash, hashes = "Invalid Base64 hash string parameter", "Invalid Base64 hashes string parameter"
		document     = "Invalid Base64 documents string parameter"
	)
	ec, alike := r.asks(csc.P256), `"signature_format":"C","signAlgo":"1.2.840.10045.4.3.2"`
	for _, place := range []struct {
		says   string
		method csc.Method
		body   string // %s is the text, as JSON
		told   string
		good   string
	}{
		{"a hash", csc.MethodSignHash, `{` + ec + `,"hashes":[%s],"signAlgo":"1.2.840.10045.4.3.2"}`, hash, stampHash},
		{"the second hash", csc.MethodSignHash, `{` + ec + `,"hashes":["` + stampHash + `",%s],"signAlgo":"1.2.840.10045.4.3.2"}`, hash, stampHash},
		{"the parameters of PSS", csc.MethodSignHash, fmt.Sprintf(
			`{%s,"hashes":[%q],"signAlgo":%q,"signAlgoParams":%%s}`, r.asks(csc.RSA3072), stampHash, csc.OIDRSASSAPSS),
			"Invalid parameter signAlgoParams", csc.PSSParams(hashOf[256])},
		{"a hash to be agreed to", csc.MethodAuthorize, fmt.Sprintf(
			`{"credentialID":%q,"numSignatures":1,"hashes":[%%s],"hashAlgorithmOID":%q,"authData":[{"id":"OTP","value":%q}]}`,
			r.credentials[csc.P256].ID, csc.OIDSHA256, r.code()), hash, stampHash},
		{"a hash to be stamped", csc.MethodTimestamp, `{"hash":%s,"hashAlgo":"` + csc.OIDSHA256 + `"}`, hash, stampHash},
		{"the hash of a document", csc.MethodSignDoc, `{` + ec + `,"documentDigests":[{"hashes":[%s],` + alike + `}]}`, hashes, stampHash},
		{"a document", csc.MethodSignDoc, `{` + ec + `,"documents":[{"document":%s,` + alike + `}]}`, document, stampHash},
		{"the value of an attribute", csc.MethodSignDoc,
			`{` + ec + `,"documentDigests":[{"hashes":["` + stampHash + `"],"signed_props":[{"attribute_name":"mime-type","attribute_value":%s}],` + alike + `}]}`,
			"Invalid parameter signed_props", stampHash},
		{"the hash of a document in the form of v2.2", csc.MethodSignDoc, `{` + ec + `,"signatureCreationRequest":{"hashes":[%s],` + alike + `}}`, hashes, stampHash},
		{"a document in the form of v2.2", csc.MethodSignDoc, `{` + ec + `,"signatureCreationRequest":{"document":%s,` + alike + `}}`, document, stampHash},
	} {
		for _, spelling := range spellings {
			text := spelling.make(place.good)
			if text == place.good {
				continue
			}
			n++
			t.Run(place.says+" "+spelling.says, func(t *testing.T) {
				r.bad(t, r.call(place.method, fmt.Sprintf(place.body, quoted(t, text))), place.told)
			})
		}
	}
	counted(t, "Base64", n, 500)
}

// The spelling they were made from is the good one, also where JSON escapes it.
func TestTheOneSpelling(t *testing.T) {
	t.Parallel()
	r := newTrial(t)
	for _, text := range []string{stampHash, strings.ReplaceAll(stampHash, "/", `\/`), strings.ReplaceAll(stampHash, "=", `\u003d`)} {
		for method, body := range map[csc.Method]string{
			csc.MethodSignHash: `{` + r.asks(csc.P256) + `,"hashes":["%s"],"signAlgo":"1.2.840.10045.4.3.2"}`,
			csc.MethodSignDoc:  `{` + r.asks(csc.P256) + `,"documentDigests":[{"hashes":["%s"],"signature_format":"C","signAlgo":"1.2.840.10045.4.3.2"}]}`,
		} {
			if a := r.call(method, fmt.Sprintf(body, text)); a.status != 200 {
				t.Errorf("%s with %s: %d %s", method, text, a.status, a.body)
			}
		}
	}
	if r.keys.count() != 6 {
		t.Errorf("%d signatures", r.keys.count())
	}
}
