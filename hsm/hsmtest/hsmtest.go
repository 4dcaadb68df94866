// Package hsmtest gives a test a fresh SoftHSM token.
//
// SoftHSM reads SOFTHSM2_CONF when it is initialised, and it is initialised once
// a process. So all tokens that live at a time in a test process share one
// folder, each with a label of its own, and a library that is initialised
// through one path cannot be opened through another meanwhile: a test that
// opens Config's token through the counting module must not run beside one that
// has a token open directly.
package hsmtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
)

// moduleVariable names the environment variable that overrides the path of
// SoftHSM's library.
const moduleVariable = "PECETE_TEST_PKCS11_MODULE"

// Module is the path of SoftHSM's library, "" if it is not installed.
func Module() string {
	if path := os.Getenv(moduleVariable); path != "" {
		return path
	}
	return hsm.FindSoftHSM()
}

// An Option changes the configuration a token is opened with.
type Option func(*hsm.Config)

// New makes a token and opens it for as long as the test runs.
func New(t testing.TB, opts ...Option) *hsm.Token {
	t.Helper()
	c := Config(t)
	for _, opt := range opts {
		opt(&c)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	token, err := hsm.Open(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := token.Close(); err != nil {
			t.Error(err)
		}
	})
	return token
}

// Config makes a token and says how to open it. SOFTHSM2_CONF is set as long as
// the test runs, for programs that it starts too.
func Config(t testing.TB) hsm.Config {
	t.Helper()
	module := Module()
	if module == "" {
		t.Fatalf("SoftHSM2 is not installed: apt-get install softhsm2, or brew install softhsm, or set %s", moduleVariable)
	}
	if err := open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := leave(); err != nil {
			t.Error(err)
		}
	})
	c := hsm.Config{Module: module, Token: "pecete test " + random(6), PIN: csc.Secret(random(8))}
	if err := hsm.Initialise(module, c.Token, csc.Secret(random(8)), c.PIN); err != nil {
		t.Fatal(err)
	}
	return c
}

// Folder is where the tokens lie, for tests that take it away.
func Folder() string {
	shared.Lock()
	defer shared.Unlock()
	return filepath.Join(shared.folder, "tokens")
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

const variable = "SOFTHSM2_CONF"

// shared is the folder of this process's tokens, as long as there are any.
//
//nolint:gochecknoglobals // as SoftHSM has it: one configuration a process
var shared struct {
	sync.Mutex
	users  int
	folder string
	before string // the variable's value
}

// open makes the folder for its first user.
func open() error {
	shared.Lock()
	defer shared.Unlock()
	if shared.users == 0 {
		if err := makeFolder(); err != nil {
			return fmt.Errorf("make folder for tokens: %w", err)
		}
	}
	shared.users++
	return nil
}

func makeFolder() error {
	folder, err := os.MkdirTemp("", "pecete-tokens-")
	if err != nil {
		return err
	}
	tokens, conf := filepath.Join(folder, "tokens"), filepath.Join(folder, "softhsm2.conf")
	text := fmt.Sprintf("directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", tokens)
	if err := errors.Join(os.Mkdir(tokens, 0o700), os.WriteFile(conf, []byte(text), 0o600)); err != nil {
		return err
	}
	shared.folder, shared.before = folder, os.Getenv(variable)
	return os.Setenv(variable, conf)
}

// leave removes the folder with its last user.
func leave() error {
	shared.Lock()
	defer shared.Unlock()
	if shared.users--; shared.users > 0 {
		return nil
	}
	restore := os.Setenv(variable, shared.before)
	if shared.before == "" {
		restore = os.Unsetenv(variable)
	}
	return errors.Join(restore, os.RemoveAll(shared.folder))
}
