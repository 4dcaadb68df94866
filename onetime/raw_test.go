package onetime_test

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/pecete/pecete/internal/proctest"
)

// say sends lines to a server, without the client under test, and returns the
// first line of each answer. None of the answers used here has more.
func say(t *testing.T, server *proctest.RedisServer, commands ...string) []string {
	t.Helper()
	c, err := net.Dial("tcp", server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answers := bufio.NewReader(c)
	var lines []string
	for _, command := range commands {
		if _, err := fmt.Fprintf(c, "%s\r\n", command); err != nil {
			t.Fatal(err)
		}
		line, err := answers.ReadString('\n')
		if err != nil || strings.HasPrefix(line, "-") {
			t.Fatalf("%s: %q, %v", command, line, err)
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

func flush(t *testing.T, server *proctest.RedisServer, db int) {
	t.Helper()
	say(t, server, fmt.Sprint("SELECT ", db), "FLUSHDB")
}

// stored is how many records the server has, counting ones or not.
func stored(t *testing.T, server *proctest.RedisServer) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimPrefix(say(t, server, "DBSIZE")[0], ":"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
