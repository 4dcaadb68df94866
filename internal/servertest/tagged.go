package servertest

import (
	"sync"
	"testing"
)

//nolint:gochecknoglobals // once for all tests of a binary
var buildTagged = sync.OnceValues(func() (string, error) { return compile("tagged", raced, "failpoint,crowd") })

// Tagged is the path of the program as campaigns need it: with the points at
// which it can be killed and the command that makes many signers. It has the
// race detector if the test has.
func Tagged(t testing.TB) string {
	t.Helper()
	program, err := buildTagged()
	if err != nil {
		t.Fatal(err)
	}
	return program
}
