package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"github.com/pecete/pecete/csc"
)

// A wire is a server that says the same to everything.
type wire struct {
	status int
	body   string
}

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: w.status, Request: r, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(w.body)),
	}, nil
}

// FuzzAnswer holds that whatever a server says, a client either has what it asked
// for, whole, or an error that breaks no line of a log and has nothing of the
// answer that could be a secret.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		`{"signatures":["AAAA"]}`, `{"signatures":["AAAA","AAAA"]}`, `{"signatures":[null]}`, `{"signatures":["*"]}`, `{"responseID":"x"}`, `{"timestamp":"AAAA"}`,
		`{"SAD":"hunter2","expiresIn":300}`, `{"SAD":["hunter2"]}`, `{"credentialIDs":["a"],"credentialInfos":[{"key":{"algo":["1.2.3"]}}]}`, `{"key":{"len":1e400}}`,
		`{"methods":["info"],"oauth2":"https://localhost"}`, `null`, `[]`, `{`, ``, "\xff", `{"error":"invalid_request"}`, `{"handle":"x"}`,
	} {
		f.Add(200, body)
		f.Add(202, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 100 || status > 999 || status/100 == 1 || status/100 == 3 {
			return // net/http never hands these on
		}
		c := &Client{
			BaseURL: "https://localhost/csc/v2", HTTP: &http.Client{Transport: wire{status, body}},
			Token: func(context.Context) (csc.Secret, error) { return "token", nil },
		}
		hashes := []csc.Digest{make([]byte, 32)}
		signed, err := c.SignHash(t.Context(), csc.SignHashRequest{Hashes: hashes})
		if err == nil && len(signed.Signatures) != len(hashes) {
			t.Errorf("%d signatures for %d hashes", len(signed.Signatures), len(hashes))
		}
		later, errLater := c.SignHash(t.Context(), csc.SignHashRequest{Hashes: hashes, Operation: csc.Operation{OperationMode: csc.ModeAsynchronous}})
		if errLater == nil && later.ResponseID == "" {
			t.Error("no name of a request in mode A, and no error")
		}
		stamp, errStamp := c.Timestamp(t.Context(), csc.TimestampRequest{Hash: hashes[0]})
		if errStamp == nil && len(stamp.Timestamp) == 0 {
			t.Error("no time-stamp, and no error")
		}
		_, errInfo := c.Info(t.Context(), csc.InfoRequest{})
		_, errList := c.List(t.Context(), csc.ListRequest{})
		_, errOne := c.CredentialInfo(t.Context(), csc.CredentialInfoRequest{})
		_, errAgree := c.Authorize(t.Context(), csc.AuthorizeRequest{})
		_, errPoll := c.Poll(t.Context(), csc.SignPollingRequest{})
		for _, err := range []error{err, errLater, errStamp, errInfo, errList, errOne, errAgree, errPoll} {
			if err == nil {
				continue
			}
			if text := err.Error(); strings.ContainsFunc(text, unicode.IsControl) || len(text) > 8000 {
				t.Errorf("%q", text)
			}
			var told *Error
			if status != http.StatusOK && !errors.As(err, &told) {
				t.Errorf("status %d: %v", status, err)
			}
			if status == http.StatusOK && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error has a secret: %v", err)
			}
		}
	})
}
