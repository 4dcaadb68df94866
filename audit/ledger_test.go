package audit_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
)

var (
	hashA, hashB, hashC = hexOf("a"), hexOf("b"), hexOf("c")
	noon                = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
)

func hexOf(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }

// verified, issued, intent, done and failed are the records of a grant that was
// proved, agreed to and spent as it should be.
func verified(step int64) audit.Entry {
	return audit.Entry{Event: audit.FactorVerified, User: "u", Factor: "totp", Step: step}
}

func issued(grant string, step int64, hashes ...string) audit.Entry {
	return audit.Entry{
		Event: audit.GrantIssued, Grant: grant, Client: "app", User: "u", Credential: "c",
		Count: len(hashes), Bound: true, Hashes: hashes, HashOID: "2.16.840.1.101.3.4.2.1", Step: step,
	}
}

func unbound(grant string, step int64, count int) audit.Entry {
	return audit.Entry{
		Event: audit.GrantIssued, Grant: grant, Client: "app", User: "u", Credential: "c", Count: count, Step: step,
	}
}

func extended(from, grant string, count int, hashes ...string) audit.Entry {
	e := unbound(grant, 0, count)
	e.Event, e.From = audit.GrantExtended, from
	if len(hashes) > 0 {
		e.Bound, e.Hashes, e.HashOID = true, hashes, "2.16.840.1.101.3.4.2.1"
	}
	return e
}

func intent(grant string, hashes ...string) audit.Entry {
	return audit.Entry{
		Event: audit.SignIntent, Grant: grant, Client: "app", User: "u", Credential: "c",
		Hashes: hashes, HashOID: "2.16.840.1.101.3.4.2.1",
	}
}

func done(grant string, signatures int) audit.Entry {
	e := audit.Entry{Event: audit.SignDone, Grant: grant, Client: "app", User: "u", Credential: "c"}
	for n := range signatures {
		e.Signatures = append(e.Signatures, hexOf(fmt.Sprint(n)))
	}
	return e
}

func failed(grant string) audit.Entry {
	return audit.Entry{Event: audit.SignFailed, Grant: grant, Client: "app", User: "u", Credential: "c"}
}

func with(e audit.Entry, change func(*audit.Entry)) audit.Entry {
	change(&e)
	return e
}

func request(id string, e audit.Entry) audit.Entry {
	e.Request = id
	return e
}

// told gives entries their places in a log.
func told(log string, entries ...audit.Entry) []audit.Record {
	var all []audit.Record
	for i, e := range entries {
		at := noon.Add(time.Duration(i) * time.Second)
		all = append(all, audit.Record{Log: log, Line: i + 1, Seq: uint64(i + 1), Time: at, Entry: e})
	}
	return all
}

func findings(all []audit.Finding) []string {
	var lines []string
	for _, f := range all {
		lines = append(lines, fmt.Sprintf("%s %d: %s", f.Log, f.Line, f.What))
	}
	return lines
}

func TestLedger(t *testing.T) {
	tests := []struct {
		says string
		log  []audit.Entry
		want []string
	}{
		{"a grant of one is spent", []audit.Entry{verified(7), issued("g", 7, hashA), intent("g", hashA), done("g", 1)}, nil},
		{"two of three, then the third",
			[]audit.Entry{verified(7), issued("g", 7, hashA, hashB, hashC), intent("g", hashC, hashA), done("g", 2), intent("g", hashB), done("g", 1)}, nil},
		{"a hash twice, agreed to twice", []audit.Entry{issued("g", 0, hashA, hashA), intent("g", hashA, hashA), done("g", 2)}, nil},
		{"any two hashes", []audit.Entry{unbound("g", 0, 2), intent("g", hashA, hashB), done("g", 2)}, nil},
		{"a grant that is never spent", []audit.Entry{verified(7), issued("g", 7, hashA)}, nil},
		{"a failure", []audit.Entry{issued("g", 0, hashA), intent("g", hashA), failed("g")}, nil},
		{"two requests of one grant at once", []audit.Entry{
			issued("g", 0, hashA, hashB, hashC), request("r1", intent("g", hashA)), request("r2", intent("g", hashB, hashC)),
			request("r2", done("g", 2)), request("r1", done("g", 1)),
		}, nil},
		{"fewer signatures than the intent", []audit.Entry{unbound("g", 0, 2), intent("g", hashA, hashB), done("g", 1)}, nil},

		{"a grant that goes on", []audit.Entry{verified(7), unbound("f", 7, 3), intent("f", hashA), done("f", 1), extended("f", "g", 2), intent("g", hashB, hashC), done("g", 2)}, nil},
		{"one that goes on twice", []audit.Entry{unbound("f", 0, 1), extended("f", "g", 1), extended("g", "h", 1, hashA), intent("h", hashA), done("h", 1)}, nil},
		{"a signature spent before and written after", []audit.Entry{unbound("f", 0, 2), extended("f", "g", 1), intent("f", hashA), done("f", 1), intent("g", hashB), done("g", 1)}, nil},
		{"other hashes of one that named some", []audit.Entry{issued("f", 0, hashA), extended("f", "g", 1, hashB), intent("g", hashB), done("g", 1)}, nil},
		{"the hash before", []audit.Entry{issued("f", 0, hashA), extended("f", "g", 1, hashB), intent("g", hashA), done("g", 1)}, []string{"l 3: hash " + hashA + " was not agreed to"}},
		{"any hash of one that named some", []audit.Entry{issued("f", 0, hashA), extended("f", "g", 1)}, []string{"l 2: the grant named its hashes, and its extension names none"}},
		{"more than was left goes on", []audit.Entry{unbound("f", 0, 2), intent("f", hashA), done("f", 1), extended("f", "g", 2)}, []string{"l 4: 2 signatures go on, 1 were left"}},
		{"what went on is spent all the same", []audit.Entry{unbound("f", 0, 1), extended("f", "g", 1), intent("f", hashA), done("f", 1)}, []string{"l 2: 1 signatures go on, 0 were left"}},
		{"one grant goes on as two", []audit.Entry{unbound("f", 0, 2), extended("f", "g", 1), extended("f", "h", 1)}, []string{"l 3: the grant was extended before"}},
		{"nobody's goes on", []audit.Entry{extended("f", "g", 1), intent("g", hashA), done("g", 1)}, []string{"l 1: an extension of no grant"}},
		{"another's goes on", []audit.Entry{unbound("f", 0, 1), with(extended("f", "g", 1), func(e *audit.Entry) { e.User = "v" })}, []string{"l 2: an extension of another's grant"}},
		{"it goes on before it begins", []audit.Entry{extended("f", "g", 1), unbound("f", 0, 1)}, []string{"l 1: an extension before its grant"}},
		{"two go on as one", []audit.Entry{unbound("e", 0, 1), unbound("f", 0, 1), extended("e", "g", 1), extended("f", "g", 1)}, []string{"l 4: the grant was issued before"}},

		{"no grant", []audit.Entry{intent("g", hashA), done("g", 1)}, []string{"l 1: an intent without a grant"}},
		{"another grant", []audit.Entry{issued("f", 0, hashA), intent("g", hashA), done("g", 1)}, []string{"l 2: an intent without a grant"}},
		{"a grant that comes after", []audit.Entry{intent("g", hashA), issued("g", 0, hashA), done("g", 1)}, []string{"l 1: an intent before its grant"}},
		{"one more than agreed", []audit.Entry{unbound("g", 0, 2), intent("g", hashA, hashB), done("g", 2), intent("g", hashC), done("g", 1)},
			[]string{"l 4: 1 signatures more than the 2 agreed to"}},
		{"all more than agreed", []audit.Entry{unbound("g", 0, 1), intent("g", hashA, hashB, hashC), done("g", 3)},
			[]string{"l 2: 2 signatures more than the 1 agreed to"}},
		{"again after a failure: a grant is not refunded",
			[]audit.Entry{unbound("g", 0, 1), intent("g", hashA), failed("g"), intent("g", hashA), done("g", 1)},
			[]string{"l 4: 1 signatures more than the 1 agreed to"}},
		{"a hash not agreed to", []audit.Entry{issued("g", 0, hashA, hashB), intent("g", hashC), done("g", 1)},
			[]string{"l 2: hash " + hashC + " was not agreed to"}},
		{"a hash twice, agreed to once", []audit.Entry{issued("g", 0, hashA, hashB), intent("g", hashA), done("g", 1), intent("g", hashA), done("g", 1)},
			[]string{"l 4: hash " + hashA + " was not agreed to so often"}},
		{"by another hash algorithm", []audit.Entry{issued("g", 0, hashA), with(intent("g", hashA), func(e *audit.Entry) { e.HashOID = "1.2.3" }), done("g", 1)},
			[]string{`l 2: hash algorithm "1.2.3", agreed to "2.16.840.1.101.3.4.2.1"`}},
		{"by another client", []audit.Entry{issued("g", 0, hashA), with(intent("g", hashA), func(e *audit.Entry) { e.Client = "thief" }), done("g", 1)},
			[]string{`l 2: client "thief" spends a grant of "app"`}},
		{"for another user", []audit.Entry{issued("g", 0, hashA), with(intent("g", hashA), func(e *audit.Entry) { e.User = "v" }), done("g", 1)},
			[]string{`l 2: a grant of user "u" is spent for "v"`}},
		{"with another credential", []audit.Entry{issued("g", 0, hashA), with(intent("g", hashA), func(e *audit.Entry) { e.Credential = "d" }), done("g", 1)},
			[]string{`l 2: a grant for credential "c" is spent with "d"`}},
		{"signatures without an intent", []audit.Entry{issued("g", 0, hashA), done("g", 1)}, []string{"l 2: 1 signatures without an intent"}},
		{"signatures before the intent", []audit.Entry{issued("g", 0, hashA), done("g", 1), intent("g", hashA)}, []string{"l 2: 1 signatures without an intent"}},
		{"signatures twice for one intent", []audit.Entry{issued("g", 0, hashA), intent("g", hashA), done("g", 1), done("g", 1)},
			[]string{"l 4: 1 signatures without an intent"}},
		{"signatures after a failure", []audit.Entry{issued("g", 0, hashA), intent("g", hashA), failed("g"), done("g", 1)},
			[]string{"l 4: 1 signatures without an intent"}},
		{"a failure of nothing", []audit.Entry{failed("g")}, []string{"l 1: the failure of no intent"}},
		{"signatures for another request's intent", []audit.Entry{issued("g", 0, hashA), request("r1", intent("g", hashA)), request("r2", done("g", 1))},
			[]string{"l 3: 1 signatures without an intent"}},
		{"more signatures than the intent", []audit.Entry{unbound("g", 0, 5), intent("g", hashA), done("g", 2)},
			[]string{"l 3: 1 signatures more than the intent of record 2"}},
		{"a grant issued twice", []audit.Entry{issued("g", 0, hashA), issued("g", 0, hashA, hashB)}, []string{"l 2: the grant was issued before"}},
		{"the second of two grants of one name is not the one that counts",
			[]audit.Entry{issued("g", 0, hashA), issued("g", 0, hashA, hashB), intent("g", hashB), done("g", 1)},
			[]string{"l 2: the grant was issued before", "l 3: hash " + hashB + " was not agreed to"}},
		{"a step used twice", []audit.Entry{verified(7), verified(8), verified(7)}, []string{"l 3: step 7 was verified before"}},
		{"a step of two users", []audit.Entry{verified(7), with(verified(7), func(e *audit.Entry) { e.User = "v" })}, nil},
		{"passwords have no steps", []audit.Entry{verified(0), verified(0)}, nil},
		{"two grants of one code", []audit.Entry{verified(7), issued("f", 7, hashA), issued("g", 7, hashA)},
			[]string{"l 3: step 7 stands behind another grant"}},
		{"several grants of one SAD behind a step", []audit.Entry{verified(7), issued("g.c", 7, hashA), issued("g.d", 7, hashB), intent("g.d", hashB), done("g.d", 1)}, nil},
		{"of one of these twice", []audit.Entry{verified(7), issued("g.c", 7, hashA), issued("g.c", 7, hashA)}, []string{"l 3: the grant was issued before"}},
		{"of two SADs", []audit.Entry{verified(7), issued("f.c", 7, hashA), issued("g.c", 7, hashA)}, []string{"l 3: step 7 stands behind another grant"}},
		{"of a SAD and a part of it", []audit.Entry{verified(7), issued("g", 7, hashA), issued("g.c", 7, hashA)}, []string{"l 3: step 7 stands behind another grant"}},
		{"a hash of the other grant of a SAD", []audit.Entry{verified(7), issued("g.c", 7, hashA), issued("g.d", 7, hashB), intent("g.d", hashA), done("g.d", 1)},
			[]string{"l 4: hash " + hashA + " was not agreed to"}},
		{"a grant without its code", []audit.Entry{verified(7), issued("g", 8, hashA)}, []string{"l 2: step 8 was not verified"}},
		{"a grant before its code", []audit.Entry{issued("g", 7, hashA), verified(7)}, []string{"l 1: step 7 was not verified"}},
		{"a grant by another user's code", []audit.Entry{with(verified(7), func(e *audit.Entry) { e.User = "v" }), issued("g", 7, hashA)},
			[]string{"l 2: step 7 was not verified"}},
	}
	for _, test := range tests {
		var l audit.Ledger
		for _, r := range told("l", test.log...) {
			l.Add(r)
		}
		if diff := cmp.Diff(test.want, findings(l.Findings())); diff != "" {
			t.Errorf("%s: %s", test.says, diff)
		}
		if diff := cmp.Diff(test.want, findings(l.Findings())); diff != "" {
			t.Errorf("%s, asked again: %s", test.says, diff)
		}
	}
}

func TestLedgerUnfinished(t *testing.T) {
	var l audit.Ledger
	for _, r := range told("l", unbound("g", 0, 3), request("r1", intent("g", hashA)), request("r2", intent("g", hashB)), request("r2", done("g", 1))) {
		l.Add(r)
	}
	want := []string{"l 2: an intent without an outcome"}
	if diff := cmp.Diff(want, findings(l.Unfinished())); diff != "" {
		t.Error(diff)
	}
}

// A grant is proved at one process, issued at the next and spent at two others,
// whose logs are read in any order.
func TestLedgerOfSeveralLogs(t *testing.T) {
	logs := [][]audit.Record{
		told("a", verified(7), verified(7)),
		told("b", issued("g", 7, hashA, hashB, hashC)),
		told("c", verified(9), intent("g", hashA), done("g", 1), intent("g", hashB)),
		told("d", verified(9), intent("g", hashA), verified(10), done("g", 2)),
		told("e", done("g", 1)), // whose intent is in no log of its own
	}
	want := []string{
		"a 2: step 7 was verified before",
		"d 1: step 9 was verified before",
		"d 2: hash " + hashA + " was not agreed to so often",
		"d 4: 1 signatures more than the intent of record 2",
		"e 1: 1 signatures without an intent",
	}
	for shift := range logs {
		var l audit.Ledger
		for i := range logs {
			for _, r := range logs[(i+shift)%len(logs)] {
				l.Add(r)
			}
		}
		if diff := cmp.Diff(want, findings(l.Findings())); diff != "" {
			t.Errorf("from log %d on: %s", shift, diff)
		}
	}
}

// What a Log writes is what a Ledger reads, and the place it names is in the
// file.
func TestLedgerReadsAFile(t *testing.T) {
	h := newHouse(t)
	l := h.open(t)
	for _, e := range []audit.Entry{
		verified(7), issued("g", 7, hashA, hashB), intent("g", hashA), done("g", 1), intent("g", hashA), done("g", 1),
	} {
		must(t, l.Append(t.Context(), e))
	}
	must(t, l.Close(t.Context()))
	var ledger audit.Ledger
	_, records := h.verify(t)
	for _, r := range records {
		ledger.Add(r)
	}
	all := ledger.Findings()
	if len(all) != 1 || all[0].Line != 6 || all[0].Seq != 6 || all[0].Log != l.ID() || all[0].Grant != "g" || all[0].User != "u" {
		t.Fatalf("findings %+v", all)
	}
	line := strings.Split(string(h.text(t)), "\n")[all[0].Line-1]
	if !strings.Contains(line, `"sign.intent"`) || !strings.Contains(line, hashA) {
		t.Errorf("line %d is %s", all[0].Line, line)
	}
}
