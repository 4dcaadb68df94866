package client

import (
	"net/http"
	"strings"
	"testing"
	"unicode"
)

// FuzzError holds that no answer of a server breaks a line of somebody's log.
func FuzzError(f *testing.F) {
	for _, body := range []string{
		`{"error":"invalid_request","error_description":"Invalid parameter SAD"}`, `{"error":"a\nb"}`,
		`{"error":"x","error_description":"\u001b[31m\u202e"}`, `[]`, ``, `{"error":null}`, `{"error":{"error":"x"}}`,
	} {
		f.Add(400, body, "5")
	}
	f.Fuzz(func(t *testing.T, status int, body, wait string) {
		err := newError(&http.Response{StatusCode: status, Header: http.Header{"Retry-After": {wait}}}, []byte(body))
		if text := err.Error(); strings.ContainsFunc(text, unicode.IsControl) || len(text) > 8000 {
			t.Errorf("%q", text)
		}
		if err.RetryAfter < 0 {
			t.Errorf("wait %v", err.RetryAfter)
		}
	})
}
