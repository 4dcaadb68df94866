package registry_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/pecete/pecete/registry"
)

// BenchmarkReads are the questions of each signature: the client behind the
// token once, what it may do with the credential twice.
func BenchmarkReads(b *testing.B) {
	r, err := registry.Open(b.Context(), registry.Config{URL: "sqlite://" + filepath.Join(b.TempDir(), "registry.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	for _, do := range []func(context.Context) error{
		func(ctx context.Context) error { return r.AddUser(ctx, user(1)) },
		func(ctx context.Context) error { return r.AddClient(ctx, client(1)) },
		func(ctx context.Context) error { return r.AddCredential(ctx, credential(1, 1)) },
		func(ctx context.Context) error { return r.Link(ctx, client(1).ID, user(1).ID) },
	} {
		if err := do(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	for name, ask := range map[string]func(context.Context) error{
		"client":  func(ctx context.Context) error { _, err := r.Client(ctx, client(1).ID); return err },
		"holding": func(ctx context.Context) error { _, err := r.Holding(ctx, id("c", 1), client(1).ID); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := ask(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
