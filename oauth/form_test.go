package oauth

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestParseForm(t *testing.T) {
	for _, tt := range []struct {
		body string
		want url.Values
		err  error
	}{
		{"", url.Values{}, nil},
		{"a=1&b=2", url.Values{"a": {"1"}, "b": {"2"}}, nil},
		{"a=1&&b=2&", url.Values{"a": {"1"}, "b": {"2"}}, nil},
		{"a=x+y%20z%2B", url.Values{"a": {"x y z+"}}, nil},
		{"a=b=c", url.Values{"a": {"b=c"}}, nil},
		{"a=%C8%9B", url.Values{"a": {"ț"}}, nil},
		{"a=%3B", url.Values{"a": {";"}}, nil},
		{"a=&b=1&c", url.Values{"b": {"1"}}, nil},
		{"a=1&a=2", nil, errTwice},
		{"a=&a=", nil, errTwice},
		{"a=1&%61=2", nil, errTwice},
		{"=1", nil, errPair},
		{"a;b=1", nil, errPair},
		{"a=%", nil, errPair},
		{"a=%ff", nil, errPair},
		{"%00=1", nil, errPair},
		{strings.Repeat("&", 5000) + "a=1", url.Values{"a": {"1"}}, nil},
	} {
		got, err := parseForm(tt.body)
		if err != tt.err {
			t.Errorf("%.40q: %v, want %v", tt.body, err, tt.err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%.40q: %s", tt.body, diff)
		}
	}
}

// What parseForm takes, the standard library reads in the same way, so that
// nothing between a client and us can have read it in another.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{
		"grant_type=client_credentials&client_id=app_0&client_secret=x&scope=service",
		"a=1&a=2", "a", "=", "&&", "a=%C8%9B+%2B", "a=%ff", "a=%0", "a;b", "a=1&%61=1", "\x00=1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, err := parseForm(body)
		if err != nil {
			return
		}
		want, err := url.ParseQuery(body)
		if err != nil {
			t.Fatalf("url.ParseQuery refuses: %v", err)
		}
		for name, values := range want {
			if len(values) != 1 {
				t.Fatalf("%q stands %d times", name, len(values))
			}
			if values[0] == "" {
				delete(want, name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		again, err := parseForm(got.Encode())
		if err != nil || !cmp.Equal(got, again) {
			t.Fatalf("encoded again: %v, %v", again, err)
		}
	})
}

func FuzzBasic(f *testing.F) {
	for _, seed := range []string{
		"Basic YXBwXzA6c2VjcmV0", "basic YXBwXzA6c2VjcmV0", "Basic  YXBwXzA6", "Basic OnNlY3JldA==", "Basic YXBwXzA",
		"Basic ###", "Basic", "", "Bearer abc", "Basic YSUzQWI6YyUzQWQ=", "Basic YTpi\n", "Digest YTpi",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		id, secret, ok := parseBasic(header)
		if !ok {
			if id != "" || secret != "" {
				t.Fatalf("refused, and yet %q", id)
			}
			return
		}
		r := http.Request{Header: http.Header{"Authorization": {header}}}
		user, password, known := r.BasicAuth()
		plainID, errID := url.QueryUnescape(user)
		plain, errSecret := url.QueryUnescape(password)
		if spaces := strings.HasPrefix(header[6:], " "); !spaces &&
			(!known || errID != nil || errSecret != nil || plainID != id || plain != string(secret)) {
			t.Fatalf("the standard library reads %q, not %q", plainID, id)
		}
		if id == "" || len(id)+len(secret) > 1024 || !utf8.ValidString(id) || strings.ContainsRune(id, 0) {
			t.Fatalf("client %q", id)
		}
	})
}
