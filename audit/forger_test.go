package audit_test

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/audit/audittest"
)

// A forger is somebody who can write to the file of a log, with the lines of
// that log, those of another log signed by the same key, and chance.
type forger struct {
	*rand.Rand
	key   *audittest.Key
	kept  audit.Head
	lines [][]byte // without newlines
	other [][]byte
}

func newForger(t *testing.T, seed uint64) *forger {
	f := &forger{Rand: rand.New(rand.NewPCG(seed, 1))}
	h, other := newHouse(t), newHouse(t)
	h.Signer, h.Keys, h.key = other.key, other.Keys, other.key
	f.key, f.lines, f.other = other.key, f.story(t, h), f.story(t, other)
	f.kept = h.keeper.Heads()[0]
	return f
}

// story writes a log of some fifty records by three processes, with heads in
// between, and returns its lines.
func (f *forger) story(t *testing.T, h *house) [][]byte {
	h.Records = 7
	for range 3 {
		heads := bytes.Count(h.read(), []byte("audit.head"))
		l := h.open(t)
		f.tell(t, l, 8)
		eventually(t, "a head", func() bool { return bytes.Count(h.read(), []byte("audit.head")) > heads })
		f.tell(t, l, 4+f.IntN(4))
		must(t, l.Close(t.Context()))
	}
	if report, _ := h.verify(t); report.Unsigned != 0 || !report.Closed {
		t.Fatalf("clean log: %+v", report)
	}
	return lines(h.text(t))
}

// tell appends n intents at once.
func (f *forger) tell(t *testing.T, l *audit.Log, n int) {
	var wait sync.WaitGroup
	for range n {
		hash, count := sha256.Sum256([]byte(strconv.Itoa(f.Int()))), 1+f.IntN(9)
		wait.Go(func() {
			if err := l.Append(t.Context(), audit.Entry{
				Event: audit.SignIntent, Request: "r", Client: "app_demo", User: "u_demo", Credential: "c_demo",
				Grant: hex.EncodeToString(hash[8:]), Count: count, Hashes: []string{hex.EncodeToString(hash[:])}, Reason: "<Demo & Semnatar>",
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}

// read is the file, or nothing.
func (h *house) read() []byte {
	text, _ := os.ReadFile(h.Path)
	return text
}

func lines(text []byte) [][]byte {
	return bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
}

func last(lines [][]byte) []byte { return lines[len(lines)-1] }

func join(lines [][]byte) []byte {
	if len(lines) == 0 {
		return nil
	}
	return append(bytes.Join(lines, []byte("\n")), '\n')
}

// any is the index of some line but the last n.
func (f *forger) any(n int) int { return f.IntN(len(f.lines) - n) }

// where is the index of some line, from one on, that has text.
func (f *forger) where(from int, text string) int {
	var all []int
	for i, l := range f.lines {
		if i >= from && bytes.Contains(l, []byte(text)) {
			all = append(all, i)
		}
	}
	return all[f.IntN(len(all))]
}

func (f *forger) intent() int { return f.where(0, `"sign.intent"`) }

// another is a number of lines, the last an intent, that leaves some intent out.
func (f *forger) another() int {
	for {
		if n := f.intent() + 1; n < len(f.lines)-2 {
			return n
		}
	}
}

// after is the line of the first head behind index i for which ok holds.
func (f *forger) after(i int, ok func(seq int) bool) int {
	for n := i + 1; n < len(f.lines); n++ {
		if m := headForm.FindSubmatch(f.lines[n]); m != nil {
			if seq, _ := strconv.Atoi(string(m[1])); ok(seq) {
				return n + 1
			}
		}
	}
	panic("no head")
}

// change replaces what matches form in line i by what to makes of its group.
func (f *forger) change(i int, form string, to func(string) string) {
	re := regexp.MustCompile(form)
	at := re.FindSubmatchIndex(f.lines[i])
	l := f.lines[i]
	f.lines[i] = slices.Concat(l[:at[2]], []byte(to(string(l[at[2]:at[3]]))), l[at[3]:])
}

func (f *forger) shift(i int, by time.Duration) {
	f.change(i, `"time":"([^"]*)"`, func(s string) string {
		at, _ := time.Parse(time.RFC3339Nano, s)
		return at.Add(by).Format("2006-01-02T15:04:05.000000Z")
	})
}

var headForm = regexp.MustCompile(`"head":\{"seq":(\d+),"hash":"([0-9a-f]*)","signature":"([^"]*)"\}`)

// chain computes all links from index i on anew, and with a key the heads too.
func (f *forger) chain(i int, key *audittest.Key) {
	for ; i < len(f.lines); i++ {
		prev := sha256.Sum256(f.lines[i-1])
		f.change(i, `"prev":"([^"]*)"`, func(string) string { return hex.EncodeToString(prev[:]) })
		f.change(i, `"seq":(\d+)`, func(string) string { return strconv.Itoa(i + 1) })
		if m := headForm.FindSubmatch(f.lines[i]); m != nil && key != nil {
			seq, _ := strconv.Atoi(string(m[1]))
			f.lines[i] = bytes.Replace(f.lines[i], m[0], f.head(i, seq, key), 1)
		}
	}
}

// head signs the line of number seq for the head at index i, as the
// documentation of audit.Head says.
func (f *forger) head(i, seq int, key *audittest.Key) []byte {
	var header struct {
		Log  string
		Time time.Time
	}
	if err := json.Unmarshal(f.lines[i], &header); err != nil {
		panic(err)
	}
	hash := sha256.Sum256(f.lines[seq-1])
	text := []byte("pecete audit head 1\x00")
	text = binary.BigEndian.AppendUint16(text, uint16(len(header.Log)))
	text = append(text, header.Log...)
	text = binary.BigEndian.AppendUint64(text, uint64(seq))
	text = binary.BigEndian.AppendUint64(text, uint64(header.Time.UnixMicro()))
	digest := sha256.Sum256(append(text, hash[:]...))
	signature, err := key.SignHead(context.Background(), digest[:])
	if err != nil {
		panic(err)
	}
	return fmt.Appendf(nil, `"head":{"seq":%d,"hash":"%x","signature":"%s"}`, seq, hash, base64.StdEncoding.EncodeToString(otherS(signature, true)))
}

// otherS returns the signature with the other s, which is as good by the
// mathematics; if low only in place of the greater one.
func otherS(signature []byte, low bool) []byte {
	var p struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signature, &p); err != nil {
		panic(err)
	}
	n := elliptic.P256().Params().N
	if !low || p.S.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
		p.S.Sub(n, p.S)
	}
	text, err := asn1.Marshal(p)
	if err != nil {
		panic(err)
	}
	return text
}

// reseal cuts the log to n lines and closes and signs it as a process would.
func (f *forger) reseal(n int, key *audittest.Key) {
	old := len(f.lines)
	f.lines = append(f.lines[:n:n], f.lines[old-2:]...)
	f.change(n+1, `"head":\{"seq":(\d+)`, func(string) string { return strconv.Itoa(n + 1) })
	f.chain(n, key)
}
