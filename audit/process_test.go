package audit_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/internal/leaktest"
)

// The environment of a test binary that is to be a process that writes a log.
const (
	envFolder  = "AUDIT_TEST_FOLDER"  // with the log, the key and the kept heads
	envWriters = "AUDIT_TEST_WRITERS" // how many append at once
	envRecords = "AUDIT_TEST_RECORDS" // how many each appends; without end if 0
	envLimit   = "AUDIT_TEST_LIMIT"   // bytes the file can have; 0 for any
	envRun     = "AUDIT_TEST_RUN"     // begins the names of its records
	envStdin   = "AUDIT_TEST_STDIN"   // set: it ends when its standard input does
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(envFolder); folder != "" {
		if err := beWriter(folder); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		return
	}
	leaktest.Main(m)
}

// A folder is what a writer's process leaves behind.
type folder string

func newFolder(t *testing.T) folder {
	f := folder(t.TempDir())
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	der, err := x509.MarshalECPrivateKey(private)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(string(f), "key"), der, 0o600))
	return f
}

func (f folder) path() string { return filepath.Join(string(f), "audit.log") }

func (f folder) config() (audit.Config, error) {
	der, err := os.ReadFile(filepath.Join(string(f), "key"))
	if err != nil {
		return audit.Config{}, err
	}
	private, err := x509.ParseECPrivateKey(der)
	if err != nil {
		return audit.Config{}, err
	}
	return audit.Config{
		Path: f.path(), Signer: fileKey{private}, Keys: []*ecdsa.PublicKey{&private.PublicKey}, Keeper: f,
		Every: 5 * time.Millisecond, Records: 40,
	}, nil
}

type fileKey struct{ private *ecdsa.PrivateKey }

func (k fileKey) SignHead(_ context.Context, digest []byte) ([]byte, error) {
	return k.private.Sign(rand.Reader, digest, nil)
}

// KeepHead replaces the file "head" by h.
func (f folder) KeepHead(_ context.Context, h audit.Head) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	name := filepath.Join(string(f), "head")
	if err := os.WriteFile(name+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// LastHead reads the file "head".
func (f folder) LastHead(_ context.Context, log string) (h audit.Head, found bool, err error) {
	text, err := os.ReadFile(filepath.Join(string(f), "head"))
	if errors.Is(err, os.ErrNotExist) {
		return h, false, nil
	}
	if err != nil {
		return h, false, err
	}
	err = json.Unmarshal(text, &h)
	return h, h.Log == log, err
}

// beWriter appends to the log and says of each record "kept NAME" or "refused
// NAME", the latter with whether the error is one that passes.
func beWriter(folderName string) error {
	if err := limitFile(); err != nil {
		return err
	}
	cfg, err := folder(folderName).config()
	if err != nil {
		return err
	}
	l, err := audit.Open(context.Background(), cfg)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	end := ending()
	var wait sync.WaitGroup
	for w := range number(envWriters) {
		wait.Go(func() {
			for n := 0; n < number(envRecords) || number(envRecords) == 0 && !end.Load(); n++ {
				name := fmt.Sprintf("%s.%d.%d", os.Getenv(envRun), w, n)
				if err := l.Append(context.Background(), audit.Entry{Event: audit.UserAdded, User: name}); err != nil {
					fmt.Printf("refused %s passing=%t\n", name, unavailable(err))
					time.Sleep(time.Millisecond)
					continue
				}
				fmt.Printf("kept %s\n", name)
			}
		})
	}
	wait.Wait()
	for late := time.Now().Add(10 * time.Second); l.Ready(context.Background()) != nil && time.Now().Before(late); {
		time.Sleep(time.Millisecond) // until a head is signed
	}
	fmt.Println("ready", l.Ready(context.Background()) == nil)
	fmt.Println("closed", l.Close(context.Background()) == nil)
	return nil
}

// ending is set when the process has to end.
func ending() *atomic.Bool {
	var end atomic.Bool
	if os.Getenv(envStdin) != "" {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			end.Store(true)
		}()
	}
	return &end
}

func limitFile() error {
	limit := uint64(number(envLimit))
	if limit == 0 {
		return nil
	}
	signal.Ignore(syscall.SIGXFSZ)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: math.MaxInt64})
}

func number(env string) int {
	n, _ := strconv.Atoi(os.Getenv(env))
	return n
}

// A writer is a process that writes a log.
type writer struct {
	*exec.Cmd
	stdin io.WriteCloser
	said  chan string // lines
	heard []string
}

// start starts the writer, under what runs it.
func (f folder) start(t *testing.T, env []string, under ...string) *writer {
	t.Helper()
	args := append(under, os.Args[0])
	w := &writer{Cmd: exec.Command(args[0], args[1:]...), said: make(chan string, 1<<20)}
	w.Env = append(os.Environ(), append(env, envFolder+"="+string(f))...)
	w.Stderr = os.Stderr
	out, err := w.StdoutPipe()
	must(t, err)
	w.stdin, err = w.StdinPipe()
	must(t, err)
	must(t, w.Start())
	go func() {
		defer close(w.said)
		for s := bufio.NewScanner(out); s.Scan(); {
			w.said <- s.Text()
		}
	}()
	t.Cleanup(func() { _ = w.Process.Kill() })
	return w
}

// hear waits for n more lines and returns false if the process ended before.
func (w *writer) hear(n int) bool {
	for range n {
		line, more := <-w.said
		if !more {
			return false
		}
		w.heard = append(w.heard, line)
	}
	return true
}

// kept are the records that the writer was told are on the disk.
func (w *writer) kept() []string {
	var names []string
	for _, line := range w.heard {
		if name, ok := strings.CutPrefix(line, "kept "); ok {
			names = append(names, name)
		}
	}
	return names
}

// reopen opens the log as the next process would, and returns the names of its
// records and the reasons of its records of its own.
func (f folder) reopen(t *testing.T) (names map[string]int, reasons map[audit.Event]string) {
	t.Helper()
	cfg, err := f.config()
	must(t, err)
	l, err := audit.Open(t.Context(), cfg)
	must(t, err)
	must(t, l.Close(t.Context()))
	head, found, err := f.LastHead(t.Context(), l.ID())
	must(t, err)
	if !found {
		t.Fatal("no head was kept")
	}
	file, err := os.Open(f.path())
	must(t, err)
	defer file.Close()
	names, reasons = make(map[string]int), make(map[audit.Event]string)
	report, err := audit.Verify(file, audit.VerifyOptions{Keys: cfg.Keys, Last: &head, Each: func(r audit.Record) {
		switch r.Event {
		case audit.UserAdded:
			names[r.User]++
		default:
			reasons[r.Event] = r.Reason
		}
	}})
	if err != nil || report.Unsigned != 0 {
		t.Fatalf("%+v: %v", report, err)
	}
	return names, reasons
}
