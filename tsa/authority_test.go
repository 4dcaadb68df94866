package tsa_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/signing/ades/adestest"
	"github.com/pecete/pecete/tsa"
)

// What openssl asks is answered so that openssl is content, for every kind of key
// and every hash, with the certificates and without.
func TestOpenSSLVerifies(t *testing.T) {
	for _, spec := range []csc.KeySpec{csc.P256, csc.P384, csc.P521, csc.RSA3072} {
		t.Run(string(spec), func(t *testing.T) {
			h := newHouse(t, spec)
			root, chain := adestest.PEM(t, h.root), adestest.PEM(t, h.authority.Chain...)
			ways := [][]string{{"-cert"}, {"-no_nonce"}, {"-cert", "-tspolicy", policy}}
			if spec != csc.P256 {
				ways = ways[:1]
			}
			for _, hash := range hashes {
				for _, args := range ways {
					path, der := query(t, append(args, dashed(hash))...)
					r, err := tsa.ParseRequest(der)
					must(t, err)
					token, err := h.stamp(r)
					must(t, err)
					reply := adestest.File(t, "reply.tsr", tsa.Reply(token))
					verify := []string{"ts", "-verify", "-queryfile", path, "-in", reply, "-CAfile", root}
					out, ok := openssl(t, append(verify, "-untrusted", chain)...)
					if !ok || !strings.Contains(out, "Verification: OK") {
						t.Errorf("%v %v: %s", hash, args, out)
					}
					if r.Certificates {
						if out, ok := openssl(t, verify...); !ok {
							t.Errorf("%v %v, by what it brings along: %s", hash, args, out)
						}
					} else if out, ok := openssl(t, verify...); ok {
						t.Errorf("%v %v: certificates came along that were not asked for: %s", hash, args, out)
					}
				}
			}
		})
	}
}

func TestOpenSSLSays(t *testing.T) {
	h := newHouse(t, csc.P256)
	h.now = time.Date(h.now.Year(), 1, 2, 3, 4, 5, 999999999, time.UTC).AddDate(1, 0, 0)
	h.authority.Accuracy = 1500 * time.Millisecond
	token, err := h.stamp(request(crypto.SHA384))
	must(t, err)
	out, _ := openssl(t, "ts", "-reply", "-in", adestest.File(t, "reply", tsa.Reply(token)), "-text")
	for _, fact := range []string{
		"Status: Granted.", "Version: 1", "Policy OID: " + policy, "Hash Algorithm: sha384",
		fmt.Sprintf("Time stamp: Jan  2 03:04:05 %d GMT", h.now.Year()),
		"Accuracy: 0x01 seconds, 0x01F4 millis, unspecified micros", "Ordering: no", "Nonce: 0x5F1C9AD2E4B07731", "TSA: unspecified",
	} {
		if !strings.Contains(out, fact) {
			t.Errorf("openssl does not say %q:\n%s", fact, out)
		}
	}
}

func TestWhatATokenSays(t *testing.T) {
	h := newHouse(t, csc.P256)
	for _, row := range []struct {
		says string
		r    tsa.Request
	}{
		{"a nonce of 64 bytes", request(crypto.SHA256, func(r *tsa.Request) { r.Nonce = new(big.Int).Lsh(big.NewInt(1), 511) })},
		{"a nonce of zero", request(crypto.SHA256, func(r *tsa.Request) { r.Nonce = new(big.Int) })},
		{"a negative nonce", request(crypto.SHA256, func(r *tsa.Request) { r.Nonce = big.NewInt(-5) })},
		{"no nonce", request(crypto.SHA512, func(r *tsa.Request) { r.Nonce = nil })},
		{"our policy", request(crypto.SHA512, func(r *tsa.Request) { r.Policy = policy })},
	} {
		token, err := h.stamp(row.r)
		must(t, err)
		info, err := tsa.InfoOf(token)
		must(t, err)
		want := tsa.Info{
			Policy: policy, Hash: row.r.Hash, Digest: row.r.Digest, Serial: info.Serial,
			Time: h.now.Truncate(time.Second), Accuracy: time.Second, Nonce: row.r.Nonce,
		}
		same := cmp.Comparer(func(a, b *big.Int) bool { return a == b || a != nil && b != nil && a.Cmp(b) == 0 })
		if diff := cmp.Diff(want, info, same); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.says, diff)
		}
		if info.Serial.Sign() <= 0 || info.Serial.BitLen() > 160 {
			t.Errorf("%s: serial number %x", row.says, info.Serial)
		}
	}
}

var errDevice = errors.New("the device is broken")

// full is a device without room.
type full struct{}

func (full) Error() string     { return "no room" }
func (full) Unavailable() bool { return true }

// Each rule, and what it has cost when it was broken.
func TestRules(t *testing.T) {
	d := newDevice(t, csc.P256)
	done, failed := []audit.Event{audit.StampIntent, audit.StampDone}, []audit.Event{audit.StampIntent, audit.StampFailed}
	for _, row := range []struct {
		name    string
		change  func(h *house, r *tsa.Request)
		says    string // in the error, "" for none
		serials int64
		signed  int
		events  []audit.Event
	}{
		{"all is well", func(*house, *tsa.Request) {}, "", 1, 1, done},
		{"another policy", func(_ *house, r *tsa.Request) { r.Policy = policy + ".2" }, "unacceptedPolicy", 0, 0, nil},
		{"a device without room", func(h *house, _ *tsa.Request) {
			h.keys.admitting = func() error { return full{} }
		}, "no room", 0, 0, nil},
		{"a certificate that has ended", func(h *house, _ *tsa.Request) { h.now = h.now.AddDate(5, 0, 1) }, "is not valid now", 0, 0, nil},
		{"a certificate that has not begun", func(h *house, _ *tsa.Request) { h.now = h.now.Add(-2 * time.Hour) }, "is not valid now", 0, 0, nil},
		{"a device that fails", func(h *house, _ *tsa.Request) {
			h.keys.signing = func() error { return errDevice }
		}, "the device is broken", 1, 1, failed},
		{"a signature of something else", func(h *house, _ *tsa.Request) {
			h.keys.spoil = func(signature []byte) { signature[len(signature)-1] ^= 1 }
		}, "does not verify", 1, 1, failed},
		{"another key than the certificate's", func(h *house, _ *tsa.Request) {
			h.authority.KeyID = []byte{1}
		}, "key", 1, 1, failed},
	} {
		t.Run(row.name, func(t *testing.T) {
			h, r := d.house(t), request(crypto.SHA256)
			row.change(h, &r)
			token, err := h.stamp(r)
			if (err == nil) != (row.says == "") || err != nil && !strings.Contains(err.Error(), row.says) {
				t.Errorf("%v, want %q", err, row.says)
			}
			if (err == nil) != (token != nil) {
				t.Errorf("%d bytes left with the error %v", len(token), err)
			}
			if diff := cmp.Diff(row.events, h.events()); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
			if n := h.serials(); n != row.serials || h.keys.signed != row.signed || h.keys.within != 0 {
				t.Errorf("%d numbers taken, %d signed, %d within; want %d and %d", n, h.keys.signed, h.keys.within, row.serials, row.signed)
			}
		})
	}
}

// What is true at each moment: room is asked for while nothing is taken, and the
// device is asked when the number is taken and the intent is on the disk.
func TestOrder(t *testing.T) {
	h := newHouse(t, csc.P256)
	h.keys.admitting = func() error {
		if events := h.events(); len(events) > 0 {
			t.Errorf("the log has %v before there is room", events)
		}
		return nil
	}
	h.keys.signing = func() error {
		if diff := cmp.Diff([]audit.Event{audit.StampIntent}, h.events()); diff != "" {
			t.Errorf("when the device is asked (-want +got):\n%s", diff)
		}
		return nil
	}
	token, err := h.stamp(request(crypto.SHA512))
	must(t, err)
	info, err := tsa.InfoOf(token)
	must(t, err)
	records := h.log.Records(t)
	intent := records[0]
	if intent.Client != "a_demo" || intent.User != "u_demo" || intent.Serial != info.Serial.Text(16) || intent.HashOID != csc.OIDSHA512 ||
		len(intent.Hashes) != 1 || intent.Hashes[0] != info.Digest.String() || intent.Key == "" || intent.Certificate == "" {
		t.Errorf("the intent says %+v", intent)
	}
	if last := records[1]; last.Serial != intent.Serial || len(last.Signatures) != 1 {
		t.Errorf("the outcome says %+v", last)
	}
}

// A log that cannot be written stops what it would have told of.
func TestNoAuditNoTimestamp(t *testing.T) {
	d := newDevice(t, csc.P256)
	for _, row := range []struct {
		name   string
		closes func(h *house, shut func())
		signed int
	}{
		{"before anything", func(_ *house, shut func()) { shut() }, 0},
		{"before the intent", func(h *house, shut func()) { h.keys.admitting = func() error { shut(); return nil } }, 0},
		{"before the outcome", func(h *house, shut func()) { h.keys.signing = func() error { shut(); return nil } }, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := d.house(t)
			row.closes(h, func() { must(t, h.log.Close(context.WithoutCancel(t.Context()))) })
			token, err := h.stamp(request(crypto.SHA256))
			var unkept *audit.UnavailableError
			if !errors.As(err, &unkept) || token != nil {
				t.Errorf("%d bytes left, %v", len(token), err)
			}
			if h.keys.signed != row.signed {
				t.Errorf("%d signed, want %d", h.keys.signed, row.signed)
			}
		})
	}
}

func TestNoRegistryNoTimestamp(t *testing.T) {
	h := newHouse(t, csc.P256)
	must(t, h.registry.Close())
	token, err := h.stamp(request(crypto.SHA256))
	if token != nil || err == nil || h.keys.signed != 0 || len(h.events()) != 0 {
		t.Errorf("%d bytes left, %v, %d signed, log %v", len(token), err, h.keys.signed, h.events())
	}
}

// A client that hangs up when the number is taken interrupts nothing.
func TestHangingUp(t *testing.T) {
	h := newHouse(t, csc.P256)
	ctx, cancel := context.WithCancel(t.Context())
	h.keys.admitting = func() error { cancel(); return nil }
	if _, err := h.authority.Stamp(ctx, tsa.Asker{}, request(crypto.SHA256)); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]audit.Event{audit.StampIntent, audit.StampDone}, h.events()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// No number comes twice: to many at once, of two processes on one registry, and
// after both were started again.
func TestSerialNumbers(t *testing.T) {
	h := newHouse(t, csc.P256)
	const each, times = 20, 2
	counted := map[string]bool{}
	var mu sync.Mutex
	round := func(a *tsa.Authority) {
		var all sync.WaitGroup
		for range each {
			all.Go(func() {
				token, err := a.Stamp(context.WithoutCancel(t.Context()), tsa.Asker{}, request(crypto.SHA256))
				if err != nil {
					t.Error(err)
					return
				}
				info, err := tsa.InfoOf(token)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				counted[new(big.Int).Rsh(info.Serial, 64).String()] = true
			})
		}
		all.Wait()
	}
	for range times {
		other, err := registry.Open(t.Context(), registry.Config{URL: h.path})
		must(t, err)
		twin := *h.authority
		twin.Serials = other
		var both sync.WaitGroup
		both.Go(func() { round(h.authority) })
		both.Go(func() { round(&twin) })
		both.Wait()
		must(t, other.Close())
		must(t, h.registry.Close())
		h.registry, err = registry.Open(t.Context(), registry.Config{URL: h.path})
		must(t, err)
		h.authority.Serials = h.registry
	}
	if want := 2 * each * times; len(counted) != want {
		t.Errorf("%d numbers for %d time-stamps", len(counted), want)
	}
	var ledger audit.Ledger
	for _, r := range h.log.Records(t) {
		ledger.Add(r)
	}
	if findings := ledger.Findings(); len(findings) > 0 {
		t.Errorf("%v", findings)
	}
}

func TestCheck(t *testing.T) {
	h := newHouse(t, csc.P256)
	for _, row := range []struct {
		name   string
		change func(a *tsa.Authority)
	}{
		{"no certificate", func(a *tsa.Authority) { a.Chain = nil }},
		{"a certificate that is not for time-stamps", func(a *tsa.Authority) { a.Chain = a.Chain[1:] }},
		{"a certificate that does not lead to the last", func(a *tsa.Authority) { a.Chain = append(a.Chain[:1:1], adestest.NewCA(t).Cert) }},
		{"no policy", func(a *tsa.Authority) { a.Policy = "" }},
		{"a policy that is no OID", func(a *tsa.Authority) { a.Policy = "1.02" }},
		{"an accuracy below a second", func(a *tsa.Authority) { a.Accuracy = time.Second - 1 }},
	} {
		a := *h.authority
		row.change(&a)
		if err := a.Check(); !errors.Is(err, tsa.ErrAuthority) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}
