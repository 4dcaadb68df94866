package conformance

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// An Exchange is a request of a case and its answer, as they may be shown to
// anybody: secrets, and whatever is good for one use, are cut out, and long
// bodies are cut off.
type Exchange struct {
	Request string            `json:"request"` // "POST https://host/csc/v2/info"
	Header  map[string]string `json:"header,omitempty"`
	Body    string            `json:"body,omitempty"`
	// Status is 0 if there was no answer; then Answer says why.
	Status       int               `json:"status"`
	AnswerHeader map[string]string `json:"answerHeader,omitempty"`
	Answer       string            `json:"answer,omitempty"`
}

const (
	mostExchanges = 12      // of one case; the last are kept
	mostShown     = 2 << 10 // bytes of a body
	mostKept      = 8 << 10 // the same, before secrets are cut out
)

// A record has the exchanges of one case.
type record struct {
	mu   sync.Mutex
	list []Exchange
}

type recordKey struct{}

// recording has the exchanges that are made under the context kept in the record.
func recording(ctx context.Context) (context.Context, *record) {
	r := &record{}
	return context.WithValue(ctx, recordKey{}, r), r
}

// recordOf is the record of a context; nil if nothing is kept.
func recordOf(ctx context.Context) *record {
	r, _ := ctx.Value(recordKey{}).(*record)
	return r
}

func (r *record) add(x ...Exchange) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, x...)
}

func (r *record) length() int {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.list)
}

// since are the exchanges after the first n.
func (r *record) since(n int) []Exchange {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.list[n:])
}

// shown are the last exchanges without the secrets. What was a secret is known
// only when the case is over: an answer may name one that the request before it
// had.
func (r *record) shown(s *secrets) []Exchange {
	list := r.since(max(0, r.length()-mostExchanges))
	for i := range list {
		x := &list[i]
		x.Request, x.Body, x.Answer = s.cut(x.Request), shorten(s.cut(x.Body)), shorten(s.cut(x.Answer))
		for _, header := range []map[string]string{x.Header, x.AnswerHeader} {
			for name, value := range header {
				header[name] = s.cut(value)
			}
		}
	}
	return list
}

// exchange is what was asked and answered.
func exchange(req *http.Request, body []byte, a *Answer) Exchange {
	x := Exchange{
		Request: req.Method + " " + showURL(req.URL), Header: showHeader(req.Header), Body: showBody(req.Header, body), Status: a.Status,
	}
	if a.err != nil {
		x.Answer = a.err.Error()
		return x
	}
	x.AnswerHeader, x.Answer = showHeader(a.Header), showBody(a.Header, a.Body)
	return x
}

// private are the parameters, fields and members whose values are not shown.
var private = []string{
	"SAD", "access_token", "refresh_token", "request_uri", "client_secret", "client_assertion", "account_token", "assertion", "code",
	"code_verifier", "otp", "OTP", "password", "pin", "PIN", "token", "value", "rememberMe",
}

func showURL(u *url.URL) string {
	shown := *u
	if u.RawQuery != "" {
		shown.RawQuery = hideValues(u.Query())
	}
	shown.User = nil
	return shown.String()
}

func hideValues(values url.Values) string {
	for name := range values {
		if slices.Contains(private, name) {
			values[name] = []string{"…"}
		}
	}
	return strings.ReplaceAll(values.Encode(), url.QueryEscape("…"), "…")
}

// shownHeaders are the headers that say something about an exchange.
var shownHeaders = []string{
	"Accept", "Accept-Language", "Allow", "Authorization", "Cache-Control", "Content-Length", "Content-Type", "Location", "Retry-After",
	"Www-Authenticate", "X-Request-Id",
}

func showHeader(h http.Header) map[string]string {
	shown := map[string]string{}
	for _, name := range shownHeaders {
		value := strings.Join(h.Values(name), ", ")
		switch u, err := url.Parse(value); {
		case value == "":
			continue
		case name == "Authorization":
			scheme, rest, _ := strings.Cut(value, " ")
			if value = scheme; rest != "" {
				value += " …"
			}
		case name == "Location" && err == nil:
			value = showURL(u)
		}
		shown[name] = value
	}
	return shown
}

// showBody is a body as text: of a page, which may hold anything, its size alone.
func showBody(h http.Header, body []byte) string {
	media := h.Get("Content-Type")
	switch {
	case len(body) == 0:
		return ""
	case strings.HasPrefix(media, "application/x-www-form-urlencoded"):
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return "(a form that cannot be read)"
		}
		return hideValues(values)
	case strings.HasPrefix(media, "text/html"):
		return "(a page of " + strconv.Itoa(len(body)) + " bytes)"
	case bytes.IndexByte(body, 0) >= 0:
		return "(" + strconv.Itoa(len(body)) + " bytes)"
	case len(body) > mostKept:
		// Half a secret at the end is beyond what will be shown.
		return hide(string(body[:mostKept]))
	}
	return hide(string(body))
}

func shorten(text string) string {
	if len(text) <= mostShown {
		return strings.ToValidUTF8(text, "�")
	}
	return strings.ToValidUTF8(text[:mostShown], "") + "…"
}
