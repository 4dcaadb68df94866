package registry_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/registry"
)

// TestTwoProcessesShareASQLiteFile has three processes write to one file at
// once. None is told that it is busy, and what one of them was told is kept
// stays kept when it is killed in the middle.
func TestTwoProcessesShareASQLiteFile(t *testing.T) {
	url := "sqlite://" + filepath.Join(t.TempDir(), "registry.db")
	r := open(t, url)
	victim, other := writer(t, url, 1), writer(t, url, 2)
	victim.WaitFor(`kept 1000010\b`)
	other.WaitFor(`kept 2000010\b`)
	for i := range 100 {
		must(t, r.AddUser(t.Context(), user(3_000_000+i)))
		if ok, err := r.UseStep(t.Context(), user(3_000_000).ID, int64(i)); !ok || err != nil {
			t.Fatalf("UseStep = %t, %v", ok, err)
		}
	}
	victim.Kill9()
	start := time.Now()
	for i := range 20 {
		must(t, r.AddUser(t.Context(), user(4_000_000+i)))
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("after a kill 20 writes took %s", took)
	}
	other.Kill9()

	wantAllKept(t, r, victim)
	wantAllKept(t, r, other)
	var verdict string
	must(t, raw(t, url).QueryRow("PRAGMA integrity_check").Scan(&verdict))
	if verdict != "ok" {
		t.Errorf("integrity_check: %s", verdict)
	}
}

// wantAllKept looks for every user that a writer said is kept.
func wantAllKept(t *testing.T, r *registry.Registry, p *proctest.Process) {
	t.Helper()
	if strings.Contains(p.Output(), "error") {
		t.Errorf("a writer failed:\n%s", p.Output())
	}
	kept := 0
	for line := range strings.Lines(p.Output()) {
		n, is := strings.CutPrefix(strings.TrimSpace(line), "kept ")
		if i, err := strconv.Atoi(n); is && err == nil {
			kept++
			if _, err := r.User(t.Context(), user(i).ID); err != nil {
				t.Errorf("user %d was kept: %v", i, err)
			}
		}
	}
	if kept < 10 {
		t.Errorf("a writer kept %d users: this shows nothing", kept)
	}
}

func writer(t *testing.T, url string, n int) *proctest.Process {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestWriter$", "-test.v")
	cmd.Env = append(os.Environ(), "REGISTRY_WRITER="+strconv.Itoa(n), "REGISTRY_URL="+url)
	return proctest.StartCmd(t, cmd)
}

// TestWriter is the other process of TestTwoProcessesShareASQLiteFile.
func TestWriter(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("REGISTRY_WRITER"))
	if err != nil {
		return
	}
	r := open(t, os.Getenv("REGISTRY_URL"))
	for i := n * 1_000_000; ; i++ {
		if err := r.AddUser(t.Context(), user(i)); err != nil {
			fmt.Printf("error: %v\n", err)
			return
		}
		fmt.Printf("kept %d\n", i)
	}
}

// TestTwoHandlesShareASQLiteFile is the same in one process.
func TestTwoHandlesShareASQLiteFile(t *testing.T) {
	url := "sqlite://" + filepath.Join(t.TempDir(), "registry.db")
	r, other := open(t, url), open(t, url)
	const each = 20
	race(t, 16, func(i int) (bool, error) {
		at := r
		if i%2 == 0 {
			at = other
		}
		for n := range each {
			if err := at.AddUser(t.Context(), user(1000*i+n)); err != nil {
				return false, err
			}
			if _, err := at.User(t.Context(), user(1000*i+n).ID); err != nil {
				return false, err
			}
		}
		return true, nil
	})
	if all, err := r.Users(t.Context()); err != nil || len(all) != 16*each {
		t.Errorf("%d users, %v; want %d", len(all), err, 16*each)
	}
}
