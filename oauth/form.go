package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/pecete/pecete/csc"
)

const (
	maxBody   = 64 << 10 // bytes
	maxParams = 64
	formType  = "application/x-www-form-urlencoded"
)

// lengths are the longest values of the parameters we read, in bytes, in the
// order they are checked in.
var lengths = []struct {
	name string
	most int
}{
	{"client_id", 128},
	{"grant_type", 128},
	{"client_secret", 256},
	{"client_assertion", 8192},
	{"client_assertion_type", 128},
	{"request", 48 << 10},
	{"scope", 256},
	{"token", 1024},
	{"token_type_hint", 64},
	{"clientData", 8192},
	{"code", 128},
	{"redirect_uri", 2048},
	{"code_verifier", 128},
	{"authorization_details", maxDetails},
	{"refresh_token", 256},
}

// What is wrong with a form, for the log. The client is told in the words of
// Table 3, which has one sentence for all of them.
var (
	errQuery   = errors.New("parameters in the query")
	errPair    = errors.New("not a pair of form-encoded texts")
	errTwice   = errors.New("a parameter twice")
	errTooMany = errors.New("too many parameters")
)

// readForm takes the parameters of a POST from its body and nowhere else.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		return nil, errMethod(http.MethodPost)
	}
	if r.URL.RawQuery != "" {
		return nil, csc.Malformed(errQuery)
	}
	if !isMedia(r.Header.Values("Content-Type"), formType) { // §8.4.4 and §8.4.5 know no other
		return nil, errMediaType(formType)
	}
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	form, err := parseForm(string(body))
	if err != nil {
		return nil, csc.Malformed(err)
	}
	for _, l := range lengths {
		if len(form.Get(l.name)) > l.most {
			return nil, csc.Invalid(l.name)
		}
	}
	return form, nil
}

// A pairs is the parameters of a request, and which of them stand there twice.
// Of those form has the first.
type pairs struct {
	form  url.Values
	twice []string
}

// parseForm reads a form in which every parameter stands once (RFC 6749 §3.2).
func parseForm(body string) (url.Values, error) {
	in, err := readPairs(body)
	if err == nil && len(in.twice) > 0 {
		err = errTwice
	}
	if err != nil {
		return nil, err
	}
	return in.form, nil
}

// readPairs reads form-encoded parameters. One without a value is left out (RFC
// 6749 §3.1).
func readPairs(text string) (pairs, error) {
	in := pairs{form: url.Values{}}
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		if len(in.form) == maxParams {
			return in, errTooMany
		}
		k, v, _ := strings.Cut(pair, "=")
		name, nameOK := decodeText(k)
		value, valueOK := decodeText(v)
		if !nameOK || !valueOK || name == "" {
			return in, errPair
		}
		if in.form.Has(name) {
			in.twice = append(in.twice, name)
			continue
		}
		in.form[name] = []string{value}
	}
	for name, value := range in.form {
		if value[0] == "" {
			delete(in.form, name)
		}
	}
	return in, nil
}

// decodeText undoes form encoding. A semicolon is refused where it stands
// alone: some take it for a separator.
func decodeText(s string) (string, bool) {
	text, err := url.QueryUnescape(s)
	ok := err == nil && !strings.Contains(s, ";") &&
		utf8.ValidString(text) && !strings.Contains(text, "\x00")
	return text, ok
}
