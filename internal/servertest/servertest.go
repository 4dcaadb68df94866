// Package servertest is a whole server in a test: the pecete program itself,
// built with the race detector, on a SoftHSM token of its own.
package servertest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/stage"
)

// patience is for a machine that is busy with other tests.
const patience = 3 * time.Minute

// Context ends when the test does, or after too long.
func Context(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// Raise lays a server's folder; it does not serve yet.
func Raise(t testing.TB, args ...string) *stage.Stage {
	t.Helper()
	program := Program(t) // which takes its time to build; patience begins after that
	s, err := stage.Raise(Context(t), program, filepath.Join(t.TempDir(), "data"), args...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Serve serves until the test ends.
func Serve(t testing.TB, s *stage.Stage) {
	t.Helper()
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("server: %v", err)
		}
	})
	if err := s.Serve(Context(t)); err != nil {
		t.Fatal(err)
	}
}

// build builds the program once for a test binary.
//
//nolint:gochecknoglobals // once for all tests of a binary
var build = sync.OnceValues(func() (string, error) { return compile("pecete", true, "") })

// compile builds a program for this test binary: they run side by side, and
// each has its own.
func compile(name string, race bool, tags string) (string, error) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", err
	}
	root := string(dir[:len(dir)-1])
	program := filepath.Join(root, "build", "test", filepath.Base(os.Args[0]), name)
	args := []string{"build", "-tags", tags, "-o", program}
	if race {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "./cmd/pecete")...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", &buildError{string(out), err}
	}
	return program, nil
}

// A buildError is what the compiler said.
type buildError struct {
	said  string
	cause error
}

func (e *buildError) Error() string { return "build pecete: " + e.cause.Error() + "\n" + e.said }

func (e *buildError) Unwrap() error { return e.cause }

// Program is the path of the pecete program under test.
func Program(t testing.TB) string {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return program
}
