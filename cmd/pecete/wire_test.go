package main

import (
	"testing"
	"time"

	"github.com/pecete/pecete/hsm"
)

func TestPatience(t *testing.T) {
	const pace = 2 * time.Millisecond
	for _, row := range []struct {
		says                      string
		records, queued, sessions int
		want                      time.Duration
	}{
		{"one signature", 1, 1, 2, 0},
		{"as many as keep the device busy", 1, 7, 2, 0},
		{"many, of whom one waits", 1, 8, 2, pace},
		{"of sixteen five wait", 5, 16, 2, pace},
		{"of sixteen six wait", 6, 16, 2, 0},
		{"all wait", 64, 64, 2, 0},
		{"as many on a device that does more at a time", 1, 16, 8, 0},
		{"a command, which has nobody beside it", 1, 0, 2, 0},
	} {
		if got := patience(row.records, hsm.Stats{Queued: row.queued, Sessions: row.sessions}); got != row.want {
			t.Errorf("%s: %v, want %v", row.says, got, row.want)
		}
	}
}
