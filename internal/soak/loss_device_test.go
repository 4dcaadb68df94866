package soak

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/hsm/hsmtest/count"
)

// label is that of the server's token.
const label = "pecete"

// What the device alone does.
var signatures = []string{signs1, signs2}

// wrong reports whether the answer says that the server has a fault, which is
// what it has when its device gives wrong signatures.
func wrong(s sight) bool { return s.status == http.StatusInternalServerError }

// What becomes of the server when its device loses sessions, logins or keys,
// goes away, hangs or lies.
func TestLossOfDevice(t *testing.T) {
	w := build(t, plan{stores: true, signers: 13})
	w.idle()
	faults := []fault{
		w.orderly("sessions of the device closed, ten times", "sessions"),
		w.orderly("the device logged out, ten times", "logout"),
		w.orderly("the module reloaded, ten times", "reload"),
		{name: "the token's folder away", do: (*town).withoutToken},
		{name: "the token's folder away when its login ends", essential: true, bites: append(signatures, authorizes), do: func(w *town) func() {
			undo := w.withoutToken()
			must(t, count.Order(w.orders, "logout"))
			return undo
		}},
		{name: "no free file descriptor", do: (*town).noDescriptors},
		{name: "the token initialised anew by another process, and restored", bites: signatures, do: func(w *town) func() {
			kept := t.TempDir()
			must(t, os.CopyFS(kept, os.DirFS(w.tokens())))
			w.tool("softhsm2-util", "--init-token", "--token", label, "--label", label,
				"--so-pin", w.secret("so-pin"), "--pin", w.secret("pin"))
			return func() {
				must(t, os.RemoveAll(w.tokens()))
				must(t, os.CopyFS(w.tokens(), os.DirFS(kept)))
			}
		}},
		{name: "every signature takes 2 s", hold: 3 * time.Second, waits: 40 * time.Second, do: func(w *town) func() {
			w.order("delay 2000")
			return func() { w.order("delay 0") }
		}},
		{
			name: "every signature has a wrong bit", essential: true, bites: signatures, do: func(w *town) func() {
				w.order("corrupt 1")
				return func() { w.order("corrupt 0") }
			},
			says: map[string]func(sight) bool{signs1: wrong, signs2: wrong},
		},
		{
			name: "another key signs", bites: signatures, do: func(w *town) func() {
				w.order("swap " + w.idle().key)
				return func() { w.order("swap ") }
			},
			says: map[string]func(sight) bool{signs1: wrong, signs2: wrong},
		},
		{name: "the device says DEVICE_ERROR after it has signed", bites: signatures, do: func(w *town) func() {
			w.order("rv 0x30")
			return func() { w.order("rv 0") }
		}},
	}
	for _, f := range faults {
		w.suffer(f)
	}
}

// withoutToken takes the folder of the token away.
func (w *town) withoutToken() (undo func()) {
	w.t.Helper()
	here, there := w.tokens(), w.tokens()+".away"
	must(w.t, os.Rename(here, there))
	return func() { must(w.t, os.Rename(there, here)) }
}

// orderly is a fault that the module makes ten times.
func (w *town) orderly(name, order string) fault {
	return fault{name: name, essential: true, hold: time.Millisecond, do: func(w *town) func() {
		for range 10 {
			w.order(order)
			time.Sleep(100 * time.Millisecond)
		}
		return func() {}
	}}
}

// idle is a signer taken out of the town, whose key then signs nothing of ours.
func (w *town) idle() *signer {
	if w.spare == nil {
		last := len(w.signers) - 1
		w.spare, w.signers = w.signers[last], w.signers[:last]
	}
	return w.spare
}

// order has the counting module obey.
func (w *town) order(orders ...string) {
	w.t.Helper()
	must(w.t, count.Order(w.orders, orders...))
	for begun := time.Now(); !count.Obeyed(w.orders); time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > patience {
			w.t.Fatalf("the module does not obey %v", orders)
		}
	}
}

func (w *town) tokens() string { return filepath.Join(w.Folder, "tokens") }

// secret is one of the server's.
func (w *town) secret(name string) string {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.Folder, "secrets", name))
	must(w.t, err)
	return strings.TrimSpace(string(text))
}

// tool runs a program on the token beside the server.
func (w *town) tool(name string, args ...string) {
	w.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "SOFTHSM2_CONF="+filepath.Join(w.Folder, "softhsm2.conf"))
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("%s: %v: %s", name, err, out)
	}
}

// Another process changes the PIN. The server goes on with the login it has;
// when that ends it sends the PIN it knows once, is refused, and never again:
// devices lock. That is for an operator, with a restart.
func TestLossOfPIN(t *testing.T) {
	w := build(t, plan{stores: false, signers: 2})
	v := &watch{w: w, stop: make(chan struct{})}
	v.renew()
	g := &granted{deed: signs2}
	sign := func() sight {
		v.sign(g)
		return v.sights[len(v.sights)-1]
	}
	pin := func(from, to string) {
		w.tool("pkcs11-tool", "--module", w.module(), "--token-label", label, "--login", "--pin", from, "--change-pin", "--new-pin", to)
	}
	right, other := w.secret("pin"), "another PIN of it"
	pin(right, other)
	if s := sign(); !s.good() {
		t.Errorf("with a login that goes on: %d %s %v", s.status, s.words, s.err)
	}
	before := w.refusedLogins()
	must(t, count.Order(w.orders, "reload")) // SoftHSM knows the PIN that it was initialised with
	for range 20 {
		if s := sign(); !s.passes() {
			t.Errorf("without a login: %d %s %v", s.status, s.words, s.err)
		}
	}
	if n := w.refusedLogins() - before; n != 1 {
		t.Errorf("a refused PIN was sent %d times", n)
	}
	pin(other, right)
	if s := sign(); !s.passes() {
		t.Errorf("the refused PIN was sent again: %d %s %v", s.status, s.words, s.err)
	}
	_ = w.Stop() // the last head of its log cannot be signed
	begun := time.Now()
	must(t, w.Serve(w.soon()))
	v.renew()
	g.left = nil // grants are in memory
	if s := sign(); !s.good() {
		t.Errorf("after a restart: %d %s %v", s.status, s.words, s.err)
	}
	w.verified()
	must(t, Record(filepath.Join("..", "..", "build", "soak"), Row{
		Group: "loss", Fault: "the PIN changed by another process, and the login ended", Tries: 1,
		Saw:       "503; the refused PIN was sent once and never again",
		Recovered: time.Since(begun), Lost: "until an operator restarts the server: a refused PIN is not tried twice",
	}))
}

// refusedLogins counts the PINs that the device has refused.
func (w *town) refusedLogins() (n int) {
	w.t.Helper()
	calls, err := count.Logins(w.log)
	must(w.t, err)
	for _, call := range calls {
		if call.Done && call.RV != 0 {
			n++
		}
	}
	return n
}

// Another process deletes a key. Its credential is out of order; the others are
// not disturbed.
func TestLossOfKey(t *testing.T) {
	w := build(t, plan{stores: false, signers: 4})
	v := &watch{w: w, stop: make(chan struct{})}
	v.renew()
	mine, others := &granted{deed: signs2}, &granted{deed: signs1}
	last := func(g *granted) sight {
		v.sign(g)
		return v.sights[len(v.sights)-1]
	}
	if a, b := last(mine), last(others); !a.good() || !b.good() {
		t.Fatalf("before: %v, %v", a, b)
	}
	w.tool("pkcs11-tool", "--module", w.module(), "--token-label", label, "--login", "--pin", w.secret("pin"),
		"--delete-object", "--type", "privkey", "--id", mine.signer.key)
	begun, refused := time.Now(), 0
	for ; refused < 10 && time.Since(begun) < patience; time.Sleep(calm) {
		s := last(mine)
		switch {
		case wrong(s):
			refused++
		case refused > 0 || !s.good():
			t.Errorf("without its key: %d %s %v", s.status, s.words, s.err)
		}
		if s := last(others); !s.good() {
			t.Errorf("another's key: %d %s %v", s.status, s.words, s.err)
		}
	}
	if refused < 10 {
		t.Error("the server signs on with a key that is no more")
	}
	w.verified()
	must(t, Record(filepath.Join("..", "..", "build", "soak"), Row{
		Group: "loss", Fault: "a key deleted by another process", Tries: 1,
		Saw:  fmt.Sprintf("500 for its credential, at the latest after %v; the others sign on", time.Since(begun).Round(100*time.Millisecond)),
		Lost: "the credential",
	}))
}

// module is the device's own library.
func (w *town) module() string {
	w.t.Helper()
	text, err := os.ReadFile(w.Config())
	must(w.t, err)
	_, rest, found := strings.Cut(string(text), "PECETE_COUNT_MODULE: ")
	if !found {
		w.t.Fatal("the configuration names no module")
	}
	path, _, _ := strings.Cut(rest, "\n")
	return path
}
