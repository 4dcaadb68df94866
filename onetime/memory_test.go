package onetime

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// A hand is a clock moved by hand.
type hand struct{ time.Time }

func (h *hand) now() time.Time { return h.Time }

func TestMemoryEndsAtTheEndAndNotBefore(t *testing.T) {
	clock := &hand{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	m := NewMemory(clock.now)
	if err := m.Put(t.Context(), "a", []byte("one"), time.Minute); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		at   string
		pass time.Duration
		want error
	}{
		{"at once", 0, nil},
		{"a moment before the end", time.Minute - 1, nil},
		{"at the very end", 1, ErrUnknown},
		{"after it, the clock set back", -time.Second, ErrUnknown},
	} {
		clock.Time = clock.Add(test.pass)
		if _, err := m.Get(t.Context(), "a"); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.at, err, test.want)
		}
	}
}

// TestMemoryAndTheClock: a TTL is counted from when it was given, whatever the
// clock is set to meanwhile, and what ended never begins again.
func TestMemoryAndTheClock(t *testing.T) {
	for says, steps := range map[string][]struct {
		pass time.Duration
		want error
	}{
		"forward an hour": {{30 * time.Second, nil}, {time.Hour, ErrUnknown}, {-2 * time.Hour, ErrUnknown}},
		"back an hour":    {{30 * time.Second, nil}, {-time.Hour, nil}, {30*time.Second - 1, nil}, {1, ErrUnknown}},
		"back again and again": {
			{10 * time.Second, nil}, {-time.Minute, nil}, {20 * time.Second, nil}, {-time.Hour, nil}, {30 * time.Second, ErrUnknown},
		},
		"forward to the end and back": {{time.Minute, ErrUnknown}, {-time.Minute, ErrUnknown}},
	} {
		t.Run(says, func(t *testing.T) {
			clock := &hand{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
			m := NewMemory(clock.now)
			if err := m.Put(t.Context(), "a", []byte("one"), time.Minute); err != nil {
				t.Fatal(err)
			}
			for _, step := range steps {
				clock.Time = clock.Add(step.pass)
				if _, err := m.Get(t.Context(), "a"); !errors.Is(err, step.want) {
					t.Errorf("after %v: %v, want %v", step.pass, err, step.want)
				}
			}
			if err := m.Put(t.Context(), "b", []byte("two"), time.Minute); err != nil {
				t.Fatal(err)
			}
			if _, err := m.Get(t.Context(), "b"); err != nil {
				t.Errorf("something new: %v", err)
			}
		})
	}
}

// TestMemoryDoesNotGrow puts a thousand items a minute that live a minute.
func TestMemoryDoesNotGrow(t *testing.T) {
	clock := &hand{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	m := NewMemory(clock.now)
	for i := range 20_000 {
		key := fmt.Sprint(i)
		if err := m.Put(t.Context(), key, []byte("one"), time.Minute); err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 { // some are taken in time
			if _, err := m.Take(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
		clock.Time = clock.Add(60 * time.Millisecond)
		if len(m.byKey) > 1001 || len(m.byTime) != len(m.byKey) {
			t.Fatalf("after %d: %d keys, %d ends", i, len(m.byKey), len(m.byTime))
		}
	}
}

// TestMemorySweepIsBounded: no Put pays for all that ended before it.
func TestMemorySweepIsBounded(t *testing.T) {
	clock := &hand{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	m := NewMemory(clock.now)
	const many = 10_000
	for i := range many {
		if err := m.Put(t.Context(), fmt.Sprint(i), nil, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	clock.Time = clock.Add(time.Hour)
	for i := range many / 8 {
		before := len(m.byKey)
		if err := m.Put(t.Context(), fmt.Sprint("new", i), nil, time.Minute); err != nil {
			t.Fatal(err)
		}
		if swept := before + 1 - len(m.byKey); swept > 16 {
			t.Fatalf("one Put swept %d", swept)
		}
	}
	if len(m.byKey) != many/8 {
		t.Errorf("%d items are left, want the %d new ones", len(m.byKey), many/8)
	}
}

func TestMemoryRun(t *testing.T) {
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clock := &hand{began}
	m, other := NewMemory(clock.now), NewMemory(clock.now)
	clock.Time = began.Add(time.Hour)
	id, since := m.Run()
	if !since.Equal(began) {
		t.Errorf("since %s, want %s", since, began)
	}
	if again, _ := m.Run(); id == "" || again != id {
		t.Errorf("run %q, then %q", id, again)
	}
	if of, _ := other.Run(); of == id {
		t.Errorf("two stores of one run %q", id)
	}
}
