package audit_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
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

// A disk that fails at the first record lets no log begin.
func TestDiskFailsAtOnce(t *testing.T) {
	for says, inject := range map[string]string{
		"the disk is full":      "write:error=ENOSPC",
		"nothing can be synced": "fsync:error=EIO",
	} {
		t.Run(says, func(t *testing.T) {
			f := newFolder(t)
			env := []string{envWriters + "=1", envRecords + "=40", envRun + "=run"}
			w := f.start(t, env, append(strace(t, f), "-e", "inject="+inject)...)
			for w.hear(1) {
			}
			if err := w.Wait(); err == nil || len(w.kept()) > 0 {
				t.Fatalf("%v: %s", err, strings.Join(w.heard, "\n"))
			}
			f.reopen(t)
		})
	}
}

// The disk fails for a while, twice. While it does everything is refused as
// something that passes; then the log goes on by itself, and has what was kept,
// nothing that was refused, and a record of its recovery.
func TestDiskFailsForAWhile(t *testing.T) {
	tests := []struct {
		says   string
		inject []string
	}{
		{"the disk is full", []string{"write:error=ENOSPC"}},
		{"every other write fails", []string{"write:error=EIO:when=1+2"}},
		{"nothing can be synced", []string{"fsync:error=EIO"}},
		{"every third sync fails", []string{"fsync:error=EIO:when=1+3"}},
		{"the quota ends at a sync", []string{"fsync:error=EDQUOT"}},
		{"a sync fails, and the file cannot be written again", []string{"fsync:error=EIO:when=1", "pwrite64:error=EIO"}},
		{"a sync fails, and the file cannot be cut", []string{"fsync:error=EIO:when=1", "ftruncate:error=EROFS"}},
	}
	for _, test := range tests {
		t.Run(test.says, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t)
			w := f.start(t, []string{envWriters + "=4", envRun + "=run", envStdin + "=1"})
			for range 2 {
				w.await(t, "kept ", 100)
				end := w.suffer(t, f, test.inject)
				w.await(t, "refused ", 20)
				end()
				w.await(t, "kept ", 100)
			}
			w.finish(t)
			f.tells(t, w)
		})
	}
}

func strace(t *testing.T, f folder) []string {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Fatal("install strace")
	}
	return []string{"strace", "-f", "-qq", "-o", "/dev/null", "-P", f.path(), "-e", "trace=write,pwrite64,fsync,ftruncate"}
}

// suffer has system calls on the writer's file fail until end.
func (w *writer) suffer(t *testing.T, f folder, inject []string) (end func()) {
	t.Helper()
	args := append(strace(t, f), "-p", strconv.Itoa(w.Process.Pid))
	for _, i := range inject {
		args = append(args, "-e", "inject="+i)
	}
	tracer := exec.Command(args[0], args[1:]...)
	must(t, tracer.Start())
	end = sync.OnceFunc(func() {
		_ = tracer.Process.Signal(os.Interrupt) // it lets go of the writer
		_ = tracer.Wait()
	})
	t.Cleanup(end)
	return end
}

// await waits for so many more lines that begin so.
func (w *writer) await(t *testing.T, begins string, n int) {
	t.Helper()
	for n > 0 {
		if !w.hear(1) {
			t.Fatalf("the writer ended:\n%s", strings.Join(w.heard, "\n"))
		}
		if strings.HasPrefix(w.heard[len(w.heard)-1], begins) {
			n--
		}
	}
}

// finish has the writer end, which was able to close its log.
func (w *writer) finish(t *testing.T) {
	t.Helper()
	must(t, w.stdin.Close())
	for w.hear(1) {
	}
	must(t, w.Wait())
	if got := strings.Join(w.heard[len(w.heard)-2:], ", "); got != "ready true, closed true" {
		t.Errorf("at the end: %s", got)
	}
	for _, line := range w.heard {
		if strings.HasPrefix(line, "refused ") && !strings.HasSuffix(line, " passing=true") {
			t.Errorf("told %s", line)
		}
	}
}

// tells says that the log has what was kept, once, nothing else, and a record
// of its recovery.
func (f folder) tells(t *testing.T, w *writer) {
	t.Helper()
	names, reasons := f.reopen(t)
	kept := w.kept()
	for _, name := range kept {
		if names[name] != 1 {
			t.Errorf("record %s is there %d times", name, names[name])
		}
	}
	if len(names) != len(kept) {
		t.Errorf("%d records are there, %d were kept", len(names), len(kept))
	}
	if reason := reasons[audit.LogRecovered]; !strings.Contains(reason, "cut off") {
		t.Errorf("recovered for %q", reason)
	}
}
