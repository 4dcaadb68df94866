package conformance_test

import (
	"context"
	"crypto/x509"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/conformance"
	"github.com/pecete/pecete/conformance/faults"
	"github.com/pecete/pecete/conformance/mutants"
	"github.com/pecete/pecete/internal/servertest"
)

// A house is a good server, as one of each version.
type house struct{ v2, v1 *mutants.House }

// open starts a server and reads what it was given for the suite.
func open(t *testing.T) house {
	t.Helper()
	s := servertest.Raise(t)
	path, err := s.Fixtures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	servertest.Serve(t, s)
	fixtures, err := conformance.ReadFixtures(path)
	if err != nil {
		t.Fatal(err)
	}
	fixtures.RateLimit = faults.MostBadTokens
	good := func(v1 bool) *mutants.House {
		base := "/csc/v2"
		if v1 {
			base = "/csc/v1"
		}
		h := mutants.Open(&conformance.Target{Base: s.URL + base, V1: v1, CA: authority(t, filepath.Join(s.Folder, "tls.crt")), Fixtures: fixtures})
		t.Cleanup(func() {
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		})
		return h
	}
	return house{v2: good(false), v1: good(true)}
}

func authority(t *testing.T, path string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatalf("%s holds no certificate", path)
	}
	return pool
}

// of is the house for a case.
func (h house) of(id string) *mutants.House {
	if strings.HasPrefix(id, "v1/") {
		return h.v1
	}
	return h.v2
}

// target is the good server that a case is tried on.
func (h house) target(t *testing.T, id string) *conformance.Target {
	t.Helper()
	good, err := h.of(id).Target(id)
	if err != nil {
		t.Fatal(err)
	}
	return good
}

// mutant is the server that commits f.
func (h house) mutant(t *testing.T, f faults.Fault) *conformance.Target {
	t.Helper()
	target, door, err := h.of(f.Case).Mutant(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := door.Close(); err != nil {
			t.Error(err)
		}
	})
	return target
}

func outcome(t *testing.T, target *conformance.Target, id string, strict bool) conformance.Result {
	t.Helper()
	r, err := conformance.Run(t.Context(), target, conformance.Options{Only: []string{id}, Strict: strict})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Results) != 1 {
		t.Fatalf("%d results of %s", len(r.Results), id)
	}
	return r.Results[0]
}

// caught is the outcome a case of the level must have on a server that breaks
// it.
var caught = map[conformance.Level]conformance.Outcome{
	conformance.Must:     conformance.Fail,
	conformance.Optional: conformance.Fail,
	conformance.Should:   conformance.Warn,
	conformance.Doubt:    conformance.Doubtful,
}

// TestSuite runs the suite on a good server, strictly, and then each case on
// servers that are wrong in just the way the case is there to notice.
func TestSuite(t *testing.T) {
	h := open(t)
	t.Run("conformant", func(t *testing.T) { conformant(t, h, "") })
	t.Run("conformant to v1", func(t *testing.T) { conformant(t, h, "v1/") })
	t.Run("reworded", func(t *testing.T) { rewordedServer(t, h) })
	for _, f := range slices.Concat(faults.All(), faults.V1()) {
		t.Run(f.Case+"/"+f.Says, func(t *testing.T) {
			cases := conformance.Find(f.Case)
			if len(cases) != 1 {
				t.Fatalf("there is no case %s", f.Case)
			}
			r := outcome(t, h.mutant(t, f), f.Case, false)
			if want := caught[cases[0].Level]; r.Outcome != want {
				t.Errorf("the mutant lives: %s is %s, want %s: %s", f.Case, r.Outcome, want, r.Detail)
			}
		})
	}
}

// conformant wants all cases of a version to pass on a server that keeps the API.
// What the version's own cases begin with names it.
func conformant(t *testing.T, h house, version string) {
	r, err := conformance.Run(t.Context(), h.target(t, version), conformance.Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range r.Results {
		if mutants.OfVariant(one.ID) {
			if h.of(one.ID) != h.of(version) {
				continue
			}
			one = outcome(t, h.target(t, one.ID), one.ID, true)
		}
		if one.Outcome != conformance.Pass {
			t.Errorf("%s: %s: %s", one.ID, one.Outcome, one.Detail)
		}
	}
}

// rewordedServer wants other words for an error to be a warning, and a failure
// where the suite is strict, in the cases whose words the text prescribes.
func rewordedServer(t *testing.T, h house) {
	reworded, ofV1 := faults.Reworded(), faults.Reworded()
	ofV1.Case = "v1/"
	target, old := h.mutant(t, reworded), h.mutant(t, ofV1)
	for _, id := range wordy {
		target := target
		if strings.HasPrefix(id, "v1/") {
			target = old
		}
		if one := outcome(t, target, id, false); one.Outcome != conformance.Warn {
			t.Errorf("%s: %s, want a warning: %s", id, one.Outcome, one.Detail)
		}
		if one := outcome(t, target, id, true); one.Outcome != conformance.Fail {
			t.Errorf("strictly, %s: %s, want a failure: %s", id, one.Outcome, one.Detail)
		}
	}
}

// wordy are the cases whose error_description the text prescribes.
var wordy = []string{
	"general/malformed-header",
	"token/client-id-missing", "token/grant-type-missing", "token/grant-type-unknown", "token/client-unproven", "token/wrong-secret",
	"token/code-missing", "token/code-unknown", "token/code-used", "token/redirect-of-another", "token/refresh-missing", "token/refresh-unknown",
	"revoke/token-missing", "revoke/hint-unknown", "revoke/token-unknown", "revoke/client-missing", "revoke/client-unknown",
	"revoke/client-unproven", "revoke/wrong-secret", "revoke/malformed-header",
	"login/not-basic", "login/basic-without-value", "login/no-header", "login/no-colon", "login/refresh-number", "login/refresh-unknown", "login/wrong-password",
	"authRevoke/token-missing", "authRevoke/token-number", "authRevoke/hint-unknown", "authRevoke/token-unknown", "authRevoke/malformed-header", "list/user-not-null",
	"list/user-unknown", "list/certificates-invalid", "list/malformed-header",
	"credentialInfo/id-missing", "credentialInfo/id-number", "credentialInfo/id-unknown", "credentialInfo/foreign", "credentialInfo/certificates-invalid",
	"authorize/id-missing", "authorize/id-unknown", "authorize/disabled", "authorize/count-missing", "authorize/count-string",
	"authorize/count-fraction", "authorize/count-zero", "authorize/count-negative", "authorize/count-above", "authorize/wrong-proof",
	"authorize/malformed-header", "check/handle-unknown", "check/malformed-header",
	"challenge/credential-unknown", "challenge/object-unknown", "challenge/malformed-header", "extend/malformed-header",
	"signHash/sad-missing", "signHash/sad-number", "signHash/sad-unknown", "signHash/sad-of-another-credential",
	"signHash/id-missing", "signHash/id-unknown", "signHash/hashes-missing", "signHash/hashes-string", "signHash/hashes-empty",
	"signHash/hash-not-base64", "signHash/hash-length", "signHash/unauthorized-hash", "signHash/unauthorized-among-others",
	"signHash/certificate-expired", "signHash/client-data-number", "signHash/malformed-header", "signHash/mode-unknown",
	"signHash/algo-missing", "signHash/algo-unknown", "signHash/algo-of-another-key", "signHash/rsa-without-hash-oid",
	"signHash/weak-hash", "signHash/unknown-hash-oid", "signHash/pss-without-params",
	"signHash/validity-string", "signHash/validity-huge", "signHash/response-uri-invalid",
	"signDoc/neither", "signDoc/both", "signDoc/digests-string", "signDoc/documents-object", "signDoc/sad-missing", "signDoc/sad-unknown",
	"signDoc/certificate-expired", "signDoc/client-data-number", "signDoc/malformed-header", "signDoc/digest-not-base64", "signDoc/document-not-base64",
	"signDoc/algo-missing", "signDoc/algo-unknown", "signDoc/hash-oid-contradicted", "signDoc/hash-oid-unknown", "signDoc/hash-length",
	"signDoc/format-missing", "signDoc/format-unknown", "signDoc/format-not-offered", "signDoc/level-unknown", "signDoc/envelope-of-another", "signDoc/props-unknown",
	"poll/id-missing", "poll/id-number", "poll/id-unknown", "poll/user-not-null", "poll/user-unknown", "poll/client-data-number", "poll/malformed-header",
	"timestamp/hash-missing", "timestamp/hash-array", "timestamp/hash-empty", "timestamp/hash-length", "timestamp/hash-not-base64",
	"timestamp/algo-unknown", "timestamp/nonce-invalid", "timestamp/malformed-header",
	"v1/list-page-token", "v1/header", "v1/wrong-proof", "v1/sad-required", "v1/sad-unknown", "v1/hash-names", "v1/hash-unauthorized",
	"v1/hash-algo-missing", "v1/hash-algo-invalid", "v1/otp-id-missing", "v1/otp-id-unknown",
}

// TestEveryCaseHasMutants wants a fault for every case: a case that nothing can
// fail proves nothing.
func TestEveryCaseHasMutants(t *testing.T) {
	all := slices.Concat(faults.All(), faults.V1())
	for _, c := range conformance.All() {
		if !slices.ContainsFunc(all, func(f faults.Fault) bool { return f.Case == c.ID }) {
			t.Errorf("no fault is for %s", c.ID)
		}
	}
}

// TestUnreachable wants to know a server that is not there from one that is
// wrong.
func TestUnreachable(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := conformance.Run(ctx, &conformance.Target{Base: "https://127.0.0.1:1/csc/v2"}, conformance.Options{})
	if err == nil {
		t.Fatal("nobody answered, and nothing was wrong")
	}
}
