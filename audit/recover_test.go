package audit

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The end that is kept in memory is the end of the file, whatever was added.
func TestEndOfFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	l := &Log{file: file}
	sizes := []int{0, 1, block - 1, block, block + 1, 1, block - 2, 3, 2*block + 5, block - 5, 0, 1}
	for range 200 {
		sizes = append(sizes, rand.IntN(block))
	}
	for _, n := range sizes {
		if err := l.store(bytes.Repeat([]byte{byte(rand.IntN(256))}, n)); err != nil {
			t.Fatal(err)
		}
		want, err := endOf(file)
		if err != nil || l.end.size != want.size || !bytes.Equal(l.end.last, want.last) {
			t.Fatalf("after %d bytes more: %d bytes with %d in the last block, want %d and %d, %v",
				n, l.end.size, len(l.end.last), want.size, len(want.last), err)
		}
	}
}

// What a failing disk did to the last block, and what it left behind it, is
// mended; what is wrong elsewhere is not hidden.
func TestEndIsMended(t *testing.T) {
	text := make([]byte, 2*block+1000)
	for i := range text {
		text[i] = byte(rand.IntN(256))
	}
	for says, spoil := range map[string]func(b []byte) []byte{
		"nothing":                     func(b []byte) []byte { return b },
		"half a record more":          func(b []byte) []byte { return append(b, `{"v":1`...) },
		"blocks more":                 func(b []byte) []byte { return append(b, make([]byte, 3*block)...) },
		"zeros in the last block":     func(b []byte) []byte { copy(b[2*block+10:], make([]byte, 500)); return b },
		"zeros there, and a bit more": func(b []byte) []byte { copy(b[2*block:], make([]byte, 1000)); return append(b, 1, 2, 3) },
	} {
		t.Run(says, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path, spoil(bytes.Clone(text)), 0o600); err != nil {
				t.Fatal(err)
			}
			file, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			e := end{}
			e.add(text)
			if err := e.rewrite(file); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, text) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}

// While the disk fails nobody is told that the log can keep a record, and none is
// taken.
func TestAbleWhileTheDiskFails(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil { // so that nothing can be written
		t.Fatal(err)
	}
	l := &Log{
		cfg: Config{Now: time.Now, Logger: slog.New(slog.DiscardHandler)}, file: file,
		mend: time.NewTimer(time.Hour), wake: make(chan struct{}, 1),
	}
	if err := l.Able(); err != nil {
		t.Fatalf("before: %v", err)
	}
	one := func() *waiting { return &waiting{entry: []byte(`{}`), done: make(chan error, 1)} }
	if err := l.enqueue(one(), false); err != nil {
		t.Fatal(err)
	}
	first := one()
	l.commit([]*waiting{first})
	for says, err := range map[string]error{
		"who waited": <-first.done, "Able": l.Able(), "Ready": l.Ready(t.Context()), "who comes later": l.enqueue(one(), false),
	} {
		var unkept *UnavailableError
		if !errors.As(err, &unkept) {
			t.Errorf("%s: %v", says, err)
		}
	}
	if len(l.queue) > 0 {
		t.Errorf("%d records wait for a disk that fails", len(l.queue))
	}
}

// So many records wait and no more: strangers must not fill the memory behind a
// slow disk.
func TestQueueIsBounded(t *testing.T) {
	l := &Log{queue: make([]*waiting, maxQueue-1), wake: make(chan struct{}, 1)}
	for n, want := range []bool{true, false, false} {
		err := l.enqueue(&waiting{}, false)
		var unkept *UnavailableError
		if taken := err == nil; taken != want || !taken && !errors.As(err, &unkept) {
			t.Errorf("record %d of %d: %v", maxQueue+n, maxQueue, err)
		}
	}
}

// A log whose file was replaced or cut by somebody else is not mended.
func TestForeignFileIsNotMended(t *testing.T) {
	for says, test := range map[string]struct {
		change func(path string) error
		want   error
	}{
		"removed":  {os.Remove, fs.ErrNotExist},
		"replaced": {func(path string) error { return os.Rename(path+".other", path) }, errReplaced},
		"cut":      {func(path string) error { return os.Truncate(path, 3) }, errShort},
	} {
		t.Run(says, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path+".other", []byte("another one, and a longer one\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			l := &Log{file: file, cfg: Config{Path: path}}
			if err := l.store([]byte("a record\n")); err != nil {
				t.Fatal(err)
			}
			if cut, err := l.restore(); err != nil || cut != 0 {
				t.Fatalf("before: cut %d, %v", cut, err)
			}
			if err := test.change(path); err != nil {
				t.Fatal(err)
			}
			if _, err := l.restore(); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
}
