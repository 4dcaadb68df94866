package soak

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// noDescriptors lets the server open nothing more.
func (w *town) noDescriptors() (undo func()) {
	w.t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", w.PID()))
	must(w.t, err)
	var before unix.Rlimit
	must(w.t, unix.Prlimit(w.PID(), unix.RLIMIT_NOFILE, nil, &before))
	few := unix.Rlimit{Cur: uint64(len(open)), Max: before.Max}
	must(w.t, unix.Prlimit(w.PID(), unix.RLIMIT_NOFILE, &few, nil))
	return func() { must(w.t, unix.Prlimit(w.PID(), unix.RLIMIT_NOFILE, &before, nil)) }
}
