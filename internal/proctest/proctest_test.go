package proctest

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestStartCapturesAndWaits(t *testing.T) {
	p := Start(t, "sh", "-c", "echo out; echo port=4711 >&2; exit 3")
	if got := p.WaitFor(`port=(\d+)`); got[1] != "4711" {
		t.Errorf("WaitFor found %q", got)
	}
	if code := p.Wait(); code != 3 {
		t.Errorf("Wait = %d, want 3", code)
	}
	if got := p.Output(); got != "out\nport=4711\n" {
		t.Errorf("Output = %q", got)
	}
}

func TestSignalReachesTheProgram(t *testing.T) {
	p := Start(t, "sh", "-c", "trap 'echo caught; exit 0' TERM; echo ready; while :; do sleep 0.05; done")
	p.WaitFor(`ready`)
	p.Signal(syscall.SIGTERM)
	p.WaitFor(`caught`)
	if code := p.Wait(); code != 0 {
		t.Errorf("Wait = %d, want 0", code)
	}
}

func TestAwaitOutputTellsAnEndFromSilence(t *testing.T) {
	p := Start(t, "true")
	if _, err := p.awaitOutput(regexp.MustCompile(`never`), 0); !errors.Is(err, errExited) {
		t.Errorf("awaitOutput of a program that ended: %v", err)
	}
}

func TestRedisKeepsItsFilesOverKill9(t *testing.T) {
	s := Redis(t)
	if got := redisSays(t, s.Addr, "SET a 1"); got != "+OK" {
		t.Fatalf("SET: %q", got)
	}
	before := s.PID()
	s.Kill9()
	if alive(before) {
		t.Error("the killed server is still there")
	}
	s.Restart()
	if s.PID() == before {
		t.Error("the same process after a restart")
	}
	if got := redisSays(t, s.Addr, "GET a"); got != "$1" {
		t.Errorf("GET after a restart: %q, want the value", got)
	}
}

func TestRedisTakesOptions(t *testing.T) {
	s := Redis(t, "--requirepass", "demo")
	if got := redisSays(t, s.Addr, "GET a"); !strings.HasPrefix(got, "-NOAUTH") {
		t.Errorf("GET without a password: %q", got)
	}
}

func TestPostgresKeepsItsFilesOverKill9(t *testing.T) {
	s := StartPostgres(t)
	one, two := s.Database(), s.Database()
	if one == two {
		t.Fatalf("the same database twice: %s", one)
	}
	s.Query(one, "create table a(n int); insert into a values (7)")
	s.Restart()
	if got := s.Query(one, "select n from a"); got != "7" {
		t.Errorf("after a restart: %q, want 7", got)
	}
	if got := s.Query(two, "select to_regclass('a') is null"); got != "t" {
		t.Errorf("a table of the one database in the other: %q", got)
	}
}

// TestNothingOutlivesTheTest runs this test binary as a child that starts both
// servers and ends in each way a test can end.
func TestNothingOutlivesTheTest(t *testing.T) {
	for _, end := range []string{"return", "fatal", "panic", "killed"} {
		t.Run(end, func(t *testing.T) {
			if end == "killed" && runtime.GOOS != "linux" {
				return // only Linux can promise that
			}
			cmd := exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.v")
			cmd.Env = append(os.Environ(), "PROCTEST_END="+end, "TMPDIR="+openDir(t))
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
			pids := readPIDs(t, out)
			if end == "killed" {
				_ = cmd.Process.Kill()
			}
			for _, pid := range pids {
				awaitEnd(t, pid)
			}
		})
	}
}

// TestChild is the child of TestNothingOutlivesTheTest.
func TestChild(t *testing.T) {
	end := os.Getenv("PROCTEST_END")
	if end == "" {
		return
	}
	r, p := Redis(t), StartPostgres(t)
	fmt.Printf("pids=%d,%d.\n", r.PID(), p.proc.PID())
	switch end {
	case "fatal":
		t.Fatal("as asked")
	case "panic":
		panic("as asked")
	case "killed":
		time.Sleep(time.Minute)
	}
}

// openDir makes a folder that another user may enter.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "proctest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func readPIDs(t *testing.T, out interface{ Read([]byte) (int, error) }) []int {
	t.Helper()
	pattern := regexp.MustCompile(`pids=(\d+),(\d+)\.`)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := pattern.FindStringSubmatch(lines.Text()); m != nil {
			a, _ := strconv.Atoi(m[1])
			b, _ := strconv.Atoi(m[2])
			return []int{a, b}
		}
	}
	t.Fatal("the child told no process ids")
	return nil
}

func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if !alive(pid) {
			return
		}
	}
	t.Errorf("process %d outlives its test", pid)
}

// alive reports whether a process runs; a zombie, which only waits for its
// parent's notice, does not.
func alive(pid int) bool {
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
		_, state, _ := strings.Cut(string(stat), ") ")
		return !strings.HasPrefix(state, "Z")
	}
	return runtime.GOOS != "linux" && syscall.Kill(pid, 0) == nil
}

// redisSays sends one command and returns the first line of the answer.
func redisSays(t *testing.T, addr, command string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = fmt.Fprintf(c, "%s\r\n", command)
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// Frozen servers keep their connections and answer nobody; thawed they go on.
func TestFrozenPostgresAnswersNobody(t *testing.T) {
	s := StartPostgres(t)
	dsn := s.Database()
	s.Query(dsn, "CREATE TABLE kept (n int)")
	s.Freeze()
	told := make(chan string, 1)
	p := StartCmd(t, s.command("psql", "-qAtX", "-d", dsn, "-c", "SELECT 'awake'"))
	go func() { <-p.Exited(); told <- p.Output() }()
	select {
	case said := <-told:
		t.Errorf("a frozen server said %q", said)
	case <-time.After(300 * time.Millisecond):
	}
	s.Thaw()
	if said := <-told; strings.TrimSpace(said) != "awake" {
		t.Errorf("thawed it said %q", said)
	}
}

func TestRedisDo(t *testing.T) {
	s := Redis(t, "--requirepass", "a password")
	if said := s.Do("a password", "SET", "a", "1"); said != "OK" {
		t.Errorf("said %q", said)
	}
	if files, err := os.ReadDir(s.Dir); err != nil || len(files) == 0 {
		t.Errorf("%d files, %v", len(files), err)
	}
}
