package freeport_test

import (
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/pecete/pecete/internal/freeport"
)

func TestNobodyIsGivenAPortTwice(t *testing.T) {
	if os.Getenv("PECETE_TAKE_PORTS") != "" {
		for range 200 {
			port, err := freeport.Port()
			if err != nil {
				t.Fatal(err)
			}
			_, _ = os.Stdout.WriteString("port " + strconv.Itoa(port) + "\n")
		}
		_, _ = os.Stdin.Read(make([]byte, 1)) // until the other has taken its own
		return
	}
	other := exec.Command(os.Args[0], "-test.run", "^TestNobodyIsGivenAPortTwice$")
	other.Env = append(os.Environ(), "PECETE_TAKE_PORTS=1")
	leave, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	other.Stdout = &out
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	taken := map[int]bool{}
	for range 200 {
		port, err := freeport.Port()
		if err != nil {
			t.Fatal(err)
		}
		if taken[port] || port >= 32768 {
			t.Errorf("port %d twice, or one that the system hands out", port)
		}
		taken[port] = true
	}
	if err := leave.Close(); err != nil {
		t.Fatal(err)
	}
	if err := other.Wait(); err != nil {
		t.Fatalf("the other process: %v\n%s", err, out.String())
	}
	n := 0
	for line := range strings.Lines(out.String()) {
		if text, ours := strings.CutPrefix(strings.TrimSpace(line), "port "); ours {
			port, err := strconv.Atoi(text)
			if n++; err != nil || taken[port] {
				t.Errorf("port %q is also another process's", text)
			}
		}
	}
	if n != 200 {
		t.Errorf("the other process took %d ports", n)
	}
}

func TestAnAddressCanBeListenedOn(t *testing.T) {
	address, err := freeport.Address()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatalf("an address that was handed out cannot be used: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}
