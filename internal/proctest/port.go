package proctest

import (
	"net"
	"os/exec"
	"strconv"
	"testing"
)

// FreePort returns a TCP port of 127.0.0.1 that nobody listens on now. Another
// program may take it before it is used.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatalf("free the port again: %v", err)
	}
	return l.Addr().(*net.TCPAddr).Port
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
