package audit_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
)

func stampIntent(serial string) audit.Entry {
	return audit.Entry{Event: audit.StampIntent, Key: "01", Serial: serial, Hashes: []string{hexOf("a")}}
}

func stampDone(serial string) audit.Entry {
	return audit.Entry{Event: audit.StampDone, Serial: serial, Signatures: []string{hexOf("token")}}
}

func stampFailed(serial string) audit.Entry {
	return audit.Entry{Event: audit.StampFailed, Serial: serial, Reason: "the device is away"}
}

// A serial number is given once, whoever gives it, and nothing is released that
// was not intended.
func TestStamps(t *testing.T) {
	for _, test := range []struct {
		name string
		logs [][]audit.Record
		want []string
	}{
		{"time-stamps as they should be", [][]audit.Record{told("log_1", stampIntent("1a"), stampDone("1a"), stampIntent("1b"), stampFailed("1b"))}, nil},
		{"two that cross", [][]audit.Record{told("log_1", stampIntent("1a"), stampIntent("1b"), stampDone("1b"), stampDone("1a"))}, nil},
		{"of two processes", [][]audit.Record{told("log_1", stampIntent("1a"), stampDone("1a")), told("log_2", stampIntent("1b"), stampDone("1b"))}, nil},
		{"one that has no outcome", [][]audit.Record{told("log_1", stampIntent("1a"))}, nil},
		{"another authority that was asked", [][]audit.Record{told("log_1", audit.Entry{Event: audit.StampAsked, Hashes: []string{hexOf("a")}})}, nil},
		{"a number given twice", [][]audit.Record{told("log_1", stampIntent("1a"), stampIntent("1a"))},
			[]string{"log_1 2: serial number 1a was given before"}},
		{"a number given by two processes", [][]audit.Record{told("log_1", stampIntent("1a"), stampDone("1a")), told("log_2", stampIntent("1a"))},
			[]string{"log_2 1: serial number 1a was given before"}},
		{"one released without an intent", [][]audit.Record{told("log_1", stampDone("1a"))},
			[]string{"log_1 1: time-stamp 1a without an intent"}},
		{"one released before its intent", [][]audit.Record{told("log_1", stampDone("1a"), stampIntent("1a"))},
			[]string{"log_1 1: time-stamp 1a without an intent"}},
		{"one released by a process that did not intend it", [][]audit.Record{told("log_1", stampIntent("1a")), told("log_2", stampDone("1a"))},
			[]string{"log_2 1: time-stamp 1a without an intent"}},
		{"one released twice", [][]audit.Record{told("log_1", stampIntent("1a"), stampDone("1a"), stampDone("1a"))},
			[]string{"log_1 3: time-stamp 1a was released before"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var l audit.Ledger
			for _, log := range test.logs {
				for _, r := range log {
					l.Add(r)
				}
			}
			if diff := cmp.Diff(test.want, findings(l.Findings())); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}
