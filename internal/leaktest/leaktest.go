// Package leaktest fails a package's tests if they leave a goroutine behind.
// What a server begins must end with the request, the connection or the store
// it was begun for; a goroutine more for every cancelled request is a server
// that dies of its clients.
package leaktest

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long goroutines have to end: net/http alone lingers half a
// second on connections that it closes.
const patience = 20 * time.Second

// Main is for TestMain. ignored are the top functions of goroutines of others
// that never end.
func Main(m *testing.M, ignored ...string) {
	var options []goleak.Option
	for _, function := range ignored {
		options = append(options, goleak.IgnoreAnyFunction(function))
	}
	code := m.Run()
	err := goleak.Find(options...)
	for begun := time.Now(); err != nil && time.Since(begun) < patience; {
		err = goleak.Find(options...)
	}
	if err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "goroutines are left:", err)
		code = 1
	}
	os.Exit(code)
}
