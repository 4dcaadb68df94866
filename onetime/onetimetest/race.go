package onetimetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pecete/pecete/onetime"
)

// contenders are the goroutines of a race.
const contenders = 100

// race has all contenders do the same at once and returns how many won.
func race(t *testing.T, try func(contender int) (won bool, err error)) int {
	t.Helper()
	var (
		start sync.WaitGroup
		all   sync.WaitGroup
		wins  atomic.Int64
	)
	start.Add(1)
	for i := range contenders {
		all.Go(func() {
			start.Wait()
			won, err := try(i)
			if err != nil {
				t.Errorf("contender %d: %v", i, err)
			}
			if won {
				wins.Add(1)
			}
		})
	}
	start.Done()
	all.Wait()
	return int(wins.Load())
}

// except takes away the error that tells a loser that it lost.
func except(err, lost error) (won bool, other error) {
	if errors.Is(err, lost) {
		return false, nil
	}
	return err == nil, err
}

func racePut(t *testing.T, s onetime.Store) {
	for round := range 200 {
		key := fmt.Sprint("put", round)
		var winner atomic.Int64
		wins := race(t, func(i int) (bool, error) {
			won, err := except(s.Put(t.Context(), key, []byte(strconv.Itoa(i)), long), onetime.ErrExists)
			if won {
				winner.Store(int64(i))
			}
			return won, err
		})
		if wins != 1 {
			t.Fatalf("round %d: %d puts won", round, wins)
		}
		wantTake(t, s, key, strconv.FormatInt(winner.Load(), 10))
	}
}

func raceTake(t *testing.T, s onetime.Store) {
	for round := range 500 {
		key := fmt.Sprint("take", round)
		put(t, s, key, "one", long)
		wins := race(t, func(int) (bool, error) {
			_, err := s.Take(t.Context(), key)
			return except(err, onetime.ErrUnknown)
		})
		if wins != 1 {
			t.Fatalf("round %d: %d takes won", round, wins)
		}
	}
}

func raceSwap(t *testing.T, s onetime.Store) {
	for round := range 100 {
		key := fmt.Sprint("swap", round)
		put(t, s, key, "old", long)
		var winner atomic.Int64
		wins := race(t, func(i int) (bool, error) {
			won, err := s.Swap(t.Context(), key, []byte("old"), []byte(strconv.Itoa(i)), long)
			if won {
				winner.Store(int64(i))
			}
			return won, err
		})
		if wins != 1 {
			t.Fatalf("round %d: %d swaps won", round, wins)
		}
		wantTake(t, s, key, strconv.FormatInt(winner.Load(), 10))
	}
}

// raceTakeSwap: a value goes either to the one who takes it or to the one who
// swaps it; a Take may also get what a winning Swap put there.
func raceTakeSwap(t *testing.T, s onetime.Store) {
	for round := range 50 {
		key := fmt.Sprint("takeswap", round)
		put(t, s, key, "old", long)
		wins := race(t, func(i int) (bool, error) {
			if i%10 != 0 {
				return s.Swap(t.Context(), key, []byte("old"), []byte("new"), long)
			}
			value, err := s.Take(t.Context(), key)
			won, err := except(err, onetime.ErrUnknown)
			return won && string(value) == "old", err
		})
		if wins != 1 {
			t.Fatalf("round %d: old went to %d", round, wins)
		}
	}
}

// raceCount: every contender counts one up, as often as it must try.
func raceCount(t *testing.T, s onetime.Store) {
	put(t, s, "count", "0", long)
	wins := race(t, func(int) (bool, error) {
		for {
			old, err := s.Get(t.Context(), "count")
			if err != nil {
				return false, err
			}
			n, err := strconv.Atoi(string(old))
			if err != nil {
				return false, err
			}
			won, err := s.Swap(t.Context(), "count", old, []byte(strconv.Itoa(n+1)), long)
			if won || err != nil {
				return won, err
			}
		}
	})
	if wins != contenders {
		t.Errorf("%d of %d counted", wins, contenders)
	}
	wantTake(t, s, "count", strconv.Itoa(contenders))
}
