package enrolment_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest"
	"github.com/pecete/pecete/internal/failpoint"
)

// tagged builds this test with the points at which it can be killed, and with the
// race detector if this has it.
func tagged(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "tagged")
	args := []string{"test", "-c", "-tags", "failpoint", "-o", program, "."}
	if raced {
		args = slices.Insert(args, 2, "-race")
	}
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

// Wherever a process dies on its way to a certificate, others bring it to one, with
// one key; and a process that lives meets others at it.
func TestKilledAtAnyPoint(t *testing.T) {
	config, url, program := hsmtest.Config(t), filepath.Join(t.TempDir(), "registry.db"), tagged(t)
	token, err := hsm.Open(t.Context(), config)
	must(t, err)
	t.Cleanup(func() { _ = token.Close() })
	device := softHSM{token}
	h := newHouse(t)
	h.store = openRegistry(t, url)
	h.ticks.Store(time.Now().UnixNano()) // as it is in the other process
	h.Office = h.office(h.store, newSealer(t), device, newAuthority(t, time.Now))
	h.Now = time.Now
	for n, point := range []string{
		failpoint.EnrolmentClaimed, failpoint.KeyGenerated, failpoint.CredentialRecorded, failpoint.EnrolmentIssued, "",
	} {
		e := h.activated(n)
		child := exec.Command(program, "-test.run=^TestChild$", "-test.v")
		child.Env = append(os.Environ(), "PECETE_FAILPOINT="+point, "CHILD_REGISTRY="+url, "CHILD_TOKEN="+config.Token, "CHILD_PIN="+string(config.PIN), "CHILD_USER="+e.UserID)
		if point == "" { // it meets these
			must(t, child.Start())
			issueAtOnce(t, "beside another process", 25, e.UserID, h.Office)
			must(t, child.Wait())
		} else {
			out, err := child.CombinedOutput()
			var ended *exec.ExitError
			if !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("at %s it was not killed: %v\n%s", point, err, out)
			}
			issueAtOnce(t, point, 5, e.UserID, h.Office)
		}
		h.wantOne(point, e, device)
	}
	if left := device.signers(t); left != 5 {
		t.Errorf("the device has %d keys for 5 credentials", left)
	}
}

// TestChild is the other process, and passes by itself.
func TestChild(t *testing.T) {
	user := os.Getenv("CHILD_USER")
	if user == "" {
		return
	}
	var token *hsm.Token
	var err error
	for range 40 { // SoftHSM shows none for the moment in which another process logs in
		token, err = hsm.Open(t.Context(), hsm.Config{Module: hsmtest.Module(), Token: os.Getenv("CHILD_TOKEN"), PIN: csc.Secret(os.Getenv("CHILD_PIN"))})
		if !errors.Is(err, hsm.ErrNoToken) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	must(t, err)
	h := newHouse(t)
	h.store = openRegistry(t, os.Getenv("CHILD_REGISTRY"))
	h.Office = h.office(h.store, newSealer(t), softHSM{token}, newAuthority(t, time.Now))
	h.Now, h.Lease = time.Now, time.Second
	must(t, second(h.Issue(t.Context(), user)))
	must(t, token.Close())
}
