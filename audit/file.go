package audit

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// ErrInUse says that another process writes to the log.
var ErrInUse = errors.New("audit: another process's log")

// openFile opens the file for this process alone.
func openFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := claim(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func claim(file *os.File) error {
	info, err := file.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a file", file.Name())
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("%s can be written by others: mode %v", file.Name(), info.Mode().Perm())
	}
	switch err := lock(file, syscall.LOCK_EX); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return fmt.Errorf("%s: %w", file.Name(), ErrInUse)
	case err != nil:
		return fmt.Errorf("lock %s: %w", file.Name(), err)
	}
	return nil
}

// lock takes a lock that ends with the process at the latest, or says
// EWOULDBLOCK.
func lock(file *os.File, how int) error {
	for {
		err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// resume reads what is in the file, so that the log can be continued, and
// returns what is to be told about it.
func (l *Log) resume(ctx context.Context) (reason string, err error) {
	// An earlier process may have left what is in memory and not on the disk.
	if err := errors.Join(l.file.Sync(), forget(l.file)); err != nil {
		return "", err
	}
	read := bufio.NewReaderSize(l.file, 64<<10)
	if _, err := read.Peek(1); errors.Is(err, io.EOF) {
		return "", l.begin()
	}
	if len(l.cfg.Keys) == 0 {
		return "", errors.New("there are records, and Config.Keys has no key to verify their heads with")
	}
	c := &chain{keys: l.cfg.Keys, find: func(log string) (*Head, error) {
		h, found, err := l.cfg.Keeper.LastHead(ctx, log)
		if err != nil || !found {
			return nil, err
		}
		return &h, nil
	}}
	torn, err := c.read(&scanner{r: read}, func(Record) {})
	if err != nil {
		return "", err
	}
	if torn > 0 {
		reason = fmt.Sprintf("cut off %d bytes of a record that a crash left without its end", torn)
		if err := l.cut(torn); err != nil {
			return "", err
		}
	}
	if c.seq == 0 {
		return reason, l.begin()
	}
	if err := c.whole(); err != nil {
		return "", err
	}
	l.id, l.tail = c.id, tail{seq: c.seq, hash: c.hash, time: c.time}
	if c.seq > c.signed+1 {
		l.heads.since = l.cfg.Now()
	}
	l.end, err = endOf(l.file)
	return reason, err
}

// cut takes the last n bytes off the file.
func (l *Log) cut(n int) error {
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	if err := l.file.Truncate(info.Size() - int64(n)); err != nil {
		return err
	}
	return l.file.Sync()
}

// begin begins a log in an empty file, which must be found again after a crash.
func (l *Log) begin() error {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	l.id = idPrefix + hex.EncodeToString(b[:])
	dir, err := os.Open(filepath.Dir(l.cfg.Path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
