//go:build !linux

package proctest

import (
	"os/exec"
	"syscall"
)

// Elsewhere only the end of the test ends what it started.
func dieWithParent(*exec.Cmd) {}

func dieSoftly(cmd *exec.Cmd) { cmd.SysProcAttr = new(syscall.SysProcAttr) }
