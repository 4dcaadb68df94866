package audit_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/audit/audittest"
)

// twoProcesses writes the logs of two processes, the second still open, that
// share a grant, and returns the folder, what it takes to verify it and the log
// that is open.
func twoProcesses(t *testing.T) (*house, *audit.Log) {
	t.Helper()
	h := newHouse(t)
	operator := h.open(t)
	must(t, operator.Append(t.Context(), verified(7)))
	must(t, operator.Append(t.Context(), issued("g", 7, hashA)))
	must(t, operator.Close(t.Context()))
	must(t, os.Rename(h.Path, filepath.Join(filepath.Dir(h.Path), "operator.log")))
	must(t, os.WriteFile(filepath.Join(filepath.Dir(h.Path), "audit.pub"), []byte("no log"), 0o600))
	h.Every = 5 * time.Millisecond
	l := h.open(t)
	must(t, l.Append(t.Context(), intent("g", hashA)))
	eventually(t, "two heads", func() bool { return len(h.keeper.Heads()) == 2 })
	return h, l
}

func (h *house) verifyFolder(t *testing.T) audit.FolderReport {
	t.Helper()
	report, err := audit.VerifyFolder(filepath.Dir(h.Path), h.Keys, h.keeper.Heads())
	must(t, err)
	return report
}

func TestVerifyFolder(t *testing.T) {
	t.Run("a live log and a closed one", func(t *testing.T) {
		h, l := twoProcesses(t)
		report := h.verifyFolder(t)
		if !report.OK() || len(report.Files) != 2 || !report.Files[0].Live || report.Files[1].Live {
			t.Fatalf("%+v", report)
		}
		if len(report.Unfinished) != 1 || report.Unfinished[0].Log != l.ID() {
			t.Errorf("unfinished %+v", report.Unfinished)
		}
		must(t, l.Append(t.Context(), done("g", 1)))
		must(t, l.Close(t.Context()))
		if report := h.verifyFolder(t); !report.OK() || report.Files[0].Live || len(report.Unfinished) != 0 {
			t.Errorf("%+v", report)
		}
	})
	t.Run("a signature that nobody agreed to", func(t *testing.T) {
		h, l := twoProcesses(t)
		must(t, l.Append(t.Context(), intent("g", hashA)))
		must(t, l.Close(t.Context()))
		report := h.verifyFolder(t)
		if report.OK() || len(report.Findings) == 0 || report.Findings[0].Log != l.ID() {
			t.Errorf("%+v", report)
		}
	})
	t.Run("a log that is gone", func(t *testing.T) {
		h, l := twoProcesses(t)
		must(t, l.Close(t.Context()))
		must(t, os.Remove(h.Path))
		report := h.verifyFolder(t)
		if report.OK() || len(report.Missing) != 1 || report.Missing[0].Log != l.ID() || report.Findings != nil {
			t.Errorf("%+v", report)
		}
	})
	t.Run("a log that began anew in the place of another", func(t *testing.T) {
		h, l := twoProcesses(t)
		must(t, l.Close(t.Context()))
		must(t, os.Remove(h.Path))
		must(t, h.open(t).Close(t.Context()))
		report := h.verifyFolder(t)
		if report.OK() || len(report.Missing) != 1 || report.Missing[0].Log != l.ID() {
			t.Errorf("%+v", report)
		}
	})
	t.Run("a log that is there twice", func(t *testing.T) {
		h, l := twoProcesses(t)
		must(t, l.Close(t.Context()))
		must(t, os.WriteFile(strings.TrimSuffix(h.Path, ".log")+"-copy.log", h.text(t), 0o600))
		if report := h.verifyFolder(t); report.OK() || report.Files[1].Fault == nil {
			t.Errorf("%+v", report)
		}
	})
	t.Run("a log that was changed", func(t *testing.T) {
		h, l := twoProcesses(t)
		must(t, l.Close(t.Context()))
		must(t, os.WriteFile(h.Path, bytes.Replace(h.text(t), []byte(`"user":"u"`), []byte(`"user":"v"`), 1), 0o600))
		report := h.verifyFolder(t)
		if report.OK() || report.Files[0].Fault == nil || report.Files[0].Fault.Line != 2 || report.Files[1].Fault != nil {
			t.Errorf("%+v", report)
		}
	})
	t.Run("a log that a crash left torn", func(t *testing.T) {
		h, l := twoProcesses(t)
		must(t, l.Close(t.Context()))
		must(t, os.WriteFile(h.Path, append(h.text(t), `{"v":1,`...), 0o600))
		report := h.verifyFolder(t)
		lines := bytes.Count(h.text(t), []byte("\n"))
		if report.OK() || report.Files[0].Fault == nil || report.Files[0].Fault.Line != lines+1 {
			t.Errorf("%+v", report)
		}
	})
	t.Run("another key", func(t *testing.T) {
		h, l := twoProcesses(t)
		must(t, l.Close(t.Context()))
		h.Keys = audittest.NewKey(t).Keys()
		if report := h.verifyFolder(t); report.OK() {
			t.Errorf("%+v", report)
		}
	})
	t.Run("no folder", func(t *testing.T) {
		if _, err := audit.VerifyFolder(filepath.Join(t.TempDir(), "none"), newHouse(t).Keys, nil); err == nil {
			t.Error("no error")
		}
	})
	t.Run("no key", func(t *testing.T) {
		if _, err := audit.VerifyFolder(t.TempDir(), nil, nil); err == nil {
			t.Error("no error")
		}
	})
}
