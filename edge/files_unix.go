//go:build unix

package edge

import (
	"fmt"
	"syscall"
)

// spare is how many files there are beside the connections: databases, logs,
// the device's own.
const spare = 512

// Files raises the number of files this process may have open to what the
// system lets it, and says how many that is. It is an error if they would not
// do for so many connections: a server that cannot accept also cannot open its
// log.
func Files(connections int) (uint64, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("read limit of open files: %w", err)
	}
	if limit.Cur < limit.Max {
		raised := limit
		raised.Cur = raised.Max
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised); err == nil {
			limit = raised
		}
	}
	if need := uint64(connections) + spare; uint64(limit.Cur) < need {
		return uint64(limit.Cur), fmt.Errorf(
			"%d open files are allowed, %d connections need %d: raise the limit (ulimit -n, LimitNOFILE) or lower limits.connections",
			limit.Cur, connections, need)
	}
	return uint64(limit.Cur), nil
}
