package enrolment_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/ca"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest"
	"github.com/pecete/pecete/internal/failpoint"
	"github.com/pecete/pecete/users"
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
// one key, and whatever else the authority signed is revoked; and a process that lives
// meets others at it.
func TestKilledAtAnyPoint(t *testing.T) {
	config, url, program := hsmtest.Config(t), filepath.Join(t.TempDir(), "registry.db"), tagged(t)
	signed := filepath.Join(t.TempDir(), "signed")
	token, err := hsm.Open(t.Context(), config)
	must(t, err)
	t.Cleanup(func() { _ = token.Close() })
	device := softHSM{token}
	h := newHouse(t)
	h.store = openRegistry(t, url)
	h.ticks.Store(time.Now().UnixNano()) // as it is in the other process
	h.Office = h.office(h.store, newSealer(t), device, newAuthority(t, time.Now))
	h.Now = time.Now
	points := []string{
		failpoint.EnrolmentClaimed, failpoint.KeyGenerated, failpoint.IssuanceBegun, failpoint.CertificateSigned,
		failpoint.CredentialRecorded, failpoint.EnrolmentIssued, "",
	}
	for n, point := range points {
		e := h.activated(n)
		child := exec.Command(program, "-test.run=^TestChild$", "-test.v")
		child.Env = append(os.Environ(), "PECETE_FAILPOINT="+point, "CHILD_REGISTRY="+url, "CHILD_TOKEN="+config.Token, "CHILD_PIN="+string(config.PIN), "CHILD_USER="+e.UserID, "CHILD_SIGNED="+signed)
		if point == "" { // it meets these
			h.wantStraysRevoked(signed)
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
	if left := device.signers(t); left != len(points) {
		t.Errorf("the device has %d keys for %d credentials", left, len(points))
	}
}

// wantStraysRevoked wants what was signed elsewhere, and is nobody's, to be on the
// authority's list and revoked in its answers, and nothing else but the one whose
// number alone is known.
func (h *house) wantStraysRevoked(signed string) {
	h.t.Helper()
	local := newAuthority(h.t, h.Now).Local
	lists := ca.Lists{Authority: local, Register: h.store, Audit: h.log}
	crl, err := lists.Current(h.t.Context())
	must(h.t, err)
	list, err := x509.ParseRevocationList(crl.DER)
	must(h.t, err)
	revoked := map[string]int{}
	for _, entry := range list.RevokedCertificateEntries {
		revoked[fmt.Sprintf("%x", entry.SerialNumber)] = entry.ReasonCode
	}
	text, err := os.ReadFile(signed)
	must(h.t, err)
	strays := 0
	for _, serial := range strings.Fields(string(text)) {
		number, _ := new(big.Int).SetString(serial, 16)
		status, err := h.store.CertificateStatus(h.t.Context(), number)
		must(h.t, err)
		reason, listed := revoked[serial]
		if listed != (status.State == ca.Revoked) || listed && (reason != status.Reason || csc.RevocationReason(reason) != "cessationOfOperation") {
			h.t.Errorf("certificate %s: listed %t for %d, and told to be %+v", serial, listed, reason, status)
		}
		if listed {
			strays++
		}
	}
	if strays != 2 || len(revoked) != 3 {
		h.t.Errorf("%d of the certificates of the dead are revoked, want 2; %d are listed, want 3", strays, len(revoked))
	}
	abandoned := 0
	for _, r := range h.log.Records(h.t) {
		if r.Event == audit.CertificateAbandoned {
			abandoned++
			if _, listed := revoked[r.Serial]; !listed || r.Reason != "revoked: cessationOfOperation" || r.Credential == "" || r.Key == "" {
				h.t.Errorf("recorded: %+v", r.Entry)
			}
		}
	}
	if abandoned != len(revoked) {
		h.t.Errorf("%d revocations are recorded, want %d", abandoned, len(revoked))
	}
}

// A diary writes down what an authority signs before anybody else knows of it.
type diary struct {
	authority
	path string
}

func (d diary) Issue(ctx context.Context, u users.User, public crypto.PublicKey, from, to time.Time, intend credentials.Intend) ([][]byte, error) {
	chain, err := d.authority.Issue(ctx, u, public, from, to, intend)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(d.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(file, "%x\n", cert.SerialNumber)
	return chain, errors.Join(err, file.Close())
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
	h.Office = h.office(h.store, newSealer(t), softHSM{token}, diary{newAuthority(t, time.Now), os.Getenv("CHILD_SIGNED")})
	h.Now, h.Lease = time.Now, time.Second
	must(t, second(h.Issue(t.Context(), user)))
	must(t, token.Close())
}
