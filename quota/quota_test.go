package quota

import (
	"fmt"
	"testing"
	"time"
)

func TestQuota(t *testing.T) {
	now := time.Unix(0, 0)
	l := New(3, time.Minute, func() time.Time { return now })
	for i := range 3 {
		if wait := l.Count("a"); wait != 0 {
			t.Fatalf("failure %d waits %v", i+1, wait)
		}
	}
	now = now.Add(20 * time.Second)
	if wait := l.Count("a"); wait != 40*time.Second {
		t.Errorf("one too many waits %v", wait)
	}
	if wait := l.Count("b"); wait != 0 {
		t.Errorf("another key waits %v", wait)
	}
	now = now.Add(40*time.Second - 1)
	if wait := l.Count("a"); wait != 1 {
		t.Errorf("at the end of the window waits %v", wait)
	}
	now = now.Add(1)
	for range 3 {
		if wait := l.Count("a"); wait != 0 {
			t.Errorf("in the next window waits %v", wait)
		}
	}
	if wait := l.Count("a"); wait != time.Minute {
		t.Errorf("one too many in the next window waits %v", wait)
	}
}

// Strangers fill no more memory than that, and a full limiter still limits.
func TestQuotaIsBounded(t *testing.T) {
	now := time.Unix(0, 0)
	l := New(3, time.Minute, func() time.Time { return now })
	for i := range maxKeys + 3 {
		l.Count(fmt.Sprint(i))
	}
	if len(l.keys) > maxKeys+1 {
		t.Errorf("%d keys", len(l.keys))
	}
	if wait := l.Count("one more"); wait != time.Minute {
		t.Errorf("a stranger to a full limiter waits %v", wait)
	}
	if wait := l.Count("0"); wait != 0 {
		t.Errorf("an old key waits %v", wait)
	}
	now = now.Add(time.Minute)
	if wait := l.Count("one more"); wait != 0 || len(l.keys) != 1 {
		t.Errorf("a minute later waits %v beside %d keys", wait, len(l.keys))
	}
}

// Nobody waits longer than a window because the clock went back.
func TestQuotaAndTheClock(t *testing.T) {
	now := time.Unix(1e9, 0)
	l := New(1, time.Minute, func() time.Time { return now })
	l.Count("a")
	if wait := l.Count("a"); wait != time.Minute {
		t.Fatalf("waits %v", wait)
	}
	now = now.Add(-time.Hour)
	if wait := l.Over("a"); wait != 0 {
		t.Errorf("an hour back waits %v", wait)
	}
	if wait := l.Count("a"); wait != 0 {
		t.Errorf("an hour back counts and waits %v", wait)
	}
	if wait := l.Count("a"); wait != time.Minute {
		t.Errorf("then waits %v", wait)
	}
}

func TestNetwork(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.7:4711":             "192.0.2.7",
		"[::ffff:192.0.2.7]:4711":    "192.0.2.7",
		"[2001:db8:1:2:3:4:5:6]:443": "2001:db8:1:2::/64",
		"[2001:db8:1:2:ffff::]:80":   "2001:db8:1:2::/64",
		"[fe80::1%eth0]:80":          "fe80::/64",
		"@":                          "@",
		"":                           "",
	} {
		if got := Network(remote); got != want {
			t.Errorf("%q is of %q, want %q", remote, got, want)
		}
	}
}
