package servertest_test

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm/hsmtest/count"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

// What was done to a server is what its figures say, what its audit log says,
// and what the device's own log says.
func TestFiguresEqualWhatWasDone(t *testing.T) {
	log := filepath.Join(t.TempDir(), "signatures.log")
	s, redis := servertest.Raise(t), proctest.Redis(t)
	address := fmt.Sprintf("127.0.0.1:%d", proctest.FreePort(t))
	reconfigure(t, s, map[string]string{
		"onetime: memory":           "onetime: " + redis.URL + "\nlimits:\n  anonymous: 0.001\n  burst: 10",
		"# metrics: 127.0.0.1:9464": "metrics: " + address,
	})
	var people []stage.Signer
	var ids []string
	for _, name := range []string{"signs", "pauses", "locks"} {
		p, err := s.AddSigner(servertest.Context(t), name+"@example.org", "Demo", "Signer")
		must(t, err)
		people, ids = append(people, p), append(ids, p.ID)
	}
	app, err := s.AddClient(servertest.Context(t), "Demo Application", ids...)
	must(t, err)
	oneBeforeTheLock(t, s, people[2])
	countSignatures(t, s, log)
	servertest.Serve(t, s)
	api := application(t, s, app)

	signs(t, api, people[0])
	for range 7 {
		wantRefused(t, "a wrong code", wrongCode(t, api, people[1]))
	}
	for range 2 {
		wantRefused(t, "a wrong code", wrongCode(t, api, people[2]))
	}
	redis.Restart()
	lostToken(t, api)
	barred := knock(t, s)

	got := figures(t, address)
	want(t, got, map[string]float64{
		`pecete_signatures_total{outcome="done",reason=""}`:                                        3,
		`pecete_signatures_total{outcome="refused",reason="hash"}`:                                 3,
		`pecete_signatures_total{outcome="refused",reason="unknown"}`:                              2,
		`pecete_signatures_total{outcome="wrong_signature",reason=""}`:                             0,
		`pecete_signature_request_digests_count`:                                                   6,
		`pecete_signature_request_digests_sum`:                                                     8,
		`pecete_spends_refused_total{reason="hash"}`:                                               2,
		`pecete_spends_refused_total{reason="unknown"}`:                                            2,
		`pecete_grants_total`:                                                                      1,
		`pecete_grant_signatures_total`:                                                            3,
		`pecete_factor_verifications_total{factor="totp"}`:                                         1,
		`pecete_factor_refusals_total{factor="totp",reason="wrong"}`:                               6,
		`pecete_factor_refusals_total{factor="totp",reason="paused"}`:                              2,
		`pecete_factor_refusals_total{factor="totp",reason="locked"}`:                              1,
		`pecete_factor_lockouts_total{factor="totp"}`:                                              1,
		`pecete_quota_refusals_total{route="/csc/v2/credentials/list"}`:                            barred,
		`pecete_onetime_run_changes_total`:                                                         1,
		`pecete_audit_failed`:                                                                      0,
		`pecete_audit_appends_total{outcome="failed"}`:                                             0,
		`pecete_audit_log_records`:                                                                 float64(recorded(t, s, "")),
		`pecete_ready{check="audit"}`:                                                              1,
		`pecete_ready{check="hsm"}`:                                                                1,
		`pecete_ready{check="onetime"}`:                                                            1,
		`pecete_ready{check="registry"}`:                                                           1,
		`pecete_hsm_pin_refused`:                                                                   0,
		`pecete_hsm_queue_taken`:                                                                   0,
		`pecete_http_requests_total{code="2xx",method="POST",route="/csc/v2/signatures/signHash"}`: 2,
		`pecete_http_requests_total{code="4xx",method="POST",route="/csc/v2/signatures/signHash"}`: 4,
	})
	for event, series := range map[string]string{
		"grant.issued": `pecete_grants_total`, "token.issued": `pecete_tokens_issued_total{scope="service"}`,
		"factor.locked": `pecete_factor_lockouts_total{factor="totp"}`, "factor.verified": `pecete_factor_verifications_total{factor="totp"}`,
	} {
		if n := recorded(t, s, event); float64(n) != got[series] {
			t.Errorf("the audit log has %d records of %s, %s is %v", n, event, series, got[series])
		}
	}
	made, err := count.Read(log)
	must(t, err)
	if n := ofCredential(t, s, people[0].Credentials[0], made); n != 3 || got[`pecete_hsm_duration_seconds_count{what="sign"}`] < 3 {
		t.Errorf("the device made %d signatures, and was seen at %v", n, got[`pecete_hsm_duration_seconds_count{what="sign"}`])
	}
}

// oneBeforeTheLock has a signer nine failures in a row, which cost a whole hour
// of pauses otherwise.
func oneBeforeTheLock(t *testing.T, s *stage.Stage, p stage.Signer) {
	t.Helper()
	r, err := registry.Open(t.Context(), registry.Config{URL: filepath.Join(s.Folder, "registry.db")})
	must(t, err)
	swapped, err := r.SwapAttempts(t.Context(), p.ID, users.FactorCode, users.Attempts{}, users.Attempts{InRow: 9})
	must(t, err)
	if !swapped {
		t.Fatal("somebody failed before")
	}
	must(t, r.Close())
}

// signs agrees to three signatures, gets two at once and one, and is refused
// four times.
func signs(t *testing.T, api *client.Client, p stage.Signer) {
	t.Helper()
	ctx := servertest.Context(t)
	var hashes []csc.Digest
	for i := range 4 {
		digest := sha256.Sum256(fmt.Append(nil, i))
		hashes = append(hashes, digest[:])
	}
	granted, err := api.Authorize(ctx, csc.AuthorizeRequest{
		CredentialID: p.Credentials[0], NumSignatures: 3, Hashes: hashes[:3], HashAlgorithmOID: csc.OIDSHA256,
		AuthData: []csc.AuthData{{ID: "OTP", Value: code(t, p.OTPAuth)}},
	})
	must(t, err)
	sign := func(sad csc.Secret, digests ...csc.Digest) error {
		_, err := api.SignHash(ctx, csc.SignHashRequest{CredentialID: p.Credentials[0], SAD: sad, Hashes: digests, SignAlgo: ecdsaSHA256})
		return err
	}
	must(t, sign(granted.SAD, hashes[0], hashes[1]))
	wantRefused(t, "a hash that was signed", sign(granted.SAD, hashes[1]))
	wantRefused(t, "a hash not agreed to", sign(granted.SAD, hashes[2], hashes[3]))
	must(t, sign(granted.SAD, hashes[2]))
	wantRefused(t, "a grant that is spent", sign(granted.SAD, hashes[2]))
	wantRefused(t, "a grant that never was", sign("nothing", hashes[2]))
}

func wantRefused(t *testing.T, what string, err error) {
	t.Helper()
	var told *client.Error
	if !errors.As(err, &told) || told.Status != http.StatusBadRequest {
		t.Errorf("%s: %v", what, err)
	}
}

// wrongCode gives a code that is none of those about now.
func wrongCode(t *testing.T, api *client.Client, p stage.Signer) error {
	t.Helper()
	wrong, digest := csc.Secret("000000"), sha256.Sum256([]byte("a"))
	for n := 1; near(t, p, wrong); n++ {
		wrong = csc.Secret(fmt.Sprintf("%06d", n))
	}
	_, err := api.Authorize(servertest.Context(t), csc.AuthorizeRequest{
		CredentialID: p.Credentials[0], NumSignatures: 1, Hashes: []csc.Digest{digest[:]}, HashAlgorithmOID: csc.OIDSHA256,
		AuthData: []csc.AuthData{{ID: "OTP", Value: wrong}},
	})
	return err
}

// near reports whether a code is one of the signer's authenticator within two
// minutes.
func near(t *testing.T, p stage.Signer, wrong csc.Secret) bool {
	t.Helper()
	key, err := otp.NewKeyFromURL(p.OTPAuth)
	must(t, err)
	for step := -4; step <= 4; step++ {
		text, err := totp.GenerateCode(key.Secret(), time.Now().Add(time.Duration(step)*30*time.Second))
		must(t, err)
		if text == string(wrong) {
			return true
		}
	}
	return false
}

// knock calls without a good token until it is told to stop, and a few times
// more, and returns how often it was told.
func knock(t *testing.T, s *stage.Stage) (barred float64) {
	t.Helper()
	web, err := s.HTTP()
	must(t, err)
	defer web.CloseIdleConnections()
	for range 15 {
		resp, err := web.Post(s.URL+csc.BasePath+"/credentials/list", "application/json", strings.NewReader(`{}`))
		must(t, err)
		must(t, resp.Body.Close())
		if resp.StatusCode == http.StatusTooManyRequests {
			barred++
		}
	}
	if barred == 0 {
		t.Error("nobody was told to stop")
	}
	return barred
}

// lostToken waits until the server has seen that Redis is another: the
// application's token is unknown, and it gets itself a new one.
func lostToken(t *testing.T, api *client.Client) {
	t.Helper()
	var err error
	for range 200 {
		if _, err = api.List(servertest.Context(t), csc.ListRequest{}); err == nil {
			return
		}
		var told *client.Error
		if errors.As(err, &told) && told.Status == http.StatusBadRequest {
			return // it was let in, and no user was named
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal(err)
}

// figures reads the figures once nothing is under way, by series as they are
// written.
func figures(t *testing.T, address string) map[string]float64 {
	t.Helper()
	for range 600 {
		resp, err := http.Get("http://" + address + "/metrics")
		must(t, err)
		all := map[string]float64{}
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			series, text, found := strings.Cut(lines.Text(), " ")
			if value, err := strconv.ParseFloat(text, 64); found && err == nil {
				all[series] = value
			}
		}
		must(t, resp.Body.Close())
		if all["pecete_http_requests_in_flight"] == 0 && len(all) > 0 {
			return all
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("something is always under way")
	return nil
}

func want(t *testing.T, got, want map[string]float64) {
	t.Helper()
	for series, value := range want {
		if is, there := got[series]; !there || is != value {
			t.Errorf("%s is %v (there: %t), want %v", series, is, there, value)
		}
	}
}

// recorded counts the server's records of an event, or all of them.
func recorded(t *testing.T, s *stage.Stage, event string) (n int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Folder, "audit", "server.log"))
	must(t, err)
	for line := range strings.Lines(string(text)) {
		if event == "" || strings.Contains(line, fmt.Sprintf("%q", event)) {
			n++
		}
	}
	return n
}
