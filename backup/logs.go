package backup

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pecete/pecete/audit"
)

// A source is an audit log that is being read.
type source struct {
	name string
	path string
	file *os.File
	// Its lengths in whole lines: before the registry was copied, and now.
	before, size int64
}

// paths are the logs in folders, in the order of the folders and by name.
func paths(folders []string) ([]string, error) {
	var all []string
	for _, folder := range folders {
		names, err := os.ReadDir(folder)
		if err != nil {
			return nil, fmt.Errorf("list audit logs: %w", err)
		}
		for _, name := range names {
			if filepath.Ext(name.Name()) == ".log" {
				all = append(all, filepath.Join(folder, name.Name()))
			}
		}
	}
	return all, nil
}

// sources opens the logs in folders.
func sources(folders []string) (all []*source, err error) {
	found, err := paths(folders)
	if err != nil {
		return nil, err
	}
	for _, path := range found {
		file, err := os.Open(path)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open audit log: %w", err), shut(all))
		}
		s := &source{name: filepath.Base(path), path: path, file: file}
		all = append(all, s)
		if s.size, err = wholeLines(file, 0); err != nil {
			return nil, errors.Join(fmt.Errorf("read %s: %w", path, err), shut(all))
		}
	}
	return all, nil
}

func shut(all []*source) error {
	var faults []error
	for _, s := range all {
		faults = append(faults, s.file.Close())
	}
	return errors.Join(faults...)
}

// content is the log as far as it is read.
func (s *source) content() io.Reader { return io.NewSectionReader(s.file, 0, s.size) }

// verify reads what will be copied and says what it is.
func (s *source) verify(keys []*ecdsa.PublicKey, heads []audit.Head) (LogCopy, error) {
	c := LogCopy{Name: s.name, Log: s.id()}
	options := audit.VerifyOptions{Keys: keys}
	for i, h := range heads {
		if h.Log == c.Log {
			options.Last = &heads[i]
		}
	}
	report, err := audit.Verify(s.content(), options)
	c.Records = report.Records
	var fault *audit.Fault
	if errors.As(err, &fault) {
		c.Fault = fault.Error()
		return c, nil
	}
	return c, err
}

// key tells logs from each other; a broken one is what it is called.
func (s *source) key() string {
	if id := s.id(); id != "" {
		return id
	}
	return s.name
}

// id is what the first line says the log is.
func (s *source) id() string {
	var first struct {
		Log string `json:"log"`
	}
	line := make([]byte, min(s.size, 4<<10))
	if _, err := s.file.ReadAt(line, 0); err != nil {
		return ""
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	if json.Unmarshal(line, &first) != nil {
		return ""
	}
	return first.Log
}
