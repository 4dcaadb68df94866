package conformance

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func answered(status int, body string) *Answer {
	return &Answer{Status: status, Body: []byte(body), Header: http.Header{}, request: "POST x"}
}

func TestWant(t *testing.T) {
	const good = `{"error":"invalid_request","error_description":"Empty hash array"}`
	tolerant := refusal{status: []int{501}, or: []refusal{{status: []int{404}}}}
	for _, row := range []struct {
		says string
		a    *Answer
		w    refusal
		kind verdictKind // of the error; -1 for none
	}{
		{"just that", answered(400, good), bad("Empty hash array"), -1},
		{"other words", answered(400, good), bad("Empty array"), warned},
		{"no words", answered(400, `{"error":"invalid_request"}`), bad("Empty array"), warned},
		{"words of its choice", answered(400, good), bad(""), -1},
		{"words of a form", answered(400, good), refusal{pattern: regexp.MustCompile("^Empty")}, -1},
		{"words of another form", answered(400, good), refusal{pattern: regexp.MustCompile("^Full")}, warned},
		{"another status", answered(401, good), bad("Empty hash array"), failing},
		{"another code", answered(400, `{"error":"invalid_token"}`), bad(""), failing},
		{"a good answer", answered(200, `{}`), refused(), failing},
		{"a broken server", answered(500, `{"error":"server_error"}`), refusal{}, failing},
		{"any 4xx", answered(418, `{"error":"teapot"}`), refusal{}, -1},
		{"no code", answered(400, `{"error_description":"no"}`), refusal{}, failing},
		{"a code that is no string", answered(400, `{"error":{"code":1}}`), refusal{}, failing},
		{"no JSON", answered(400, `<html>`), refusal{}, failing},
		{"JSON and more", answered(400, good+good), refusal{}, failing},
		{"a name in other letters", answered(400, `{"Error":"invalid_request"}`), refusal{}, failing},
		{"what is wanted", answered(501, good), tolerant, -1},
		{"what is tolerated", answered(404, good), tolerant, warned},
		{"what is neither", answered(400, good), tolerant, failing},
		{"no answer", &Answer{err: errors.New("hung up")}, tolerant, failing},
	} {
		err := row.a.want(row.w)
		if (err == nil) != (row.kind < 0) || err != nil && kindOf(err) != row.kind {
			t.Errorf("%s: %v", row.says, err)
		}
	}
}

func TestAnswerString(t *testing.T) {
	a := answered(200, "{\"SAD\": \"0123456789\",\n\"x\":\""+strings.Repeat("ș", 300)+"\"}")
	if s := a.String(); strings.Contains(s, "0123") || len(s) > 300 || strings.ContainsAny(s, "\n\uFFFD") {
		t.Errorf("%q", s)
	}
}

func TestWorst(t *testing.T) {
	fault, word, skip := unmet("fault"), warning("word"), unprovided("skip")
	for _, row := range []struct {
		errs []error
		want error
	}{
		{nil, nil},
		{[]error{nil, nil}, nil},
		{[]error{word, nil, fault}, fault},
		{[]error{skip, word}, word},
		{[]error{fault, unmet("another")}, fault},
	} {
		if got := worst(row.errs...); got != row.want {
			t.Errorf("worst of %v is %v", row.errs, got)
		}
	}
}

func FuzzParseObject(f *testing.F) {
	f.Add(`{"a":1}`)
	f.Add(`{"a":1}{`)
	f.Fuzz(func(t *testing.T, text string) {
		o, err := parseObject([]byte(text))
		if err == nil && o == nil && strings.TrimSpace(text) != "null" {
			t.Errorf("%q is no object and no error", text)
		}
	})
}
