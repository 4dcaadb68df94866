package hsm_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest"
	"github.com/pecete/pecete/hsm/hsmtest/count"
)

// counted opens a token behind the counting module.
func counted(t *testing.T, change func(*hsm.Config)) (token *hsm.Token, log string) {
	t.Helper()
	log = filepath.Join(t.TempDir(), "count.log")
	c := hsmtest.Config(t)
	t.Setenv("PECETE_COUNT_MODULE", c.Module)
	t.Setenv("PECETE_COUNT_LOG", log)
	c.Module = count.Build(t)
	change(&c)
	return open(t, c), log
}

// until waits for something that will be.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}

// Who came first with forty things for one key delays the others by one of them
// each time round, not by forty; and his own are done in their order.
func TestTurnsGoRoundTheKeys(t *testing.T) {
	token, log := counted(t, func(c *hsm.Config) { c.Sessions = 1 })
	keys := keysOf(t, token, 3)
	release, _ := token.Occupy()
	var all sync.WaitGroup
	waiting := 0
	ask := func(key hsm.Key, text string) {
		all.Go(func() {
			if err := signsWith(t.Context(), token, key, text); err != nil {
				t.Error(err)
			}
		})
		waiting++
		until(t, "that it waits", func() bool { return token.Waiting() == waiting })
	}
	for i := range 40 {
		ask(keys[0], fmt.Sprint(i))
	}
	for i := range 2 {
		ask(keys[1], fmt.Sprint(i))
		ask(keys[2], fmt.Sprint(i))
	}
	release()
	all.Wait()

	calls, err := count.Read(log)
	must(t, err)
	name := map[string]string{hexOf(keys[0].ID): "A", hexOf(keys[1].ID): "B", hexOf(keys[2].ID): "C"}
	order, first := "", 0
	for _, call := range calls {
		who := name[call.Key]
		order += who
		if who != "A" {
			continue
		}
		if want := hex.EncodeToString(digestOf(string(digestOf(fmt.Sprint(first))))); call.Input != want {
			t.Errorf("the first key's signature %d is of something else", first)
		}
		first++
	}
	if len(order) != 44 || order[:6] != "ABCABC" {
		t.Errorf("signed in the order %s, want ABCABCAAA…", order)
	}
}

// A caller who is gone before his turn is passed over, and is not in the way of
// the next.
func TestTurnsOfThoseWhoLeft(t *testing.T) {
	token, log := counted(t, func(c *hsm.Config) { c.Sessions = 1 })
	key := keysOf(t, token, 1)[0]
	release, _ := token.Occupy()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if err := signsWith(ctx, token, key, "gone"); !errors.Is(err, context.Canceled) || !isUnavailable(err) {
				t.Errorf("gone: %v", err)
			}
		})
	}
	until(t, "that all wait", func() bool { return token.Waiting() == 10 })
	cancel()
	all.Wait()
	all.Go(func() { must(t, signsWith(t.Context(), token, key, "stayed")) })
	release()
	all.Wait()
	calls, err := count.Read(log)
	must(t, err)
	if n := count.Signatures(calls, key.ID); n != 1 {
		t.Errorf("%d signatures, want the one of who stayed", n)
	}
}

// A module that has another way in for everybody who asks is used as
// miekg/pkcs11 uses it, which asks for a signature's size before.
func TestCrossing(t *testing.T) {
	token, log := counted(t, func(c *hsm.Config) { c.Sessions = 2 })
	key := keysOf(t, token, 1)[0]
	sizes := func() int {
		for i := range 8 {
			must(t, signsWith(t.Context(), token, key, fmt.Sprint(i)))
		}
		must(t, token.Ready(t.Context()))
		text, err := os.ReadFile(log)
		must(t, err)
		return bytes.Count(text, []byte(`"when":"size"`))
	}
	if n := sizes(); n != 0 {
		t.Errorf("with a way of our own a size was asked for %d times", n)
	}
	reopen, err := token.CloseCrossing(t.Context())
	must(t, err)
	defer reopen()
	if n := sizes(); n < 9 {
		t.Errorf("without it a size was asked for %d times, want 9", n)
	}
}
