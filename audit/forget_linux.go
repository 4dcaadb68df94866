package audit

import (
	"os"

	"golang.org/x/sys/unix"
)

// forget has the kernel drop what it keeps of the file in memory, so that what
// is read next comes from the disk.
func forget(file *os.File) error {
	return os.NewSyscallError("fadvise", unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED))
}
