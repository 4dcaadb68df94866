// Package count counts the signatures that a device has made, behind the back
// of whoever asks for them: a PKCS#11 module in C that stands between a program
// and its device, and writes each C_Sign down before and after it passes it on
// (module/count.c, which describes its variables). It knows nothing of the rest
// of the project, so that no fault there can hide a signature.
//
// Build it, give the program its path as the module, and set PECETE_COUNT_MODULE
// to the real one and PECETE_COUNT_LOG to the file that Read then reads.
package count

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

//go:embed module/count.c
var source []byte

// Build compiles the module for as long as the test runs, and gives its path.
func Build(t testing.TB) string {
	t.Helper()
	folder := t.TempDir()
	from, to := filepath.Join(folder, "count.c"), filepath.Join(folder, "count.so")
	if err := os.WriteFile(from, source, 0o600); err != nil {
		t.Fatal(err)
	}
	cc := exec.Command("cc", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-pthread", "-o", to, from, "-ldl")
	if out, err := cc.CombinedOutput(); err != nil {
		t.Fatalf("compile the counting module (apt-get install gcc libc6-dev): %v\n%s", err, out)
	}
	return to
}

// Order gives the module whose PECETE_COUNT_CONTROL is path orders, which the
// next signature carries out: "sessions", "logout", "reload", "corrupt 1",
// "swap KEY", "rv CODE", "delay MILLISECONDS". Obeyed reports whether it has.
func Order(path string, orders ...string) error {
	if err := os.WriteFile(path+".new", []byte(strings.Join(orders, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// Obeyed reports whether the orders at path were taken.
func Obeyed(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// A Call is one signature that was asked of the device, whether it was made or
// not. A call that only asks for a signature's size is none.
type Call struct {
	Seq       int    // ascending within a process
	PID       int    // of the process
	Function  string // C_Sign, C_SignFinal or C_SignRecover
	Key       string // CKA_ID in hex of the key that signed
	Input     string // SHA-256 of what was signed, in hex
	Mechanism uint   // CKM_…
	Begun     time.Time
	Ended     time.Time // zero if not Done
	Done      bool      // the device has answered
	RV        uint      // what it answered
}

// Signed reports whether there may be a signature: there is, or nobody knows.
func (c Call) Signed() bool { return !c.Done || c.RV == 0 }

// Signatures counts those of the key with the CKA_ID that were made, or begun
// and perhaps made.
func Signatures(calls []Call, key []byte) (n int) {
	for _, c := range calls {
		if c.Key == hex.EncodeToString(key) && c.Signed() {
			n++
		}
	}
	return n
}

// A line is as the module writes it.
type line struct {
	Seq       int    `json:"seq"`
	Instance  int64  `json:"instance"`
	PID       int    `json:"pid"`
	Function  string `json:"function"`
	When      string `json:"when"` // before, after, size
	Key       string `json:"key"`
	Input     string `json:"input"`
	Mechanism uint   `json:"mechanism"`
	Time      int64  `json:"time"` // ns since 1970
	RV        uint   `json:"rv"`
}

// Read gives the signatures in the log at path, in the order they were begun.
// No log is no signature.
func Read(path string) ([]Call, error) { return read(path, false) }

// Logins gives the calls of C_Login instead.
func Logins(path string) ([]Call, error) { return read(path, true) }

func read(path string, logins bool) ([]Call, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read counting log: %w", err)
	}
	type id struct {
		instance int64
		pid, seq int
	}
	var calls []Call
	place := map[id]int{}
	for n, row := range bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
		var l line
		if len(text) == 0 {
			break
		}
		if err := json.Unmarshal(row, &l); err != nil {
			return nil, fmt.Errorf("read counting log: line %d: %w", n+1, err)
		}
		if l.When == "size" || (l.Function == "C_Login") != logins {
			continue
		}
		at, begun := place[id{l.Instance, l.PID, l.Seq}]
		switch {
		case l.When == "before" && !begun:
			place[id{l.Instance, l.PID, l.Seq}] = len(calls)
			calls = append(calls, Call{
				Seq: l.Seq, PID: l.PID, Function: l.Function, Key: l.Key, Input: l.Input,
				Mechanism: l.Mechanism, Begun: time.Unix(0, l.Time),
			})
		case l.When == "after" && begun && !calls[at].Done:
			calls[at].Done, calls[at].RV, calls[at].Ended = true, l.RV, time.Unix(0, l.Time)
		default:
			return nil, fmt.Errorf("read counting log: line %d: %q of call %d out of order", n+1, l.When, l.Seq)
		}
	}
	return calls, nil
}
