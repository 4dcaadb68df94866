package audit

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// A FolderReport is what there is to say about the logs of a folder.
type FolderReport struct {
	Files []FileReport // by name
	// Missing are kept heads whose logs are not in the folder.
	Missing []Head
	// Findings are a Ledger's over all logs, and Unfinished its intents without
	// an outcome, which are no fault; both only if every log is there and whole.
	Findings, Unfinished []Finding
}

// A FileReport is what there is to say about one log.
type FileReport struct {
	Path string
	Report
	Live  bool   // a process writes to it
	Fault *Fault // nil if the log is whole
}

// OK reports whether nothing is wrong.
func (r FolderReport) OK() bool { return r.whole() && len(r.Findings) == 0 }

func (r FolderReport) whole() bool {
	return len(r.Missing) == 0 && !slices.ContainsFunc(r.Files, func(f FileReport) bool { return f.Fault != nil })
}

// VerifyFolder verifies all files of dir whose names end in .log, looks for
// every one of the kept heads in them, and judges what they tell. keys are all
// keys that signed heads. heads must be read before the call: of a log that is
// written to meanwhile a later head may not be found. An error says that the
// logs could not be read; what is wrong with them is in the report.
func VerifyFolder(dir string, keys []*ecdsa.PublicKey, heads []Head) (FolderReport, error) {
	return ReadFolder(dir, keys, heads, func(Record) {})
}

// ReadFolder is VerifyFolder that hands out the records as well, those of each
// log in order. When a log turns out not to be whole, what was handed out of it
// is what precedes the fault.
func ReadFolder(dir string, keys []*ecdsa.PublicKey, heads []Head, each func(Record)) (FolderReport, error) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return FolderReport{}, fmt.Errorf("audit: list logs: %w", err)
	}
	kept := byLog(heads)
	if err := checkKeys(keys); err != nil {
		return FolderReport{}, err
	}
	var report FolderReport
	var ledger Ledger
	both := func(r Record) {
		ledger.Add(r)
		each(r)
	}
	seen := make(map[string]string)
	for _, name := range names {
		if filepath.Ext(name.Name()) != ".log" {
			continue
		}
		f, err := verifyFile(filepath.Join(dir, name.Name()), keys, kept, both)
		if err != nil {
			return FolderReport{}, err
		}
		if other, twice := seen[f.Log]; twice && f.Fault == nil {
			f.Fault = &Fault{Line: 1, Seq: 1, What: "the same log as " + other}
		}
		seen[f.Log] = f.Path
		report.Files = append(report.Files, f)
	}
	for _, h := range heads {
		if _, ok := seen[h.Log]; !ok {
			report.Missing = append(report.Missing, h)
		}
	}
	if report.whole() {
		report.Findings, report.Unfinished = ledger.Findings(), ledger.Unfinished()
	}
	return report, nil
}

func byLog(heads []Head) map[string]*Head {
	kept := make(map[string]*Head, len(heads))
	for i, h := range heads {
		kept[h.Log] = &heads[i]
	}
	return kept
}

// InUse reports whether a process writes to the log.
func InUse(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, fmt.Errorf("audit: open log: %w", err)
	}
	defer func() { _ = file.Close() }() // read only
	return inUse(file)
}

func inUse(file *os.File) (bool, error) {
	if err := lock(file, syscall.LOCK_SH); err != nil {
		return true, nil
	}
	if err := lock(file, syscall.LOCK_UN); err != nil {
		return false, fmt.Errorf("audit: unlock %s: %w", file.Name(), err)
	}
	return false, nil
}

// verifyFile verifies one log, with the kept head of the log that its first
// line names.
func verifyFile(path string, keys []*ecdsa.PublicKey, kept map[string]*Head, each func(Record)) (FileReport, error) {
	file, err := os.Open(path)
	if err != nil {
		return FileReport{}, fmt.Errorf("audit: open log: %w", err)
	}
	defer func() { _ = file.Close() }() // read only
	f := FileReport{Path: path}
	if f.Live, err = inUse(file); err != nil {
		return f, err
	}
	c := &chain{keys: keys, find: func(log string) (*Head, error) { return kept[log], nil }}
	err = c.verify(file, f.Live, each)
	f.Report = c.report()
	if err != nil && !errors.As(err, &f.Fault) {
		return f, fmt.Errorf("audit: read %s: %w", path, err)
	}
	return f, nil
}
