// Package onetimetest holds what every onetime.Store promises, as tests. A
// store whose tests call Run, and pass, can stand for any other.
package onetimetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/pecete/pecete/onetime"
)

// Run tests the store that open returns; it is asked for a new one, or the same
// one with nothing the tests would trip over, as often as it is needed. The
// store's clock must be the real one.
func Run(t *testing.T, open func(t *testing.T) onetime.Store) {
	for _, test := range promises {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

// promises are the tests, by what they show.
var promises = []struct {
	name string
	run  func(*testing.T, onetime.Store)
}{
	{"put keeps what get returns", putGet},
	{"put does not replace", putTwice},
	{"put after take makes it anew", putAfterTake},
	{"what was never kept is unknown", unknown},
	{"get does not forget", getTwice},
	{"take forgets", takeTwice},
	{"swap replaces what it was told", swap},
	{"swap leaves what is something else", swapOther},
	{"swap of what is unknown does nothing", swapUnknown},
	{"swap to nil forgets", swapToNil},
	{"swap to empty keeps empty", swapToEmpty},
	{"an end comes", end},
	{"swap sets a new end", endOfSwap},
	{"a key is free again after its end", putAfterEnd},
	{"a ttl below a millisecond is one", shortest},
	{"a ttl of nothing is refused", noTTL},
	{"values are any bytes", binary},
	{"keys are any bytes", binaryKeys},
	{"values can be large", large},
	{"values are copied", copies},
	{"the end of a context is its error", contexts},
	{"ready when it is", ready},
	{"of many puts one wins", racePut},
	{"of many takes one wins", raceTake},
	{"of many swaps from one old one wins", raceSwap},
	{"of a take and many swaps one wins", raceTakeSwap},
	{"a counter swapped by many loses nothing", raceCount},
}

// long is a TTL that no test sees the end of.
const long = time.Hour

func putGet(t *testing.T, s onetime.Store) {
	put(t, s, "a", "one", long)
	put(t, s, "b", "two", long)
	wantGet(t, s, "a", "one")
	wantGet(t, s, "b", "two")
}

func putTwice(t *testing.T, s onetime.Store) {
	put(t, s, "a", "one", long)
	for _, value := range []string{"two", "one", ""} {
		wantErr(t, s.Put(t.Context(), "a", []byte(value), long), onetime.ErrExists)
	}
	wantGet(t, s, "a", "one")
}

func putAfterTake(t *testing.T, s onetime.Store) {
	put(t, s, "a", "one", long)
	wantTake(t, s, "a", "one")
	put(t, s, "a", "two", long)
	wantGet(t, s, "a", "two")
}

func unknown(t *testing.T, s onetime.Store) {
	wantUnknown(t, s, "a")
	wantUnknown(t, s, "")
}

func getTwice(t *testing.T, s onetime.Store) {
	put(t, s, "a", "one", long)
	wantGet(t, s, "a", "one")
	wantGet(t, s, "a", "one")
}

func takeTwice(t *testing.T, s onetime.Store) {
	put(t, s, "a", "one", long)
	wantTake(t, s, "a", "one")
	wantUnknown(t, s, "a")
}

func swap(t *testing.T, s onetime.Store) {
	put(t, s, "a", "one", long)
	wantSwap(t, s, "a", "one", []byte("two"), true)
	wantGet(t, s, "a", "two")
	wantSwap(t, s, "a", "one", []byte("three"), false)
	wantSwap(t, s, "a", "two", []byte("two"), true)
	wantTake(t, s, "a", "two")
}

func swapOther(t *testing.T, s onetime.Store) {
	put(t, s, "a", "one", long)
	for _, old := range []string{"", "on", "onee", "ONE", "one\x00", "one "} {
		wantSwap(t, s, "a", old, []byte("two"), false)
		wantSwap(t, s, "a", old, nil, false)
	}
	wantGet(t, s, "a", "one")
}

func swapUnknown(t *testing.T, s onetime.Store) {
	wantSwap(t, s, "a", "", []byte("one"), false)
	wantSwap(t, s, "a", "", nil, false)
	wantUnknown(t, s, "a")
}

func swapToNil(t *testing.T, s onetime.Store) {
	put(t, s, "a", "one", long)
	wantSwap(t, s, "a", "one", nil, true)
	wantUnknown(t, s, "a")
	put(t, s, "b", "one", long)
	if ok, err := s.Swap(t.Context(), "b", []byte("one"), nil, 0); !ok || err != nil {
		t.Errorf("Swap to nil without a ttl = %t, %v", ok, err)
	}
}

func swapToEmpty(t *testing.T, s onetime.Store) {
	put(t, s, "a", "one", long)
	wantSwap(t, s, "a", "one", []byte{}, true)
	wantGet(t, s, "a", "")
	wantSwap(t, s, "a", "", []byte("two"), true)
	wantTake(t, s, "a", "two")
}

func end(t *testing.T, s onetime.Store) {
	put(t, s, "a", "one", 100*time.Millisecond)
	put(t, s, "b", "one", long)
	awaitEnd(t, s, "a")
	wantUnknown(t, s, "a")
	wantSwap(t, s, "a", "one", []byte("two"), false)
	wantGet(t, s, "b", "one")
}

func endOfSwap(t *testing.T, s onetime.Store) {
	put(t, s, "sooner", "one", long)
	put(t, s, "later", "one", 300*time.Millisecond)
	if ok, err := s.Swap(t.Context(), "later", []byte("one"), []byte("two"), long); !ok || err != nil {
		t.Fatalf("Swap = %t, %v", ok, err)
	}
	if ok, err := s.Swap(t.Context(), "sooner", []byte("one"), []byte("two"), 400*time.Millisecond); !ok || err != nil {
		t.Fatalf("Swap = %t, %v", ok, err)
	}
	awaitEnd(t, s, "sooner")
	wantGet(t, s, "later", "two")
}

func putAfterEnd(t *testing.T, s onetime.Store) {
	put(t, s, "a", "one", time.Millisecond)
	time.Sleep(20 * time.Millisecond)
	put(t, s, "a", "two", long)
	wantGet(t, s, "a", "two")
}

func shortest(t *testing.T, s onetime.Store) {
	put(t, s, "a", "one", time.Nanosecond)
	awaitEnd(t, s, "a")
	put(t, s, "b", "one", long)
	if ok, err := s.Swap(t.Context(), "b", []byte("one"), []byte("two"), time.Nanosecond); !ok || err != nil {
		t.Fatalf("Swap = %t, %v", ok, err)
	}
	awaitEnd(t, s, "b")
}

func noTTL(t *testing.T, s onetime.Store) {
	put(t, s, "b", "one", long)
	for _, ttl := range []time.Duration{0, -1, -time.Hour} {
		wantErr(t, s.Put(t.Context(), "a", []byte("one"), ttl), onetime.ErrTTL)
		_, err := s.Swap(t.Context(), "b", []byte("one"), []byte("two"), ttl)
		wantErr(t, err, onetime.ErrTTL)
	}
	wantUnknown(t, s, "a")
	wantGet(t, s, "b", "one")
}

func binary(t *testing.T, s onetime.Store) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for i, value := range []string{"", " ", "\x00", "\r\n", "a\x00b", "\xff\xfe", "+OK\r\n", "$-1\r\n", string(all), "ștampilă"} {
		key := fmt.Sprint("binary", i)
		put(t, s, key, value, long)
		wantGet(t, s, key, value)
		wantSwap(t, s, key, value, []byte(value+"!"), true)
		wantTake(t, s, key, value+"!")
	}
}

func binaryKeys(t *testing.T, s onetime.Store) {
	keys := []string{"", " ", "\x00", "a\r\nb", "a b", "\xff", "ă", "*", "a"}
	for _, key := range keys {
		put(t, s, key, "of "+key, long)
	}
	for _, key := range keys {
		wantTake(t, s, key, "of "+key)
	}
}

func large(t *testing.T, s onetime.Store) {
	value := string(bytes.Repeat([]byte("sigiliu\x00"), 1<<17)) // 1 MiB
	put(t, s, "a", value, long)
	wantGet(t, s, "a", value)
	wantSwap(t, s, "a", value, []byte(value[1:]), true)
	wantTake(t, s, "a", value[1:])
}

func copies(t *testing.T, s onetime.Store) {
	value := []byte("one")
	if err := s.Put(t.Context(), "a", value, long); err != nil {
		t.Fatal(err)
	}
	value[0] = 'X'
	got, err := s.Get(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	got[0] = 'Y'
	wantGet(t, s, "a", "one")
	next := []byte("two")
	if ok, err := s.Swap(t.Context(), "a", []byte("one"), next, long); !ok || err != nil {
		t.Fatalf("Swap = %t, %v", ok, err)
	}
	next[0] = 'Z'
	wantGet(t, s, "a", "two")
}

func contexts(t *testing.T, s onetime.Store) {
	put(t, s, "a", "one", long)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	over, cancel := context.WithTimeout(t.Context(), -1)
	defer cancel()
	for want, ctx := range map[error]context.Context{context.Canceled: cancelled, context.DeadlineExceeded: over} {
		_, getErr := s.Get(ctx, "a")
		_, takeErr := s.Take(ctx, "a")
		_, swapErr := s.Swap(ctx, "a", []byte("one"), nil, long)
		for verb, err := range map[string]error{
			"Get": getErr, "Take": takeErr, "Swap": swapErr,
			"Put": s.Put(ctx, "b", []byte("one"), long), "Ready": s.Ready(ctx),
		} {
			if _, unavailable := errors.AsType[*onetime.UnavailableError](err); !errors.Is(err, want) || unavailable {
				t.Errorf("%s with a context that ended: %v, want %v", verb, err, want)
			}
		}
	}
	wantGet(t, s, "a", "one")
	wantUnknown(t, s, "b")
}

func ready(t *testing.T, s onetime.Store) {
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("Ready: %v", err)
	}
}
