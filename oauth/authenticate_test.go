package oauth

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestParseBasic(t *testing.T) {
	plain := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, tt := range []struct {
		name, header string
		id, secret   string
		ok           bool
	}{
		{"the plain form", plain("app_0:secret"), "app_0", "secret", true},
		{"form-encoded parts", plain("a%3Ab:c%25+d"), "a:b", "c% d", true},
		{"a colon in the secret", plain("a:b:c"), "a", "b:c", true},
		{"an empty secret", plain("a:"), "a", "", true},
		{"the scheme in another case", strings.ToUpper(plain("")[:6]) + plain("a:b")[6:], "a", "b", true},
		{"several spaces", "Basic   " + plain("a:b")[6:], "a", "b", true},
		{"no client", plain(":b"), "", "", false},
		{"no colon", plain("a"), "", "", false},
		{"no padding", strings.TrimRight(plain("a:bc"), "="), "", "", false},
		{"spare bits", "Basic YTp=", "", "", false},
		{"a line break", plain("a:b") + "\n", "", "", false},
		{"a line break inside", "Basic YTpi\nYw==", "", "", false},
		{"the other alphabet", "Basic _-8=", "", "", false},
		{"bytes that are not UTF-8", plain("a\xff:b"), "", "", false},
		{"escapes that are not UTF-8", plain("a:%ff"), "", "", false},
		{"a null byte", plain("a%00:b"), "", "", false},
		{"a tab after the scheme", "Basic\t" + plain("a:b")[6:], "", "", false},
		{"another scheme", "Bearer " + plain("a:b")[6:], "", "", false},
		{"no space", "Basic" + plain("a:b")[6:], "", "", false},
		{"too long", plain("a:" + strings.Repeat("b", 1024)), "", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id, secret, ok := parseBasic(tt.header)
			if ok != tt.ok || id != tt.id || string(secret) != tt.secret {
				t.Errorf("%q %q %v, want %q %q %v", id, string(secret), ok, tt.id, tt.secret, tt.ok)
			}
		})
	}
}
