package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/sandbox"
)

// The test's own program is the child as well.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "child" {
		if err := sandbox.Serve(os.Stdin, os.Stdout, works()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// works are what children do in these tests.
func works() map[string]sandbox.Work {
	return map[string]sandbox.Work{
		"double": func(_ json.RawMessage, d []byte) (any, []byte, error) {
			return len(d), append(bytes.Clone(d), d...), nil
		},
		"refuse": func(json.RawMessage, []byte) (any, []byte, error) {
			return nil, nil, &sandbox.Refusal{About: "document", Said: "it is bad"}
		},
		"fail":    func(json.RawMessage, []byte) (any, []byte, error) { return nil, nil, errors.New("a fault") },
		"panic":   func(json.RawMessage, []byte) (any, []byte, error) { panic("oh") },
		"env":     func(json.RawMessage, []byte) (any, []byte, error) { return os.Environ(), nil, nil },
		"spin":    func(json.RawMessage, []byte) (any, []byte, error) { spin(); return nil, nil, nil },
		"sleep":   func(json.RawMessage, []byte) (any, []byte, error) { time.Sleep(time.Hour); return nil, nil, nil },
		"eat":     func(json.RawMessage, []byte) (any, []byte, error) { return eat(), nil, nil },
		"nest":    func(json.RawMessage, []byte) (any, []byte, error) { return nest(1), nil, nil },
		"exit":    func(json.RawMessage, []byte) (any, []byte, error) { os.Exit(0); return nil, nil, nil },
		"chatter": func(json.RawMessage, []byte) (any, []byte, error) { return 1, make([]byte, 3<<20), nil },
		"rubbish": func(json.RawMessage, []byte) (any, []byte, error) {
			_, _ = os.Stdout.WriteString("x")
			os.Exit(0)
			return nil, nil, nil
		},
		"reach": func(order json.RawMessage, _ []byte) (any, []byte, error) { return reach(order), nil, nil },
	}
}

func spin() {
	for i := 0; ; i++ {
		if i < 0 {
			return
		}
	}
}

func eat() int {
	var all [][]byte
	for {
		block := make([]byte, 16<<20)
		for i := range block {
			block[i] = 1
		}
		all = append(all, block)
		if len(all) > 1000 {
			return len(all)
		}
	}
}

func nest(n int) int {
	var room [1024]byte
	room[n%1024] = 1
	return nest(n+1) + int(room[n%1023]) //nolint:staticcheck // it is to have no end
}

// reach tries what a child has no need for, and says what it was told.
func reach(order json.RawMessage) map[string]string {
	var at struct{ File, Address, Program string }
	if err := json.Unmarshal(order, &at); err != nil {
		return map[string]string{"order": err.Error()}
	}
	told := map[string]string{}
	try := func(what string, err error) {
		if err == nil {
			told[what] = "done"
		}
	}
	_, err := os.ReadFile(at.File)
	try("read", err)
	try("write", os.WriteFile(at.File+".new", []byte("x"), 0o600))
	try("remove", os.Remove(at.File))
	conn, err := net.Dial("tcp", at.Address)
	if err == nil {
		_ = conn.Close()
	}
	try("dial", err)
	_, err = net.Listen("tcp", "127.0.0.1:0")
	try("listen", err)
	try("start", exec.Command(at.Program).Run())
	return told
}

func newBox(t *testing.T, l sandbox.Limits) *sandbox.Box {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if l.Wall == 0 {
		l.Wall = time.Minute // of a machine that is busy
	}
	return &sandbox.Box{Program: program, Args: []string{"child"}, Limits: l}
}

func TestWork(t *testing.T) {
	box := newBox(t, sandbox.Limits{})
	document := bytes.Repeat([]byte("document "), 100_000)
	var length int
	product, err := box.Do(t.Context(), "double", nil, document, &length)
	if err != nil || length != len(document) || !bytes.Equal(product, append(bytes.Clone(document), document...)) {
		t.Errorf("%d, %d bytes, %v", length, len(product), err)
	}
}

// Whatever a document does to the child, the parent learns that there is no
// answer, and no more happens.
func TestDeaths(t *testing.T) {
	for _, test := range []struct {
		says, work string
		limits     sandbox.Limits
		how        string
	}{
		// Go's runtime ends with 2, the race detector's with 66: whoever asks first.
		{"memory without end", "eat", sandbox.Limits{Memory: 256 << 20}, "ended with exit status"},
		{"nesting without end", "nest", sandbox.Limits{}, "stack"},
		{"a circle", "spin", sandbox.Limits{CPU: time.Second}, "killed"},
		{"waiting", "sleep", sandbox.Limits{Wall: 2 * time.Second}, "took too long"},
		{"an end without a word", "exit", sandbox.Limits{}, "without an answer"},
		{"half a word", "rubbish", sandbox.Limits{}, "without an answer"},
		{"too many words", "chatter", sandbox.Limits{Product: 1 << 20}, "more than it may"},
	} {
		t.Run(test.says, func(t *testing.T) {
			_, err := newBox(t, test.limits).Do(t.Context(), test.work, nil, nil, new(any))
			var death *sandbox.DeathError
			if !errors.As(err, &death) || !strings.Contains(err.Error(), test.how) {
				t.Errorf("%v, want a death with %q in it", err, test.how)
			}
		})
	}
}

func TestRefusalsAndFailures(t *testing.T) {
	box := newBox(t, sandbox.Limits{Document: 1000})
	var refused *sandbox.Refusal
	if _, err := box.Do(t.Context(), "refuse", nil, nil, new(any)); !errors.As(err, &refused) || refused.About != "document" || refused.Said != "it is bad" {
		t.Errorf("refused: %v", err)
	}
	for work, want := range map[string]string{"fail": "a fault", "panic": "panic: oh", "unknown": "no work"} {
		var death *sandbox.DeathError
		if _, err := box.Do(t.Context(), work, nil, nil, new(any)); err == nil || !strings.Contains(err.Error(), want) || errors.As(err, &death) {
			t.Errorf("%s: %v", work, err)
		}
	}
	if _, err := box.Do(t.Context(), "double", nil, make([]byte, 1001), new(any)); !errors.Is(err, sandbox.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func TestChildrenHaveNoSecrets(t *testing.T) {
	t.Setenv("PECETE_SECRET", "a secret")
	var env []string
	if _, err := newBox(t, sandbox.Limits{}).Do(t.Context(), "env", nil, nil, &env); err != nil || len(env) > 0 {
		t.Errorf("%q, %v", env, err)
	}
}

// A child reaches no file, no network and no other program.
func TestChildrenReachNothing(t *testing.T) {
	file := t.TempDir() + "/secret"
	if err := os.WriteFile(file, []byte("a secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	box := newBox(t, sandbox.Limits{})
	var told map[string]string
	order := map[string]string{"File": file, "Address": l.Addr().String(), "Program": "/bin/true"}
	if _, err := box.Do(t.Context(), "reach", order, nil, &told); err != nil || len(told) > 0 {
		t.Errorf("a child could: %v, %v", told, err)
	}
	if lacks, err := box.Probe(t.Context()); err != nil || len(lacks) > 0 {
		t.Errorf("a child here lacks %q, %v", lacks, err)
	}
}

// There are so many children and no more, so many wait, and who gives up waits
// no longer.
func TestTurns(t *testing.T) {
	box := newBox(t, sandbox.Limits{})
	box.Children = 1
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	results := make(chan error, 12)
	for range 12 {
		all.Go(func() {
			_, err := box.Do(ctx, "sleep", nil, nil, new(any))
			results <- err
		})
	}
	var busy sandbox.BusyError
	for range 3 { // one works, eight wait
		if err := <-results; !errors.As(err, &busy) || !busy.Unavailable() {
			t.Errorf("one too many: %v", err)
		}
	}
	cancel()
	all.Wait()
	for range 9 {
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("given up: %v", err)
		}
	}
	if _, err := box.Do(t.Context(), "double", nil, []byte("x"), new(int)); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

func TestNoProgram(t *testing.T) {
	box := &sandbox.Box{Program: "/nonexistent"}
	var death *sandbox.DeathError
	if _, err := box.Do(t.Context(), "double", nil, nil, new(int)); err == nil || errors.As(err, &death) {
		t.Errorf("%v: our fault, not the document's", err)
	}
}

// Whatever a child is sent or says, nobody panics, and an answer that is read
// is one that a child wrote.
func FuzzMessage(f *testing.F) {
	f.Add([]byte{0, 0, 0, 2, '{', '}', 0, 0, 0, 0})
	f.Add([]byte{255, 255, 255, 255})
	f.Add([]byte("\x00\x00\x00\x10{\"work\":\"probe\"}\x00\x00\x00\x01x"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		head, body, err := sandbox.ReadMessage(bytes.NewReader(sent), 1<<10)
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := sandbox.WriteMessage(&again, head, body); err != nil || !bytes.HasPrefix(sent, again.Bytes()) {
			t.Fatalf("%q, %q: %v", head, body, err)
		}
		rest := io.MultiReader(&again)
		if _, _, err := sandbox.ReadMessage(rest, len(body)); err != nil {
			t.Fatal(err)
		}
	})
}
