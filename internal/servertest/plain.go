package servertest

import (
	"sync"
	"testing"
)

//nolint:gochecknoglobals // once for all tests of a binary
var buildPlain = sync.OnceValues(func() (string, error) { return compile("plain", false, "nomsgpack") })

// Plain is the path of the program as it is delivered, for what looks at pages and
// at nothing that could race.
func Plain(t testing.TB) string {
	t.Helper()
	program, err := buildPlain()
	if err != nil {
		t.Fatal(err)
	}
	return program
}
