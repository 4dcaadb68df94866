package proctest

import (
	"net"
	"os/exec"
	"strconv"
	"testing"

	"github.com/pecete/pecete/internal/freeport"
)

// FreePort returns a TCP port of 127.0.0.1 that is this process's to use.
func FreePort(t testing.TB) int {
	t.Helper()
	port, err := freeport.Port()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// program returns the path of a program, or fails the test saying which package
// brings it.
func program(t testing.TB, name, debian, brew string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not installed: apt-get install %s, or brew install %s", name, debian, brew)
	}
	return path
}
