package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pecete/pecete/csc"
)

// An Error is an answer that is not 200. Code and Description are the server's
// words, empty where it sent none. In its chain is the *csc.Error of them.
type Error struct {
	Status      int
	Code        csc.Code
	Description string
	RetryAfter  time.Duration // how long the server asks to wait; 0 if it does not
}

// Error is for the log.
func (e *Error) Error() string {
	switch {
	case e.Code == "":
		return fmt.Sprintf("status %d", e.Status)
	case e.Description == "":
		return fmt.Sprintf("status %d: %.100q", e.Status, e.Code)
	}
	return fmt.Sprintf("status %d: %.100q: %.500q", e.Status, e.Code, e.Description)
}

// Unwrap returns the error as the API knows it, nil if there was none.
func (e *Error) Unwrap() error {
	if e.Code == "" {
		return nil
	}
	return &csc.Error{Code: e.Code, Description: e.Description}
}

// Unavailable marks an error that passes by itself.
func (e *Error) Unavailable() bool {
	return e.Status == http.StatusServiceUnavailable || e.Status == http.StatusTooManyRequests
}

// newError reads what it can of an answer; what is not JSON has a status only.
func newError(resp *http.Response, body []byte) *Error {
	var told csc.Error
	if json.Unmarshal(body, &told) != nil {
		told = csc.Error{}
	}
	return &Error{
		Status: resp.StatusCode, Code: told.Code, Description: told.Description,
		RetryAfter: retryAfter(resp.Header, time.Now()),
	}
}

// withoutValues is a decoding error without the text that could not be decoded,
// which may be a secret.
func withoutValues(err error) error {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind):
		return fmt.Errorf("member %q is not a %s", kind.Field, kind.Type)
	case errors.As(err, &syntax):
		return fmt.Errorf("no JSON from byte %d on", syntax.Offset)
	}
	return errors.New("cannot be decoded")
}
