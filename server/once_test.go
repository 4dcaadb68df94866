package server_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pecete/pecete/registry"
)

// What every house has and nobody changes is made once.
var (
	emptyRegistry = sync.OnceValues(makeRegistry)
	firstRSA      = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 3072) })
)

// makeRegistry is the file of a registry that has its tables and nothing in them.
func makeRegistry() (file []byte, err error) {
	folder, err := os.MkdirTemp("", "pecete-registry-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "registry.db")
	r, err := registry.Open(context.Background(), registry.Config{URL: path})
	if err != nil {
		return nil, err
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // nobody has it open any more
}

// openRegistry opens a registry of the house's own.
func (h *house) openRegistry(t *testing.T) {
	t.Helper()
	file, err := emptyRegistry()
	must(t, err)
	path := filepath.Join(t.TempDir(), "registry.db")
	must(t, os.WriteFile(path, file, 0o600))
	h.registry, err = registry.Open(t.Context(), registry.Config{URL: path, Observe: h.seen.asked})
	must(t, err)
	t.Cleanup(func() { must(t, h.registry.Close()) })
}
