package proctest

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A RedisServer is a redis-server of its own, with every write in its
// append-only file before it is answered.
type RedisServer struct {
	Addr string // host:port
	URL  string // redis://host:port
	Dir  string // with its files

	t    testing.TB
	port int
	args []string
	proc *Process
}

// Redis starts a redis-server on a free port. Options are lines of redis.conf,
// spelled as on its command line: "--requirepass", "…".
func Redis(t testing.TB, options ...string) *RedisServer {
	t.Helper()
	dir := t.TempDir()
	s := &RedisServer{t: t, Dir: dir, args: append([]string{
		program(t, "redis-server", "redis-server", "redis"),
		"--bind", "127.0.0.1",
		"--dir", dir,
		"--appendonly", "yes",
		"--appendfsync", "always",
		"--save", "",
		"--maxmemory-policy", "noeviction",
	}, options...)}
	for range 5 { // another program may be quicker at the port
		s.port = FreePort(t)
		s.Addr = loopback(s.port)
		s.URL = "redis://" + s.Addr
		if s.start() {
			return s
		}
	}
	t.Fatalf("redis-server does not start:\n%s", s.proc.Output())
	return nil
}

var redisReady = regexp.MustCompile(`Ready to accept connections`)

// start reports whether the server came up. Its own word for it is awaited:
// whoever else answers on the port is not it.
func (s *RedisServer) start() bool {
	s.t.Helper()
	s.proc = Start(s.t, append(s.args, "--port", strconv.Itoa(s.port))...)
	_, err := s.proc.awaitOutput(redisReady, 0)
	return err == nil
}

// PID is the process id of the server that runs now.
func (s *RedisServer) PID() int { return s.proc.PID() }

// Kill9 kills the server as a power cut would.
func (s *RedisServer) Kill9() {
	s.t.Helper()
	s.proc.Kill9()
}

// Restart kills the server if it runs and starts it again on the same port and
// with the same files.
func (s *RedisServer) Restart() {
	s.t.Helper()
	s.Kill9()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if s.start() {
			return
		}
	}
	s.t.Fatalf("redis-server does not start again:\n%s", s.proc.Output())
}

// Freeze stops the server without ending it: connections stay and nobody
// answers. Thaw lets it go on.
func (s *RedisServer) Freeze() {
	s.t.Helper()
	s.proc.Signal(syscall.SIGSTOP)
}

// Thaw ends Freeze.
func (s *RedisServer) Thaw() {
	s.t.Helper()
	s.proc.Signal(syscall.SIGCONT)
}

// Do runs a command, as whoever has the password, and returns its answer.
func (s *RedisServer) Do(password string, command ...string) string {
	s.t.Helper()
	cli := program(s.t, "redis-cli", "redis-tools", "redis")
	cmd := exec.Command(cli, append([]string{"-h", "127.0.0.1", "-p", strconv.Itoa(s.port)}, command...)...)
	if password != "" {
		cmd.Env = append(os.Environ(), "REDISCLI_AUTH="+password)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v: %s", command[0], err, out)
	}
	return strings.TrimSpace(string(out))
}
