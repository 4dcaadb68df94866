package proctest

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel kill the program when the test process dies
// without cleaning up: no file, no port and no process outlives a test that was
// killed.
func dieWithParent(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	if cmd.SysProcAttr.Pdeathsig == 0 {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
}

// dieSoftly is dieWithParent for a program that leaves something behind when
// killed: it is sent SIGQUIT.
func dieSoftly(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
}
