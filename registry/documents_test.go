package registry_test

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/documents"
)

func aDocument(n, userN int) documents.Document {
	return documents.Document{
		ID: fmt.Sprintf("d_%032x", n), UserID: user(userN).ID, Sealed: []byte{0, 1, byte(n)}, Salt: bytes.Repeat([]byte{byte(n)}, 32),
		Created: created.Add(time.Duration(n) * time.Minute), Expires: created.Add(24 * time.Hour), Size: 1 << 33, Digest: "ab", Pages: 7,
		Encrypted: n%2 == 0,
	}
}

func aBatch(n, userN int) documents.Batch {
	return documents.Batch{
		ID: fmt.Sprintf("b_%032x", n), UserID: user(userN).ID, CredentialID: "c_1", State: documents.Preparing,
		Created: created, Changed: created, Salt: []byte{1},
	}
}

func documentsComeAndGo(t *testing.T, url string) {
	r := pair(t, url)
	one, two, other := aDocument(1, 1), aDocument(2, 1), aDocument(3, 2)
	two.Fault = documents.FaultKind
	for _, d := range []documents.Document{two, one, other} {
		must(t, r.AddDocument(t.Context(), d))
	}
	want := func(says string, want ...documents.Document) {
		t.Helper()
		got, err := r.Documents(t.Context(), user(1).ID)
		must(t, err)
		if diff := cmp.Diff(append([]documents.Document{}, want...), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", says, diff)
		}
	}
	want("oldest first", one, two)
	_, err := r.Document(t.Context(), user(2).ID, one.ID)
	wantErr(t, err, documents.ErrUnknown)
	one.Mark = documents.Mark{Page: 2, Left: 30, Top: 40}
	must(t, r.SetMark(t.Context(), user(1).ID, one.ID, one.Mark))
	wantErr(t, r.SetMark(t.Context(), user(2).ID, one.ID, documents.Mark{}), documents.ErrBusy)
	wantErr(t, r.SetMark(t.Context(), user(1).ID, two.ID, documents.Mark{}), documents.ErrBusy) // it was not taken
	want("marked", one, two)
	must(t, r.RemoveDocument(t.Context(), user(2).ID, one.ID))
	want("removed by another", one, two)
	must(t, r.RemoveDocument(t.Context(), user(1).ID, two.ID))
	must(t, r.RemoveDocument(t.Context(), user(1).ID, two.ID))
	want("removed", one)
	for id, want := range map[string]bool{one.ID: true, two.ID: false, "\x00": false} {
		if known, err := r.Known(t.Context(), id); known != want || err != nil {
			t.Errorf("%q known: %t, %v", id, known, err)
		}
	}
	for at, want := range map[time.Time]int{one.Expires.Add(-1000): 0, one.Expires: 2} {
		if all, err := r.ExpiredDocuments(t.Context(), at); len(all) != want || err != nil {
			t.Errorf("%d expired, %v", len(all), err)
		}
	}
}

// A document is in one batch, and is not changed or removed there before it is
// signed.
func documentsAreBound(t *testing.T, url string) {
	r := pair(t, url)
	b, rival := aBatch(1, 1), aBatch(2, 1)
	must(t, r.AddBatch(t.Context(), b))
	must(t, r.AddBatch(t.Context(), rival))
	wantErr(t, r.AddBatch(t.Context(), b), documents.ErrExists)
	var ids []string
	for n := range 3 {
		d := aDocument(n, 1)
		must(t, r.AddDocument(t.Context(), d))
		ids = append(ids, d.ID)
	}
	foreign := aDocument(9, 2)
	must(t, r.AddDocument(t.Context(), foreign))
	wantErr(t, r.Bind(t.Context(), b, []string{ids[0], foreign.ID}), documents.ErrBusy)
	wantErr(t, r.Bind(t.Context(), b, nil), documents.ErrBusy)
	must(t, r.Release(t.Context(), b))
	must(t, r.Bind(t.Context(), b, []string{ids[2], ids[0]}))
	wantErr(t, r.Bind(t.Context(), rival, []string{ids[0], ids[1]}), documents.ErrBusy)
	must(t, r.Release(t.Context(), rival))
	wantErr(t, r.SetMark(t.Context(), user(1).ID, ids[0], documents.Mark{Page: 1}), documents.ErrBusy)
	wantErr(t, r.RemoveDocument(t.Context(), user(1).ID, ids[0]), documents.ErrBusy)
	inside, err := r.DocumentsIn(t.Context(), user(1).ID, b.ID)
	must(t, err)
	if len(inside) != 2 || inside[0].ID != ids[2] || inside[1].ID != ids[0] {
		t.Fatalf("in another order: %v", inside)
	}
	signed := inside[0]
	signed.SignedAt, signed.SignedSize, signed.SignedDigest, signed.Expires = created, 5, "cd", created.Add(time.Hour)
	must(t, r.SetSigned(t.Context(), signed))
	again := signed
	again.SignedDigest = "ef"
	must(t, r.SetSigned(t.Context(), again))
	must(t, r.Release(t.Context(), b))
	got, err := r.Document(t.Context(), user(1).ID, signed.ID)
	must(t, err)
	if diff := cmp.Diff(signed, got); diff != "" {
		t.Errorf("signed twice, or released (-want +got):\n%s", diff)
	}
	must(t, r.RemoveDocument(t.Context(), user(1).ID, signed.ID))
}

func batchesMoveOnce(t *testing.T, url string) {
	r := pair(t, url)
	b := aBatch(1, 1)
	must(t, r.AddBatch(t.Context(), b))
	var winners atomic.Int64
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			next := b
			next.State, next.Key, next.Sealed = documents.Agreed, "key", []byte{byte(n)}
			moved, err := r.MoveBatch(t.Context(), next)
			if err != nil {
				t.Error(err)
			}
			if moved {
				winners.Add(1)
			}
		})
	}
	all.Wait()
	got, err := r.BatchOf(t.Context(), user(1).ID, "key")
	must(t, err)
	if winners.Load() != 1 || got.Revision != 1 || got.State != documents.Agreed || got.ID != b.ID {
		t.Errorf("%d moved it, to %+v", winners.Load(), got)
	}
	_, err = r.BatchOf(t.Context(), user(2).ID, "key")
	wantErr(t, err, documents.ErrUnknown)
	_, err = r.Batch(t.Context(), user(2).ID, b.ID)
	wantErr(t, err, documents.ErrUnknown)
	for since, want := range map[time.Time]int{created: 1, created.Add(-time.Second): 0} {
		if left, err := r.Batches(t.Context(), documents.Agreed, since); len(left) != want || err != nil {
			t.Errorf("%d left, %v", len(left), err)
		}
	}
	must(t, r.ForgetBatches(t.Context(), created.Add(time.Hour)))
	got.State = documents.Done
	_, err = r.MoveBatch(t.Context(), got)
	must(t, err)
	must(t, r.ForgetBatches(t.Context(), created.Add(time.Hour)))
	_, err = r.Batch(t.Context(), user(1).ID, b.ID)
	wantErr(t, err, documents.ErrUnknown)
}

func receiptsComeBack(t *testing.T, url string) {
	r := pair(t, url)
	var want []documents.Receipt
	for n := range 3 {
		one := documents.Receipt{
			ID: fmt.Sprintf("d_%d", n), UserID: user(1).ID, CredentialID: "c_1", Sealed: []byte{1}, Salt: []byte{2},
			Brought: "ab", Signed: "cd", At: created.Add(time.Duration(-n) * time.Minute),
		}
		want = append(want, one)
		must(t, r.AddReceipt(t.Context(), one))
		one.Signed = "another"
		must(t, r.AddReceipt(t.Context(), one))
	}
	got, err := r.Receipts(t.Context(), user(1).ID, 2)
	must(t, err)
	if diff := cmp.Diff(want[:2], got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, err := r.Receipts(t.Context(), user(2).ID, 2); len(got) != 0 || err != nil {
		t.Errorf("another's: %v %v", got, err)
	}
}
