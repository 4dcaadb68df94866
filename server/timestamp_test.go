package server_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/tsa"
)

// A stamper answers with what a test has it answer, and remembers what it was
// asked.
type stamper struct {
	who   tsa.Asker
	asked []tsa.Request
	err   error
}

func (s *stamper) Stamp(_ context.Context, who tsa.Asker, r tsa.Request) ([]byte, error) {
	s.who, s.asked = who, append(s.asked, r)
	return []byte("token"), s.err
}

const (
	stampHash = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
	goodStamp = `{"hash":"` + stampHash + `","hashAlgo":"2.16.840.1.101.3.4.2.1"}`
)

// Without somebody who stamps there is no such method.
func TestNoTimestamps(t *testing.T) {
	h := newHouse(t)
	if got := h.call(csc.MethodTimestamp, goodStamp); got.status != http.StatusNotImplemented {
		t.Errorf("%d %s", got.status, got.body)
	}
	if slices.Contains(h.methods(), csc.MethodTimestamp) {
		t.Error("info names it")
	}
}

func (h *house) methods() []csc.Method {
	return decode[csc.InfoResponse](h.t, h.call(csc.MethodInfo, `{}`)).Methods
}

func TestTimestamp(t *testing.T) {
	s := &stamper{}
	h := newHouse(t, func(h *house) { h.stamper = s })
	if !slices.Contains(h.methods(), csc.MethodTimestamp) {
		t.Error("info does not name it")
	}
	zeros := strings.Repeat("A", 4)
	for _, row := range []struct {
		says, body string
		want       string // of error_description; "" if it is good
		nonce      string // that was asked with, hex
	}{
		{"no more than must be", goodStamp, "", ""},
		{"a nonce", `{"hash":"` + stampHash + `","hashAlgo":"2.16.840.1.101.3.4.2.1","nonce":"a1B2"}`, "", "a1b2"},
		{"a nonce with zeros before it", `{"hash":"` + stampHash + `","hashAlgo":"2.16.840.1.101.3.4.2.1","nonce":"000a1"}`, "", "a1"},
		{"a nonce of zero", `{"hash":"` + stampHash + `","hashAlgo":"2.16.840.1.101.3.4.2.1","nonce":"0"}`, "", "0"},
		{"SHA-512", `{"hash":"` + base64.StdEncoding.EncodeToString(make([]byte, 64)) + `","hashAlgo":"2.16.840.1.101.3.4.2.3"}`, "", ""},
		{"clientData", strings.Replace(goodStamp, "}", `,"clientData":"order 1"}`, 1), "", ""},

		{"SHA-1", `{"hash":"` + stampHash + `","hashAlgo":"1.3.14.3.2.26"}`, "Invalid parameter hashAlgo", ""},
		{"a hash by its name", `{"hash":"` + stampHash + `","hashAlgo":"SHA-256"}`, "Invalid parameter hashAlgo", ""},
		{"a hash by no name", `{"hash":"` + stampHash + `","hashAlgo":""}`, "Invalid parameter hashAlgo", ""},
		{"the name of v2 for the hash", `{"hash":"` + stampHash + `","hashAlgorithmOID":"2.16.840.1.101.3.4.2.1"}`, "Invalid parameter hashAlgo", ""},
		{"the length of another hash", `{"hash":"` + stampHash + `","hashAlgo":"2.16.840.1.101.3.4.2.2"}`, "Invalid digest value length", ""},
		{"three bytes", `{"hash":"` + zeros + `","hashAlgo":"2.16.840.1.101.3.4.2.1"}`, "Invalid digest value length", ""},
		{"a hash of none", `{"hash":"","hashAlgo":"2.16.840.1.101.3.4.2.1"}`, "Empty hash parameter", ""},
		{"the name of v2 for the digest", `{"hashes":["` + stampHash + `"],"hashAlgo":"2.16.840.1.101.3.4.2.1"}`, "Missing (or invalid type) string parameter hash", ""},
		{"a nonce of 65 bytes", `{"hash":"` + stampHash + `","hashAlgo":"2.16.840.1.101.3.4.2.1","nonce":"` + strings.Repeat("f", 129) + `"}`, "Invalid parameter nonce", ""},
		{"two faults", `{"hash":"***","hashAlgo":"1.2.3","nonce":"x"}`, "Invalid Base64 hash string parameter", ""},
		{"faults in another order", `{"nonce":"x","hashAlgo":"1.2.3","hash":"` + stampHash + `"}`, "Invalid parameter hashAlgo", ""},
	} {
		s.asked = nil
		got := h.call(csc.MethodTimestamp, row.body)
		if row.want != "" {
			if got.status != http.StatusBadRequest || !strings.Contains(got.body, `"`+row.want+`"`) || len(s.asked) > 0 {
				t.Errorf("%s: %d %s, asked %d times; want %q", row.says, got.status, got.body, len(s.asked), row.want)
			}
			continue
		}
		if diff := cmp.Diff(`{"timestamp":"dG9rZW4="}`, got.body); diff != "" || got.status != http.StatusOK || len(s.asked) != 1 {
			t.Errorf("%s: %d %s, asked %d times", row.says, got.status, got.body, len(s.asked))
			continue
		}
		r := s.asked[0]
		if nonce := r.Nonce; (nonce == nil) != (row.nonce == "") || nonce != nil && nonce.Text(16) != row.nonce {
			t.Errorf("%s: asked with the nonce %x", row.says, nonce)
		}
		if !r.Certificates || r.Policy != "" || len(r.Digest) != r.Hash.Size() || s.who != (tsa.Asker{ClientID: h.app.id}) {
			t.Errorf("%s: %+v asked for %+v", row.says, s.who, r)
		}
	}
}

// What goes wrong behind it is told as it is told everywhere.
func TestTimestampTrouble(t *testing.T) {
	for says, row := range map[string]struct {
		err    error
		status int
		code   csc.Code
	}{
		"a device without room":      {errFull, http.StatusServiceUnavailable, csc.TemporarilyUnavailable},
		"another authority's faults": {&tsa.UpstreamError{Cause: tsa.ErrToken}, http.StatusInternalServerError, csc.ServerError},
		"its refusal":                {&tsa.UpstreamError{Cause: &tsa.Refusal{Info: tsa.BadAlg}}, http.StatusInternalServerError, csc.ServerError},
		"a certificate that ended":   {tsa.ErrExpired, http.StatusInternalServerError, csc.ServerError},
	} {
		h := newHouse(t, func(h *house) { h.stamper = &stamper{err: row.err} })
		got := h.call(csc.MethodTimestamp, goodStamp)
		if got.status != row.status || !strings.Contains(got.body, `"`+string(row.code)+`"`) || strings.Contains(got.body, "time-stamp") {
			t.Errorf("%s: %d %s", says, got.status, got.body)
		}
		if (got.header.Get("Retry-After") != "") != (row.status == http.StatusServiceUnavailable) {
			t.Errorf("%s: Retry-After %q", says, got.header.Get("Retry-After"))
		}
	}
}

func TestWhoGetsTimestamps(t *testing.T) {
	s := &stamper{}
	h := newHouse(t, func(h *house) { h.stamper = s })
	for says, row := range map[string]struct {
		header string
		status int
	}{
		"no token":           {"Authorization: ", http.StatusUnauthorized},
		"a malformed header": {"Authorization: Foo abc", http.StatusBadRequest},
		"an unknown token":   {"Authorization: Bearer unknown", http.StatusUnauthorized},
	} {
		if got := h.call(csc.MethodTimestamp, goodStamp, row.header); got.status != row.status || len(s.asked) > 0 {
			t.Errorf("%s: %d %s", says, got.status, got.body)
		}
	}
}
