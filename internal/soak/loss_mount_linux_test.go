package soak

import (
	"fmt"
	"syscall"
)

// mount makes a disk of so many bytes in memory.
func mount(folder string, size int) error {
	return syscall.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", size))
}
