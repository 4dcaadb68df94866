//go:build failpoint

package failpoint

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Variable is the environment variable that says where to die.
const Variable = "PECETE_FAILPOINT"

// An aim is the point that was named, and how often it must still be passed.
type aim struct {
	mu   sync.Mutex
	said string
	left int
}

//nolint:gochecknoglobals // there is one process to kill
var sights aim

// Hit kills the process if name is the point that was named, and this the time.
func Hit(name string) {
	if sights.meets(name) {
		die()
	}
}

// Half is Hit for an answer that is sent to its half first.
func Half(name string, w http.ResponseWriter, body []byte) {
	if !sights.meets(name) {
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	die()
}

func die() {
	_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
	select {} // the signal is on its way
}

func (a *aim) meets(name string) bool {
	said := named()
	if said == "" {
		return false
	}
	point, times, _ := strings.Cut(said, ":")
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.said != said {
		a.said = said
		if a.left, _ = strconv.Atoi(times); a.left < 1 {
			a.left = 1
		}
	}
	if point != name {
		return false
	}
	a.left--
	return a.left == 0
}

// named is what the variable says, or the file that it names.
func named() string {
	said := os.Getenv(Variable)
	path, file := strings.CutPrefix(said, "@")
	if !file {
		return said
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
