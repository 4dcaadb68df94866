package notify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pecete/pecete/csc"
)

// The forms in which gateways take an SMS.
const (
	JSON = "json" // an object of strings
	Form = "form" // application/x-www-form-urlencoded
)

// A Gateway sends SMS by an HTTP request to whoever sells that: a POST, with the
// number and the text in two fields of its body.
type Gateway struct {
	URL  string // https; http only to this very machine
	Form string // JSON if ""
	// To and Text are the names of the two fields, "to" and "text" if "". Fields
	// are others that every request has.
	To, Text string
	Fields   map[string]string
	// Authorization is the value of that header; none if "".
	Authorization csc.Secret
	// Prefixes are those of the numbers that are sent to, such as +40; all if
	// empty. Some numbers cost, and their owners earn.
	Prefixes []string
	Client   *http.Client  // http.DefaultTransport without redirects if nil
	Timeout  time.Duration // of one SMS; 10 s if zero
}

var _ Sender = Gateway{}

// Send sends an SMS.
func (g Gateway) Send(ctx context.Context, m Message) error {
	if err := m.checkSMS(); err != nil {
		return err
	}
	if !g.reaches(m.To) {
		return fmt.Errorf("%w: no SMS go to numbers that begin so", ErrMessage)
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(g.Timeout, sendTimeout))
	defer cancel()
	r, err := g.request(ctx, m)
	if err != nil {
		return err
	}
	client := g.Client
	if client == nil {
		client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	resp, err := client.Do(r)
	if err != nil {
		var at *url.Error
		if errors.As(err, &at) {
			err = at.Err // without the URL, which may have a key in it
		}
		return &UnavailableError{fmt.Errorf("SMS gateway: %w", err)}
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // for the connection's sake
	_ = resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return &UnavailableError{fmt.Errorf("SMS gateway: status %d", resp.StatusCode)}
	}
	return nil
}

func (g Gateway) reaches(number string) bool {
	return len(g.Prefixes) == 0 || slices.ContainsFunc(g.Prefixes, func(p string) bool { return strings.HasPrefix(number, p) })
}

// request writes the fields so that none can be written by another's value.
func (g Gateway) request(ctx context.Context, m Message) (*http.Request, error) {
	fields := map[string]string{}
	for name, value := range g.Fields {
		fields[name] = value
	}
	fields[cmp.Or(g.To, "to")], fields[cmp.Or(g.Text, "text")] = m.To, m.Text
	body, kind := []byte(nil), "application/json"
	if g.Form == Form {
		values := url.Values{}
		for name, value := range fields {
			values.Set(name, value)
		}
		body, kind = []byte(values.Encode()), "application/x-www-form-urlencoded"
	} else {
		var err error
		if body, err = json.Marshal(fields); err != nil {
			return nil, fmt.Errorf("write SMS: %w", err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("notify: the SMS gateway's URL is none")
	}
	r.Header.Set("Content-Type", kind)
	if g.Authorization != "" {
		r.Header.Set("Authorization", string(g.Authorization))
	}
	return r, nil
}

// Check says what is wrong with the settings.
func (g Gateway) Check() error {
	u, err := url.Parse(g.URL)
	if err != nil || u.Host == "" || u.Fragment != "" {
		return errors.New("notify: the SMS gateway's URL is none")
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())) {
		return errors.New("notify: the SMS gateway's URL is not https")
	}
	if g.Form != "" && g.Form != JSON && g.Form != Form {
		return fmt.Errorf("notify: the SMS gateway's form is %q, not %s or %s", g.Form, JSON, Form)
	}
	if cmp.Or(g.To, "to") == cmp.Or(g.Text, "text") {
		return errors.New("notify: the SMS gateway has one field for number and text")
	}
	for _, p := range g.Prefixes {
		if !strings.HasPrefix(p, "+") || len(p) < 2 || strings.Trim(p[1:], "0123456789") != "" {
			return fmt.Errorf("notify: %q is no beginning of a number in E.164", p)
		}
	}
	if controlled(string(g.Authorization)) {
		return errors.New("notify: the SMS gateway's authorization is no value of a header")
	}
	return nil
}
