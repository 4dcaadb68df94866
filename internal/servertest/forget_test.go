package servertest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// A server forgets at its start whom nobody need remember any more: who never became
// a signer is nowhere then, and whoever is one stays.
func TestInvitationsAreForgotten(t *testing.T) {
	program := servertest.Tagged(t) // which takes its time
	ctx := servertest.Context(t)
	s, err := stage.Raise(ctx, program, filepath.Join(t.TempDir(), "data"))
	must(t, err)
	clock := filepath.Join(t.TempDir(), "clock")
	s.Env = append(s.Env, "PECETE_CLOCK_FILE="+clock)
	run := func(args ...string) string {
		t.Helper()
		out, err := s.Run(ctx, args...)
		must(t, err)
		return string(out)
	}
	const who = "semnatar.demo@example.org"
	invited := run("signer", "invite", "--email", who, "--given-name", "Semnatar", "--family-name", "Demo", "--identifier", "PNORO-1234567890123")
	id := regexp.MustCompile(`e_[0-9a-f]{32}`).FindString(invited)
	_, err = s.AddSigner(ctx, "demo.signer@example.org", "Demo", "Signer")
	must(t, err)
	const days = 24 * 60 * 60
	must(t, os.WriteFile(clock, []byte(strconv.Itoa(92*days)), 0o600))
	if all := run("signer", "invitations"); !strings.Contains(all, who) {
		t.Errorf("before the server started there was nobody: %s", all)
	}
	must(t, s.Serve(ctx))
	for strings.Contains(run("signer", "list"), who) {
		time.Sleep(200 * time.Millisecond) // until ctx ends
	}
	must(t, s.Stop())
	if all := run("signer", "invitations"); strings.Contains(all, "e_") {
		t.Errorf("invitations: %s", all)
	}
	if all := run("signer", "list"); !strings.Contains(all, "demo.signer@example.org") {
		t.Errorf("signers: %s", all)
	}
	if _, err := s.Run(ctx, "signer", "resend", id); err == nil || !strings.Contains(err.Error(), "there is no such invitation") {
		t.Errorf("resent: %v", err)
	}
	run("audit", "verify")
	logs, err := filepath.Glob(filepath.Join(s.Folder, "audit", "*.log"))
	must(t, err)
	var told strings.Builder
	for _, log := range logs {
		text, err := os.ReadFile(log)
		must(t, err)
		told.Write(text)
	}
	for want, times := range map[string]int{`"event":"enrolment.forgotten"`: 1, `"event":"user.removed"`: 1, `"reason":"` + id + `: expired"`: 1, who: 0, "PNORO": 0} {
		if n := strings.Count(told.String(), want); n != times {
			t.Errorf("the audit log tells %s %d times, not %d", want, n, times)
		}
	}
}
