package soak

import (
	"bufio"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"
)

// everything is all that a client can ask for.
var everything = []string{signs1, signs2, authorizes, tokens, lists}

// What becomes of the server when its Redis does not answer, forgets, or is
// another one.
func TestLossOfRedis(t *testing.T) {
	const password = "a password of Redis"
	w := build(t, plan{stores: true, signers: 12})
	faults := []fault{
		{name: "Redis killed and started again with its file", essential: true, bites: everything, loses: true, do: func(w *town) func() {
			w.redis.Kill9()
			return w.redis.Restart
		}},
		{name: "Redis stopped for 3 s, its connections open", essential: true, bites: everything, hold: 3 * time.Second, do: func(w *town) func() {
			w.redis.Freeze()
			return w.redis.Thaw
		}},
		{name: "Redis flushed", losesAtOnce: true, hold: 100 * time.Millisecond, do: func(w *town) func() {
			w.redis.Do("", "FLUSHALL")
			return func() {}
		}},
		{name: "Redis refuses writes, its memory full", essential: true, bites: []string{signs1, signs2, tokens}, do: func(w *town) func() {
			w.redis.Do("", "CONFIG", "SET", "maxmemory", "1")
			return func() { w.redis.Do("", "CONFIG", "SET", "maxmemory", "0") }
		}},
		{name: "Redis with another password", bites: everything, do: func(w *town) func() {
			w.redis.Do("", "CONFIG", "SET", "requirepass", password)
			w.redis.Do(password, "CLIENT", "KILL", "TYPE", "normal")
			return func() { w.redis.Do(password, "CONFIG", "SET", "requirepass", "") }
		}},
		{name: "Redis takes no more clients", bites: everything, do: func(w *town) func() {
			say := w.line(w.redis.Addr)
			say("CONFIG SET maxclients 1")
			say("CLIENT KILL TYPE normal SKIPME yes")
			return func() { say("CONFIG SET maxclients 10000") }
		}},
		{name: "Redis replaced by an empty one", bites: everything, loses: true, do: func(w *town) func() {
			w.redis.Kill9()
			must(t, syscall.Rename(w.redis.Dir+"/appendonlydir", w.redis.Dir+"/gone"))
			return func() {
				w.redis.Restart()
				must(t, syscall.Rename(w.redis.Dir+"/gone", t.TempDir()+"/gone"))
			}
		}},
	}
	for _, f := range faults {
		w.suffer(f)
	}
}

// line is a connection to Redis that stays, and what is said on it.
func (w *town) line(addr string) (say func(command string)) {
	w.t.Helper()
	conn, err := net.Dial("tcp", addr)
	must(w.t, err)
	w.t.Cleanup(func() { _ = conn.Close() })
	answers := bufio.NewReader(conn)
	return func(command string) {
		w.t.Helper()
		_, err := fmt.Fprintf(conn, "%s\r\n", command)
		must(w.t, err)
		answer, err := answers.ReadString('\n')
		if err != nil || answer[0] == '-' {
			w.t.Fatalf("%s: %s %v", command, answer, err)
		}
	}
}
