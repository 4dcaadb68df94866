package conformance

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// secrets are the strings that must not stand in a report.
type secrets struct {
	mu   sync.Mutex
	list []string // longest first
}

// shortest is the length below which a string is no secret: cutting it out
// would tear the report.
const shortest = 4

func (s *secrets) keep(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(secret) < shortest || slices.Contains(s.list, secret) {
		return
	}
	s.list = append(s.list, secret)
	slices.SortFunc(s.list, func(a, b string) int { return len(b) - len(a) })
}

func (s *secrets) keepAll(f Fixtures) {
	s.keep(f.Client.Token)
	s.keep(f.OtherClient.Token)
	s.keep(f.Client.Secret)
	s.keep(f.OtherClient.Secret)
	s.keep(f.WebClient.Secret)
	s.keep(f.OtherWebClient.Secret)
	s.keep(f.DPoPClient.Secret)
	for _, u := range f.Users {
		s.keep(u.TOTPSecret)
		s.keep(u.Password)
		for _, v := range u.Values {
			s.keep(v)
		}
	}
}

// keepAnswer keeps the secrets a server just made.
func (s *secrets) keepAnswer(body []byte) {
	o, err := parseObject(body)
	if err != nil {
		return
	}
	for _, name := range []string{"SAD", "access_token", "refresh_token", "request_uri"} {
		if v, ok := o.str(name); ok {
			s.keep(v)
		}
	}
}

// cut is text without the secrets.
func (s *secrets) cut(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range s.list {
		text = strings.ReplaceAll(text, secret, "…")
	}
	return text
}

// tellTale finds secrets by the member they stand in, before an answer is
// shortened for a report: half a secret is not in any list.
var tellTale = regexp.MustCompile(`"(SAD|access_token|refresh_token|request_uri|client_secret|value|token|password|PIN|OTP)"\s*:\s*"[^"]*"?`)

func hide(body string) string { return tellTale.ReplaceAllString(body, `"$1":"…"`) }
