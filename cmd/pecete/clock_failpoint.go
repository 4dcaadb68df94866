//go:build failpoint

package main

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// clockFile names the variable with the file that says by how many seconds the
// clock is wrong now. What is not a number is none.
const clockFile = "PECETE_CLOCK_FILE"

// now is a clock that a campaign can set while the program runs, as somebody
// could set the machine's. It has no monotonic part, so that whatever depends on
// it sees the step.
func now() time.Time {
	path := os.Getenv(clockFile)
	if path == "" {
		return time.Now()
	}
	text, _ := os.ReadFile(path)
	seconds, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return time.Now().Round(0).Add(time.Duration(seconds) * time.Second)
}
