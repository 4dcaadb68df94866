package conformance

import (
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// An Answer is what the server said to one request, or why it said nothing.
type Answer struct {
	Status  int
	Header  http.Header
	Body    []byte
	Proto   string
	request string // "POST credentials/list"
	err     error
}

// Err is why there is no answer.
func (a *Answer) Err() error { return a.err }

// Object is the body as a JSON object, whatever the status.
func (a *Answer) Object() (Object, error) {
	if a.err != nil {
		return nil, a.err
	}
	o, err := parseObject(a.Body)
	if err != nil {
		return nil, a.unlike("a JSON object (%v)", err)
	}
	return o, nil
}

// WantOK is nil if the answer is 200 with a JSON object, which it returns.
func (a *Answer) WantOK() (Object, error) {
	if a.err != nil {
		return nil, a.err
	}
	if a.Status != http.StatusOK {
		return nil, a.unlike("200")
	}
	return a.Object()
}

// WantStatus is nil if the answer has one of the statuses.
func (a *Answer) WantStatus(statuses ...int) error {
	if a.err != nil {
		return a.err
	}
	if !slices.Contains(statuses, a.Status) {
		return a.unlike("status %s", either(statuses))
	}
	return nil
}

// WantError is nil if the answer has the status, the error code and, unless it
// is "", the error_description. A description that differs is a warning.
func (a *Answer) WantError(status int, code, text string) error {
	return a.want(refusal{status: []int{status}, code: []string{code}, text: text})
}

// contentType is the media type without parameters, in lower case.
func (a *Answer) contentType() string {
	media, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	return media
}

// unlike is a failure that shows the beginning of the answer.
func (a *Answer) unlike(want string, args ...any) error {
	return unmet("%s: want %s, got %s", a.request, fmt.Sprintf(want, args...), a)
}

// String is the answer in a line of at most some 300 characters.
func (a *Answer) String() string {
	if a.err != nil {
		return a.err.Error()
	}
	const most = 240
	text := strings.ToValidUTF8(strings.Join(strings.Fields(hide(string(a.Body))), " "), "?")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return fmt.Sprintf("%d %s", a.Status, text)
}

// A refusal is the error answer a case wants: any of the statuses (none: any
// 4xx) and codes (none: any string).
type refusal struct {
	status  []int
	code    []string
	text    string         // prescribed error_description; "" if none is
	pattern *regexp.Regexp // or what it looks like
	// or are answers other standards prescribe: taken with a warning.
	or []refusal
}

// bad is the refusal most tables prescribe: 400 invalid_request in these words.
func bad(text string) refusal {
	return refusal{status: []int{400}, code: []string{"invalid_request"}, text: text}
}

// want is nil if the answer is the refusal w.
func (a *Answer) want(w refusal) error {
	err := a.wantExactly(w)
	if err == nil || isWarning(err) {
		return err
	}
	for _, other := range w.or {
		if e := a.wantExactly(other); e == nil || isWarning(e) {
			return warning("%s: want %s, got %s", a.request, w, a)
		}
	}
	return err
}

func (a *Answer) wantExactly(w refusal) error {
	o, err := a.Object()
	if err != nil {
		return err
	}
	code, ok := o.str("error")
	switch {
	case len(w.status) == 0 && (a.Status < 400 || a.Status > 499),
		len(w.status) > 0 && !slices.Contains(w.status, a.Status),
		!ok || code == "",
		len(w.code) > 0 && !slices.Contains(w.code, code):
		return a.unlike("%s", w)
	}
	text, _ := o.str("error_description")
	if w.text != "" && text != w.text || w.pattern != nil && !w.pattern.MatchString(text) {
		return warning("%s: want the error_description %s, got %q", a.request, w.words(), text)
	}
	return nil
}

// String is the refusal in words.
func (w refusal) String() string {
	status, code := "4xx", "an error code"
	if len(w.status) > 0 {
		status = either(w.status)
	}
	if len(w.code) > 0 {
		code = either(w.code)
	}
	return strings.TrimSpace(status + " " + code + " " + w.words())
}

func (w refusal) words() string {
	switch {
	case w.text != "":
		return fmt.Sprintf("%q", w.text)
	case w.pattern != nil:
		return "like " + w.pattern.String()
	}
	return ""
}

func either[T any](options []T) string {
	words := make([]string, len(options))
	for i, o := range options {
		words[i] = fmt.Sprint(o)
	}
	return strings.Join(words, " or ")
}
