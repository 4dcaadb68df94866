package backup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pecete/pecete/audit"
)

// A stage is a folder inside the logs' folder where everything is put together
// and verified before it goes to its place.
type stage struct {
	folder string // of the logs
	temp   string
	taken  string // the backup's logs
	final  string // each log, as far as it goes
	here   []string
	moves  map[string]string // from final to folder
	later  *later
}

func (r Restorer) stage() (s *stage, err error) {
	s = &stage{folder: r.Folder, moves: map[string]string{}, later: newLater(r.Now())}
	if s.temp, err = os.MkdirTemp(r.Folder, ".restore-*"); err != nil {
		return nil, fmt.Errorf("make a folder beside the audit logs: %w", err)
	}
	s.taken, s.final = filepath.Join(s.temp, "taken"), filepath.Join(s.temp, "final")
	err = errors.Join(os.Mkdir(s.taken, 0o700), os.Mkdir(s.final, 0o700))
	if err == nil {
		err = r.Archive.each(logPrefix, func(name string, content io.Reader) error {
			return write(filepath.Join(s.taken, filepath.Base(name)), content)
		})
	}
	if err == nil {
		err = s.choose(r.Others)
	}
	if err != nil {
		s.clear()
		return nil, err
	}
	return s, nil
}

// clear takes away what has no place.
func (s *stage) clear() { _ = os.RemoveAll(s.temp) } // it is ours alone, and hidden

func write(path string, content io.Reader) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Sync(), file.Close())
}

// choose finds for each log the file of it that goes farthest, and makes sure
// that all others are what it begins with.
func (s *stage) choose(others []string) error {
	all, err := sources(append([]string{s.folder, s.taken}, others...))
	if err != nil {
		return err
	}
	defer func() { _ = shut(all) }() // read only
	longest := map[string]*source{}
	for _, l := range all {
		if best := longest[l.key()]; best == nil || l.size > best.size {
			longest[l.key()] = l
		}
	}
	for _, l := range all {
		if l.size == 0 {
			continue // nothing was ever in it
		}
		best := longest[l.key()]
		same, err := begins(best, l)
		if err != nil {
			return err
		}
		if !same {
			return fmt.Errorf("%w: %s and %s are of one log and differ", ErrLogs, best.path, l.path)
		}
		if filepath.Dir(l.path) == s.folder {
			s.here = append(s.here, l.path)
			best.name = l.name
		}
	}
	return s.finalise(longest)
}

// begins reports whether long begins with short.
func begins(long, short *source) (bool, error) {
	a := io.NewSectionReader(long.file, 0, short.size)
	b := short.content()
	one, two := make([]byte, 256<<10), make([]byte, 256<<10)
	for {
		n, err := io.ReadFull(a, one)
		m, other := io.ReadFull(b, two)
		if n != m || !bytes.Equal(one[:n], two[:m]) {
			return false, nil
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return true, nil
		}
		if err := errors.Join(err, other); err != nil {
			return false, err
		}
	}
}

// finalise makes final of the chosen ones.
func (s *stage) finalise(chosen map[string]*source) error {
	for _, l := range chosen {
		if l.size == 0 {
			continue
		}
		path := filepath.Join(s.final, l.name)
		ours := filepath.Dir(l.path) == s.folder || filepath.Dir(l.path) == s.taken
		if err := l.copyTo(path, ours); err != nil {
			if errors.Is(err, os.ErrExist) {
				err = fmt.Errorf("%w: two logs are called %s", ErrLogs, l.name)
			}
			return err
		}
		if filepath.Dir(l.path) != s.folder {
			s.moves[path] = filepath.Join(s.folder, l.name)
		}
	}
	return nil
}

// copyTo has the whole lines of a log under another name: the very file, if it
// is ours and they are all it has.
func (s *source) copyTo(path string, ours bool) error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	if ours && info.Size() == s.size {
		if err := os.Link(s.path, path); err == nil || errors.Is(err, os.ErrExist) {
			return err
		} // another file system
	}
	return write(path, s.content())
}

// idle refuses logs that somebody writes to.
func (s *stage) idle() error {
	for _, path := range s.here {
		switch used, err := audit.InUse(path); {
		case err != nil:
			return err
		case used:
			return fmt.Errorf("%w: a process writes to %s: stop it first", ErrLogs, path)
		}
	}
	return nil
}

// place puts the logs where they belong.
func (s *stage) place() error {
	for from, to := range s.moves {
		if err := os.Rename(from, to); err != nil {
			return fmt.Errorf("put log in place: %w", err)
		}
	}
	return syncFolder(s.folder)
}
