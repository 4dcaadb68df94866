package audit_test

import (
	"math"
	"testing"

	"golang.org/x/sys/unix"
)

// A file that may not be longer is left with half a record.
func TestDiskEndsInARecord(t *testing.T) {
	f := newFolder(t)
	w := f.start(t, []string{envWriters + "=4", envRun + "=run", envStdin + "=1", envLimit + "=5000"})
	w.await(t, "refused ", 20)
	must(t, unix.Prlimit(w.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: math.MaxInt64, Max: math.MaxInt64}, nil))
	w.await(t, "kept ", 100)
	w.finish(t)
	f.tells(t, w)
}
