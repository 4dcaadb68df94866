package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/audit/audittest"
)

// A house is a folder with a log, and what outlives a process that writes it.
type house struct {
	audit.Config
	key    *audittest.Key
	keeper *audittest.Keeper
}

func newHouse(t testing.TB) *house {
	key, keeper := audittest.NewKey(t), &audittest.Keeper{}
	return &house{
		key: key, keeper: keeper,
		Config: audit.Config{
			Path: filepath.Join(t.TempDir(), "audit.log"), Signer: key, Keys: key.Keys(), Keeper: keeper, Every: time.Hour,
		},
	}
}

func (h *house) open(t testing.TB) *audit.Log {
	t.Helper()
	l, err := audit.Open(t.Context(), h.Config)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// verify reads the log as a stranger would who knows the kept heads.
func (h *house) verify(t testing.TB) (audit.Report, []audit.Record) {
	t.Helper()
	var last *audit.Head
	for _, head := range h.keeper.Heads() {
		last = &head
	}
	var all []audit.Record
	report, err := audit.Verify(bytes.NewReader(h.text(t)), audit.VerifyOptions{
		Keys: h.key.Keys(), Last: last, Each: func(r audit.Record) { all = append(all, r) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return report, all
}

func (h *house) text(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile(h.Path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func user(n int) audit.Entry {
	return audit.Entry{Event: audit.UserAdded, User: fmt.Sprintf("u_%032x", n)}
}

func events(records []audit.Record) string {
	var names []string
	for _, r := range records {
		names = append(names, string(r.Event))
	}
	return strings.Join(names, " ")
}

func unavailable(err error) bool {
	var u interface{ Unavailable() bool }
	return errors.As(err, &u) && u.Unavailable()
}

func TestLogIsContinued(t *testing.T) {
	h := newHouse(t)
	for n := range 3 {
		l := h.open(t)
		must(t, l.Append(audit.WithRequest(t.Context(), fmt.Sprint("request ", n)), user(n)))
		must(t, l.Close(t.Context()))
	}
	report, records := h.verify(t)
	one := " audit.opened user.added audit.closed audit.head"
	if got, want := events(records), strings.TrimSpace(one+one+one); got != want {
		t.Errorf("events %s, want %s", got, want)
	}
	if report.Records != 12 || report.Signed != 11 || report.Unsigned != 0 || !report.Closed {
		t.Errorf("report %+v", report)
	}
	for n, r := range records {
		if r.Log != report.Log || r.Seq != uint64(n+1) || r.Line != n+1 {
			t.Errorf("record %d is %s %d at line %d", n+1, r.Log, r.Seq, r.Line)
		}
		if r.Event == audit.UserAdded && r.Request != fmt.Sprint("request ", n/4) {
			t.Errorf("record %d is of %q", n+1, r.Request)
		}
	}
	info, err := os.Stat(h.Path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestAppendRefusesWhatIsNoEntry(t *testing.T) {
	whole := audit.Entry{
		Event: audit.GrantIssued, Grant: "g", Client: "app", User: "u", Credential: "c", Count: 1,
		Certificate: "00ff", Key: "01", Hashes: []string{"ab"}, Signatures: []string{"cd"},
	}
	tests := []struct {
		says   string
		change func(*audit.Entry)
		ok     bool
	}{
		{"a whole entry", func(*audit.Entry) {}, true},
		{"no event", func(e *audit.Entry) { e.Event = "" }, false},
		{"an event of one word", func(e *audit.Entry) { e.Event = "signed" }, false},
		{"an event of ours", func(e *audit.Entry) { e.Event = audit.LogHead }, false},
		{"an event with a newline", func(e *audit.Entry) { e.Event = "user.added\n" }, false},
		{"an event that ends in a dot", func(e *audit.Entry) { e.Event = "user." }, false},
		{"a grant without its id", func(e *audit.Entry) { e.Grant = "" }, false},
		{"a grant of nobody", func(e *audit.Entry) { e.User = "" }, false},
		{"a grant for no client", func(e *audit.Entry) { e.Client = "" }, false},
		{"a grant for no credential", func(e *audit.Entry) { e.Credential = "" }, false},
		{"a grant of nothing", func(e *audit.Entry) { e.Count = 0 }, false},
		{"less than nothing", func(e *audit.Entry) { e.Event, e.Count = audit.TokenIssued, -1 }, false},
		{"a hash in Base64", func(e *audit.Entry) { e.Hashes = []string{"q80="} }, false},
		{"a hash in capitals", func(e *audit.Entry) { e.Hashes = []string{"AB"} }, false},
		{"half a byte", func(e *audit.Entry) { e.Key = "abc" }, false},
		{"an empty signature", func(e *audit.Entry) { e.Signatures = []string{""} }, false},
		{"an intent", func(e *audit.Entry) { e.Event = audit.SignIntent }, true},
		{"an intent to sign nothing", func(e *audit.Entry) { e.Event, e.Hashes = audit.SignIntent, nil }, false},
		{"signatures of no grant", func(e *audit.Entry) { e.Event, e.Grant = audit.SignDone, "" }, false},
		{"no signatures", func(e *audit.Entry) { e.Event, e.Signatures = audit.SignDone, nil }, false},
		{"a failure of no grant", func(e *audit.Entry) { e.Event, e.Grant = audit.SignFailed, "" }, false},
		{"a proof of nobody", func(e *audit.Entry) { e.Event, e.User = audit.FactorVerified, "" }, false},
		{"a proof by nothing", func(e *audit.Entry) { e.Event, e.Factor = audit.FactorVerified, "" }, false},
		{"a refusal of a stranger", func(e *audit.Entry) { e.Event, e.User, e.Factor = audit.FactorRefused, "", "" }, true},
		{"more than a line holds", func(e *audit.Entry) { e.Reason = strings.Repeat("a", 4<<20) }, false},
	}
	h := newHouse(t)
	l := h.open(t)
	kept := 0
	for _, test := range tests {
		e := whole
		test.change(&e)
		err := l.Append(t.Context(), e)
		if test.ok && err != nil || !test.ok && (!errors.Is(err, audit.ErrEntry) || unavailable(err)) {
			t.Errorf("%s: %v", test.says, err)
		}
		if test.ok {
			kept++
		}
	}
	must(t, l.Close(t.Context()))
	if report, _ := h.verify(t); report.Records != uint64(kept+3) {
		t.Errorf("%d records of %d entries", report.Records, kept)
	}
}

// Whatever a stranger got into a string, the line stays one line that reads
// back as it was.
func TestAppendOddText(t *testing.T) {
	texts := []string{
		"line\nfeed\r\n", "nul\x00", "<b>&\u2028\u2029", `quote " and \`, "ș, ț, 🖋",
		"not UTF-8 \xff\xfe", "\ufffd", "\u202e", strings.Repeat("long ", 1000),
	}
	h := newHouse(t)
	l := h.open(t)
	for _, s := range texts {
		must(t, l.Append(t.Context(), audit.Entry{Event: audit.GrantRefused, Client: s, Reason: s}))
	}
	must(t, l.Close(t.Context()))
	_, records := h.verify(t)
	for i, s := range texts {
		if r := records[i+1]; r.Reason != strings.ToValidUTF8(s, "\ufffd") || r.Client != r.Reason {
			t.Errorf("%q was read as %q", s, r.Reason)
		}
	}
}

func TestOneProcessAFile(t *testing.T) {
	h := newHouse(t)
	l := h.open(t)
	if _, err := audit.Open(t.Context(), h.Config); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("second opener: %v", err)
	}
	must(t, l.Append(t.Context(), user(1)))
	must(t, l.Close(t.Context()))
	must(t, h.open(t).Close(t.Context()))
}

func TestAfterClose(t *testing.T) {
	h := newHouse(t)
	l := h.open(t)
	must(t, l.Ready(t.Context()))
	must(t, l.Able())
	must(t, l.Close(t.Context()))
	must(t, l.Close(t.Context())) // closes nothing more
	if err := l.Append(t.Context(), user(1)); !errors.Is(err, audit.ErrClosed) || !unavailable(err) {
		t.Errorf("append after close: %v", err)
	}
	if err := l.Able(); !errors.Is(err, audit.ErrClosed) || !unavailable(err) {
		t.Errorf("able after close: %v", err)
	}
	if err := l.Ready(t.Context()); !errors.Is(err, audit.ErrClosed) {
		t.Errorf("ready after close: %v", err)
	}
	if report, _ := h.verify(t); report.Records != 3 {
		t.Errorf("report %+v", report)
	}
}

func TestOpenRefusesOddFiles(t *testing.T) {
	t.Run("written by others", func(t *testing.T) {
		h := newHouse(t)
		must(t, os.WriteFile(h.Path, nil, 0o600))
		must(t, os.Chmod(h.Path, 0o622))
		if _, err := audit.Open(t.Context(), h.Config); err == nil {
			t.Error("opened")
		}
	})
	t.Run("a link", func(t *testing.T) {
		h := newHouse(t)
		must(t, os.Symlink(filepath.Join(t.TempDir(), "elsewhere"), h.Path))
		if _, err := audit.Open(t.Context(), h.Config); err == nil {
			t.Error("opened")
		}
	})
	t.Run("a device", func(t *testing.T) {
		h := newHouse(t)
		h.Path = "/dev/full"
		if _, err := audit.Open(t.Context(), h.Config); err == nil {
			t.Error("opened")
		}
	})
	t.Run("without a key to verify it", func(t *testing.T) {
		h := newHouse(t)
		must(t, h.open(t).Close(t.Context()))
		h.Keys = nil
		if _, err := audit.Open(t.Context(), h.Config); err == nil {
			t.Error("opened")
		}
	})
}

func TestTimeNeverGoesBack(t *testing.T) {
	h := newHouse(t)
	noon := time.Date(2026, 6, 1, 12, 0, 0, 1500, time.FixedZone("EEST", 3*3600))
	clock := atomic.Int64{}
	h.Now = func() time.Time { return noon.Add(time.Duration(clock.Load())) }
	l := h.open(t)
	for _, offset := range []time.Duration{time.Second, -time.Hour, time.Minute} {
		clock.Store(int64(offset))
		must(t, l.Append(t.Context(), user(1)))
	}
	must(t, l.Close(t.Context()))
	clock.Store(int64(-48 * time.Hour)) // and not across processes either
	must(t, h.open(t).Close(t.Context()))
	_, records := h.verify(t)
	want := []time.Duration{0, time.Second, time.Second, time.Minute}
	for i, w := range want {
		if got := records[i].Time.Sub(noon.Truncate(time.Microsecond)); got != w {
			t.Errorf("record %d is %v after the first, want %v", i+1, got, w)
		}
	}
}

// 64 goroutines append at once: every record is there once, each goroutine's in
// its own order.
func TestConcurrentAppends(t *testing.T) {
	const writers, each = 64, 25
	h := newHouse(t)
	h.Every, h.Records = 3*time.Millisecond, 50
	l := h.open(t)
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() {
			for n := range each {
				if err := l.Append(t.Context(), audit.Entry{Event: audit.UserChanged, User: fmt.Sprint(w), Count: n + 1}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	must(t, l.Close(t.Context()))
	report, records := h.verify(t)
	last := make(map[string]int)
	heads := 0
	for _, r := range records {
		switch r.Event {
		case audit.LogHead:
			heads++
		case audit.UserChanged:
			if last[r.User]++; r.Count != last[r.User] {
				t.Fatalf("record %d is %d of writer %s, want %d", r.Seq, r.Count, r.User, last[r.User])
			}
		default:
		}
	}
	if len(last) != writers || report.Records != uint64(writers*each+2+heads) || heads < 2 {
		t.Errorf("%d writers, %d heads, %+v", len(last), heads, report)
	}
}

func TestAppendWithAnEndedContext(t *testing.T) {
	h := newHouse(t)
	l := h.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Append(ctx, user(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("append: %v", err)
	}
	must(t, l.Close(t.Context()))
	if report, _ := h.verify(t); report.Records != 3 {
		t.Errorf("report %+v", report)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 4, 32} {
		b.Run(fmt.Sprint(writers, " writers a core"), func(b *testing.B) {
			h := newHouse(b)
			l := h.open(b)
			b.SetParallelism(writers)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if err := l.Append(b.Context(), user(1)); err != nil {
						b.Error(err)
					}
				}
			})
			b.StopTimer()
			must(b, l.Close(context.Background()))
		})
	}
	b.Run("one sync a record, no log", func(b *testing.B) {
		file, err := os.OpenFile(filepath.Join(b.TempDir(), "plain"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		must(b, err)
		text := bytes.Repeat([]byte("a"), 300)
		for b.Loop() {
			_, err := file.Write(text)
			must(b, errors.Join(err, file.Sync()))
		}
		must(b, file.Close())
	})
}
