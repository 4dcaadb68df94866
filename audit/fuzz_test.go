package audit_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/pecete/pecete/audit"
)

// Whatever Verify is given it answers; and what it says is the log whose head
// was kept begins with every byte of that log up to the head.
func FuzzVerify(f *testing.F) {
	h := newHouse(f)
	for n := range 2 {
		l := h.open(f)
		must(f, l.Append(f.Context(), intent("g", hashA, hashB)))
		must(f, l.Append(f.Context(), user(n)))
		must(f, l.Close(f.Context()))
	}
	whole, head := h.text(f), h.keeper.Heads()[0]
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add(append(bytes.Clone(whole), whole...))
	f.Add(bytes.ReplaceAll(whole, []byte("sign"), []byte("sing")))
	f.Add([]byte("{}\n"))
	f.Add([]byte("\x00\n\xff"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var ledger audit.Ledger
		report, err := audit.Verify(bytes.NewReader(text), audit.VerifyOptions{Keys: h.Keys, Last: &head, Each: ledger.Add})
		ledger.Findings()
		var fault *audit.Fault
		switch {
		case err == nil && !bytes.HasPrefix(text, whole):
			t.Fatalf("not the log: %+v", report)
		case err == nil:
			if report.Records != uint64(bytes.Count(text, []byte("\n"))) {
				t.Fatalf("%+v", report)
			}
		case !errors.As(err, &fault):
			t.Fatalf("not a fault: %v", err)
		case fault.Line < 1 || fault.Line > bytes.Count(text, []byte("\n"))+1:
			t.Fatalf("no such line: %v", err)
		}
	})
}
