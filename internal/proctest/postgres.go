package proctest

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Postgres starts a PostgreSQL of its own and returns the URL of an empty
// database in it.
func Postgres(t testing.TB) (dsn string) {
	t.Helper()
	return StartPostgres(t).Database()
}

// A PostgresServer is a PostgreSQL cluster of its own, with fsync on. Its
// superuser postgres needs no password.
type PostgresServer struct {
	Addr string // host:port

	t         testing.TB
	bin       string // folder of the programs
	dir       string // of the cluster; its subfolder data is PGDATA
	port      int
	owner     *syscall.Credential // nil: whoever runs the test
	proc      *Process
	databases int
}

// StartPostgres makes a cluster and starts it on a free port. Tests that share
// one ask it for a Database each.
func StartPostgres(t testing.TB) *PostgresServer {
	t.Helper()
	s := &PostgresServer{t: t, bin: postgresBin(t)}
	s.makeDir()
	s.program("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "-N", "-D", s.data())
	for range 5 { // another program may be quicker at the port
		s.port = FreePort(t)
		s.Addr = loopback(s.port)
		if s.start() {
			return s
		}
	}
	t.Fatalf("PostgreSQL does not start:\n%s", s.proc.Output())
	return nil
}

// makeDir makes the cluster's folder. It is not under t.TempDir, where only the
// user of the test may go: PostgreSQL refuses to run as root, so a test that
// does lends it another user.
func (s *PostgresServer) makeDir() {
	s.t.Helper()
	dir, err := os.MkdirTemp("", "proctest")
	if err != nil {
		s.t.Fatalf("make a folder for PostgreSQL: %v", err)
	}
	s.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s.dir = dir
	if os.Geteuid() != 0 {
		return
	}
	s.owner = postgresUser(s.t)
	if err := os.Chown(dir, int(s.owner.Uid), int(s.owner.Gid)); err != nil {
		s.t.Fatalf("give PostgreSQL its folder: %v", err)
	}
}

func (s *PostgresServer) data() string { return filepath.Join(s.dir, "data") }

// command prepares one of PostgreSQL's programs.
func (s *PostgresServer) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	dieSoftly(cmd)
	// The credential is set by the fork itself: the kernel takes back the promise
	// to kill a child with its parent when the child changes its user.
	cmd.SysProcAttr.Credential = s.owner
	return cmd
}

func (s *PostgresServer) program(name string, args ...string) {
	s.t.Helper()
	p := StartCmd(s.t, s.command(name, args...))
	if code := p.Wait(); code != 0 {
		s.t.Fatalf("%s: exit code %d\n%s", name, code, p.Output())
	}
}

var postgresReady = regexp.MustCompile(`database system is ready to accept connections`)

// start reports whether the server came up, by its own word.
func (s *PostgresServer) start() bool {
	s.t.Helper()
	s.proc = StartCmd(s.t, s.command("postgres", "-D", s.data(), "-p", strconv.Itoa(s.port), "-k", s.dir,
		"-c", "listen_addresses=127.0.0.1", "-c", "shared_buffers=16MB"))
	// Cleanups run last in, first out: this ends it before Process kills it, and
	// takes its shared memory away.
	p := s.proc
	s.t.Cleanup(func() { p.end(syscall.SIGQUIT) })
	_, err := s.proc.awaitOutput(postgresReady, 0)
	return err == nil
}

// Database makes an empty database and returns its URL.
func (s *PostgresServer) Database() (dsn string) {
	s.t.Helper()
	s.databases++
	name := fmt.Sprintf("test%d", s.databases)
	s.program("createdb", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-U", "postgres", name)
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable", s.Addr, name)
}

// Kill9 kills the server as a power cut would. Its children notice and end.
func (s *PostgresServer) Kill9() {
	s.t.Helper()
	s.proc.Kill9()
}

// Restart kills the server if it runs and starts it again on the same port and
// with the same files.
func (s *PostgresServer) Restart() {
	s.t.Helper()
	s.Kill9()
	// It refuses to start while children of the killed one are still there.
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if s.start() {
			return
		}
	}
	s.t.Fatalf("PostgreSQL does not start again:\n%s", s.proc.Output())
}

// Quit ends the server at once, cleanly only for its own children: what
// PostgreSQL calls an immediate shutdown.
func (s *PostgresServer) Quit() {
	s.t.Helper()
	s.proc.end(syscall.SIGQUIT)
}

// Query runs a statement of SQL in a database as the superuser, and returns what
// it gave.
func (s *PostgresServer) Query(dsn, statement string) string {
	s.t.Helper()
	p := StartCmd(s.t, s.command("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-c", statement))
	if code := p.Wait(); code != 0 {
		s.t.Fatalf("psql %q: exit code %d\n%s", statement, code, p.Output())
	}
	return strings.TrimSpace(p.Output())
}

// Freeze stops the server and all its children without ending them. Thaw lets
// them go on.
func (s *PostgresServer) Freeze() {
	s.t.Helper()
	s.proc.Signal(syscall.SIGSTOP) // first, so that it has no more children
	for _, pid := range childrenOf(s.proc.PID()) {
		_ = syscall.Kill(pid, syscall.SIGSTOP) // it may have ended
	}
}

// Thaw ends Freeze.
func (s *PostgresServer) Thaw() {
	s.t.Helper()
	for _, pid := range childrenOf(s.proc.PID()) {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
	s.proc.Signal(syscall.SIGCONT)
}

// childrenOf are the processes that a process started, by the word of ps.
func childrenOf(parent int) (pids []int) {
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=").Output()
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[1] == strconv.Itoa(parent) {
			pid, _ := strconv.Atoi(fields[0])
			pids = append(pids, pid)
		}
	}
	return pids
}

// postgresBin finds the newest installed PostgreSQL: Debian keeps its programs
// out of PATH.
func postgresBin(t testing.TB) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
	if len(found) > 0 {
		return filepath.Dir(found[0])
	}
	return filepath.Dir(program(t, "initdb", "postgresql", "postgresql"))
}

// version is the number of the folder that holds bin/initdb.
func version(initdb string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	return n
}

// postgresUser is the user that the distribution's package made.
func postgresUser(t testing.TB) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Fatalf("PostgreSQL does not run as root and there is no user postgres: apt-get install postgresql (%v)", err)
	}
	uid, errU := strconv.ParseUint(u.Uid, 10, 32)
	gid, errG := strconv.ParseUint(u.Gid, 10, 32)
	if errU != nil || errG != nil {
		t.Fatalf("user postgres has ids %q and %q", u.Uid, u.Gid)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}
