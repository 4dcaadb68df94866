package hsm_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest"
	"github.com/pecete/pecete/hsm/hsmtest/count"
)

func withCopies(n int) hsmtest.Option { return func(c *hsm.Config) { c.Copies = n } }

// signsOften signs with a key until it must have a copy.
func signsOften(t *testing.T, token *hsm.Token, keys ...hsm.Key) {
	t.Helper()
	for _, key := range keys {
		for i := range 3 {
			must(t, signsWith(t.Context(), token, key, fmt.Sprint(i)))
		}
	}
}

func wantSessionKeys(t *testing.T, token *hsm.Token, want int) {
	t.Helper()
	n, err := token.SessionKeys(t.Context())
	must(t, err)
	if n != want {
		t.Errorf("%d keys in sessions, want %d", n, want)
	}
}

// A key has a copy when it signs for the second time, is found once all the
// same, and has none any more when it is destroyed.
func TestCopies(t *testing.T) {
	token := hsmtest.New(t, withCopies(8))
	keys := keysOf(t, token, 3)
	must(t, signsWith(t.Context(), token, keys[0], "a"))
	wantSessionKeys(t, token, 0)
	signsOften(t, token, keys[:2]...)
	wantSessionKeys(t, token, 2)
	found, err := token.Find(t.Context(), "Demo Signer 0")
	must(t, err)
	if hexOf(found.ID) != hexOf(keys[0].ID) {
		t.Errorf("found %x, want %x", found.ID, keys[0].ID)
	}
	attributes, err := token.Attributes(t.Context(), keys[0].ID)
	must(t, err)
	if !attributes.Token || !attributes.Sensitive || attributes.Extractable || !attributes.Modifiable {
		t.Errorf("%+v", attributes)
	}
	must(t, token.Destroy(t.Context(), keys[0].ID))
	wantSessionKeys(t, token, 1)
	if err := signsWith(t.Context(), token, keys[0], "b"); !errors.Is(err, hsm.ErrNoKey) {
		t.Errorf("a destroyed key: %v, want ErrNoKey", err)
	}
	must(t, signsWith(t.Context(), token, keys[1], "b"))
}

// The canary has none: what it proves is that the token is there.
func TestCanaryIsNotCopied(t *testing.T) {
	token := hsmtest.New(t, withCopies(8))
	for range 5 {
		must(t, token.Ready(t.Context()))
	}
	wantSessionKeys(t, token, 0)
}

// Nothing is copied unless it is asked for, and then keys cannot be modified.
func TestNoCopies(t *testing.T) {
	token := hsmtest.New(t)
	signsOften(t, token, keysOf(t, token, 1)...)
	wantSessionKeys(t, token, 0)
}

// A key that the device does not copy, or copies into something that is not
// guarded, signs itself.
func TestKeysThatAreNotCopied(t *testing.T) {
	c := hsmtest.Config(t)
	strict, err := hsm.Open(t.Context(), c)
	must(t, err)
	fixed := keysOf(t, strict, 1)[0] // with CKA_MODIFIABLE false
	must(t, strict.Close())
	otherProcess(t, c, "--keypairgen", "--key-type", "EC:prime256v1", "--id", "0a0b", "--label", "pecete weak", "--usage-sign", "--usage-derive")
	c.Copies = 8
	token := open(t, c)
	weak, err := token.Key(t.Context(), []byte{0x0a, 0x0b})
	must(t, err)
	signsOften(t, token, fixed, weak)
	if token.Copied(fixed.ID) != 0 || token.Copied(weak.ID) != 0 {
		t.Error("a copy was kept")
	}
	wantSessionKeys(t, token, 0)
}

// The counting module knows whose a copy's signatures are, and that there is one
// for each that was asked for.
func TestCopiesAreCounted(t *testing.T) {
	token, log := counted(t, func(c *hsm.Config) { c.Copies = 8 })
	keys := keysOf(t, token, 2)
	const callers, each = 4, 25
	var all sync.WaitGroup
	for n := range callers {
		all.Go(func() {
			for i := range each {
				if err := signsWith(t.Context(), token, keys[n%2], fmt.Sprint(n, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if token.Copied(keys[0].ID) == 0 || token.Copied(keys[1].ID) == 0 {
		t.Error("there are no copies, so that nothing was shown")
	}
	calls, err := count.Read(log)
	must(t, err)
	inputs := map[string]int{}
	for _, call := range calls {
		inputs[call.Key+call.Input]++
	}
	for n := range callers {
		for i := range each {
			input := hexOf(keys[n%2].ID) + hex.EncodeToString(digestOf(string(digestOf(fmt.Sprint(n, i)))))
			if inputs[input] != 1 {
				t.Errorf("signature %d of caller %d was made %d times", i, n, inputs[input])
			}
		}
	}
	for _, key := range keys {
		if n := count.Signatures(calls, key.ID); n != callers*each/2 {
			t.Errorf("%d signatures of a key, want %d", n, callers*each/2)
		}
	}
}

// A copy dies with its login, its session or by itself, and nobody notices: the
// original signs, and there is another copy. After a reload the number of one
// key's copy may be another's.
func TestCopiesDie(t *testing.T) {
	tests := []struct {
		name  string
		fault func(t *testing.T, token *hsm.Token, keys []hsm.Key)
	}{
		{"somebody logs out", func(t *testing.T, token *hsm.Token, _ []hsm.Key) { must(t, token.LogoutElsewhere()) }},
		{"somebody closes all sessions", func(t *testing.T, token *hsm.Token, _ []hsm.Key) { must(t, token.CloseSessionsElsewhere()) }},
		{"the module is finalised", func(t *testing.T, token *hsm.Token, _ []hsm.Key) { must(t, token.FinaliseElsewhere()) }},
		{"the module is reloaded", func(t *testing.T, token *hsm.Token, _ []hsm.Key) { must(t, token.Reload(t.Context())) }},
		{"the copies are destroyed", func(t *testing.T, token *hsm.Token, keys []hsm.Key) {
			for _, key := range keys {
				must(t, token.BreakCopy(t.Context(), key.ID))
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			token := hsmtest.New(t, withCopies(8))
			keys := keysOf(t, token, 5)
			changed := 0
			for round := range 4 {
				was := map[uint]string{}
				for i := range keys {
					key := keys[(i*3+round)%len(keys)] // another order each time
					signsOften(t, token, key)
					was[token.Copied(key.ID)] = hexOf(key.ID)
				}
				if len(was) != len(keys) || was[0] != "" {
					t.Fatalf("copies: %v", was)
				}
				test.fault(t, token, keys)
				for i := range keys {
					key := keys[(i*3+round+1)%len(keys)]
					signsOften(t, token, key)
					if old := was[token.Copied(key.ID)]; old != "" && old != hexOf(key.ID) {
						changed++
					}
				}
				wantSessionKeys(t, token, len(keys))
			}
			if test.name == "the module is reloaded" && changed == 0 {
				t.Error("no number has become another key's, so that nothing was shown")
			}
		})
	}
}

// What another process destroys signs as long as its copy lives, and no longer.
func TestCopyOfAKeyDestroyedElsewhere(t *testing.T) {
	c := hsmtest.Config(t)
	c.Copies = 8
	token := open(t, c)
	keys := keysOf(t, token, 2)
	token.CopyLife(time.Hour)
	signsOften(t, token, keys...)
	otherProcess(t, c, "--delete-object", "--type", "privkey", "--id", hexOf(keys[0].ID))
	must(t, signsWith(t.Context(), token, keys[0], "still"))
	token.CopyLife(0)
	if err := signsWith(t.Context(), token, keys[0], "no more"); !errors.Is(err, hsm.ErrNoKey) {
		t.Errorf("%v, want ErrNoKey", err)
	}
	token.CopyLife(time.Hour)
	if err := signsWith(t.Context(), token, keys[0], "nor later"); !errors.Is(err, hsm.ErrNoKey) {
		t.Errorf("%v, want ErrNoKey", err)
	}
	if token.Copied(keys[0].ID) != 0 {
		t.Error("the copy is still there")
	}
	must(t, signsWith(t.Context(), token, keys[1], "the other"))
}

// There are no more copies than may be. One that is in use stays, one that was
// not for long gives way.
func TestCopiesAreFew(t *testing.T) {
	const few = 3
	token := hsmtest.New(t, withCopies(few))
	keys := keysOf(t, token, few+2)
	signsOften(t, token, keys...)
	wantSessionKeys(t, token, few)
	for i, key := range keys {
		if copied := token.Copied(key.ID) != 0; copied != (i < few) {
			t.Errorf("key %d has a copy: %t", i, copied)
		}
	}
	newcomer := keys[few]
	for i := range 8*few + 1 {
		must(t, signsWith(t.Context(), token, newcomer, fmt.Sprint(i)))
		must(t, signsWith(t.Context(), token, keys[1], fmt.Sprint(i)))
	}
	if token.Copied(newcomer.ID) == 0 || token.Copied(keys[1].ID) == 0 {
		t.Error("what signs often has no copy")
	}
	wantSessionKeys(t, token, few)
}

// Of several who sign with a key that has no copy yet, and come to make one, one
// does: what nobody can find would stay, and take the place of another's.
func TestCopiesAreMadeOnce(t *testing.T) {
	const few = 2
	token := hsmtest.New(t, withCopies(8))
	keys := keysOf(t, token, few)
	for _, key := range keys {
		signsOften(t, token, key)
		must(t, token.CopyLate(t.Context(), key.ID))
	}
	wantSessionKeys(t, token, few)
	if n := token.Copies(); n != few {
		t.Errorf("%d copies, want %d", n, few)
	}
}

// Keys are destroyed while others sign with their copies: whoever signed got a
// signature of the key, and afterwards nobody does.
func TestDestroyWhileCopiesSign(t *testing.T) {
	token := hsmtest.New(t, withCopies(16), func(c *hsm.Config) { c.Sessions = 4 })
	keys := keysOf(t, token, 6)
	signsOften(t, token, keys...)
	var gone [6]atomic.Bool
	var all sync.WaitGroup
	for caller := range 8 {
		all.Go(func() {
			for n := 0; ; n++ {
				i := (caller + n) % len(keys)
				before := gone[i].Load()
				err := signsWith(t.Context(), token, keys[i], fmt.Sprint(caller, n))
				switch {
				case errors.Is(err, hsm.ErrNoKey):
				case err != nil:
					t.Error(err)
				case before:
					t.Errorf("key %d signed after it was destroyed", i)
				}
				if err != nil && gone[len(gone)-1].Load() {
					return
				}
			}
		})
	}
	for i, key := range keys {
		must(t, token.Destroy(t.Context(), key.ID))
		gone[i].Store(true)
	}
	all.Wait()
	wantSessionKeys(t, token, 0)
}

// A template that asks for more than a copy may have is what a disobedient
// device would make.
func TestCopyOfAModifiableKeyIsGuarded(t *testing.T) {
	token := hsmtest.New(t, withCopies(8))
	if _, err := token.GenerateWith(t.Context(), csc.P256, "fixed", pkcs11.NewAttribute(pkcs11.CKA_MODIFIABLE, false)); !errors.Is(err, hsm.ErrAttributes) {
		t.Errorf("a key that cannot be copied was made: %v", err)
	}
}

// A copy that is being made is no second key for who searches meanwhile: SoftHSM
// shows it as its original until its attributes are changed.
func TestSearchBesideACopy(t *testing.T) {
	token := hsmtest.New(t, withCopies(8), func(c *hsm.Config) { c.Sessions = 4 })
	key := keysOf(t, token, 1)[0]
	var all sync.WaitGroup
	for caller := range 4 {
		all.Go(func() {
			for n := range 300 {
				if caller == 0 {
					token.Forget(key.ID)
				}
				if err := signsWith(t.Context(), token, key, fmt.Sprint(caller, n)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}
