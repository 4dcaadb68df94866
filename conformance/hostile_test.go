package conformance

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestHostile points the suite at servers that are not what they say: it ends
// soon, with a result for each case or the word that there is no server.
func TestHostile(t *testing.T) {
	claims := `{"oauth2":"$OWN","methods":["credentials/list","credentials/info","credentials/authorize","signatures/signHash","signatures/timestamp"],
		"asynchronousOperationMode":"perhaps","authType":[{}],"supportsRar":[1],"specs":7,"signAlgorithms":[],"signature_formats":{"formats":"all"}}`
	few := []string{methodList, methodSignHash}
	fixtures := Fixtures{
		Client: ClientKey{ID: "c", Secret: "a secret"}, OtherClient: ClientKey{ID: "d", Secret: "a secret"},
		WebClient: WebClient{ClientKey{ID: "w", Secret: "a secret"}, "https://app.example/back"},
		Users: []User{{ID: "u", Login: "u", Password: "a password", TOTPSecret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", Credentials: []Credential{{
			ID: "k", Roles: []string{roleEC, roleCode},
		}}}},
	}
	for _, row := range []struct {
		says string
		// after is what the server does once it has told what it is.
		after       http.HandlerFunc
		unreachable bool     // it does so at once
		methods     []string // that are tried, if each of them takes its time
	}{
		{"hangs", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, false, few},
		{"hangs at once", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, true, few},
		{"streams for ever", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte(strings.Repeat(" ", 1<<16)))
			}
		}, false, few},
		{"drips", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte(" "))
				_ = http.NewResponseController(w).Flush()
				time.Sleep(5 * time.Millisecond)
			}
		}, false, few},
		{"redirects in circles", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, false, nil},
		{"answers HTML", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("<form method=post><input name=email><input name=password></form>"))
		}, false, nil},
		{"unpacks to more than there is room for", bomb(t), false, few},
		{"answers 10 MB of JSON", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"x":"` + strings.Repeat("x", 10<<20) + `"}`))
		}, false, few},
		{"closes early", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false, nil},
		{"closes at once", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true, nil},
		{"answers 200 to everything", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) }, false, nil},
		{"answers null", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`null`)) }, false, nil},
		{"answers 429 to everything", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "86400")
			w.WriteHeader(http.StatusTooManyRequests)
		}, false, nil},
		{"answers with a status that is none", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(999) }, false, nil},
	} {
		t.Run(row.says, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/csc/v2/info" && !row.unreachable {
					_, _ = w.Write([]byte(strings.ReplaceAll(claims, "$OWN", "http://"+r.Host)))
					return
				}
				_, _ = io.Copy(io.Discard, r.Body) // only then it is seen that the suite has left
				row.after(w, r)
			}))
			defer server.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			target := &Target{
				Base: server.URL + "/csc/v2", Fixtures: fixtures, Timeout: time.Second,
				Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
			}
			report, err := Run(ctx, target, Options{Methods: row.methods})
			switch {
			case row.unreachable && !errors.Is(err, ErrUnreachable), !row.unreachable && err != nil:
				t.Fatalf("the run ended with %v", err)
			case !row.unreachable && (report.Conformant || len(report.Results) < 20 || row.methods == nil && len(report.Results) != len(Cases())):
				t.Errorf("conformant is %v, with %d results", report.Conformant, len(report.Results))
			}
			for _, r := range report.Results {
				if strings.Contains(r.Detail, "the suite failed at this case") {
					t.Errorf("%s: %s", r.ID, r.Detail)
				}
			}
		})
	}
}

// bomb is an answer of a few kB that becomes 64 MB.
func bomb(t *testing.T) http.HandlerFunc {
	t.Helper()
	var b bytes.Buffer
	packed := gzip.NewWriter(&b)
	for range 1 << 10 {
		if _, err := packed.Write(make([]byte, 1<<16)); err != nil {
			t.Fatal(err)
		}
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(b.Bytes())
	}
}
