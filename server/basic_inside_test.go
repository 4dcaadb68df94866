package server

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pecete/pecete/csc"
)

// FuzzBasic: whatever stands in the header of auth/login, what is taken is what
// the standard library reads, one name and one password that encode to it again;
// all else is refused in one of two ways, and says nothing of what was sent.
func FuzzBasic(f *testing.F) {
	for _, seed := range []string{
		"Basic ZGVtbzpzZWNyZXQ=", "basic ZGVtbzpzZWNyZXQ=", "Basic  ZGVtbzpzZWNyZXQ=", "Basic ZGVtbzphOmI=", "Basic ZGVtbw==", "Basic OnNlY3JldA==",
		"Basic ZGVtbzo=", "Basic ZGVtbzpzZWNyZXR=", "Basic ZGVtbzpzZWNyZXQ", "Basic ###", "Basic", "", "Bearer abc", "Digest ZGVtbw==", "Basic ZGU6ADEy\n", "Basic yIk6eA==",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := &http.Request{Header: http.Header{"Authorization": {header}}}
		name, secret, err := basic(r)
		if err != nil {
			var said *csc.Error
			var whole *refusal
			if !errors.As(err, &said) && !errors.As(err, &whole) || name != "" || secret != "" {
				t.Fatalf("refused with %v, and yet %q", err, name)
			}
			if _, sent, _ := strings.Cut(header, " "); len(sent) > 8 && strings.Contains(err.Error(), strings.TrimSpace(sent)) {
				t.Fatalf("the refusal tells what was sent: %v", err)
			}
			return
		}
		password := string(secret)
		encoded := base64.StdEncoding.EncodeToString([]byte(name + ":" + password))
		if name == "" || password == "" || strings.Contains(name, ":") || !utf8.ValidString(name+password) || strings.ContainsRune(name+password, 0) || !strings.HasSuffix(header, " "+encoded) {
			t.Fatalf("%q is read as %q", header, name)
		}
		r.Header.Set("Authorization", "Basic "+encoded)
		if user, pass, ok := r.BasicAuth(); !ok || user != name || pass != password {
			t.Fatalf("the standard library reads %q, not %q", user, name)
		}
	})
}
