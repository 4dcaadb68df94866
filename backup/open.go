package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/pecete/pecete/audit"
)

// An Archive is a backup that was read from its first to its last byte and is
// what its maker signed.
type Archive struct {
	Manifest
	// Mark is the SHA-256 of the manifest, hex: it names the backup.
	Mark string

	file *os.File
}

// Open reads a backup and verifies it with the key that signs for this server:
// ErrForeign if it is another's, ErrChanged if any byte is not its maker's.
func Open(path string, key *ecdsa.PublicKey) (*Archive, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open backup: %w", err)
	}
	a := &Archive{file: file}
	if err := a.open(key); err != nil {
		return nil, errors.Join(fmt.Errorf("open backup %s: %w", path, err), file.Close())
	}
	return a, nil
}

func (a *Archive) open(key *ecdsa.PublicKey) error {
	c, err := read(bufio.NewReaderSize(a.file, 1<<20))
	if err != nil {
		return err
	}
	ours, err := Fingerprint(key)
	if err != nil {
		return err
	}
	good := signedBy(c.manifest, c.signature, key)
	err = json.Unmarshal(c.manifest, &a.Manifest)
	switch {
	case !good && err == nil && a.House.AuditKey != ours:
		return fmt.Errorf("%w: signed by the audit key %s, here it is %s", ErrForeign, a.House.AuditKey, ours)
	case !good:
		return fmt.Errorf("%w: the signature is not good", ErrChanged)
	case err != nil:
		return fmt.Errorf("read manifest: %w", err)
	case a.Format < 1 || a.Format > format:
		return fmt.Errorf("a backup of form %d; this program knows the forms up to %d", a.Format, format)
	case !slices.Equal(a.Members, c.members):
		return fmt.Errorf("%w: not what the manifest says", ErrChanged)
	}
	a.Mark = audit.Mark(c.manifest)
	return nil
}

// leftOut says which tables of a registry the backup does not have, and why.
func (a *Archive) leftOut() []string {
	all := []string{}
	for _, t := range Tables() {
		if t.Since > a.Format {
			all = append(all, fmt.Sprintf("%s: backups of form %d had none", t.Name, a.Format))
		}
	}
	for _, left := range Absences() {
		all = append(all, left.Table+": "+left.Why)
	}
	return all
}

// Close lets go of the file.
func (a *Archive) Close() error { return a.file.Close() }

// each hands out the members whose names begin with prefix, and makes sure that
// they are still what they were when the backup was opened.
func (a *Archive) each(prefix string, do func(name string, content io.Reader) error) error {
	if _, err := a.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	from := tar.NewReader(bufio.NewReaderSize(a.file, 1<<20))
	for _, want := range a.Members {
		header, err := from.Next()
		if err != nil || header.Name != want.Name {
			return errors.Join(ErrChanged, err)
		}
		if !strings.HasPrefix(want.Name, prefix) {
			continue
		}
		m := newMeasure()
		content := io.TeeReader(from, m)
		if err := do(want.Name, content); err != nil {
			return fmt.Errorf("%s: %w", want.Name, err)
		}
		if _, err := io.Copy(io.Discard, content); err != nil {
			return err
		}
		if m.member(want.Name) != want {
			return fmt.Errorf("%w: %s", ErrChanged, want.Name)
		}
	}
	return nil
}

// maxRow bounds a line of a table.
const maxRow = 64 << 20

// rows hands out the rows of the registry, and says when a table is over.
func (a *Archive) rows(row func(Row) error, over func(table string) error) error {
	return a.each(tablePrefix, func(name string, content io.Reader) error {
		table := strings.TrimSuffix(strings.TrimPrefix(name, tablePrefix), tableSuffix)
		err := lines(content, func(line []byte) error {
			r, err := ParseRow(table, line)
			if err != nil {
				return err
			}
			return row(r)
		})
		if err != nil {
			return err
		}
		return over(table)
	})
}

// Keys hands out the keys in the device that the credentials need.
func (a *Archive) Keys(do func(Key) error) error {
	return a.each(keysName, func(_ string, content io.Reader) error {
		return lines(content, func(line []byte) error {
			var k Key
			if err := json.Unmarshal(line, &k); err != nil {
				return err
			}
			return do(k)
		})
	})
}

func lines(from io.Reader, do func([]byte) error) error {
	s := bufio.NewScanner(from)
	s.Buffer(make([]byte, 64<<10), maxRow)
	for s.Scan() {
		if err := do(bytes.Clone(s.Bytes())); err != nil {
			return err
		}
	}
	return s.Err()
}

// heads are those that the registry kept.
func (a *Archive) heads() (all []audit.Head, err error) {
	err = a.each(tablePrefix+"heads", func(_ string, content io.Reader) error {
		return lines(content, func(line []byte) error {
			row, err := ParseRow("heads", line)
			if err != nil {
				return err
			}
			head, err := headOf(row)
			all = append(all, head)
			return err
		})
	})
	return all, err
}
