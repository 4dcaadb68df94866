package documents_test

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/documents"
	"github.com/pecete/pecete/internal/samplepdf"
	"github.com/pecete/pecete/sandbox"
)

// However often and by how many the answer is brought, one code is redeemed, each
// hash is signed once, and the files verify.
func TestSignedOnce(t *testing.T) {
	h := newHouse(t)
	told := 0
	h.desk.Signed = func(context.Context, documents.Batch, []documents.Document) { told++ }
	contract := samplepdf.New("A contract")
	one, two := h.take("one.pdf", contract), h.take("two.pdf", contract)
	b, back := h.asked(two, one)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := h.desk.Return(t.Context(), h.signer.ID, back); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, signed := h.batch(b.ID)
	if got.State != documents.Done || len(signed) != 2 || signed[0].ID != two.ID {
		t.Fatalf("%s: %v\n%s", got.State, signed, h.log)
	}
	if h.server.codes != 1 || h.server.hashes != 2 || told != 1 {
		t.Errorf("%d codes, %d signatures, told %d times", h.server.codes, h.server.hashes, told)
	}
	if file := h.signed(signed[0]); !bytes.HasPrefix(file, contract) || len(file) != int(signed[0].SignedSize) {
		t.Error("not the file that was brought")
	}
	receipts, err := h.desk.History(t.Context(), h.signer.ID, 10)
	must(t, err)
	if len(receipts) != 2 || receipts[0].Brought != one.Digest || !strings.HasSuffix(receipts[0].Name, ".pdf") {
		t.Errorf("receipts: %+v", receipts)
	}
	kept := h.desk.Vault.Key
	h.desk.Vault.Key = bytes.Repeat([]byte{1}, 32) // as after a restore without it
	if unnamed, err := h.desk.History(t.Context(), h.signer.ID, 10); err != nil || len(unnamed) != 2 || unnamed[0].Name != "" || unnamed[0].Signed != receipts[0].Signed {
		t.Errorf("under another key: %+v, %v", unnamed, err)
	}
	h.desk.Vault.Key = kept
	if _, err := h.desk.Ask(t.Context(), got, "en"); !errors.Is(err, documents.ErrBusy) {
		t.Errorf("what is signed is asked for again: %v", err)
	}
	if names, err := os.ReadDir(h.folder); len(names) != 2 || err != nil {
		t.Errorf("what is not needed any more is kept: %v", names)
	}
}

// What breaks on the way signs nothing, says why, and leaves the documents as they
// were before.
func TestNotSigned(t *testing.T) {
	for says, row := range map[string]struct {
		do   func(h *house, b documents.Batch, back url.Values)
		want documents.Reason
	}{
		"the signer declines": {func(h *house, _ documents.Batch, back url.Values) {
			back.Del("code")
			back.Set("error", "access_denied")
		}, documents.ReasonDeclined},
		"the code came too late":               {func(h *house, _ documents.Batch, _ url.Values) { h.server.breakAt("refuse token") }, documents.ReasonRefused},
		"the server breaks at the code":        {func(h *house, _ documents.Batch, _ url.Values) { h.server.breakAt("token") }, documents.ReasonInterrupted},
		"the server refuses to sign":           {func(h *house, _ documents.Batch, _ url.Values) { h.server.breakAt("refuse sign") }, documents.ReasonRefused},
		"the server breaks when it is to sign": {func(h *house, _ documents.Batch, _ url.Values) { h.server.breakAt("sign") }, documents.ReasonInterrupted},
		"the answer is of another server":      {func(h *house, _ documents.Batch, back url.Values) { back.Set("iss", "https://other.example.org") }, documents.ReasonInterrupted},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			d := h.take("one.pdf", samplepdf.New("A contract"))
			b, back := h.asked(d)
			row.do(h, b, back)
			_, err := h.desk.Return(t.Context(), h.signer.ID, back)
			must(t, err)
			if got, left := h.batch(b.ID); got.State != documents.Failed || got.Reason != row.want || len(left) != 0 {
				t.Errorf("%s for %q, with %d", got.State, got.Reason, len(left))
			}
			if d, err := h.desk.Find(t.Context(), h.signer.ID, d.ID); err != nil || !d.Free() {
				t.Errorf("the document is not as it was: %+v, %v", d, err)
			}
			if h.server.hashes != 0 {
				t.Errorf("%d signatures", h.server.hashes)
			}
		})
	}
}

// An answer counts for the request that was made last, for its signer.
func TestReturnsAreForOne(t *testing.T) {
	h := newHouse(t)
	b, first := h.asked(h.take("one.pdf", samplepdf.New("A contract")))
	current, _ := h.batch(b.ID)
	_, err := h.desk.Ask(t.Context(), current, "en") // by the back button
	must(t, err)
	second := url.Values{"code": {"code"}, "state": {h.server.state()}}
	for says, row := range map[string]struct {
		user string
		back url.Values
	}{"the first request": {h.signer.ID, first}, "another signer": {h.other.ID, second}, "no state": {h.signer.ID, url.Values{"code": {"x"}}}} {
		if _, err := h.desk.Return(t.Context(), row.user, row.back); !errors.Is(err, documents.ErrUnknown) {
			t.Errorf("%s: %v", says, err)
		}
	}
	if h.server.codes != 0 {
		t.Error("a code was redeemed")
	}
	if got, err := h.desk.Return(t.Context(), h.signer.ID, second); err != nil || got.State != documents.Done {
		t.Errorf("%s, %v", got.State, err)
	}
}

// A document is in one batch at a time; who begins the same batch again finds it.
func TestBatchesDoNotShare(t *testing.T) {
	h := newHouse(t)
	one, two := h.take("one.pdf", samplepdf.New("A contract")), h.take("two.pdf", samplepdf.New("Another"))
	b, _ := h.asked(one)
	again, err := h.desk.Begin(t.Context(), documents.Batch{ID: b.ID, UserID: h.signer.ID, CredentialID: "c_1"}, []string{two.ID}, printed)
	if err != nil || again.State != documents.Asked {
		t.Errorf("begun again: %s, %v", again.State, err)
	}
	for says, ids := range map[string][]string{"one of another batch": {two.ID, one.ID}, "none": nil, "one twice": {two.ID, two.ID}, "unknown": {"d_x"}} {
		rival, err := h.desk.Begin(t.Context(), documents.Batch{ID: documents.NewID("b"), UserID: h.signer.ID, CredentialID: "c_1"}, ids, printed)
		if err != nil || rival.Reason != documents.ReasonChanged {
			t.Errorf("%s: %s %q, %v", says, rival.State, rival.Reason, err)
		}
	}
	foreign, err := h.desk.Begin(t.Context(), documents.Batch{ID: documents.NewID("b"), UserID: h.signer.ID, CredentialID: "c_2"}, []string{two.ID}, printed)
	if err != nil || foreign.Reason != documents.ReasonChanged {
		t.Errorf("with a credential that is not there: %q, %v", foreign.Reason, err)
	}
	if err := h.desk.Delete(t.Context(), h.signer.ID, one.ID); !errors.Is(err, documents.ErrBusy) {
		t.Errorf("what waits for its signer is deleted: %v", err)
	}
	must(t, h.desk.Drop(t.Context(), h.signer.ID, b.ID))
	for _, d := range []documents.Document{one, two} {
		if d, err := h.desk.Find(t.Context(), h.signer.ID, d.ID); err != nil || !d.Free() {
			t.Errorf("not free: %+v, %v", d, err)
		}
	}
}

// A server that was killed left batches in every state. Signatures that exist come
// into their documents; what was spent for nothing is told; the rest is free again.
func TestSweep(t *testing.T) {
	h := newHouse(t)
	contract := samplepdf.New("A contract")
	made, _ := h.asked(h.take("made.pdf", contract))
	agreed, _ := h.asked(h.take("agreed.pdf", contract))
	good := h.desk.PDFs
	late, _ := h.asked(h.take("late.pdf", contract))
	h.cutOff(made, true)
	h.cutOff(agreed, false)
	h.desk.PDFs = good
	must(t, h.desk.Sweep(t.Context()))
	want := func(says string, states ...documents.State) {
		t.Helper()
		var got []documents.State
		for _, b := range []documents.Batch{made, agreed, late} {
			b, _ := h.batch(b.ID)
			got = append(got, b.State)
		}
		if !slices.Equal(got, states) {
			t.Errorf("%s they are %q, want %q", says, got, states)
		}
	}
	want("at once", documents.Made, documents.Agreed, documents.Asked)
	h.after(3 * time.Minute)
	must(t, h.desk.Sweep(t.Context()))
	want("after minutes", documents.Done, documents.Failed, documents.Asked)
	if b, _ := h.batch(agreed.ID); b.Reason != documents.ReasonInterrupted {
		t.Errorf("the signer is told %q", b.Reason)
	}
	if h.server.hashes != 1 {
		t.Errorf("%d signatures", h.server.hashes)
	}
	h.after(time.Hour)
	must(t, h.desk.Sweep(t.Context()))
	want("after an hour", documents.Done, documents.Failed, documents.Failed)
	free, err := h.desk.List(t.Context(), h.signer.ID)
	must(t, err)
	for _, d := range free {
		if d.Free() == (d.Name == "made.pdf") {
			t.Errorf("%s is free: %t", d.Name, d.Free())
		}
	}
}

// What cannot be prepared now is not bound, and what a crash left bound is free
// again; signatures that never come into their document are given up.
func TestNothingStaysBound(t *testing.T) {
	h := newHouse(t)
	d := h.take("one.pdf", samplepdf.New("A contract"))
	good := h.desk.PDFs
	free := func(says string, want bool) {
		t.Helper()
		if d, err := h.desk.Find(t.Context(), h.signer.ID, d.ID); err != nil || d.Free() != want {
			t.Errorf("%s: free is %t, %v", says, d.Free(), err)
		}
	}
	h.desk.PDFs.In = &sandbox.Box{Program: "/nowhere"}
	if _, err := h.desk.Begin(t.Context(), documents.Batch{ID: documents.NewID("b"), UserID: h.signer.ID, CredentialID: "c_1"}, []string{d.ID}, printed); err == nil {
		t.Error("prepared by nobody")
	}
	free("after a failure of ours", true)
	h.desk.PDFs = good
	b, _ := h.asked(d)
	current, _ := h.batch(b.ID)
	current.State = documents.Failed // and the server was killed before it released the document
	_, err := h.store.MoveBatch(t.Context(), current)
	must(t, err)
	free("before the sweep", false)
	must(t, h.desk.Sweep(t.Context()))
	free("after the sweep", true)
	b, _ = h.asked(d)
	h.cutOff(b, true)
	h.after(time.Minute)
	must(t, h.desk.Sweep(t.Context()))
	free("while it is tried", false)
	h.after(2 * time.Hour)
	must(t, h.desk.Sweep(t.Context()))
	free("when it was tried long enough", true)
	if got, _ := h.batch(b.ID); got.Reason != documents.ReasonInterrupted || h.server.hashes != 1 {
		t.Errorf("%q, %d signatures", got.Reason, h.server.hashes)
	}
}

// cutOff has the signer agree, and the server killed before or after there are
// signatures, as far as the store sees it.
func (h *house) cutOff(b documents.Batch, signed bool) {
	h.t.Helper()
	if !signed {
		b, _ := h.batch(b.ID)
		b.State = documents.Agreed
		moved, err := h.store.MoveBatch(h.t.Context(), b)
		must(h.t, err)
		if !moved {
			h.t.Fatal("not moved")
		}
		return
	}
	h.desk.PDFs.In = &sandbox.Box{Program: "/nowhere"}
	current, _ := h.batch(b.ID)
	_, err := h.desk.Ask(h.t.Context(), current, "en")
	must(h.t, err)
	_, err = h.desk.Return(h.t.Context(), h.signer.ID, url.Values{"code": {"code"}, "state": {h.server.state()}})
	must(h.t, err)
}
