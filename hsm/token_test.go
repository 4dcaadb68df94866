package hsm_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest"
	"github.com/pecete/pecete/hsm/hsmtest/count"
)

var ecdsaSHA256 = csc.Algorithm{Scheme: csc.ECDSA, Hash: crypto.SHA256}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func digestOf(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func isUnavailable(err error) bool {
	var down interface{ Unavailable() bool }
	return errors.As(err, &down) && down.Unavailable()
}

// otherProcess runs pkcs11-tool on the token.
func otherProcess(t *testing.T, c hsm.Config, args ...string) {
	t.Helper()
	args = append([]string{"--module", hsmtest.Module(), "--token-label", c.Token, "--login", "--pin", string(c.PIN)}, args...)
	if out, err := exec.Command("pkcs11-tool", args...).CombinedOutput(); err != nil {
		t.Fatalf("pkcs11-tool (apt-get install opensc): %v\n%s", err, out)
	}
}

// open opens the token of a configuration as long as the test runs.
func open(t *testing.T, c hsm.Config) *hsm.Token {
	t.Helper()
	token, err := hsm.Open(t.Context(), c)
	must(t, err)
	t.Cleanup(func() {
		if err := token.Close(); err != nil {
			t.Error(err)
		}
	})
	return token
}

func TestOpenRefuses(t *testing.T) {
	c := hsmtest.Config(t)
	token := open(t, c)
	tests := []struct {
		name   string
		change func(*hsm.Config)
		want   error
	}{
		{"a token this process has open", func(*hsm.Config) {}, hsm.ErrInUse},
		{"a label no token has", func(c *hsm.Config) { c.Token = "pecete none" }, hsm.ErrNoToken},
		{"a library that is not there", func(c *hsm.Config) { c.Module = "/nowhere.so" }, nil},
		{"a file that is no library", func(c *hsm.Config) { c.Module = "token_test.go" }, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := c
			test.change(&c)
			token, err := hsm.Open(t.Context(), c)
			if err == nil {
				must(t, token.Close())
				t.Fatal("it was opened")
			}
			if test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			if strings.Contains(err.Error(), string(c.PIN)) {
				t.Errorf("the PIN is in the error: %v", err)
			}
		})
	}
	must(t, token.Ready(t.Context()))
}

func TestOneCanary(t *testing.T) {
	c := hsmtest.Config(t)
	var first hsm.Key
	for range 2 {
		token, err := hsm.Open(t.Context(), c)
		must(t, err)
		key, err := token.Find(t.Context(), hsm.CanaryLabel)
		must(t, err)
		if first.ID != nil && !bytes.Equal(first.ID, key.ID) {
			t.Error("the second opening made another canary")
		}
		first = key
		must(t, token.Close())
	}
}

func TestClosed(t *testing.T) {
	token, err := hsm.Open(t.Context(), hsmtest.Config(t))
	must(t, err)
	key, err := token.Generate(t.Context(), csc.P256, "Demo Signer")
	must(t, err)
	must(t, token.Close())
	must(t, token.Close())
	_, err = token.Sign(t.Context(), key.ID, ecdsaSHA256, digestOf("a"))
	if !errors.Is(err, hsm.ErrClosed) || !isUnavailable(err) {
		t.Errorf("Sign: %v, want ErrClosed, unavailable", err)
	}
	if err := token.Ready(t.Context()); !errors.Is(err, hsm.ErrClosed) || !isUnavailable(err) {
		t.Errorf("Ready: %v, want ErrClosed, unavailable", err)
	}
}

func TestInitialise(t *testing.T) {
	c := hsmtest.Config(t)
	tests := []struct {
		name, label string
		want        error // nil for any
	}{
		{"a label that exists", c.Token, hsm.ErrTokenExists},
		{"no label", "", nil},
		{"a label too long", strings.Repeat("x", 33), nil},
	}
	for _, test := range tests {
		err := hsm.Initialise(c.Module, test.label, "12345678", "12345678")
		if err == nil || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	open(t, c) // with its own PIN still
	label := strings.Repeat("y", 32)
	must(t, hsm.Initialise(c.Module, label, "12345678", "87654321"))
	must(t, hsm.Initialise(c.Module, "pecete third", "12345678", "87654321"))
	open(t, hsm.Config{Module: c.Module, Token: label, PIN: "87654321"})
}

// A request that waits for a session goes when its context does, and is not
// signed for later.
func TestWaitingHonoursContext(t *testing.T) {
	log := filepath.Join(t.TempDir(), "count.log")
	c := hsmtest.Config(t)
	t.Setenv("PECETE_COUNT_MODULE", c.Module)
	t.Setenv("PECETE_COUNT_LOG", log)
	c.Module, c.Sessions = count.Build(t), 2
	token := open(t, c)
	key, err := token.Generate(t.Context(), csc.P256, "Demo Signer")
	must(t, err)
	release, sessions := token.Occupy()
	if sessions != 2 {
		t.Errorf("%d sessions, want 2", sessions)
	}
	ctx, cancel := context.WithCancel(t.Context())
	begin := time.Now()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, err := token.Sign(ctx, key.ID, ecdsaSHA256, digestOf("a"))
			if !errors.Is(err, context.Canceled) || !isUnavailable(err) {
				t.Errorf("Sign: %v, want canceled, unavailable", err)
			}
		})
	}
	time.AfterFunc(50*time.Millisecond, cancel)
	all.Wait()
	if took := time.Since(begin); took > time.Second {
		t.Errorf("the callers were kept for %v", took)
	}
	release()
	must(t, token.Ready(t.Context()))
	calls, err := count.Read(log)
	must(t, err)
	if n := count.Signatures(calls, key.ID); n != 0 {
		t.Errorf("%d signatures for callers who had gone", n)
	}
}

func TestCloseSendsWaitingAway(t *testing.T) {
	token, err := hsm.Open(t.Context(), hsmtest.Config(t))
	must(t, err)
	release, _ := token.Occupy()
	answer := make(chan error)
	go func() { answer <- token.Ready(t.Context()) }()
	closed := make(chan error)
	go func() { closed <- token.Close() }()
	if err := <-answer; !errors.Is(err, hsm.ErrClosed) {
		t.Errorf("waiting: %v, want ErrClosed", err)
	}
	select {
	case err := <-closed:
		t.Errorf("closed while a call ran: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	release()
	must(t, <-closed)
}

// The PIN is changed by somebody else and the login lost: the old one is sent
// once, and never again.
func TestRefusedPINIsLatched(t *testing.T) {
	log := filepath.Join(t.TempDir(), "count.log")
	c := hsmtest.Config(t)
	t.Setenv("PECETE_COUNT_MODULE", c.Module)
	t.Setenv("PECETE_COUNT_LOG", log)
	c.Module = count.Build(t)
	var said lockedBuffer
	c.Logger = slog.New(slog.NewTextHandler(&said, nil))
	token := open(t, c)
	key, err := token.Generate(t.Context(), csc.P256, "Demo Signer")
	must(t, err)
	otherProcess(t, c, "--change-pin", "--new-pin", "1234123412341234")
	must(t, token.FinaliseElsewhere())

	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				_, err := token.Sign(t.Context(), key.ID, ecdsaSHA256, digestOf("a"))
				if !errors.Is(err, hsm.ErrPIN) || !isUnavailable(err) {
					t.Errorf("Sign: %v, want ErrPIN, unavailable", err)
				}
			}
		})
	}
	all.Wait()
	if err := token.Ready(t.Context()); !errors.Is(err, hsm.ErrPIN) {
		t.Errorf("Ready: %v, want ErrPIN", err)
	}
	if !token.Stats().PINRefused {
		t.Error("the stats do not say so")
	}
	logins, err := count.Logins(log)
	must(t, err)
	refused := 0
	for _, login := range logins {
		if login.RV != 0 {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("%d refused logins, want 1", refused)
	}
	if text := said.String(); strings.Contains(text, string(c.PIN)) || !strings.Contains(text, "refused the PIN") {
		t.Errorf("the log says: %s", text)
	}
}

// A login that fails because another process logs in is tried again, a few times:
// the PIN is not sent for ever to a device that does not want it.
func TestLoginBesideAnother(t *testing.T) {
	for _, tt := range []struct {
		says   string
		faults string // of the first logins
		logins int
		opens  bool
	}{
		{"once", "1 0x5", 2, true},
		{"twice", "2 0x6", 3, true},
		{"as if there were no PIN", "1 0x102", 2, true},
		{"for ever", "99 0x5", 3, false},
		{"with what does not pass", "1 0x101", 1, false}, // CKR_USER_NOT_LOGGED_IN
	} {
		t.Run(tt.says, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "count.log")
			c := hsmtest.Config(t)
			t.Setenv("PECETE_COUNT_MODULE", c.Module)
			t.Setenv("PECETE_COUNT_LOG", log)
			t.Setenv("PECETE_COUNT_LOGIN", tt.faults)
			c.Module = count.Build(t)
			token, err := hsm.Open(t.Context(), c)
			if err == nil {
				must(t, token.Close())
			}
			if (err == nil) != tt.opens {
				t.Errorf("Open: %v", err)
			}
			logins, err := count.Logins(log)
			must(t, err)
			if len(logins) != tt.logins {
				t.Errorf("%d logins, want %d", len(logins), tt.logins)
			}
		})
	}
}

// lockedBuffer is a log that many write.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }
