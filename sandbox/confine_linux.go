package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"
)

// attributes of a child's process: the kernel ends it with its parent, and a
// signal to the parent's group does not reach it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// confine takes away what reading a document does not need. What this kernel
// does not take away, or whoever has confined the parent does not let it, is
// named; what could not be looked at is an error.
func confine(l Limits) (lacks []string, err error) {
	if err := closeInherited(); err != nil {
		return nil, err
	}
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0) // the first to go; a kernel may not have it
	if lacks, err = bound(l); err != nil {
		return nil, err
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("sandbox: give up core dumps: %w", err)
	}
	if !seccomp.Supported() || forbid() != nil {
		lacks = append(lacks, "seccomp")
	}
	return lacks, nil
}

// closeInherited closes what the parent's process left open: not Go, which
// closes all, but a PKCS#11 module that does not.
func closeInherited() error {
	const folder = "/proc/self/fd"
	names, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("sandbox: look for open files: %w", err)
	}
	for _, name := range names {
		fd, err := strconv.Atoi(name.Name())
		if err != nil || fd <= 2 {
			continue
		}
		what, err := os.Readlink(filepath.Join(folder, name.Name()))
		if err != nil || strings.HasPrefix(what, "anon_inode:") || strings.HasPrefix(what, "/sys/fs/cgroup/") {
			continue // gone with ReadDir, or the runtime's
		}
		_ = unix.Close(fd)
	}
	return nil
}

// A limit of the process; soft and hard are alike, since the runtime outlives the
// signal of a soft one.
type limit struct {
	name string
	what int
	most uint64
}

// bound sets the limits of the process. Memory is counted from what there is
// already, which is much in a program with the race detector.
func bound(l Limits) (lacks []string, err error) {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return nil, fmt.Errorf("sandbox: measure the child: %w", err)
	}
	pages, _, _ := strings.Cut(string(statm), " ")
	have, err := strconv.ParseUint(pages, 10, 63)
	if err != nil {
		return nil, fmt.Errorf("sandbox: measure the child: %w", err)
	}
	for _, l := range []limit{
		{"memory", unix.RLIMIT_AS, have*uint64(os.Getpagesize()) + uint64(max(l.Memory, 0))},
		{"cpu", unix.RLIMIT_CPU, uint64((l.CPU + time.Second - 1) / time.Second)},
		{"files", unix.RLIMIT_FSIZE, 0},
		{"core", unix.RLIMIT_CORE, 0},
		{"descriptors", unix.RLIMIT_NOFILE, 16},
	} {
		switch err := unix.Setrlimit(l.what, &unix.Rlimit{Cur: l.most, Max: l.most}); {
		case errors.Is(err, unix.EPERM):
			lacks = append(lacks, l.name)
		case err != nil:
			return nil, fmt.Errorf("sandbox: limit %s: %w", l.name, err)
		}
	}
	return lacks, nil
}

// forbidden are the calls by which a process reaches files, the network, other
// processes and the rest of the kernel. Whoever calls is told EPERM.
var forbidden = [...]string{
	"open", "openat", "openat2", "creat", "open_by_handle_at", "name_to_handle_at", "open_tree", "memfd_create", "memfd_secret",
	"rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "mknod", "mknodat",
	"chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "fchownat", "lchown", "truncate", "ftruncate", "utime", "utimes", "utimensat", "futimesat",
	"setxattr", "lsetxattr", "fsetxattr", "removexattr", "chdir", "fchdir", "chroot", "pivot_root", "mount", "umount2", "move_mount", "fsopen", "fsmount", "fspick", "fsconfig",
	"mount_setattr", "swapon", "swapoff", "quotactl", "acct",
	"socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg", "shutdown",
	"execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "kill", "tkill", "pidfd_open", "pidfd_getfd",
	"pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "setns", "unshare", "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid",
	"setfsgid", "setgroups", "capset", "prlimit64", "setrlimit", "setpriority", "sched_setscheduler", "ioprio_set", "setsid", "setpgid", "personality",
	"bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "io_setup", "keyctl", "add_key", "request_key", "kexec_load",
	"kexec_file_load", "init_module", "finit_module", "delete_module", "reboot", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname",
	"setdomainname", "syslog", "vhangup", "iopl", "ioperm", "shmget", "shmat", "shmctl", "msgget", "msgsnd", "msgrcv", "msgctl", "semget", "semop", "semctl",
	"mq_open", "mq_unlink", "fanotify_init", "inotify_init", "inotify_init1", "lookup_dcookie", "nfsservctl", "uselib", "ustat", "sysfs", "_sysctl", "landlock_create_ruleset",
}

// forbid has the kernel refuse the calls, in all threads and for good.
func forbid() error {
	info, err := arch.GetInfo("")
	if err != nil {
		return err
	}
	names := slices.DeleteFunc(slices.Clone(forbidden[:]), func(name string) bool {
		_, here := info.SyscallNames[name]
		return !here
	})
	return seccomp.LoadFilter(seccomp.Filter{
		NoNewPrivs: true,
		Flag:       seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionAllow,
			Syscalls:      []seccomp.SyscallGroup{{Action: seccomp.ActionErrno, Names: names}},
		},
	})
}
