package soak

import "golang.org/x/sys/unix"

// noDescriptors lets the server open nothing more.
func (w *town) noDescriptors() (undo func()) {
	w.t.Helper()
	var before unix.Rlimit
	must(w.t, unix.Prlimit(w.PID(), unix.RLIMIT_NOFILE, nil, &before))
	few := unix.Rlimit{Cur: 3, Max: before.Max} // what is open stays open
	must(w.t, unix.Prlimit(w.PID(), unix.RLIMIT_NOFILE, &few, nil))
	return func() { must(w.t, unix.Prlimit(w.PID(), unix.RLIMIT_NOFILE, &before, nil)) }
}
