package hostilepdf

import (
	"bytes"
	"compress/zlib"
	"io"
	"testing"
)

func TestFiles(t *testing.T) {
	first, second := append(Files(), Signed()...), append(Files(), Signed()...)
	if len(first) < 100 {
		t.Errorf("only %d files", len(first))
	}
	seen := map[string]bool{}
	for i, f := range first {
		if seen[f.Name] || f.Name == "" {
			t.Errorf("%q is there twice", f.Name)
		}
		seen[f.Name] = true
		if !bytes.Equal(f.PDF, second[i].PDF) {
			t.Errorf("%s: not the same twice", f.Name)
		}
		if len(f.PDF) > 10<<20 {
			t.Errorf("%s: %d bytes", f.Name, len(f.PDF))
		}
	}
}

// A bomb is one: small, and all that it says.
func TestZeros(t *testing.T) {
	packed := zeros(3)
	r, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(r)
	if err != nil || len(all) != 3<<20 || len(bytes.Trim(all, "\x00")) > 0 || len(packed) > 16<<10 {
		t.Errorf("%d bytes of %d, %v", len(all), len(packed), err)
	}
}
