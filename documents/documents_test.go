package documents_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"github.com/pecete/pecete/documents"
	"github.com/pecete/pecete/internal/hostilepdf"
	"github.com/pecete/pecete/internal/samplepdf"
)

// What a signer may bring, and what he is told of what he may not. Nothing that is
// not taken is kept.
func TestTake(t *testing.T) {
	h := newHouse(t)
	h.desk.Limits = documents.Limits{Size: 1 << 20, Kept: 8}
	good := samplepdf.New("A contract", "between two parties")
	for _, row := range []struct {
		says    string
		content []byte
		want    documents.Fault
	}{
		{"a contract", good, ""},
		{"nothing", nil, documents.FaultEmpty},
		{"a picture that says it is a PDF", []byte("\x89PNG\r\n\x1a\n"), documents.FaultKind},
		{"a web page", []byte("<!DOCTYPE html><title>%PDF</title>"), documents.FaultKind},
		{"a PDF cut in half", good[:len(good)/2], documents.FaultDamaged},
		{"a PDF behind something else", append([]byte("MZ\n"), good...), documents.FaultDamaged},
		{"a PDF of 60 MB", append(bytes.Clone(good), make([]byte, 60<<20)...), documents.FaultLarge},
		{"one byte too many", append(bytes.Clone(good), make([]byte, 1<<20-len(good)+1)...), documents.FaultLarge},
		{"one more than may be kept", good, documents.FaultFull},
	} {
		d := h.take(row.says+".pdf", row.content)
		if d.Fault != row.want || (d.Pages == 1) != (row.want == "") {
			t.Errorf("%s: %q, %d pages", row.says, d.Fault, d.Pages)
		}
		if _, err := os.Stat(filepath.Join(h.folder, d.ID+".brought")); errors.Is(err, fs.ErrNotExist) != (row.want != "") {
			t.Errorf("%s: kept: %v", row.says, err)
		}
	}
}

// PDFs that kill whoever reads them kill nobody here: each has its line, and the
// next one is taken.
func TestHostileDocuments(t *testing.T) {
	h := newHouse(t)
	h.desk.Limits.Kept = 1000
	var taken atomic.Int64
	var all sync.WaitGroup
	for _, f := range hostilepdf.Files() {
		all.Go(func() {
			d, err := h.desk.Take(t.Context(), h.signer.ID, f.Name, bytes.NewReader(f.PDF))
			if err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
			if d.Fault == "" {
				taken.Add(1) // it only looks hostile: then it can be signed, or the batch fails
			}
		})
	}
	all.Wait()
	if all := len(hostilepdf.Files()); all < 100 || int(taken.Load()) > all/2 {
		t.Errorf("%d of %d were taken", taken.Load(), all)
	}
	if d := h.take("contract.pdf", samplepdf.New("A contract")); d.Fault != "" {
		t.Errorf("after them nothing is taken: %s", d.Fault)
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"contract.pdf": "contract.pdf", "Contract.PDF": "Contract.pdf", "Anexă și țintă.pdf": "Anexă și țintă.pdf",
		"../../etc/passwd": "passwd.pdf", `C:\Users\x\contract.pdf`: "contract.pdf", "": "document.pdf", ".pdf": "document.pdf", "...": "document.pdf",
		"a\r\nSet-Cookie: b.pdf": "aSet-Cookie- b.pdf", "evil\u202efdp.exe": "evilfdp.exe", "a\x00b.pdf": "ab.pdf", "  two   words .pdf": "two words.pdf",
		`quote".pdf`: "quote-.pdf", "picture.png": "picture.png", "\xff\xfe.pdf": "document.pdf", "zero\u200bwidth.pdf": "zerowidth.pdf",
	} {
		if got := documents.Name(given); got != want {
			t.Errorf("%q is called %q, want %q", given, got, want)
		}
	}
	if got := documents.Name(strings.Repeat("ș", 500) + ".pdf"); len([]rune(got)) != 120 || !strings.HasSuffix(got, ".pdf") {
		t.Errorf("%d letters: %s", len([]rune(got)), got)
	}
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"contract.pdf", "../x", "\x00", "a\u202e", ".", "/", `\`, "ș", "  .pdf", ".pdf.pdf"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, given string) {
		got := documents.Name(given)
		bad := func(r rune) bool {
			return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) || strings.ContainsRune(`<>:"|?*/\`, r)
		}
		if got == "" || strings.ContainsFunc(got, bad) || strings.Trim(got, " .") != got || len([]rune(got)) > 120 {
			t.Errorf("%q is called %q", given, got)
		}
		if again := documents.Name(got); again != got {
			t.Errorf("%q is called %q, and that %q", given, got, again)
		}
	})
}

// What is kept can be read with its own key and in its own place alone, and not at
// all once the index has forgotten it.
func TestVault(t *testing.T) {
	h := newHouse(t)
	content := samplepdf.New("A contract")
	one, two := h.take("one.pdf", content), h.take("two.pdf", content)
	path := func(d documents.Document) string { return filepath.Join(h.folder, d.ID+".brought") }
	read := func(d documents.Document) error {
		return h.desk.Content(t.Context(), d, documents.Brought, func(got []byte) error {
			if !bytes.Equal(got, content) {
				return fmt.Errorf("%d other bytes", len(got))
			}
			return nil
		})
	}
	must(t, read(one))
	kept, err := os.ReadFile(path(one))
	must(t, err)
	if bytes.Contains(kept, []byte("Catalog")) {
		t.Error("it is in the open")
	}
	changed := bytes.Clone(kept)
	changed[len(changed)/2] ^= 1
	forgotten := one
	forgotten.Salt = make([]byte, 32)
	for says, row := range map[string]struct {
		file []byte
		doc  documents.Document
	}{"a bit changed": {changed, one}, "cut": {kept[:len(kept)-1], one}, "with the key of another": {kept, two}, "without its salt": {kept, forgotten}} {
		must(t, os.WriteFile(path(row.doc), row.file, 0o600))
		if read(row.doc) == nil {
			t.Errorf("%s it can be read", says)
		}
	}
	must(t, os.WriteFile(path(one), kept, 0o600))
	stranger := one
	h.desk.Vault.Key = []byte("another key of 32 bytes, for once")
	if read(stranger) == nil {
		t.Error("it can be read with another key")
	}
}

// A document is its signer's alone, and is gone when its time is over.
func TestDocumentsGo(t *testing.T) {
	h := newHouse(t)
	content := samplepdf.New("A contract")
	one, two := h.take("one.pdf", content), h.take("two.pdf", content)
	if _, err := h.desk.Find(t.Context(), h.other.ID, one.ID); !errors.Is(err, documents.ErrUnknown) {
		t.Errorf("another's: %v", err)
	}
	must(t, h.desk.Delete(t.Context(), h.other.ID, one.ID))
	files := func(want int) {
		t.Helper()
		all, err := os.ReadDir(h.folder)
		must(t, err)
		if len(all) != want {
			t.Errorf("%d files, want %d", len(all), want)
		}
	}
	files(2)
	must(t, h.desk.Delete(t.Context(), h.signer.ID, one.ID))
	files(1)
	must(t, os.WriteFile(filepath.Join(h.folder, one.ID+".brought"), content, 0o600)) // as a crash leaves it
	must(t, os.WriteFile(filepath.Join(h.folder, one.ID+".1.new"), content, 0o600))
	old := noon.Add(-time.Hour)
	for _, name := range []string{".brought", ".1.new"} {
		must(t, os.Chtimes(filepath.Join(h.folder, one.ID+name), old, old))
	}
	h.after(time.Minute)
	must(t, h.desk.Sweep(t.Context()))
	files(1)
	h.after(24*time.Hour - time.Minute)
	if all, err := h.desk.List(t.Context(), h.signer.ID); len(all) != 0 || err != nil {
		t.Errorf("after its time there is %v, %v", all, err)
	}
	must(t, h.desk.Sweep(t.Context()))
	files(0)
	if _, err := h.desk.Find(t.Context(), h.signer.ID, two.ID); !errors.Is(err, documents.ErrUnknown) {
		t.Error(err)
	}
}
