package signing_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/signing"
	"github.com/pecete/pecete/users"
)

// full is a device without room.
type full struct{}

func (full) Error() string     { return "no room" }
func (full) Unavailable() bool { return true }

var (
	errDevice = errors.New("the device is broken")
	done      = []audit.Event{audit.SignIntent, audit.SignDone}
	failed    = []audit.Event{audit.SignIntent, audit.SignFailed}
)

// Each rule, and what it has cost when it was broken: of a grant of three, with
// two hashes asked for.
func TestRules(t *testing.T) {
	tests := []struct {
		name    string
		change  func(h *house, req *csc.SignHashRequest)
		says    string // in the error, "" for none
		outcome signing.Outcome
		left    int // of the grant
		signed  int // by the device
		events  []audit.Event
	}{
		{"all is well", func(*house, *csc.SignHashRequest) {}, "", signing.Done, 1, 2, done},

		{"a credential nobody has", func(_ *house, r *csc.SignHashRequest) { r.CredentialID = "c_none" },
			"Invalid parameter credentialID", signing.Refused, 3, 0, nil},
		{"another's credential", func(h *house, _ *csc.SignHashRequest) { h.who.UserID = "u_other" },
			"Invalid parameter credentialID", signing.Refused, 3, 0, nil},
		{"a disabled credential", func(h *house, _ *csc.SignHashRequest) { h.status(true, false) },
			"is disabled", signing.Refused, 3, 0, nil},
		{"a suspended one", func(h *house, _ *csc.SignHashRequest) {
			must(h.t, h.registry.SuspendCredential(h.t.Context(), h.credential.ID, noon))
		}, "is suspended", signing.Refused, 3, 0, nil},
		{"a revoked one", func(h *house, _ *csc.SignHashRequest) { h.status(false, true) },
			"is revoked", signing.Refused, 3, 0, nil},
		{"a certificate that has ended", func(h *house, _ *csc.SignHashRequest) { h.now = noon.Add(2 * time.Hour) },
			"is expired", signing.Refused, 0, 0, nil}, // and so has the grant
		{"an algorithm of another kind of key", func(_ *house, r *csc.SignHashRequest) { r.SignAlgo = csc.OIDRSASSAPSS },
			"Invalid parameter signAlgo", signing.Refused, 3, 0, nil},
		{"a digest of another length", func(_ *house, r *csc.SignHashRequest) { r.Hashes[1] = r.Hashes[1][:20] },
			"Invalid digest value length", signing.Refused, 3, 0, nil},

		{"a device without room", func(h *house, _ *csc.SignHashRequest) {
			h.keys.admitting = func(int) error { return full{} }
		}, "no room", signing.Busy, 3, 0, nil},

		{"another client's grant", func(h *house, _ *csc.SignHashRequest) { h.who.ClientID = "a_other" },
			"Invalid parameter SAD", signing.Refused, 3, 0, []audit.Event{audit.GrantRefused}},
		{"more than was agreed to", func(_ *house, r *csc.SignHashRequest) { r.Hashes = digests(4) },
			"Invalid parameter SAD", signing.Refused, 3, 0, []audit.Event{audit.GrantRefused}},

		{"disabled after the spending", func(h *house, _ *csc.SignHashRequest) {
			h.keys.admitting = func(int) error { h.status(true, false); return nil }
		}, "is disabled", signing.Refused, 1, 0, failed},
		{"the signer has another password", func(h *house, _ *csc.SignHashRequest) { h.restamp() },
			"Invalid parameter SAD", signing.Refused, 3, 0, []audit.Event{audit.GrantRefused}},
		{"the signer has another password after the spending", func(h *house, _ *csc.SignHashRequest) {
			h.keys.admitting = func(int) error { h.restamp(); return nil }
		}, "Invalid parameter SAD", signing.Refused, 1, 0, failed},
		{"a device that fails", func(h *house, _ *csc.SignHashRequest) {
			h.signer.Parallel = 1
			h.keys.signing = func(context.Context, int) error { return errDevice }
		}, "the device is broken", signing.DeviceFailed, 1, 1, failed},
		{"a signature of something else", func(h *house, _ *csc.SignHashRequest) {
			h.signer.Parallel = 1
			h.keys.spoil = func(signature []byte) { signature[len(signature)-1] ^= 1 }
		}, "does not verify", signing.WrongSignature, 1, 1, failed},
		{"the second signature is wrong", func(h *house, _ *csc.SignHashRequest) {
			h.signer.Parallel = 1
			h.keys.spoil = func(signature []byte) {
				if h.keys.signed == 2 {
					signature[len(signature)-1] ^= 1
				}
			}
		}, "does not verify", signing.WrongSignature, 1, 2, failed},
		{"another key's signature", func(h *house, _ *csc.SignHashRequest) {
			h.signer.Parallel, h.keys.key = 1, newKey(h.t, csc.P256)
		}, "does not verify", signing.WrongSignature, 1, 1, failed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t, csc.P256)
			grant := h.grant(3)
			request := h.request(digests(2)...)
			test.change(h, &request)
			signatures, err := h.sign(grant, request)
			if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, want %q", err, test.says)
			}
			if err != nil && len(signatures) > 0 {
				t.Errorf("%d signatures left all the same", len(signatures))
			}
			if diff := cmp.Diff([]signing.Outcome{test.outcome}, h.outcomes); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.events, h.events()); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
			if left := h.left(grant); left != test.left || h.keys.signed != test.signed {
				t.Errorf("%d left of the grant and %d signed, want %d and %d", left, h.keys.signed, test.left, test.signed)
			}
			if h.keys.within != 0 {
				t.Error("the room in the device was not given back")
			}
		})
	}
}

func (h *house) status(disabled, revoked bool) {
	must(h.t, h.registry.SetCredentialDisabled(h.t.Context(), h.credential.ID, disabled))
	if revoked {
		must(h.t, h.registry.RevokeCredential(h.t.Context(), h.credential.ID, noon, 0))
	}
}

func (h *house) restamp() {
	must(h.t, h.registry.SetStamp(h.t.Context(), h.credential.UserID, users.NewStamp()))
}

// What is true at each moment: room is asked for while nothing is spent, and the
// device is asked when the grant is spent and the intent is on the disk.
func TestOrder(t *testing.T) {
	h := newHouse(t, csc.P256)
	h.signer.Parallel = 1
	grant := h.grant(2)
	h.keys.admitting = func(n int) error {
		if left, events := h.left(grant), h.events(); n != 2 || left != 2 || len(events) > 0 {
			t.Errorf("room for %d, %d left of the grant, log %v; want room for 2 and nothing spent", n, left, events)
		}
		return nil
	}
	h.keys.signing = func(context.Context, int) error {
		left, events := h.left(grant), h.events()
		if left != 0 || !cmp.Equal(events, []audit.Event{audit.SignIntent}) {
			t.Errorf("the device is asked with %d left of the grant and the log at %v", left, events)
		}
		return nil
	}
	_, err := h.sign(grant, h.request(digests(2)...))
	must(t, err)
	records := h.log.Records(t)
	if want := []string{hexDigest(0), hexDigest(1)}; !cmp.Equal(records[0].Hashes, want) || len(records[1].Signatures) != 2 {
		t.Errorf("the log says %+v", records)
	}
}

func hexDigest(n int) string { return csc.Hex([]csc.Digest{digest(n)})[0] }

// A log that cannot be written stops what it would have told of: before the
// device is asked, nothing is signed; after it, nothing leaves.
func TestNoAuditNoSignature(t *testing.T) {
	tests := []struct {
		name   string
		closes func(h *house, shut func())
		signed int
	}{
		{"before the intent", func(h *house, shut func()) {
			h.keys.admitting = func(int) error { shut(); return nil }
		}, 0},
		{"before the outcome", func(h *house, shut func()) {
			h.keys.signing = func(context.Context, int) error { shut(); return nil }
		}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t, csc.P256)
			grant := h.grant(1)
			test.closes(h, func() { must(t, h.log.Close(t.Context())) })
			signatures, err := h.sign(grant, h.request(digest(0)))
			var unkept *audit.UnavailableError
			if !errors.As(err, &unkept) || len(signatures) > 0 {
				t.Errorf("%d signatures, %v; want none, and an unavailable log", len(signatures), err)
			}
			if h.keys.signed != test.signed || h.left(grant) != 0 {
				t.Errorf("%d signed and %d left of the grant, want %d and 0", h.keys.signed, h.left(grant), test.signed)
			}
			if !cmp.Equal(h.outcomes, []signing.Outcome{signing.AuditFailed}) {
				t.Errorf("outcome %v", h.outcomes)
			}
		})
	}
}

// A log that cannot take a record costs nobody an authorization: it is asked before
// anything is spent.
func TestNoAuditSpendsNothing(t *testing.T) {
	for _, mode := range []string{"S", "A"} {
		t.Run("mode "+mode, func(t *testing.T) {
			h := newHouse(t, csc.P256)
			h.open(h.jobs("log_a"))
			grant, req := h.grant(1), h.request(digest(0))
			req.OperationMode = mode
			must(t, h.log.Close(t.Context()))
			_, err := h.signer.SignHash(t.Context(), h.who, grant, req)
			var unkept *audit.UnavailableError
			open, failed := h.registry.OpenJobs(t.Context(), "log_a", time.Time{})
			must(t, failed)
			if !errors.As(err, &unkept) || h.left(grant) != 1 || h.keys.signed != 0 || len(open) > 0 {
				t.Errorf("%v, %d left, %d signed, %d jobs", err, h.left(grant), h.keys.signed, len(open))
			}
		})
	}
}

// A device without room is asked again with the same grant, and then signs.
func TestBusySpendsNothing(t *testing.T) {
	h := newHouse(t, csc.P256)
	grant := h.grant(1, digest(0))
	h.keys.admitting = func(int) error { return full{} }
	for range 3 {
		_, err := h.sign(grant, h.request(digest(0)))
		var passing interface{ Unavailable() bool }
		if !errors.As(err, &passing) || !passing.Unavailable() {
			t.Errorf("%v, want an unavailable one", err)
		}
	}
	h.keys.admitting = nil
	_, err := h.sign(grant, h.request(digest(0)))
	must(t, err)
	if diff := cmp.Diff(done, h.events()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// A client that hangs up after the spending interrupts nothing.
func TestHangingUp(t *testing.T) {
	h := newHouse(t, csc.P256)
	ctx, hangUp := context.WithCancel(t.Context())
	h.keys.signing = func(ctx context.Context, _ int) error { hangUp(); return ctx.Err() }
	answer, err := h.signer.SignHash(ctx, h.who, h.grant(1), h.request(digest(0)))
	if err != nil || len(answer.Signatures) != 1 {
		t.Errorf("%d signatures, %v", len(answer.Signatures), err)
	}
	if diff := cmp.Diff(done, h.events()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// A device that does not answer is waited for, but not for ever, and for a
// thousand digests more than for one.
func TestPatience(t *testing.T) {
	h := newHouse(t, csc.P256)
	h.signer.Patience = 100 * time.Millisecond
	var until atomic.Int64
	h.keys.signing = func(ctx context.Context, _ int) error {
		deadline, _ := ctx.Deadline()
		until.Store(int64(time.Until(deadline)))
		<-ctx.Done()
		return ctx.Err()
	}
	_, err := h.sign(h.grant(1), h.request(digest(0)))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want a deadline", err)
	}
	if diff := cmp.Diff(failed, h.events()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	h.signer.Patience = time.Hour
	h.keys.signing = func(ctx context.Context, _ int) error {
		deadline, _ := ctx.Deadline()
		until.Store(int64(time.Until(deadline)))
		return errDevice
	}
	for n, want := range map[int]time.Duration{1: time.Hour, 1000: time.Hour, 1001: 2 * time.Hour} {
		if _, err = h.sign(h.grant(n), h.request(digests(n)...)); !errors.Is(err, errDevice) {
			t.Fatal(err)
		}
		if got := time.Duration(until.Load()).Round(time.Hour); got != want {
			t.Errorf("%d digests have %v, want %v", n, got, want)
		}
	}
}

// A batch is signed by as many at once as Parallel says and no more, in the
// order of the request, whichever is ready first.
func TestBatchKeepsTheOrder(t *testing.T) {
	h := newHouse(t, csc.P256)
	const parallel, n = 4, 40
	h.signer.Parallel = parallel
	var at, most atomic.Int64
	together := make(chan struct{})
	h.keys.signing = func(_ context.Context, nth int) error {
		now := at.Add(1)
		for was := most.Load(); now > was && !most.CompareAndSwap(was, now); was = most.Load() {
		}
		if nth == parallel {
			close(together) // all of them are here
		}
		if nth <= parallel {
			<-together
		}
		at.Add(-1)
		return nil
	}
	signatures, err := h.sign(h.grant(n), h.request(digests(n)...))
	must(t, err)
	for i, signature := range signatures {
		if !ecdsa.VerifyASN1(h.keys.key.Public().(*ecdsa.PublicKey), digest(i), signature) {
			t.Errorf("signature %d is of another digest", i)
		}
	}
	if len(signatures) != n || most.Load() != parallel {
		t.Errorf("%d signatures, %d at once; want %d and %d", len(signatures), most.Load(), n, parallel)
	}
}

// After the first error nothing more is begun.
func TestBatchStops(t *testing.T) {
	for name, spoilt := range map[string]bool{"the device fails": false, "a signature is wrong": true} {
		h := newHouse(t, csc.P256)
		h.signer.Parallel = 3
		h.keys.signing = func(_ context.Context, n int) error {
			if n == 5 && !spoilt {
				return errDevice
			}
			return nil
		}
		var once sync.Once
		h.keys.spoil = func(signature []byte) {
			if spoilt {
				once.Do(func() { signature[len(signature)-1] ^= 1 })
			}
		}
		signatures, err := h.sign(h.grant(5000), h.request(digests(5000)...))
		if err == nil || len(signatures) > 0 {
			t.Errorf("%s: %d signatures, %v", name, len(signatures), err)
		}
		if h.keys.signed > 2500 {
			t.Errorf("%s: the device signed %d of 5000 all the same", name, h.keys.signed)
		}
		if diff := cmp.Diff(failed, h.events()); diff != "" {
			t.Errorf("%s: log (-want +got):\n%s", name, diff)
		}
	}
}

// Of fifty who spend a grant of ten, ten sign.
func TestSpendingRace(t *testing.T) {
	h := newHouse(t, csc.P256)
	h.signer.Observe = nil
	grant := h.grant(10)
	var all sync.WaitGroup
	var signed atomic.Int64
	for i := range 50 {
		all.Go(func() {
			signatures, err := h.sign(grant, h.request(digest(i)))
			signed.Add(int64(len(signatures)))
			var told *csc.Error
			if err != nil && !errors.As(err, &told) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if signed.Load() != 10 || h.keys.signed != 10 || h.left(grant) != 0 {
		t.Errorf("%d signatures left, %d were made, %d left of the grant; want 10, 10, 0", signed.Load(), h.keys.signed, h.left(grant))
	}
	if h.keys.within != 0 {
		t.Error("the room in the device was not given back")
	}
}

// RSA signatures are held to the padding that was asked for.
func TestPadding(t *testing.T) {
	h := newHouse(t, csc.RSA3072)
	pss := csc.SignHashRequest{
		CredentialID: h.credential.ID, Hashes: digests(1), SignAlgo: csc.OIDRSASSAPSS, SignAlgoParams: csc.PSSParams(crypto.SHA256),
	}
	_, err := h.sign(h.grant(1), pss)
	must(t, err)
	h.signer.Keys = otherPadding{h.keys}
	if _, err := h.sign(h.grant(1), pss); !errors.Is(err, signing.ErrWrongSignature) {
		t.Errorf("PKCS #1 v1.5 where PSS was asked for: %v", err)
	}
}

// otherPadding is a device that pads as it likes.
type otherPadding struct{ *softKeys }

func (k otherPadding) Sign(ctx context.Context, id []byte, alg csc.Algorithm, digest []byte) ([]byte, error) {
	return k.softKeys.Sign(ctx, id, csc.Algorithm{Scheme: csc.PKCS1v15, Hash: alg.Hash}, digest)
}
