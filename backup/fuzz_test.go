package backup_test

import (
	"archive/tar"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"github.com/pecete/pecete/backup"
)

// FuzzOpen: whoever changes a backup, or makes one, has not the key that signs
// for the server: nothing of his is opened, whatever shape it has.
func FuzzOpen(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	packed := func(members ...string) []byte {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for i := 0; i+1 < len(members); i += 2 {
			if err := w.WriteHeader(&tar.Header{Name: members[i], Mode: 0o600, Size: int64(len(members[i+1])), Format: tar.FormatPAX}); err != nil {
				f.Fatal(err)
			}
			_, _ = w.Write([]byte(members[i+1]))
		}
		_ = w.Close()
		return b.Bytes()
	}
	f.Add([]byte{})
	f.Add(make([]byte, 1024))
	f.Add(packed("manifest.json", "{}", "manifest.sig", "x"))
	f.Add(packed("registry.jsonl", "{}\n", "manifest.json", `{"members":[{"name":"registry.jsonl","size":3}]}`, "manifest.sig", "x"))
	f.Add(packed("../../etc/passwd", "x", "manifest.json", "{", "manifest.sig", ""))
	f.Add(packed("manifest.json", "{}", "manifest.json", "{}"))
	path := filepath.Join(f.TempDir(), "backup.tar")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if a, err := backup.Open(path, &key.PublicKey); err == nil {
			t.Fatalf("opened: %+v", a.Manifest)
		}
	})
}
