package hsm_test

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest"
)

// keysOf makes n keys.
func keysOf(t *testing.T, token *hsm.Token, n int) []hsm.Key {
	t.Helper()
	var keys []hsm.Key
	for i := range n {
		key, err := token.Generate(t.Context(), csc.P256, fmt.Sprint("Demo Signer ", i))
		must(t, err)
		keys = append(keys, key)
	}
	return keys
}

// signsWith signs once and reports a signature that is not the key's.
func signsWith(ctx context.Context, token *hsm.Token, key hsm.Key, text string) error {
	signature, err := token.Sign(ctx, key.ID, ecdsaSHA256, digestOf(text))
	if err != nil {
		return err
	}
	if !ecdsa.VerifyASN1(key.Public.(*ecdsa.PublicKey), digestOf(text), signature) {
		return fmt.Errorf("key %x: a signature of another key", key.ID)
	}
	return nil
}

// away takes the folder of tokens away for a while.
func away(t *testing.T, d time.Duration) {
	t.Helper()
	must(t, os.Rename(hsmtest.Folder(), hsmtest.Folder()+".away"))
	time.Sleep(d)
	must(t, os.Rename(hsmtest.Folder()+".away", hsmtest.Folder()))
}

// withoutFiles lets the process open no file for a while.
func withoutFiles(t *testing.T, d time.Duration) {
	t.Helper()
	var limit syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	none := limit
	none.Cur = 3
	must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none))
	time.Sleep(d)
	must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
}

// eachSigns waits until nobody is left who has met the last fault: the next one
// would be another. Of two signatures the second was begun after it.
func eachSigns(t *testing.T, stop *atomic.Bool, signed []atomic.Int64) {
	t.Helper()
	for i := range signed {
		signed[i].Store(0)
	}
	end := time.Now().Add(20 * time.Second)
	for i := 0; i < len(signed) && !stop.Load(); {
		if signed[i].Load() >= 2 {
			i++
			continue
		}
		if time.Now().After(end) {
			t.Fatal("somebody does not get on")
		}
		time.Sleep(time.Millisecond)
	}
}

// What befalls a device for a moment, its callers do not notice: of 8 who sign
// all the time none fails, and none gets a signature of another's key.
func TestCallersDoNotNotice(t *testing.T) {
	for name, copies := range map[string]int{"keys": 0, "copies": 8} {
		t.Run(name, func(t *testing.T) { callersDoNotNotice(t, copies) })
	}
}

func callersDoNotNotice(t *testing.T, copies int) {
	tests := []struct {
		name   string
		passes bool // by itself
		fault  func(t *testing.T, token *hsm.Token)
	}{
		{"nothing", false, func(*testing.T, *hsm.Token) {}},
		{"somebody logs out", false, func(t *testing.T, token *hsm.Token) { must(t, token.LogoutElsewhere()) }},
		{"somebody closes all sessions", false, func(t *testing.T, token *hsm.Token) { must(t, token.CloseSessionsElsewhere()) }},
		{"somebody finalises the module", false, func(t *testing.T, token *hsm.Token) { must(t, token.FinaliseElsewhere()) }},
		{"the tokens are away for 50 ms", true, func(t *testing.T, _ *hsm.Token) { away(t, 50*time.Millisecond) }},
		{"no file can be opened for 20 ms", true, func(t *testing.T, _ *hsm.Token) { withoutFiles(t, 20*time.Millisecond) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			token := hsmtest.New(t, func(c *hsm.Config) { c.Sessions, c.Copies = 4, copies })
			keys := keysOf(t, token, 4)
			var (
				all    sync.WaitGroup
				stop   atomic.Bool
				signed [8]atomic.Int64 // by each caller
			)
			defer all.Wait()
			defer stop.Store(true)
			for caller := range signed {
				all.Go(func() {
					for n := 0; !stop.Load(); n++ {
						if err := signsWith(t.Context(), token, keys[(caller+n)%len(keys)], fmt.Sprint(caller, n)); err != nil {
							t.Error(err)
							stop.Store(true)
							return
						}
						signed[caller].Add(1)
					}
				})
			}
			before := token.Epoch()
			eachSigns(t, &stop, signed[:])
			for range 10 {
				test.fault(t, token)
				eachSigns(t, &stop, signed[:])
			}
			stop.Store(true)
			all.Wait()
			want := [2]uint64{10, 40} // each fault costs one, or few when it lasts
			switch {
			case test.name == "nothing":
				want = [2]uint64{}
			case copies > 0:
				want[0] = 0 // who signs with copies may not meet it
			case test.passes:
				want[0] = 1 // on a busy machine some are over before anybody met them
			}
			if n := token.Epoch() - before; n < want[0] || n > want[1] {
				t.Errorf("%d logins, want %d to %d", n, want[0], want[1])
			}
			must(t, token.Ready(t.Context()))
		})
	}
}

// A device that stays away costs its callers an error and not their patience,
// and is used again when it is back, with or without callers.
func TestLongAway(t *testing.T) {
	token := hsmtest.New(t)
	key := keysOf(t, token, 1)[0]
	must(t, os.Rename(hsmtest.Folder(), hsmtest.Folder()+".away"))
	for range 3 {
		begin := time.Now()
		if err := signsWith(t.Context(), token, key, "a"); !isUnavailable(err) || errors.Is(err, hsm.ErrNoKey) {
			t.Errorf("away: %v, want an unavailable one", err)
		}
		if took := time.Since(begin); took > 6*time.Second {
			t.Errorf("the caller was kept for %v", took)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	begin := time.Now()
	if err := token.Ready(ctx); !isUnavailable(err) || time.Since(begin) > time.Second {
		t.Errorf("Ready: %v after %v", err, time.Since(begin))
	}
	cancel()
	must(t, os.Rename(hsmtest.Folder()+".away", hsmtest.Folder()))
	begin = time.Now()
	for token.Ready(t.Context()) != nil && time.Since(begin) < 10*time.Second {
		time.Sleep(50 * time.Millisecond)
	}
	if took := time.Since(begin); took > 6*time.Second {
		t.Errorf("ready after %v", took)
	}
	must(t, signsWith(t.Context(), token, key, "b"))
}

// A device that stays away is found out once, in less than two seconds on a busy
// machine; then nobody is let in, so that nothing is spent on it, until it is
// back, which nobody has to ask for.
func TestNobodyIsLetInToAnIllToken(t *testing.T) {
	token := hsmtest.New(t)
	key := keysOf(t, token, 1)[0]
	must(t, os.Rename(hsmtest.Folder(), hsmtest.Folder()+".away"))
	release, err := token.Admit(1)
	must(t, err)
	begin := time.Now()
	if err := signsWith(t.Context(), token, key, "a"); !isUnavailable(err) {
		t.Errorf("away: %v", err)
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("found out after %v", took)
	}
	release()
	for range 10 {
		if _, err := token.Admit(1); !isUnavailable(err) || errors.Is(err, hsm.ErrBusy) {
			t.Errorf("let in: %v", err)
		}
	}
	must(t, os.Rename(hsmtest.Folder()+".away", hsmtest.Folder()))
	begin = time.Now()
	for {
		release, err := token.Admit(1)
		if err == nil {
			release()
			break
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("nobody is let in: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	must(t, signsWith(t.Context(), token, key, "b"))
}

// Ready alone brings back a device that nobody uses.
func TestReadyRecovers(t *testing.T) {
	token := hsmtest.New(t)
	must(t, token.Ready(t.Context()))
	must(t, token.LogoutElsewhere())
	must(t, token.Ready(t.Context()))
	must(t, token.FinaliseElsewhere())
	must(t, token.Ready(t.Context()))
}

// A library that was reloaded while the token was half there is reloaded again.
func TestReadyWaitsForTheCanary(t *testing.T) {
	token := hsmtest.New(t) // with nothing on it but the canary
	hide(t, nil)
	must(t, token.LogoutElsewhere())
	back := time.AfterFunc(150*time.Millisecond, func() { unhide(t) })
	defer back.Stop()
	must(t, token.Ready(t.Context()))
}

// A key that another process has destroyed is gone, and the others are not.
func TestKeyDestroyedElsewhere(t *testing.T) {
	c := hsmtest.Config(t)
	token := open(t, c)
	keys := keysOf(t, token, 2)
	for _, key := range keys {
		must(t, signsWith(t.Context(), token, key, "a"))
	}
	otherProcess(t, c, "--delete-object", "--type", "privkey", "--id", hexOf(keys[0].ID))
	var generation uint64
	for n := range 3 {
		if err := signsWith(t.Context(), token, keys[0], "b"); !errors.Is(err, hsm.ErrNoKey) || isUnavailable(err) {
			t.Errorf("the destroyed key: %v, want ErrNoKey", err)
		}
		must(t, signsWith(t.Context(), token, keys[1], "c"))
		if n == 0 {
			generation = token.Generation() // it was worth one reload
		}
	}
	if token.Generation() != generation {
		t.Error("a key that was given up had the module reloaded again")
	}
}

// SoftHSM loses sight of a key whose file it could not open for a moment, until
// it is reloaded.
func TestKeyOutOfSight(t *testing.T) {
	token := hsmtest.New(t)
	before := files(t)
	key := keysOf(t, token, 1)[0]
	must(t, signsWith(t.Context(), token, key, "a"))
	hide(t, before)
	var stop atomic.Bool
	if _, err := token.RawLoop(key.ID, ecdsaSHA256, digestOf("b"), 1, &stop); err == nil {
		t.Error("signed without the key's file")
	}
	unhide(t)
	must(t, signsWith(t.Context(), token, key, "c"))
}

// hide takes away the files of keys, but for some.
func hide(t *testing.T, but map[string]bool) {
	t.Helper()
	for file := range files(t) {
		if !but[file] && filepath.Base(file) != "token.object" {
			must(t, os.Rename(file, file+".away"))
		}
	}
}

func unhide(t *testing.T) {
	for file := range files(t) {
		if back, ok := strings.CutSuffix(file, ".away"); ok {
			if err := os.Rename(file, back); err != nil {
				t.Error(err)
			}
		}
	}
}

// files lists the objects in the tokens' folder.
func files(t *testing.T) map[string]bool {
	found := map[string]bool{}
	err := filepath.WalkDir(hsmtest.Folder(), func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(strings.TrimSuffix(path, ".away"), ".object") {
			found[path] = true
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return found
}

// A key that another process has made is there at once.
func TestKeyMadeElsewhere(t *testing.T) {
	c := hsmtest.Config(t)
	token := open(t, c)
	otherProcess(t, c, "--keypairgen", "--key-type", "EC:prime256v1", "--id", "0a0b", "--label", "pecete elsewhere", "--usage-sign")
	key, err := token.Find(t.Context(), "pecete elsewhere")
	must(t, err)
	must(t, signsWith(t.Context(), token, key, "a"))
}

// Asking for keys that never were does not disturb those that are.
func TestUnknownKeysReloadNothing(t *testing.T) {
	token := hsmtest.New(t)
	generation, epoch := token.Generation(), token.Epoch()
	var all sync.WaitGroup
	for n := range 10 {
		all.Go(func() {
			_, err := token.Sign(t.Context(), []byte{byte(n), 1, 2, 3}, ecdsaSHA256, digestOf("a"))
			if !errors.Is(err, hsm.ErrNoKey) || isUnavailable(err) {
				t.Errorf("Sign: %v, want ErrNoKey", err)
			}
		})
	}
	all.Wait()
	if token.Generation() != generation || token.Epoch() != epoch {
		t.Errorf("generation %d → %d, epoch %d → %d", generation, token.Generation(), epoch, token.Epoch())
	}
}

// After a reload handles are numbered anew, in the order keys are seen. The
// number of one key is then another's, and is not used.
func TestStaleHandles(t *testing.T) {
	token := hsmtest.New(t)
	keys := keysOf(t, token, 6)
	changed := 0
	for round := range 4 {
		before := map[uint]string{}
		for i := range keys {
			key := keys[(i*5+round)%len(keys)] // another order each time
			must(t, signsWith(t.Context(), token, key, "a"))
			before[token.Handle(key.ID)] = hexOf(key.ID)
		}
		must(t, token.Reload(t.Context()))
		var all sync.WaitGroup
		for i := range keys {
			key := keys[(i*5+round+1)%len(keys)]
			must(t, signsWith(t.Context(), token, key, "b"))
			all.Go(func() {
				for range 10 {
					if err := signsWith(t.Context(), token, key, "c"); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		for _, key := range keys {
			if was, ok := before[token.Handle(key.ID)]; ok && was != hexOf(key.ID) {
				changed++
			}
		}
	}
	if changed == 0 {
		t.Error("no handle has become another key's, so that nothing was shown")
	}
}

// After four keys the rest are found in a list: each signs as itself, one of
// two with the same id does not sign, one made since is found, and one destroyed
// since is gone.
func TestListedKeys(t *testing.T) {
	c := hsmtest.Config(t)
	token := open(t, c)
	keys := keysOf(t, token, 12)
	for range 2 { // 0c0d twice
		otherProcess(t, c, "--keypairgen", "--key-type", "EC:prime256v1", "--id", "0c0d", "--label", "pecete twin", "--usage-sign")
	}
	must(t, token.Reload(t.Context()))
	for i, key := range keys[:11] {
		must(t, signsWith(t.Context(), token, key, "a"))
		if listed := token.Indexed() > 0; listed != (i >= 4) {
			t.Errorf("after key %d the keys are listed: %t", i, listed)
		}
	}
	if _, err := token.Sign(t.Context(), []byte{0x0c, 0x0d}, ecdsaSHA256, digestOf("a")); err == nil {
		t.Error("signed with one of two keys that have the same id")
	}
	otherProcess(t, c, "--delete-object", "--type", "privkey", "--id", hexOf(keys[11].ID))
	if err := signsWith(t.Context(), token, keys[11], "a"); !errors.Is(err, hsm.ErrNoKey) {
		t.Errorf("a key that was destroyed since: %v, want ErrNoKey", err)
	}
	otherProcess(t, c, "--keypairgen", "--key-type", "EC:prime256v1", "--id", "0a0b", "--label", "pecete elsewhere", "--usage-sign")
	key, err := token.Key(t.Context(), []byte{0x0a, 0x0b})
	must(t, err)
	must(t, signsWith(t.Context(), token, key, "b"))
}

// Two tokens of one module: the reload that one needs is no fault of the other.
func TestReloadIsSharedBetweenTokens(t *testing.T) {
	a, b := hsmtest.New(t), hsmtest.New(t)
	keyA, keyB := keysOf(t, a, 1)[0], keysOf(t, b, 1)[0]
	for range 3 {
		must(t, a.FinaliseElsewhere())
		must(t, signsWith(t.Context(), a, keyA, "a"))
		must(t, signsWith(t.Context(), b, keyB, "b"))
	}
}

// A recovery that held is told of, step by step; without a fault there is none.
func TestRecoveriesAreTold(t *testing.T) {
	var mu sync.Mutex
	held := map[string]int{}
	token := hsmtest.New(t, func(c *hsm.Config) {
		c.Sessions = 1
		c.Recovered = func(step string, err error) {
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				held[step]++
			}
		}
	})
	must(t, token.Ready(t.Context()))
	if len(held) != 0 {
		t.Errorf("without a fault: %v", held)
	}
	must(t, token.LogoutElsewhere())
	must(t, token.Ready(t.Context()))
	if held["login"] != 1 || held["module"] != 0 {
		t.Errorf("after a logout: %v", held)
	}
	must(t, token.FinaliseElsewhere())
	must(t, token.Ready(t.Context()))
	if held["module"] != 1 {
		t.Errorf("after the module was finalised: %v", held)
	}
}
