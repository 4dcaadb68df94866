package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A slow file takes its time for each write.
type slowFile struct {
	long   time.Duration
	err    error
	text   bytes.Buffer
	writes int
}

func (f *slowFile) Write(b []byte) (int, error) {
	time.Sleep(f.long)
	f.writes++
	if f.err != nil {
		return 0, f.err
	}
	return f.text.Write(b)
}

// Many at once write few times, each line once and whole, and each writer's in
// their order.
func TestLinesAreWrittenTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := &slowFile{}
		l := newLines(file)
		var all sync.WaitGroup
		for who := range 8 {
			all.Go(func() {
				for n := range 100 {
					if _, err := fmt.Fprintf(l, "%d %d\n", who, n); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		l.flush()
		next := map[int]int{}
		for line := range strings.Lines(file.text.String()) {
			var who, n int
			if _, err := fmt.Sscanf(line, "%d %d\n", &who, &n); err != nil || n != next[who] {
				t.Fatalf("after %v comes %q", next, line)
			}
			next[who]++
		}
		for who := range 8 {
			if next[who] != 100 {
				t.Errorf("%d of 100 lines of %d are there", next[who], who)
			}
		}
		if file.writes > 10 {
			t.Errorf("%d writes", file.writes)
		}
	})
}

// A line alone is there at once, and the next one soon.
func TestLinesAreWrittenSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := &slowFile{}
		l := newLines(file)
		for _, line := range []string{"one\n", "two\n", "three\n"} {
			if _, err := l.Write([]byte(line)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if line == "one\n" && file.text.String() != line {
				t.Errorf("the first line is not there: %q", file.text.String())
			}
			time.Sleep(gathering)
			synctest.Wait()
			if !strings.HasSuffix(file.text.String(), line) {
				t.Errorf("%q is not there: %q", line, file.text.String())
			}
		}
		l.flush()
	})
}

// A file that takes nothing fills no memory: who writes waits, and goes on when
// the file does.
func TestLinesWaitForASlowFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := &slowFile{long: time.Second}
		l := newLines(file)
		line := bytes.Repeat([]byte("x"), mostGathered/4)
		began := time.Now()
		for range 40 {
			if _, err := l.Write(line); err != nil {
				t.Fatal(err)
			}
			l.mu.Lock()
			if held := len(l.waiting); held > mostGathered+len(line) {
				t.Errorf("%d bytes wait", held)
			}
			l.mu.Unlock()
		}
		if time.Since(began) < 5*time.Second {
			t.Errorf("ten times as much as may wait was taken in %v", time.Since(began))
		}
		l.flush()
		if n := file.text.Len(); n != 40*len(line) {
			t.Errorf("%d of %d bytes were written", n, 40*len(line))
		}
	})
}

// What cannot be written is told to who writes next, and kept from nobody after.
func TestLinesTellOfErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("disk full")
		file := &slowFile{err: full}
		l := newLines(file)
		if _, err := l.Write([]byte("lost\n")); err != nil {
			t.Errorf("before anything was written: %v", err)
		}
		l.flush()
		file.err = nil
		if _, err := l.Write([]byte("kept\n")); !errors.Is(err, full) {
			t.Errorf("after an error: %v", err)
		}
		l.flush()
		if _, err := l.Write([]byte("kept too\n")); err != nil {
			t.Errorf("after none: %v", err)
		}
		l.flush()
		if got := file.text.String(); got != "kept\nkept too\n" {
			t.Errorf("the file has %q", got)
		}
	})
}
