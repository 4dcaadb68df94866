package onetimetest

import (
	"errors"
	"testing"
	"time"

	"github.com/pecete/pecete/onetime"
)

func put(t *testing.T, s onetime.Store, key, value string, ttl time.Duration) {
	t.Helper()
	if err := s.Put(t.Context(), key, []byte(value), ttl); err != nil {
		t.Fatalf("Put(%.20q): %v", key, err)
	}
}

func wantGet(t *testing.T, s onetime.Store, key, want string) {
	t.Helper()
	got, err := s.Get(t.Context(), key)
	if err != nil || string(got) != want {
		t.Errorf("Get(%.20q) = %.20q of %d bytes, %v; want %.20q of %d", key, got, len(got), err, want, len(want))
	}
}

func wantTake(t *testing.T, s onetime.Store, key, want string) {
	t.Helper()
	got, err := s.Take(t.Context(), key)
	if err != nil || string(got) != want {
		t.Errorf("Take(%.20q) = %.20q of %d bytes, %v; want %.20q of %d", key, got, len(got), err, want, len(want))
	}
}

func wantUnknown(t *testing.T, s onetime.Store, key string) {
	t.Helper()
	_, err := s.Get(t.Context(), key)
	wantErr(t, err, onetime.ErrUnknown)
	_, err = s.Take(t.Context(), key)
	wantErr(t, err, onetime.ErrUnknown)
}

func wantSwap(t *testing.T, s onetime.Store, key, old string, new []byte, want bool) {
	t.Helper()
	got, err := s.Swap(t.Context(), key, []byte(old), new, long)
	if err != nil || got != want {
		t.Errorf("Swap(%.20q, %.20q, %.20q) = %t, %v; want %t", key, old, new, got, err, want)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

// awaitEnd waits for the end of a short TTL.
func awaitEnd(t *testing.T, s onetime.Store, key string) {
	t.Helper()
	for limit := time.Now().Add(5 * time.Second); time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
		_, err := s.Get(t.Context(), key)
		if errors.Is(err, onetime.ErrUnknown) {
			return
		}
		if err != nil {
			t.Fatalf("Get(%.20q): %v", key, err)
		}
	}
	t.Errorf("%.20q is still there", key)
}
