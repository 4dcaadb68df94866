package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/pem"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pecete/pecete/conformance"
	"github.com/pecete/pecete/conformance/faults"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"cscheck": main})
}

// TestScripts tells each story of testdata/script. $GOOD is the base URI of a
// server with nothing but a faultless info, $WRONG one whose region is none,
// $GONE one that is not there; $CA vouches for all of them.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			good := httptest.NewTLSServer(http.HandlerFunc(infoOnly))
			env.Defer(good.Close)
			base := good.URL + "/csc/v2"
			wrong, err := faults.Start(base, good.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, faults.Fault{
				Answer: func(c *faults.Call, r *faults.Reply) {
					r.Body = bytes.Replace(r.Body, []byte(`"RO"`), []byte(`"Romania"`), 1)
				},
			})
			if err != nil {
				return err
			}
			env.Defer(func() { _ = wrong.Close() })
			env.Setenv("GOOD", base)
			env.Setenv("WRONG", wrong.URL)
			env.Setenv("GONE", "https://127.0.0.1:1/csc/v2")
			var trusted []byte
			for _, der := range [][]byte{good.Certificate().Raw, wrong.Certificate} {
				trusted = append(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
			}
			env.Setenv("CA", filepath.Join(env.WorkDir, "ca.pem"))
			return os.WriteFile(filepath.Join(env.WorkDir, "ca.pem"), trusted, 0o600)
		},
	})
}

// infoOnly is the least a server of the API can be.
func infoOnly(w http.ResponseWriter, r *http.Request) {
	own := "https://" + r.Host
	switch {
	case r.URL.Path == "/logo.png":
		w.Header().Set("Content-Type", "image/png")
		_ = png.Encode(w, image.NewGray(image.Rect(0, 0, 8, 8))) // the client may have left
	case r.URL.Path != "/csc/v2/info":
		answer(w, http.StatusNotImplemented, `{"error":"invalid_request"}`)
	case r.Method != http.MethodPost:
		answer(w, http.StatusMethodNotAllowed, `{"error":"invalid_request"}`)
	default:
		answer(w, http.StatusOK, strings.ReplaceAll(leastInfo, "$OWN", own))
	}
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // the client may have left
}

const leastInfo = `{"specs":"2.2.0.0","name":"Least","logo":"$OWN/logo.png","region":"RO","lang":"en",
	"description":"A server with info alone","authType":["external"],"methods":[],"supportedHashTypes":["dtbsr"],
	"signAlgorithms":{"algos":["1.2.840.10045.4.3.2"]},"signature_formats":{"formats":[]},"conformance_levels":[]}`

// TestExit holds the program to the numbers it promises.
func TestExit(t *testing.T) {
	good := httptest.NewTLSServer(http.HandlerFunc(infoOnly))
	defer good.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	trusted := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: good.Certificate().Raw})
	if err := os.WriteFile(ca, trusted, 0o600); err != nil {
		t.Fatal(err)
	}
	base := good.URL + "/csc/v2"
	for _, row := range []struct {
		says string
		args []string
		want int
	}{
		{"a server that conforms", []string{"--ca", ca, base}, 0},
		{"a server that conforms, a slash behind its URI", []string{"--ca", ca, base + "/"}, 0},
		{"one that conforms as far as tried, when all was to be tried", []string{"--ca", ca, "--complete", base}, 1},
		{"one under another path", []string{"--ca", ca, good.URL, "general"}, 1},
		{"nothing to try", []string{"--ca", ca, base, "signatures/signHash"}, 1},
		{"no server named", nil, 2},
		{"a file for a server", []string{"server.json"}, 2},
		{"a flag nobody knows", []string{"--fast", base}, 2},
		{"a case nobody knows", []string{"--only", "signHash/none", base}, 2},
		{"a method nobody knows", []string{base, "signatures/sing"}, 2},
		{"fixtures that are not there", []string{"--config", "none.json", base}, 2},
		{"authorities that are not there", []string{"--ca", "none.pem", base}, 2},
		{"authorities that are none", []string{"--ca", "cscheck_test.go", base}, 2},
		{"a report that cannot be written", []string{"--ca", ca, "--json", "no/such/folder/report.json", base}, 2},
		{"an explanation of what is not there", []string{"--explain", "CSC-HASH-999"}, 2},
		{"an explanation", []string{"--explain", "CSC-HASH-022"}, 0},
		{"help", []string{"--help"}, 0},
		{"a server nobody vouches for", []string{base}, 3},
		{"no server there", []string{"https://127.0.0.1:1/csc/v2"}, 3},
	} {
		var out, errs bytes.Buffer
		if got := run(t.Context(), row.args, &out, &errs); got != row.want {
			t.Errorf("%s: ended with %d, want %d\n%s%s", row.says, got, row.want, &out, &errs)
		}
	}
}

// TestServeFaults serves in this process, and checks what is served: rightly, with
// a rule turned off, and with a fault before it.
func TestServeFaults(t *testing.T) {
	for _, row := range []struct {
		says   string
		args   []string
		only   string
		want   int
		report string
	}{
		{"a right server", nil, "signHash/sad-spent", 0, "pass   signHash/sad-spent"},
		{"one whose authorizations sign again", []string{"--without", "replays"}, "signHash/sad-spent", 1, "fail   signHash/sad-spent"},
		{"one with the habits of some", []string{"--habit", "counter"}, "list/foreign-user", 1, "fail   list/foreign-user"},
		{"one with two faults before it", []string{"--fault", "info/region", "--fault", "info/name"}, "info/region", 1, "fail   info/region"},
	} {
		t.Run(row.says, func(t *testing.T) {
			folder := t.TempDir()
			ctx, stop := context.WithCancel(t.Context())
			said, out := io.Pipe()
			ended := make(chan int)
			go func() { ended <- run(ctx, append([]string{"serve-faults", "--folder", folder}, row.args...), out, out) }()
			first, err := bufio.NewReader(said).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = io.Copy(io.Discard, said) }()
			base := strings.TrimSpace(strings.TrimPrefix(first, "serving "))
			var report bytes.Buffer
			args := []string{"--ca", filepath.Join(folder, "ca.pem"), "--config", filepath.Join(folder, "fixtures.json"), "--only", row.only, base}
			if got := run(t.Context(), args, &report, &report); got != row.want || !strings.Contains(report.String(), row.report) {
				t.Errorf("ended with %d, want %d\n%s%s", got, row.want, first, &report)
			}
			stop()
			if got := <-ended; got != exitConformant {
				t.Errorf("serving ended with %d", got)
			}
		})
	}
}

// Each must that a server with everything keeps is explained by an example.
func TestExamples(t *testing.T) {
	all, err := readExamples()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range conformance.All() {
		if _, there := all[c.ID]; !there && c.Level == conformance.Must && !without[c.ID] {
			t.Errorf("%s: there is no example", c.ID)
		}
	}
}

// without are the cases that are about connections, or need a server of another
// kind.
var without = map[string]bool{"general/base-uri": true, "general/tls12": true, "general/ssl3": true, "info/oauth2-issuer": true}
