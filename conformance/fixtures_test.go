package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseFixtures(t *testing.T) {
	for _, row := range []struct {
		says, text, complaint string
	}{
		{"nothing", `{}`, ""},
		{"a user", `{"users":[{"id":"u","totpSecret":"GEZDGNBVGY3TQOJQ","credentials":[{"id":"c","roles":["ec","disposable"]}]}]}`, ""},
		{"no JSON", `client: x`, "invalid character"},
		{"an unknown member", `{"cleint":{}}`, `unknown field "cleint"`},
		{"two objects", `{}{}`, "something follows"},
		{"a bracket too many", `{}}`, "something follows"},
		{"a way to authenticate nobody knows", `{"clientAuth":"jwt"}`, "clientAuth"},
		{"too wide a window", `{"otpWindow":2}`, "otpWindow"},
		{"less than no calls", `{"rateLimit":-1}`, "rateLimit"},
		{"a user without id", `{"users":[{}]}`, "users[0].id"},
		{"a user twice", `{"users":[{"id":"u"},{"id":"u"}]}`, "users[1].id"},
		{"a user who is the stranger", `{"users":[{"id":"u"}],"stranger":{"user":"u"}}`, "users[0].id"},
		{"a secret that is none", `{"users":[{"id":"u","totpSecret":"hunter2!"}]}`, "users[0].totpSecret"},
		{"a credential without id", `{"users":[{"id":"u","credentials":[{}]}]}`, "users[0].credentials[0].id"},
		{"a role nobody plays", `{"users":[{"id":"u","credentials":[{"id":"c","roles":["dsa"]}]}]}`, `unknown role "dsa"`},
		{"a lockable user with more to lose", `{"users":[{"id":"u","credentials":[{"id":"c","roles":["ec"]},{"id":"d","roles":["lockable"]}]}]}`, "lockable"},
		{"a signer who has a login", `{"users":[{"id":"u","login":"a","password":"b","credentials":[{"id":"c","roles":["code"]}]}]}`, ""},
		{"one who should", `{"users":[{"id":"u","login":"a","credentials":[{"id":"c","roles":["code"]}]}]}`, "users[0].credentials[0]"},
		{"a web client", `{"webClient":{"id":"w","secret":"hunter2","redirectURI":"http://127.0.0.1/callback"}}`, ""},
		{"a web client without a home", `{"webClient":{"id":"w","secret":"hunter2"}}`, "webClient.redirectURI"},
		{"an origin", `{"origin":"https://example.org:8443"}`, ""},
		{"an origin with a path", `{"origin":"https://example.org/csc/v2"}`, "origin"},
		{"an origin that is none", `{"origin":"example.org"}`, "origin"},
		{"a certificate that is none", `{"mutualClient":{"id":"m","certificate":"x","key":"hunter2"}}`, "mutualClient"},
		{"a home with a query", `{"otherWebClient":{"id":"w","redirectURI":"https://example.org/?a=b"}}`, "otherWebClient.redirectURI"},
	} {
		_, err := ParseFixtures([]byte(row.text))
		if (err == nil) != (row.complaint == "") || err != nil && !strings.Contains(err.Error(), row.complaint) {
			t.Errorf("%s: %v", row.says, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error repeats the secret", row.says)
		}
	}
}

func TestReadFixtures(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fixtures.json")
	if _, err := ReadFixtures(path); err == nil {
		t.Error("there is no such file")
	}
	if err := os.WriteFile(path, []byte(`{"users":[{"id":""}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFixtures(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%v does not say which file", err)
	}
}

func FuzzParseFixtures(f *testing.F) {
	f.Add([]byte(`{"users":[{"id":"u","totpSecret":"GEZDGNBVGY3TQOJQ","credentials":[{"id":"c","roles":["ec"]}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		fixtures, err := ParseFixtures(text)
		for _, u := range fixtures.Users {
			if err == nil && u.ID == "" {
				t.Errorf("%s has a user without id", text)
			}
		}
	})
}
