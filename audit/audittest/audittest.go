// Package audittest opens real audit logs for tests: files in the test's own
// folder, with a head key and a keeper in memory.
package audittest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pecete/pecete/audit"
)

// A Key signs heads, as a key in the HSM would.
type Key struct{ private *ecdsa.PrivateKey }

// NewKey makes a key.
func NewKey(t testing.TB) *Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &Key{private}
}

// SignHead signs a digest.
func (k *Key) SignHead(ctx context.Context, digest []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return k.private.Sign(rand.Reader, digest, nil)
}

// Keys is the public key, as audit.Config and audit.VerifyOptions take it.
func (k *Key) Keys() []*ecdsa.PublicKey { return []*ecdsa.PublicKey{&k.private.PublicKey} }

// A Keeper keeps heads in memory. The zero Keeper has none.
type Keeper struct {
	mu    sync.Mutex
	heads map[string]audit.Head
}

var _ audit.Keeper = (*Keeper)(nil)

// KeepHead keeps h, unless a later one is kept.
func (k *Keeper) KeepHead(_ context.Context, h audit.Head) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.heads[h.Log].Seq > h.Seq {
		return errors.New("a later head is kept")
	}
	if k.heads == nil {
		k.heads = make(map[string]audit.Head)
	}
	k.heads[h.Log] = h
	return nil
}

// LastHead returns the kept head of a log.
func (k *Keeper) LastHead(_ context.Context, log string) (audit.Head, bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	h, ok := k.heads[log]
	return h, ok, nil
}

// Heads returns every kept head.
func (k *Keeper) Heads() []audit.Head {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []audit.Head
	for _, h := range k.heads {
		all = append(all, h)
	}
	return all
}

// A Log is an open log that the test can read.
type Log struct {
	*audit.Log
	Path   string
	Key    *Key
	Keeper *Keeper
}

// Open opens a log of its own for the test, and closes and verifies it when the
// test ends.
func Open(t testing.TB) *Log {
	t.Helper()
	l := &Log{Path: filepath.Join(t.TempDir(), "audit.log"), Key: NewKey(t), Keeper: &Keeper{}}
	var err error
	l.Log, err = audit.Open(t.Context(), audit.Config{Path: l.Path, Signer: l.Key, Keys: l.Key.Keys(), Keeper: l.Keeper})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(context.Background()); err != nil {
			t.Error(err)
		}
		l.Records(t)
	})
	return l
}

// Records verifies the log as it now is and returns its records, but for the
// log's own.
func (l *Log) Records(t testing.TB) []audit.Record {
	t.Helper()
	file, err := os.Open(l.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // read only
	var all []audit.Record
	_, err = audit.Verify(file, audit.VerifyOptions{Keys: l.Key.Keys(), Live: true, Each: func(r audit.Record) {
		switch r.Event {
		case audit.LogOpened, audit.LogHead, audit.LogRecovered, audit.LogClosed:
		default:
			all = append(all, r)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
