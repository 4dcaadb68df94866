//go:build !failpoint

package main

import "time"

// now is the clock of everything in this program.
func now() time.Time { return time.Now() }
