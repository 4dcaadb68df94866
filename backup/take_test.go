package backup_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/backup"
	"github.com/pecete/pecete/registry"
)

// A log of which a head is kept and which is not there stops a backup, unless
// it may be partial; then the restore says so and the head stays.
func TestMissingLogs(t *testing.T) {
	h := newHouse(t)
	h.fill()
	h.write("server.log", audit.Entry{Event: audit.UserChanged, User: "u_1"})
	must(t, os.Remove(filepath.Join(h.folder, "server.log")))
	taker := h.taker()
	if _, err := taker.Take(t.Context(), &bytes.Buffer{}); !errors.Is(err, backup.ErrLogs) {
		t.Errorf("%v, want %v", err, backup.ErrLogs)
	}
	taker.Partial = true
	path := filepath.Join(t.TempDir(), "partial.tar")
	var text bytes.Buffer
	_, err := taker.Take(t.Context(), &text)
	must(t, err)
	must(t, os.WriteFile(path, text.Bytes(), 0o600))
	r := h.restorer(path)
	report, err := r.Restore(t.Context())
	must(t, err)
	if len(report.Missing) != 1 {
		t.Errorf("missing %q", report.Missing)
	}
	if n := strings.Count(rows(t, r.Registry), `{"log"`); n != 3 {
		t.Errorf("%d heads, want that of the operator's log, the missing log's and the restore's", n)
	}
}

// A log that was broken when the backup was taken can be restored as it was,
// and said to be so; broken anew it cannot.
func TestBrokenLogs(t *testing.T) {
	h := newHouse(t)
	h.fill()
	h.write("server.log", audit.Entry{Event: audit.UserChanged, User: "u_1"})
	h.edit(`"c_1"`, `"c_2"`)
	r := h.restorer(h.take())
	report, err := r.Restore(t.Context())
	must(t, err)
	if len(report.Faults) != 1 || !strings.Contains(report.Faults[0], "operator.log") {
		t.Errorf("faults %q", report.Faults)
	}
	again := h.restorer(h.take())
	h.folder = t.TempDir()
	again.Folder = h.folder
	_, err = again.Restore(t.Context())
	must(t, err)
}

// The record that a crash left without its end is no reason to refuse a log,
// and is left to whoever opens it next.
func TestTornLog(t *testing.T) {
	h := newHouse(t)
	h.fill()
	path := h.take()
	log, err := os.OpenFile(filepath.Join(h.folder, "operator.log"), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = log.WriteString(`{"v":1,"log":"log_`)
	must(t, errors.Join(err, log.Close()))
	r := h.restorer(path)
	_, err = r.Restore(t.Context())
	must(t, err)
	after := &house{t: t, folder: h.folder, key: h.key, Registry: r.Registry.(*registry.Registry)}
	after.write("operator.log", audit.Entry{Event: audit.UserChanged, User: "u_1"})
	h.whole(r)
}
