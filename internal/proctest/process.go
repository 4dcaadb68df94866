// Package proctest starts real programs for tests: redis-server, PostgreSQL,
// and our own binaries. What it starts listens on 127.0.0.1 only, keeps its
// files in a folder of the test, and is gone when the test is, however the test
// ended: by returning, by t.Fatal, by a panic or by being killed.
//
// A program that is not installed fails the test and says what to install.
package proctest

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a program may take for what it does at once on an idle
// machine. Tests run on busy ones.
const patience = 30 * time.Second

// A Process is a program that a test started.
type Process struct {
	t      testing.TB
	cmd    *exec.Cmd
	name   string
	out    transcript
	exited chan struct{} // closed when it is gone and its output is complete
}

// Start starts argv[0], looked up in PATH, with the rest as arguments. It is
// killed at the end of the test if it still runs then.
func Start(t testing.TB, argv ...string) *Process {
	t.Helper()
	if len(argv) == 0 {
		t.Fatal("proctest: no program to start")
	}
	return StartCmd(t, exec.Command(argv[0], argv[1:]...))
}

// StartCmd is Start for a command with a folder, an environment or an input of
// its own. Its output is captured; cmd must not be used afterwards.
func StartCmd(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{t: t, cmd: cmd, name: cmd.Args[0], exited: make(chan struct{})}
	p.out.grown = make(chan struct{})
	cmd.Stdout, cmd.Stderr = &p.out, &p.out
	cmd.WaitDelay = time.Second // for grandchildren that hold the output open
	dieWithParent(cmd)

	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", p.name, err)
	}
	t.Cleanup(p.clean)
	return p
}

// run starts the program and waits for its end, both on one thread that does
// nothing else: on Linux the program dies with the thread that started it.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	err := p.cmd.Start()
	started <- err
	if err == nil {
		_ = p.cmd.Wait() // ProcessState has the outcome
		close(p.exited)
	}
}

func (p *Process) clean() {
	p.end(syscall.SIGKILL)
	if p.t.Failed() {
		p.t.Logf("output of %s:\n%s", p.name, tail(p.Output(), 8<<10))
	}
}

// end sends sig, waits for the end, and kills what does not end by itself.
func (p *Process) end(sig os.Signal) {
	_ = p.cmd.Process.Signal(sig) // an error says that it is gone already
	select {
	case <-p.exited:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Output returns what the program wrote so far to standard output and standard
// error, in the order it was read.
func (p *Process) Output() string { return p.out.String() }

// Exited is closed when the program has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// WaitFor waits until the output matches the regular expression and returns the
// first match and its groups. The test fails if the program ends without, or
// after half a minute.
func (p *Process) WaitFor(pattern string) []string {
	p.t.Helper()
	match, err := p.awaitOutput(regexp.MustCompile(pattern), 0)
	if err != nil {
		p.t.Fatalf("%s: wait for %q: %v\n%s", p.name, pattern, err, tail(p.Output(), 8<<10))
	}
	return match
}

var (
	errExited = errors.New("it ended")
	errSilent = errors.New("nothing came")
)

// awaitOutput looks for pattern in the output from byte offset from on.
func (p *Process) awaitOutput(pattern *regexp.Regexp, from int) ([]string, error) {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		// Asked before looking, so that nothing written in between is missed.
		grown, ended := p.out.growth(), closed(p.exited)
		if match := pattern.FindStringSubmatch(p.Output()[from:]); match != nil {
			return match, nil
		}
		if ended {
			return nil, errExited
		}
		select {
		case <-grown:
		case <-p.exited:
		case <-deadline.C:
			return nil, errSilent
		}
	}
}

// Signal sends sig; the test fails if the program is gone.
func (p *Process) Signal(sig os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatalf("signal %s: %v", p.name, err)
	}
}

// Kill9 kills the program with SIGKILL and waits until it is gone.
func (p *Process) Kill9() { p.end(syscall.SIGKILL) }

// Wait waits for the program to end by itself and returns its exit code, -1 if
// a signal ended it. The test fails if it still runs after half a minute.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.t.Fatalf("%s still runs after %s\n%s", p.name, patience, tail(p.Output(), 8<<10))
	}
	return p.cmd.ProcessState.ExitCode()
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// tail returns the last n bytes of s, from the beginning of a line.
func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	_, s, _ = strings.Cut(s[len(s)-n:], "\n")
	return "…\n" + s
}
