package tsa_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/signing/ades/adestest"
	"github.com/pecete/pecete/tsa"
)

const (
	queryType = "application/timestamp-query"
	replyType = "application/timestamp-reply"
)

func refusalByOpenSSL(t *testing.T, refusal *tsa.Refusal, says string) {
	t.Helper()
	out, _ := openssl(t, "ts", "-reply", "-in", adestest.File(t, "reply", refusal.Reply()), "-text")
	if !strings.Contains(out, "Status: Rejected.") || !strings.Contains(out, says) {
		t.Errorf("%v: openssl says %s", refusal, out)
	}
}

// serve opens an endpoint of the authority.
func serve(t *testing.T, a tsa.Stamper, change ...func(*tsa.Endpoint)) string {
	t.Helper()
	e := &tsa.Endpoint{
		Stamper: a, Logger: slog.New(slog.DiscardHandler),
		Failed: quota.New(3, time.Minute, time.Now), Asked: quota.New(1000, time.Minute, time.Now),
	}
	for _, f := range change {
		f(e)
	}
	mux := http.NewServeMux()
	e.Mount(mux)
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	return web.URL + tsa.Path
}

// send sends a request and gives the answer, with its body read.
func send(t *testing.T, verb, url string, body []byte, headers ...string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), verb, url, bytes.NewReader(body))
	must(t, err)
	req.Header.Set("Content-Type", queryType)
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	text, err := io.ReadAll(res.Body)
	must(t, err)
	must(t, res.Body.Close())
	return res, text
}

func TestEndpoint(t *testing.T) {
	h := newHouse(t, csc.P256)
	url := serve(t, h.authority)
	_, der := query(t, "-cert", "-sha256")
	res, reply := send(t, http.MethodPost, url, der)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != replyType || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	token, err := tsa.TokenOf(reply)
	must(t, err)
	if _, err := tsa.InfoOf(token); err != nil {
		t.Error(err)
	}
	before := h.serials()
	for _, row := range []struct {
		says   string
		verb   string
		header string
		body   []byte
		status int
		fail   tsa.FailInfo // Unsaid: the answer is not of the protocol
	}{
		{"GET", http.MethodGet, "", nil, http.StatusMethodNotAllowed, tsa.Unsaid},
		{"PUT", http.MethodPut, "", der, http.StatusMethodNotAllowed, tsa.Unsaid},
		{"no type", http.MethodPost, "Content-Type: ", der, http.StatusUnsupportedMediaType, tsa.Unsaid},
		{"JSON", http.MethodPost, "Content-Type: application/json", der, http.StatusUnsupportedMediaType, tsa.Unsaid},
		{"a reply", http.MethodPost, "Content-Type: " + replyType, der, http.StatusUnsupportedMediaType, tsa.Unsaid},
		{"nothing", http.MethodPost, "", nil, http.StatusOK, tsa.BadDataFormat},
		{"garbage", http.MethodPost, "", []byte("garbage"), http.StatusOK, tsa.BadDataFormat},
		{"64 KiB", http.MethodPost, "", append(der, make([]byte, 64<<10)...), http.StatusOK, tsa.BadDataFormat},
		{"another policy", http.MethodPost, "", asked(t, func(r *tsa.Request) { r.Policy = "1.2.3" }), http.StatusOK, tsa.UnacceptedPolicy},
	} {
		var headers []string
		if row.header != "" {
			headers = append(headers, row.header)
		}
		res, reply := send(t, row.verb, url, row.body, headers...)
		var refusal *tsa.Refusal
		_, err := tsa.TokenOf(reply)
		spoken := errors.As(err, &refusal)
		if res.StatusCode != row.status || spoken != (row.fail != tsa.Unsaid) || spoken && refusal.Info != row.fail {
			t.Errorf("%s: %d %v, want %d %v", row.says, res.StatusCode, err, row.status, row.fail)
		}
		if row.status == http.StatusMethodNotAllowed && res.Header.Get("Allow") != http.MethodPost {
			t.Errorf("%s: Allow %q", row.says, res.Header.Get("Allow"))
		}
	}
	if after := h.serials(); after != before+1 { // which looking takes itself
		t.Errorf("%d numbers were taken by what was refused", after-before-1)
	}
}

// asked is a query for the document.
func asked(t testing.TB, change ...func(*tsa.Request)) []byte {
	t.Helper()
	der, err := tsa.Query(request(crypto.SHA256, change...))
	must(t, err)
	return der
}

// troubled is a stamper that fails.
type troubled struct{ err error }

func (s troubled) Stamp(context.Context, tsa.Asker, tsa.Request) ([]byte, error) { return nil, s.err }

func TestTroubleAtTheEndpoint(t *testing.T) {
	for _, row := range []struct {
		says   string
		err    error
		status int
		fail   tsa.FailInfo
	}{
		{"a device without room", full{}, http.StatusServiceUnavailable, tsa.SystemFailure},
		{"it took too long", context.DeadlineExceeded, http.StatusServiceUnavailable, tsa.SystemFailure},
		{"a certificate that has ended", tsa.ErrExpired, http.StatusOK, tsa.TimeNotAvailable},
		{"a wrong signature", errors.New("key 00112233: does not verify"), http.StatusInternalServerError, tsa.SystemFailure},
	} {
		url := serve(t, troubled{row.err})
		res, reply := send(t, http.MethodPost, url, asked(t))
		var refusal *tsa.Refusal
		_, err := tsa.TokenOf(reply)
		if res.StatusCode != row.status || !errors.As(err, &refusal) || refusal.Info != row.fail {
			t.Errorf("%s: %d %v", row.says, res.StatusCode, err)
		}
		if strings.Contains(string(reply), row.err.Error()) {
			t.Errorf("%s: the stranger is told %q", row.says, reply)
		}
		if passes := row.status == http.StatusServiceUnavailable; passes != (res.Header.Get("Retry-After") != "") {
			t.Errorf("%s: Retry-After %q", row.says, res.Header.Get("Retry-After"))
		}
	}
}

func TestWhoMayAsk(t *testing.T) {
	const token = "0123456789abcdef0123456789abcdef"
	h := newHouse(t, csc.P256)
	basic := func(password string) string {
		req, _ := http.NewRequest(http.MethodPost, "/", nil)
		req.SetBasicAuth("anybody", password)
		return "Authorization: " + req.Header.Get("Authorization")
	}
	for _, row := range []struct {
		says, header string
		status       int
	}{
		{"the token as bearer", "Authorization: Bearer " + token, http.StatusOK},
		{"in another case of the scheme", "Authorization: bearer " + token, http.StatusOK},
		{"the token as a password", basic(token), http.StatusOK},
		{"no header", "", http.StatusUnauthorized},
		{"another token", "Authorization: Bearer " + token + "0", http.StatusUnauthorized},
		{"the beginning of the token", "Authorization: Bearer " + token[:31], http.StatusUnauthorized},
		{"an empty token", "Authorization: Bearer ", http.StatusUnauthorized},
		{"another password", basic("password"), http.StatusUnauthorized},
		{"the token under another scheme", "Authorization: Token " + token, http.StatusUnauthorized},
	} {
		url := serve(t, h.authority, func(e *tsa.Endpoint) { e.Token = token })
		var headers []string
		if row.header != "" {
			headers = append(headers, row.header)
		}
		res, _ := send(t, http.MethodPost, url, asked(t), headers...)
		if res.StatusCode != row.status || (row.status == http.StatusUnauthorized) != (len(res.Header.Values("WWW-Authenticate")) == 2) {
			t.Errorf("%s: %d %v", row.says, res.StatusCode, res.Header)
		}
	}
}

// Wrong tokens of a network pause it, the right one included; so does asking too
// often.
func TestTooOften(t *testing.T) {
	h := newHouse(t, csc.P256)
	url := serve(t, h.authority, func(e *tsa.Endpoint) { e.Token = "0123456789abcdef0123456789abcdef" })
	for n, want := range []int{401, 401, 401, 429, 429} {
		if res, _ := send(t, http.MethodPost, url, asked(t)); res.StatusCode != want {
			t.Errorf("wrong token %d: %d, want %d", n+1, res.StatusCode, want)
		}
	}
	open := serve(t, h.authority, func(e *tsa.Endpoint) { e.Asked = quota.New(2, time.Minute, time.Now) })
	for n, want := range []int{200, 200, 429} {
		res, _ := send(t, http.MethodPost, open, asked(t))
		if res.StatusCode != want || (want == 429) != (res.Header.Get("Retry-After") != "") {
			t.Errorf("request %d: %d %v, want %d", n+1, res.StatusCode, res.Header, want)
		}
	}
}
