package audit_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
)

// A writer is killed twenty times while it appends. What it was told is on the
// disk is there, once, and the log goes on.
func TestKilledWriter(t *testing.T) {
	f := newFolder(t)
	var kept []string
	for run := range 20 {
		w := f.start(t, []string{envWriters + "=8", fmt.Sprintf("%s=run%d", envRun, run)})
		if !w.hear(1 + rand.IntN(300)) {
			t.Fatalf("run %d ended: %s", run, strings.Join(w.heard, "\n"))
		}
		time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
		must(t, w.Process.Kill())
		for w.hear(1) {
		}
		if err := w.Wait(); err == nil {
			t.Fatalf("run %d was not killed", run)
		}
		kept = append(kept, w.kept()...)
		names, _ := f.reopen(t)
		for _, name := range kept {
			if names[name] != 1 {
				t.Fatalf("run %d: record %s is there %d times", run, name, names[name])
			}
		}
	}
	t.Logf("%d records kept", len(kept))
}

// What a crash left of a record that nobody was told of is cut off and told.
func TestTornRecord(t *testing.T) {
	tests := []struct {
		says string
		torn string
		ok   bool
	}{
		{"half a record", `{"v":1,"log":"log_`, true},
		{"one byte", `{`, true},
		{"a page of zeros", strings.Repeat("\x00", 4096), true},
		{"more than a line may have", strings.Repeat("a", 5<<20), false},
		{"a whole line that is no record", "{}\n", false},
		{"an empty line", "\n", false},
		{"a line of zeros and half a record", strings.Repeat("\x00", 512) + "\n{", false},
	}
	for _, test := range tests {
		t.Run(test.says, func(t *testing.T) {
			h := newHouse(t)
			must(t, h.open(t).Close(t.Context()))
			whole := h.text(t)
			must(t, os.WriteFile(h.Path, append(slices.Clone(whole), test.torn...), 0o600))
			l, err := audit.Open(t.Context(), h.Config)
			if (err == nil) != test.ok {
				t.Fatalf("open: %v", err)
			}
			if !test.ok {
				return
			}
			must(t, l.Append(t.Context(), user(1)))
			must(t, l.Close(t.Context()))
			_, records := h.verify(t)
			if want := fmt.Sprintf("cut off %d bytes of", len(test.torn)); !strings.HasPrefix(records[3].Reason, want) {
				t.Errorf("opened with %q", records[3].Reason)
			}
		})
	}
	t.Run("half of the first record", func(t *testing.T) {
		h := newHouse(t)
		must(t, os.WriteFile(h.Path, []byte(`{"v":1`), 0o600))
		must(t, h.open(t).Close(t.Context()))
		if _, records := h.verify(t); !strings.HasPrefix(records[0].Reason, "cut off 6 bytes") {
			t.Errorf("opened with %q", records[0].Reason)
		}
	})
}

// The disk fails at some call, for good or once. From then on nothing is kept,
// whatever the disk says; what was kept before is there.
func TestDiskFails(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Fatal("install strace")
	}
	tests := []struct {
		says   string
		inject string
		limit  string
		opens  bool
	}{
		{"the disk is full at the first record", "write:error=ENOSPC:when=1+", "0", false},
		{"the first record cannot be synced", "fsync:error=EIO:when=1", "0", false},
		{"the disk is full from the tenth write on", "write:error=ENOSPC:when=10+", "0", true},
		{"the disk is full for one write", "write:error=ENOSPC:when=7", "0", true},
		{"one write fails", "write:error=EIO:when=5", "0", true},
		{"one sync fails", "fsync:error=EIO:when=5", "0", true},
		{"all syncs fail", "fsync:error=EIO:when=12+", "0", true},
		{"the quota ends at a sync", "fsync:error=EDQUOT:when=6", "0", true},
		{"a file may not be longer, in the middle of a record", "", "5000", true},
	}
	for _, test := range tests {
		t.Run(test.says, func(t *testing.T) {
			f := newFolder(t)
			env := []string{envWriters + "=1", envRecords + "=40", envRun + "=run", envLimit + "=" + test.limit}
			var under []string
			if test.inject != "" {
				under = []string{"strace", "-f", "-qq", "-o", "/dev/null", "-P", f.path(), "-e", "trace=write,fsync", "-e", "inject=" + test.inject}
			}
			w := f.start(t, env, under...)
			for w.hear(1) {
			}
			err := w.Wait()
			if (err == nil) != test.opens {
				t.Fatalf("%v: %s", err, strings.Join(w.heard, "\n"))
			}
			if test.opens {
				refusedFromSomewhereOn(t, w)
			}
			names, _ := f.reopen(t)
			for _, name := range w.kept() {
				if names[name] != 1 {
					t.Errorf("record %s is there %d times", name, names[name])
				}
			}
		})
	}
}

// refusedFromSomewhereOn says that a writer's 40 records were kept, then
// refused, and never kept again.
func refusedFromSomewhereOn(t *testing.T, w *writer) {
	t.Helper()
	kept := len(w.kept())
	if kept == 0 || kept == 40 || len(w.heard) != 42 {
		t.Fatalf("%d kept of %d lines", kept, len(w.heard))
	}
	for i, line := range w.heard[:40] {
		if i < kept != strings.HasPrefix(line, "kept ") || i >= kept && !strings.HasSuffix(line, " passing=true") {
			t.Errorf("line %d: %s", i+1, line)
		}
	}
	if end := strings.Join(w.heard[40:], ", "); end != "ready false, closed false" {
		t.Errorf("at the end: %s", end)
	}
}
