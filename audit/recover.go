package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"syscall"
	"time"
)

const (
	// firstPause and maxPause lie between the tries to mend a file.
	firstPause = 100 * time.Millisecond
	maxPause   = time.Second
	// block is as much as a disk or file system may spoil when it fails to write
	// a part of it; a multiple of what there is.
	block = 64 << 10
)

// An end is the end of the file as it was promised: its length, and what is in
// its last block.
type end struct {
	size int64
	last []byte // from the last multiple of block on
}

// add is the end after text was added.
func (e *end) add(text []byte) {
	e.size += int64(len(text))
	keep := int(e.size % block)
	if over := len(text) - keep; over >= 0 {
		e.last = append(e.last[:0], text[over:]...)
		return
	}
	e.last = append(e.last, text...)
	e.last = append(e.last[:0], e.last[len(e.last)-keep:]...)
}

// endOf reads the end of a file.
func endOf(file *os.File) (end, error) {
	info, err := file.Stat()
	if err != nil {
		return end{}, err
	}
	e := end{size: info.Size(), last: make([]byte, info.Size()%block)}
	_, err = io.ReadFull(io.NewSectionReader(file, e.size-int64(len(e.last)), int64(len(e.last))), e.last)
	return e, err
}

// store adds text to the file and syncs it.
func (l *Log) store(text []byte) error {
	_, err := l.file.Write(text)
	if err == nil {
		err = l.file.Sync()
	}
	if err == nil {
		l.end.add(text)
	}
	return err
}

// broke begins a time in which nothing is kept.
func (l *Log) broke(err error) {
	l.cfg.Logger.Error("audit log failed, nothing is done that it should tell of",
		slog.String("log", l.id), slog.String("error", err.Error()))
	l.pause = firstPause
	l.mend.Reset(l.pause)
}

// recover mends the file and lets Appends go on, or has itself called again.
func (l *Log) recover() {
	why := errors.Unwrap(l.failed) // only the writer changes it
	cut, err := l.restore()
	if err == nil {
		err = l.goOn(fmt.Sprintf("%v; cut off %d bytes that nobody was told are kept", why, cut))
	}
	if err == nil {
		return
	}
	l.mu.Lock()
	l.failed = &UnavailableError{err}
	l.mu.Unlock()
	l.pause = min(2*l.pause, maxPause)
	l.mend.Reset(l.pause)
}

// goOn writes the record that tells of the failure, and takes Appends again.
func (l *Log) goOn(reason string) error {
	text, err := encode(Entry{Event: LogRecovered, Reason: reason}.clean())
	if err != nil {
		return err
	}
	line, next, kept := l.lines(nil, []*waiting{{entry: text}})
	if err := l.store(line); err != nil {
		return err
	}
	l.mu.Lock()
	l.tail, l.failed = next, nil
	l.count(kept)
	l.mu.Unlock()
	l.cfg.Logger.Warn("audit log recovered", slog.String("log", l.id), slog.String("reason", reason))
	return nil
}

var (
	errReplaced = errors.New("the file is not the one that was opened")
	errShort    = errors.New("the file is shorter than what was kept")
	errReadBack = errors.New("the disk does not give back what was written")
)

// restore makes the file what was promised, on the disk, and returns how many
// bytes it cut off. The file is opened once more, since one that is open to
// append cannot be written to at a place.
func (l *Log) restore() (cut int64, err error) {
	file, err := os.OpenFile(l.cfg.Path, os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	found, err := file.Stat()
	if err != nil {
		return 0, err
	}
	ours, err := l.file.Stat()
	switch {
	case err != nil:
		return 0, err
	case !os.SameFile(found, ours):
		return 0, errReplaced
	case found.Size() < l.end.size:
		return 0, errShort
	}
	return found.Size() - l.end.size, l.end.rewrite(file)
}

// rewrite cuts the file at its end, writes its last block again and proves that
// it is on the disk.
func (e *end) rewrite(file *os.File) error {
	if err := file.Truncate(e.size); err != nil {
		return err
	}
	if _, err := file.WriteAt(e.last, e.size-int64(len(e.last))); err != nil {
		return err
	}
	if err := errors.Join(file.Sync(), forget(file)); err != nil {
		return err
	}
	again, err := endOf(file)
	if err == nil && (again.size != e.size || !bytes.Equal(again.last, e.last)) {
		err = errReadBack
	}
	return err
}
