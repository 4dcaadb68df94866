package conformance_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/conformance"
	"github.com/pecete/pecete/conformance/faults"
	"github.com/pecete/pecete/internal/servertest"
)

// A house is a good server and the targets made of it.
type house struct {
	plain    *conformance.Target
	old      *conformance.Target            // the same as a server of v1
	variants map[string]*conformance.Target // by the case that needs one
}

// elsewhere are the cases a server need not have anything to do with, and the
// conformant variants they are tried on instead.
var elsewhere = map[string]func() faults.Fault{
	"info/oauth2-issuer":     faults.Issuer,
	"info/servers":           faults.Servers,
	"info/servers-cover":     faults.Servers,
	"info/servers-rar":       faults.Servers,
	"signHash/several-calls": faults.Renewing,
	"signHash/sad-expired":   faults.Hasty,
	"signDoc/sad-expired":    faults.Hasty,
	"general/expired-token":  faults.Hasty,
	"push/expired":           faults.Hasty,
	"oauth/code-expired":     faults.Hasty,
	"token/refresh-expired":  faults.Hasty,
	"login/expired":          faults.Hasty,
	"extend/expired":         faults.Hasty,
	"v1/sad-expired":         faults.Hasty,
	"general/rate-limit":     faults.Limited,
	"challenge/flood":        faults.Sparing,

	"signHash/mode-a-unsupported": faults.Synchronous,

	"poll/over":               func() faults.Fault { return faults.Fault{} }, // as it is, but with patience
	"revoke/type-unsupported": faults.RefreshOnly,
	"account/missing":         faults.Restricted,
}

// open starts a server and reads what it was given for the suite.
func open(t *testing.T) *house {
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
	fixtures.CodeLife, fixtures.RefreshLife = faults.HastyLife, faults.HastyLife // of the variants that have an end
	fixtures.AssertionClient.Audience, fixtures.Origin = s.URL, s.URL            // also behind a proxy
	h := &house{
		plain:    &conformance.Target{Base: s.URL + "/csc/v2", CA: authority(t, filepath.Join(s.Folder, "tls.crt")), Fixtures: fixtures},
		variants: map[string]*conformance.Target{},
	}
	h.old = &conformance.Target{Base: s.URL + "/csc/v1", V1: true, CA: h.plain.CA, Fixtures: fixtures}
	for id, variant := range elsewhere {
		h.variants[id] = h.before(t, h.target(id), variant(), false)
	}
	h.variants["account/missing"].Fixtures.AccountRequired = true
	return h
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

// before stands a fault before a target. What cases need beforehand is got
// around a mutant, but through a variant.
func (h *house) before(t *testing.T, good *conformance.Target, f faults.Fault, mutant bool) *conformance.Target {
	t.Helper()
	own, err := good.Fixtures.MutualClient.Pair()
	if err != nil {
		t.Fatal(err)
	}
	p, err := faults.Start(good.Base, good.CA, f, faults.Mutual{Base: good.Fixtures.MutualClient.Base, Certificates: []tls.Certificate{own}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	target := &conformance.Target{Base: p.URL, V1: good.V1, CA: p.CA, Fixtures: good.Fixtures, Patience: 10 * time.Second}
	target.Fixtures.MutualClient.Base = p.URL
	if mutant {
		target.Setup = good
	}
	return target
}

// the target a case is tried on.
func (h *house) target(id string) *conformance.Target {
	if v, ok := h.variants[id]; ok {
		return v
	}
	if strings.HasPrefix(id, "v1/") {
		return h.old
	}
	return h.plain
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
	t.Run("conformant", func(t *testing.T) { conformant(t, h) })
	t.Run("conformant to v1", func(t *testing.T) { conformantToV1(t, h) })
	t.Run("reworded", func(t *testing.T) { rewordedServer(t, h) })
	for _, f := range slices.Concat(faults.All(), faults.V1()) {
		t.Run(f.Case+"/"+f.Says, func(t *testing.T) {
			cases := conformance.Find(f.Case)
			if len(cases) != 1 {
				t.Fatalf("there is no case %s", f.Case)
			}
			r := outcome(t, h.before(t, h.target(f.Case), f, true), f.Case, false)
			if want := caught[cases[0].Level]; r.Outcome != want {
				t.Errorf("the mutant lives: %s is %s, want %s: %s", f.Case, r.Outcome, want, r.Detail)
			}
		})
	}
}

// conformant wants all cases to pass on a server that keeps the API.
func conformant(t *testing.T, h *house) {
	r, err := conformance.Run(t.Context(), h.plain, conformance.Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range r.Results {
		if _, other := elsewhere[one.ID]; !other && one.Outcome != conformance.Pass {
			t.Errorf("%s: %s: %s", one.ID, one.Outcome, one.Detail)
		}
	}
	for id := range elsewhere {
		if one := outcome(t, h.target(id), id, true); one.Outcome != conformance.Pass {
			t.Errorf("%s: %s: %s", id, one.Outcome, one.Detail)
		}
	}
}

// conformantToV1 wants the same of the cases of v1.
func conformantToV1(t *testing.T, h *house) {
	r, err := conformance.Run(t.Context(), h.old, conformance.Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range r.Results {
		if _, other := elsewhere[one.ID]; !other && one.Outcome != conformance.Pass {
			t.Errorf("%s: %s: %s", one.ID, one.Outcome, one.Detail)
		}
	}
}

// rewordedServer wants other words for an error to be a warning, and a failure
// where the suite is strict, in the cases whose words the text prescribes.
func rewordedServer(t *testing.T, h *house) {
	target := h.before(t, h.plain, faults.Reworded(), true)
	old := h.before(t, h.old, faults.Reworded(), true)
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
