package soak

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// recorded is all that is not done without a record.
var recorded = []string{signs1, signs2, authorizes, tokens}

// What becomes of the server when the disk under its audit log, or under its
// registry, is full or fails.
func TestLossOfDisk(t *testing.T) {
	w := build(t, plan{signers: 12})
	log := filepath.Join(w.Folder, "audit", "server.log")
	wal := filepath.Join(w.Folder, "registry.db-wal")
	faults := []fault{
		{name: "no space for the audit log", essential: true, bites: recorded, do: failing(log, "write:error=ENOSPC")},
		{name: "writes to the audit log fail", bites: recorded, do: failing(log, "write:error=EIO")},
		{name: "every other write to the audit log fails", bites: recorded, do: failing(log, "write:error=EIO:when=1+2")},
		{name: "the audit log cannot be synced", essential: true, bites: recorded, do: failing(log, "fsync:error=EIO")},
		{name: "every third sync of the audit log fails", bites: recorded, do: failing(log, "fsync:error=EIO:when=1+3")},
		{name: "the audit log can neither be synced nor mended", bites: recorded, do: failing(log, "fsync:error=EIO:when=1", "pwrite64:error=EIO")},
		{name: "no space for the registry", bites: []string{}, do: failing(wal, "pwrite64:error=ENOSPC")},
		{name: "the registry cannot be synced", bites: []string{}, do: failing(wal, "fsync:error=EIO", "fdatasync:error=EIO")},
	}
	for _, f := range faults {
		w.suffer(f)
	}
	if text, err := os.ReadFile(log); err != nil || !strings.Contains(string(text), `"audit.recovered"`) {
		t.Errorf("the audit log does not tell of a recovery: %v", err)
	}
}

// failing has system calls on a file of the server fail.
func failing(path string, inject ...string) func(w *town) (undo func()) {
	return func(w *town) func() {
		w.t.Helper()
		strace, err := exec.LookPath("strace")
		if err != nil {
			w.t.Fatal("install strace")
		}
		args := []string{"-f", "-qq", "-o", "/dev/null", "-p", strconv.Itoa(w.PID()), "-P", path,
			"-e", "trace=write,pwrite64,fsync,fdatasync,ftruncate"}
		for _, i := range inject {
			args = append(args, "-e", "inject="+i)
		}
		tracer := exec.Command(strace, args...)
		must(w.t, tracer.Start())
		undo := sync.OnceFunc(func() {
			_ = tracer.Process.Signal(os.Interrupt) // it lets go of the server
			_ = tracer.Wait()
		})
		w.t.Cleanup(undo)
		w.await("strace to be there", func() bool { return traced(w.PID()) })
		return undo
	}
}

// traced reports whether all threads of a process are.
func traced(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	for _, thread := range threads {
		if text, err := os.ReadFile(thread); err == nil && strings.Contains(string(text), "TracerPid:\t0\n") {
			return false
		}
	}
	return true
}

func (w *town) await(what string, done func() bool) {
	w.t.Helper()
	for begun := time.Now(); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > patience {
			w.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// The disk with all that the server has is really full: the audit log, the
// registry, the token, its certificate and its key.
func TestFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("only root can make a disk that is small enough; strace does it for the audit log")
		return
	}
	disk := t.TempDir()
	must(t, mount(disk, 16<<20))
	t.Cleanup(func() { must(t, syscall.Unmount(disk, 0)) })
	w := build(t, plan{folder: filepath.Join(disk, "data"), signers: 12})
	t.Cleanup(func() { _ = w.Stop() })
	w.suffer(fault{name: "the disk full, with everything on it", essential: true, bites: recorded, do: func(w *town) func() {
		filler := filepath.Join(disk, "filler")
		fill(t, filler)
		return func() { must(t, os.Remove(filler)) }
	}})
	w.restartsOnFullDisk(filepath.Join(disk, "filler"))
}

// restartsOnFullDisk says that a server does not begin to serve while it could
// keep no record, and does afterwards.
func (w *town) restartsOnFullDisk(filler string) {
	w.t.Helper()
	fill(w.t, filler)
	_ = w.Stop() // it could not close its log
	if err := w.Serve(w.soon()); err == nil {
		w.t.Error("the server serves on a full disk")
	}
	must(w.t, os.Remove(filler))
	must(w.t, w.Serve(w.soon()))
	w.look().end()
	must(w.t, w.Stop())
	w.verified()
}

// fill writes until there is no space.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	must(t, err)
	for size := 1 << 20; size > 0; {
		if _, err := file.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	must(t, file.Close())
}
