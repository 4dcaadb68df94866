package audit_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/audit/audittest"
)

// forgeries are ways to tamper with a log. Each returns the file and the line
// at which the fault is.
func forgeries(t *testing.T) []struct {
	says string
	do   func(*forger) (text []byte, line int)
} {
	stranger := audittest.NewKey(t)
	edit := func(f *forger, i int) {
		f.change(i, `"count":(\d)`, func(s string) string { return strconv.Itoa(1 + (int(s[0]-'0'))%9) })
	}
	edited := func(form string, to func(string) string) func(*forger) ([]byte, int) {
		return func(f *forger) ([]byte, int) {
			i := f.intent()
			f.change(i, form, to)
			return join(f.lines), i + 1
		}
	}
	first := func(s string) string { return strings.Map(func(r rune) rune { return r ^ 1 }, s) }
	return []struct {
		says string
		do   func(*forger) (text []byte, line int)
	}{
		{"a bit is flipped", func(f *forger) ([]byte, int) {
			for {
				i := f.any(0)
				at, bit := f.IntN(len(f.lines[i])), byte(1)<<f.IntN(8)
				if f.lines[i][at]^bit == '\n' {
					continue
				}
				f.lines[i] = slices.Clone(f.lines[i])
				f.lines[i][at] ^= bit
				return join(f.lines), i + 1
			}
		}},
		{"a hash is changed", edited(`"hashes":\["([0-9a-f])`, first)},
		{"a count is changed", func(f *forger) ([]byte, int) {
			i := f.intent()
			edit(f, i)
			return join(f.lines), i + 1
		}},
		{"a user becomes another", edited(`"user":"(u_demo)"`, func(string) string { return "u_omed" })},
		{"a link is changed", func(f *forger) ([]byte, int) {
			i := f.any(0)
			f.change(i, `"prev":"([0-9a-f])`, first)
			return join(f.lines), i + 1
		}},
		{"the version is changed", func(f *forger) ([]byte, int) {
			i := f.any(0)
			f.change(i, `"v":(1)`, func(string) string { return "2" })
			return join(f.lines), i + 1
		}},
		{"a record is deleted", func(f *forger) ([]byte, int) {
			i := f.any(1)
			return join(slices.Delete(f.lines, i, i+1)), i + 1
		}},
		{"some records are deleted", func(f *forger) ([]byte, int) {
			i := f.any(6)
			return join(slices.Delete(f.lines, i, i+2+f.IntN(4))), i + 1
		}},
		{"neighbours are swapped", func(f *forger) ([]byte, int) {
			i := f.any(1)
			f.lines[i], f.lines[i+1] = f.lines[i+1], f.lines[i]
			return join(f.lines), i + 1
		}},
		{"records far apart are swapped", func(f *forger) ([]byte, int) {
			i := f.any(12)
			j := i + 2 + f.IntN(10)
			f.lines[i], f.lines[j] = f.lines[j], f.lines[i]
			return join(f.lines), i + 1
		}},
		{"a record stands there twice", func(f *forger) ([]byte, int) {
			i := f.any(0)
			return join(slices.Insert(f.lines, i+1, f.lines[i])), i + 2
		}},
		{"a record stands there again later", func(f *forger) ([]byte, int) {
			i := f.any(12)
			j := i + 2 + f.IntN(10)
			return join(slices.Insert(f.lines, j, f.lines[i])), j + 1
		}},
		{"a record is put in, linked to the one before", func(f *forger) ([]byte, int) {
			i := f.where(1, "sign.intent")
			forged := bytes.Replace(f.lines[i], []byte("u_demo"), []byte("u_more"), 1)
			return join(slices.Insert(f.lines, i, forged)), i + 1
		}},
		{"a record is changed and all links after it", func(f *forger) ([]byte, int) {
			i := f.intent()
			edit(f, i)
			f.chain(i+1, nil)
			return join(f.lines), min(int(f.kept.Seq), f.after(i, func(seq int) bool { return seq > i }))
		}},
		{"a record is deleted and all links after it changed", func(f *forger) ([]byte, int) {
			i := f.where(1, "sign.intent")
			head := f.after(i, func(seq int) bool { return seq > i }) - 1
			f.lines = slices.Delete(f.lines, i, i+1)
			f.chain(i, nil)
			return join(f.lines), head
		}},
		{"a record is changed, and links and heads made anew with a strange key", func(f *forger) ([]byte, int) {
			i := f.intent()
			edit(f, i)
			f.chain(i+1, stranger)
			return join(f.lines), min(int(f.kept.Seq), f.after(i, func(int) bool { return true }))
		}},
		{"a record is changed, and links and heads made anew with the stolen key", func(f *forger) ([]byte, int) {
			i := f.intent()
			edit(f, i)
			f.chain(i+1, f.key)
			return join(f.lines), int(f.kept.Seq)
		}},
		{"the log is cut between two records", func(f *forger) ([]byte, int) {
			n := f.any(0)
			return join(f.lines[:n]), n + 1
		}},
		{"the log is cut inside a record", func(f *forger) ([]byte, int) {
			n := f.any(0)
			return append(join(f.lines[:n]), f.lines[n][:1+f.IntN(len(f.lines[n]))]...), n + 1
		}},
		{"the log is cut and closed with a strange key", func(f *forger) ([]byte, int) {
			n := f.another()
			f.reseal(n, stranger)
			return join(f.lines), n + 2
		}},
		{"the log is cut and closed with the stolen key", func(f *forger) ([]byte, int) {
			n := f.another()
			f.reseal(n, f.key)
			return join(f.lines), min(int(f.kept.Seq), n+3)
		}},
		{"a record is replaced by another log's", func(f *forger) ([]byte, int) {
			i := f.IntN(min(len(f.lines), len(f.other)))
			f.lines[i] = f.other[i]
			return join(f.lines), i + 1
		}},
		{"the log goes on as another", func(f *forger) ([]byte, int) {
			i := 1 + f.IntN(min(len(f.lines), len(f.other))-1)
			return join(append(f.lines[:i:i], f.other[i:]...)), i + 1
		}},
		{"the log is another", func(f *forger) ([]byte, int) { return join(f.other), 1 }},
		{"a head is replaced by an earlier one", func(f *forger) ([]byte, int) {
			early := f.after(0, func(int) bool { return true }) - 1
			i := f.where(early+1, `"head":`)
			f.lines[i] = headForm.ReplaceAll(f.lines[i], headForm.Find(f.lines[early]))
			return join(f.lines), i + 1
		}},
		{"a head is replaced by another log's", func(f *forger) ([]byte, int) {
			i := f.where(0, `"head":`)
			f.lines[i] = headForm.ReplaceAll(f.lines[i], headForm.Find(last(f.other)))
			return join(f.lines), i + 1
		}},
		{"a head has the other good signature", func(f *forger) ([]byte, int) {
			i := f.where(0, `"head":`)
			f.change(i, `"signature":"([^"]*)"`, func(s string) string {
				signature, _ := base64.StdEncoding.DecodeString(s)
				return base64.StdEncoding.EncodeToString(otherS(signature, false))
			})
			return join(f.lines), i + 1
		}},
		{"a head is given a reason", func(f *forger) ([]byte, int) {
			i := f.where(0, `"head":`)
			f.change(i, `"audit.head"(,)`, func(string) string { return `,"reason":"because",` })
			return join(f.lines), i + 1
		}},
		{"the last head is dated on", func(f *forger) ([]byte, int) {
			f.shift(len(f.lines)-1, time.Microsecond)
			return join(f.lines), len(f.lines)
		}},
		{"a record is dated back an hour", func(f *forger) ([]byte, int) {
			i := f.where(1, "sign.intent")
			f.shift(i, -time.Hour)
			return join(f.lines), i + 1
		}},
		{"a record is dated back an hour and all links after it changed", func(f *forger) ([]byte, int) {
			i := f.where(1, "sign.intent")
			f.shift(i, -time.Hour)
			f.chain(i+1, f.key)
			return join(f.lines), i + 1
		}},
		{"a head is dated back an hour with the stolen key", func(f *forger) ([]byte, int) {
			i := f.where(0, `"head":`)
			f.shift(i, -time.Hour)
			f.chain(i, f.key)
			return join(f.lines), i + 1
		}},
		{"the beginning is taken out with the stolen key", func(f *forger) ([]byte, int) {
			f.lines = f.lines[1:]
			f.change(0, `"prev":"([^"]*)"`, func(string) string { return strings.Repeat("0", 64) })
			f.change(0, `"seq":(\d+)`, func(string) string { return "1" })
			f.chain(1, f.key)
			return join(f.lines), 1
		}},
		{"a process goes on after it closed, with the stolen key", func(f *forger) ([]byte, int) {
			i := f.where(1, `"audit.opened"`)
			f.lines = slices.Delete(f.lines, i, i+1)
			f.chain(i, f.key)
			return join(f.lines), i + 1
		}},
		{"a record is encoded with a space, with the stolen key", func(f *forger) ([]byte, int) {
			i := f.intent()
			f.change(i, `"count":()`, func(string) string { return " " })
			f.chain(i+1, f.key)
			return join(f.lines), i + 1
		}},
		{"a record is dated back a moment", func(f *forger) ([]byte, int) {
			i := f.any(1)
			f.shift(i, -time.Microsecond)
			return join(f.lines), i + 1
		}},
		{"a record is dated on an hour", func(f *forger) ([]byte, int) {
			i := f.any(1)
			f.shift(i, time.Hour)
			return join(f.lines), i + 1
		}},
		{"a record is encoded with a space", edited(`"count":()`, func(string) string { return " " })},
		{"a record is encoded with an escape", edited(`"user":"(u)`, func(string) string { return `\u0075` })},
		{"a record is encoded with its members in another order", edited(`("client":"app_demo","user":"u_demo")`,
			func(string) string { return `"user":"u_demo","client":"app_demo"` })},
		{"a member is there twice", edited(`"credential"()`, func(string) string { return `:"c_demo","credential"` })},
		{"a member is capitalised", edited(`"(c)redential"`, func(string) string { return "C" })},
		{"a member is nobody's", edited(`()"credential"`, func(string) string { return `"approved":true,` })},
		{"a line ends in CR and LF", func(f *forger) ([]byte, int) {
			i := f.any(0)
			f.lines[i] = append(slices.Clone(f.lines[i]), '\r')
			return join(f.lines), i + 1
		}},
		{"a line is split", func(f *forger) ([]byte, int) {
			i := f.any(0)
			at := 1 + f.IntN(len(f.lines[i])-1)
			f.lines[i] = slices.Insert(slices.Clone(f.lines[i]), at, '\n')
			return join(f.lines), i + 1
		}},
		{"an empty line is put in", func(f *forger) ([]byte, int) {
			i := f.any(0)
			return join(slices.Insert(f.lines, i, nil)), i + 1
		}},
		{"some bytes are zero", func(f *forger) ([]byte, int) {
			text := join(f.lines)
			at := f.IntN(len(text) - 600)
			clear(text[at : at+1+f.IntN(512)])
			return text, 1 + bytes.Count(join(f.lines)[:at], []byte("\n"))
		}},
		{"a byte order mark is put in front", func(f *forger) ([]byte, int) {
			return append([]byte("\ufeff"), join(f.lines)...), 1
		}},
		{"something is put behind", func(f *forger) ([]byte, int) {
			return append(join(f.lines), "{}\n"...), len(f.lines) + 1
		}},
	}
}

// Every one of a thousand tampered logs is found, and the fault at its line;
// a hundred clean ones pass.
func TestTamperedLogs(t *testing.T) {
	const clean, rounds = 100, 24
	all := forgeries(t)
	found := 0
	for seed := range uint64(clean / 2) { // two clean logs each
		f := newForger(t, seed)
		if seed >= rounds {
			continue
		}
		for _, forgery := range all {
			g := *f
			g.lines = slices.Clone(f.lines)
			text, line := forgery.do(&g)
			_, err := audit.Verify(bytes.NewReader(text), audit.VerifyOptions{Keys: f.key.Keys(), Last: &f.kept})
			var fault *audit.Fault
			if !errors.As(err, &fault) || fault.Line != line || fault.Seq != uint64(line) {
				t.Errorf("seed %d: %s: %v, want line %d", seed, forgery.says, err, line)
				continue
			}
			found++
			if seed < 2 {
				refusesToOpen(t, f, text, forgery.says)
			}
		}
	}
	if want := rounds * len(all); found != want || want < 1000 {
		t.Errorf("%d of %d tampered logs found", found, want)
	}
}

func refusesToOpen(t *testing.T, f *forger, text []byte, says string) {
	t.Helper()
	h := newHouse(t)
	h.Keys, h.Signer, h.Keeper = f.key.Keys(), f.key, &oneHead{f.kept}
	must(t, os.WriteFile(h.Path, text, 0o600))
	l, err := audit.Open(t.Context(), h.Config)
	if len(text) == 0 && err == nil { // a new log, whose absence VerifyFolder tells
		must(t, l.Close(t.Context()))
		return
	}
	if err == nil {
		t.Errorf("%s: opened", says)
		must(t, l.Close(t.Context()))
	}
	if got := h.text(t); !bytes.Equal(got, text) && bytes.HasPrefix(text, got) == false {
		t.Errorf("%s: changed by Open", says)
	}
}
