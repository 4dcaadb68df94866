package count_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest"
	"github.com/pecete/pecete/hsm/hsmtest/count"
)

var alg = csc.Algorithm{Scheme: csc.ECDSA, Hash: crypto.SHA256}

// A bench is a token behind the counting module, and two keys made before.
type bench struct {
	token *hsm.Token
	keys  [2]hsm.Key
	log   string
}

// counted makes the keys first: what tampers with the device begins after.
func counted(t *testing.T, tamper func(keys [2]hsm.Key)) bench {
	t.Helper()
	b := bench{log: filepath.Join(t.TempDir(), "count.log")}
	c := hsmtest.Config(t)
	t.Setenv("PECETE_COUNT_MODULE", c.Module)
	t.Setenv("PECETE_COUNT_LOG", b.log)
	c.Module = count.Build(t)
	token, err := hsm.Open(t.Context(), c)
	must(t, err)
	for i := range b.keys {
		b.keys[i], err = token.Generate(t.Context(), csc.P256, "Demo Signer")
		must(t, err)
	}
	must(t, token.Close())
	tamper(b.keys)
	b.token, err = hsm.Open(t.Context(), c)
	must(t, err)
	t.Cleanup(func() { must(t, b.token.Close()) })
	return b
}

func faithful([2]hsm.Key) {}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func digest(n byte) []byte {
	sum := sha256.Sum256([]byte{n})
	return sum[:]
}

func (b bench) calls(t *testing.T) []count.Call {
	t.Helper()
	calls, err := count.Read(b.log)
	must(t, err)
	return calls
}

// Every signature is in the log once, however many ask at once, and nothing
// else is: miekg/pkcs11 asks for the size first.
func TestCountsExactly(t *testing.T) {
	b := counted(t, faithful)
	const callers, each = 8, 25
	var all sync.WaitGroup
	for n := range callers {
		all.Go(func() {
			for i := range each {
				if _, err := b.token.Sign(t.Context(), b.keys[n%2].ID, alg, digest(byte(n*each+i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	inputs := map[string]int{}
	for _, call := range b.calls(t) {
		if call.Key == hex.EncodeToString(b.keys[0].ID) || call.Key == hex.EncodeToString(b.keys[1].ID) {
			inputs[call.Input]++
			if !call.Done || call.RV != 0 || call.Function != "C_Sign" || call.Mechanism != 0x1041 || call.Ended.Before(call.Begun) {
				t.Errorf("odd call: %+v", call)
			}
		}
	}
	for n := range callers * each {
		sum := sha256.Sum256(digest(byte(n)))
		if got := inputs[hex.EncodeToString(sum[:])]; got != 1 {
			t.Errorf("input %d was signed %d times, want once", n, got)
		}
	}
	if got := count.Signatures(b.calls(t), b.keys[0].ID); got != callers*each/2 || len(inputs) != callers*each {
		t.Errorf("%d signatures of the first key, %d inputs; want %d and %d", got, len(inputs), callers*each/2, callers*each)
	}
}

func TestTampering(t *testing.T) {
	first := func(keys [2]hsm.Key) string { return hex.EncodeToString(keys[0].ID) }
	tests := []struct {
		name            string
		tamper          func(t *testing.T, keys [2]hsm.Key)
		signed, madeBy0 bool // the call succeeds; the signature is of the first key
	}{
		{"nothing", func(*testing.T, [2]hsm.Key) {}, true, true},
		{"a wrong bit", func(t *testing.T, keys [2]hsm.Key) {
			t.Setenv("PECETE_COUNT_KEY", first(keys))
			t.Setenv("PECETE_COUNT_CORRUPT", "1")
		}, true, false},
		{"the other key", func(t *testing.T, keys [2]hsm.Key) {
			t.Setenv("PECETE_COUNT_KEY", first(keys))
			t.Setenv("PECETE_COUNT_SWAP", hex.EncodeToString(keys[1].ID))
		}, true, false},
		{"an error after the signature", func(t *testing.T, keys [2]hsm.Key) {
			t.Setenv("PECETE_COUNT_KEY", first(keys))
			t.Setenv("PECETE_COUNT_RV", "0x30")
		}, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := counted(t, func(keys [2]hsm.Key) { test.tamper(t, keys) })
			signature, err := b.token.Sign(t.Context(), b.keys[0].ID, alg, digest(1))
			if (err == nil) != test.signed {
				t.Fatalf("Sign: %v", err)
			}
			if got := ecdsa.VerifyASN1(b.keys[0].Public.(*ecdsa.PublicKey), digest(1), signature); got != test.madeBy0 {
				t.Errorf("verifies: %t", got)
			}
			if test.name == "the other key" {
				if !ecdsa.VerifyASN1(b.keys[1].Public.(*ecdsa.PublicKey), digest(1), signature) {
					t.Error("it is not the other key's either")
				}
				return // and the log says so
			}
			if got := count.Signatures(b.calls(t), b.keys[0].ID); got != 1 {
				t.Errorf("%d signatures, want 1", got)
			}
		})
	}
}

// An answer of C_Sign after which there may be a signature is not tried again.
func TestAmbiguousAnswers(t *testing.T) {
	for name, rv := range map[string]string{
		"DEVICE_ERROR": "0x30", "GENERAL_ERROR": "0x5", "FUNCTION_FAILED": "0x6",
		"DEVICE_REMOVED": "0x32", "SESSION_CLOSED": "0xB0", "HOST_MEMORY": "0x2",
	} {
		t.Run(name, func(t *testing.T) {
			b := counted(t, func(keys [2]hsm.Key) {
				t.Setenv("PECETE_COUNT_KEY", hex.EncodeToString(keys[0].ID))
				t.Setenv("PECETE_COUNT_RV", rv)
			})
			_, err := b.token.Sign(t.Context(), b.keys[0].ID, alg, digest(1))
			var down interface{ Unavailable() bool }
			if !errors.As(err, &down) || !down.Unavailable() {
				t.Errorf("Sign: %v, want an unavailable one", err)
			}
			if got := count.Signatures(b.calls(t), b.keys[0].ID); got != 1 {
				t.Errorf("%d signatures, want 1", got)
			}
			if _, err := b.token.Sign(t.Context(), b.keys[1].ID, alg, digest(2)); err != nil {
				t.Errorf("the next one: %v", err)
			}
		})
	}
}

// A caller whose time is over is not kept by a device that works on, and one
// that never had its turn is never signed for.
func TestSlowDevice(t *testing.T) {
	b := counted(t, func(keys [2]hsm.Key) {
		t.Setenv("PECETE_COUNT_KEY", hex.EncodeToString(keys[0].ID))
		t.Setenv("PECETE_COUNT_DELAY", "700")
	})
	ctx, cancel := context.WithTimeout(t.Context(), 200e6)
	defer cancel()
	const callers = 10
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			_, err := b.token.Sign(ctx, b.keys[0].ID, alg, digest(1))
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Sign: %v, want a deadline", err)
			}
		})
	}
	all.Wait()
	must(t, b.token.Close())
	made := count.Signatures(b.calls(t), b.keys[0].ID)
	if made == 0 || made >= callers {
		t.Errorf("%d signatures were begun, want as many as there are sessions", made)
	}
}

// A token whose own canary does not sign right is not opened.
func TestOpenRefusesWrongCanary(t *testing.T) {
	c := hsmtest.Config(t)
	t.Setenv("PECETE_COUNT_MODULE", c.Module)
	t.Setenv("PECETE_COUNT_LOG", filepath.Join(t.TempDir(), "count.log"))
	t.Setenv("PECETE_COUNT_CORRUPT", "1")
	c.Module = count.Build(t)
	token, err := hsm.Open(t.Context(), c)
	var down interface{ Unavailable() bool }
	if !errors.As(err, &down) {
		t.Errorf("Open: %v, want an unavailable one", err)
	}
	if err == nil {
		must(t, token.Close())
	}
}

func TestRefusedPIN(t *testing.T) {
	log := filepath.Join(t.TempDir(), "count.log")
	c := hsmtest.Config(t)
	t.Setenv("PECETE_COUNT_MODULE", c.Module)
	t.Setenv("PECETE_COUNT_LOG", log)
	c.Module, c.PIN = count.Build(t), "00000000"
	if _, err := hsm.Open(t.Context(), c); !errors.Is(err, hsm.ErrPIN) {
		t.Fatalf("Open: %v, want ErrPIN", err)
	} else if strings.Contains(err.Error(), "00000000") {
		t.Errorf("the PIN is in the error: %v", err)
	}
	logins, err := count.Logins(log)
	must(t, err)
	if len(logins) != 1 || logins[0].RV != 0xA0 {
		t.Errorf("logins: %+v, want one, refused", logins)
	}
}

func TestReadRefuses(t *testing.T) {
	const before = `{"seq":1,"instance":1,"pid":1,"function":"C_Sign","when":"before"}` + "\n"
	const after = `{"seq":1,"instance":1,"pid":1,"function":"C_Sign","when":"after"}` + "\n"
	for name, text := range map[string]string{
		"an end without a beginning": after,
		"two beginnings":             before + before,
		"two ends":                   before + after + after,
		"half a line":                before + after[:10],
		"an unknown moment":          strings.ReplaceAll(before, "before", "during"),
	} {
		path := filepath.Join(t.TempDir(), "log")
		must(t, os.WriteFile(path, []byte(text), 0o600))
		if _, err := count.Read(path); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	path := filepath.Join(t.TempDir(), "log")
	must(t, os.WriteFile(path, []byte(before), 0o600))
	if calls, err := count.Read(path); err != nil || len(calls) != 1 || calls[0].Done || !calls[0].Signed() {
		t.Errorf("a call that has not ended: %+v, %v", calls, err)
	}
}

// Orders are obeyed between the calls of many, to whom the device is away for a
// moment at most: two in a row can be more than one request recovers from.
func TestOrders(t *testing.T) {
	control := filepath.Join(t.TempDir(), "orders")
	t.Setenv("PECETE_COUNT_CONTROL", control)
	b := counted(t, faithful)
	var all sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for n := range 8 {
		all.Go(func() {
			for ctx.Err() == nil {
				signature, err := b.token.Sign(t.Context(), b.keys[n%2].ID, alg, digest(byte(n)))
				if err == nil && !ecdsa.VerifyASN1(b.keys[n%2].Public.(*ecdsa.PublicKey), digest(byte(n)), signature) {
					err = errors.New("not the key's")
				}
				if passing := (*hsm.UnavailableError)(nil); err != nil && !errors.As(err, &passing) {
					t.Error(err)
				}
			}
		})
	}
	logins := func() int {
		calls, err := count.Logins(b.log)
		must(t, err)
		return len(calls)
	}
	for _, order := range []string{"sessions", "logout", "sessions", "reload", "logout", "reload", "delay 1", "delay 0"} {
		before := logins()
		must(t, count.Order(control, order))
		for !count.Obeyed(control) {
			time.Sleep(time.Millisecond)
		}
		for logins() == before && !strings.HasPrefix(order, "delay") {
			time.Sleep(time.Millisecond)
		}
	}
	cancel()
	all.Wait()
}
