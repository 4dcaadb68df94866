package audit

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
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

// A log whose file was replaced or cut by somebody else is not mended.
func TestForeignFileIsNotMended(t *testing.T) {
	for says, change := range map[string]func(path string) error{
		"removed":  os.Remove,
		"replaced": func(path string) error { return os.Rename(path+".other", path) },
		"cut":      func(path string) error { return os.Truncate(path, 3) },
	} {
		t.Run(says, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path+".other", []byte("another"), 0o600); err != nil {
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
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			if _, err := l.restore(); err == nil {
				t.Error("mended")
			}
		})
	}
}
