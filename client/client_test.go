package client_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
)

// serve answers every method from a table of paths.
func serve(t *testing.T, answers map[string]http.HandlerFunc) *client.Client {
	t.Helper()
	mux := http.NewServeMux()
	for path, answer := range answers {
		mux.HandleFunc("POST "+path, answer)
	}
	web := httptest.NewTLSServer(mux)
	t.Cleanup(web.Close)
	mux.HandleFunc("POST /csc/v2/info", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(csc.InfoResponse{Specs: "2.2.0.0", OAuth2: web.URL})
	})
	return &client.Client{BaseURL: web.URL + csc.BasePath, HTTP: web.Client(), ID: "app one", Secret: "s3cr3t/+"}
}

func say(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestATokenIsAskedForOnceAndCarried(t *testing.T) {
	var form, auth, bearer, body string
	c := serve(t, map[string]http.HandlerFunc{
		"/oauth2/token": func(w http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			form = string(text)
			id, secret, _ := r.BasicAuth()
			auth = id + " " + secret
			say(200, `{"access_token":"tok","token_type":"Bearer","expires_in":600}`)(w, r)
		},
		"/csc/v2/credentials/list": func(w http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			bearer, body = r.Header.Get("Authorization"), string(text)
			say(200, `{"credentialIDs":["c1"]}`)(w, r)
		},
	})
	var seen []string
	c.Trace = func(e client.Exchange) { seen = append(seen, e.Method+" "+e.Path) }
	if err := c.Authenticate(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := c.List(t.Context(), csc.ListRequest{UserID: "u1"})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{form, auth, bearer, body, strings.Join(list.CredentialIDs, " ")}
	want := []string{
		"client_id=app+one&grant_type=client_credentials&scope=service", "app+one s3cr3t%2F%2B",
		"Bearer tok", `{"userID":"u1"}`, "c1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"POST /oauth2/token", "POST /csc/v2/credentials/list"}, seen); diff != "" {
		t.Errorf("trace, -want +got:\n%s", diff)
	}
}

func TestRefusalsAreErrors(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   *client.Error // nil: some other error
	}{
		{"an error of the API", say(400, `{"error":"invalid_request","error_description":"Invalid parameter SAD"}`),
			&client.Error{Status: 400, Code: "invalid_request", Description: "Invalid parameter SAD"}},
		{"one that passes", say(503, `{"error":"temporarily_unavailable"}`, "Retry-After", "2"),
			&client.Error{Status: 503, RetryAfter: 2 * time.Second, Code: "temporarily_unavailable"}},
		{"a page of a proxy", say(502, `<html>`), nil},
		{"a redirect", say(302, ``, "Location", "/elsewhere"), nil},
		{"an answer that is no JSON", say(200, `ok`), nil},
		{"fewer signatures than hashes", say(200, `{"signatures":[]}`), nil},
		{"an endless answer", say(200, `{"signatures":["`+strings.Repeat("A", 9<<20)+`"]}`), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := serve(t, map[string]http.HandlerFunc{"/csc/v2/signatures/signHash": tt.answer})
			_, err := c.SignHash(t.Context(), csc.SignHashRequest{SAD: "marked-sad", Hashes: []csc.Digest{{1}}})
			if err == nil {
				t.Fatal("no error")
			}
			var told *client.Error
			errors.As(err, &told)
			if diff := cmp.Diff(tt.want, told); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if strings.Contains(err.Error(), "marked-sad") {
				t.Errorf("the error tells the SAD: %v", err)
			}
		})
	}
}
