package registry_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/registry"
)

func head(seq uint64) audit.Head {
	return audit.Head{
		Log: "log-demo", Seq: seq, Hash: fmt.Sprintf("%064x", seq),
		Time:      time.Date(2026, 3, 1, 12, 30, 45, 123456789, time.UTC), // all of it was signed
		Signature: []byte{0x30, 0, 0xff, '\''},
	}
}

func headsComeBack(t *testing.T, url string) {
	r := open(t, url)
	if _, ok, err := r.LastHead(t.Context(), "log-demo"); ok || err != nil {
		t.Errorf("the head of a new log: %t, %v", ok, err)
	}
	zero := head(0)
	zero.Log, zero.Time, zero.Signature = "another", time.Time{}, []byte{}
	last := head(math.MaxInt64)
	last.Log = "a third"
	for _, want := range []audit.Head{head(3), zero, last} {
		must(t, r.KeepHead(t.Context(), want))
	}
	for _, want := range []audit.Head{head(3), zero, last} {
		got, ok, err := r.LastHead(t.Context(), want.Log)
		if diff := cmp.Diff(want, got); diff != "" || !ok || err != nil {
			t.Errorf("LastHead(%q): %t, %v\n%s", want.Log, ok, err, diff)
		}
	}
	beyond := head(math.MaxInt64 + 1)
	if r.KeepHead(t.Context(), beyond) == nil {
		t.Error("a record number was kept that does not fit")
	}
}

func headsFollow(t *testing.T, url string) {
	r := open(t, url)
	for _, step := range []struct {
		name string
		head audit.Head
		want error
	}{
		{"the first", head(5), nil},
		{"a later one", head(7), nil},
		{"an earlier one", head(6), registry.ErrHead},
		{"the very first", head(0), registry.ErrHead},
		{"the same again, signed again", func() audit.Head { h := head(7); h.Signature = []byte{1}; return h }(), nil},
		{"the same number of another record", func() audit.Head { h := head(7); h.Hash = "00"; return h }(), registry.ErrHead},
		{"the next", head(8), nil},
	} {
		t.Run(step.name, func(t *testing.T) {
			before, _, err := r.LastHead(t.Context(), "log-demo")
			must(t, err)
			wantErr(t, r.KeepHead(t.Context(), step.head), step.want)
			want := step.head
			if step.want != nil {
				want = before
			}
			got, _, err := r.LastHead(t.Context(), "log-demo")
			must(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
		})
	}
}

func raceHeads(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	const many = 60
	race(t, many, func(i int) (bool, error) {
		at := r
		if i%2 == 0 {
			at = other
		}
		_ = at.KeepHead(t.Context(), head(uint64(i))) // all but an ascending few are refused
		got, ok, err := at.LastHead(t.Context(), "log-demo")
		if err == nil && (!ok || got.Seq < uint64(i)) {
			t.Errorf("after head %d the kept one is %d", i, got.Seq)
		}
		return ok, err
	})
	if got, _, err := r.LastHead(t.Context(), "log-demo"); err != nil || got.Seq != many-1 {
		t.Errorf("kept %d, %v; want %d", got.Seq, err, many-1)
	}
}
