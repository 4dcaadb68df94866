package signing_test

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/signing"
)

// jobs gives the house a process that does requests of mode A.
func (h *house) jobs(owner string) *signing.Jobs {
	h.t.Helper()
	seal, err := signing.NewSeal([]byte(strings.Repeat("k", 32)))
	must(h.t, err)
	return &signing.Jobs{
		Store: h.registry, Seal: seal, Owner: owner, Now: h.signer.Now, Logger: slog.New(slog.DiscardHandler),
		Recipient: func(_ context.Context, client, uri string) (bool, error) {
			return client == h.who.ClientID && uri == "https://app.example.org/signed", nil
		},
	}
}

// open starts jobs that end with the test.
func (h *house) open(j *signing.Jobs) *signing.Jobs {
	h.t.Helper()
	must(h.t, j.Start(h.t.Context()))
	h.t.Cleanup(func() { _ = j.Close(context.WithoutCancel(h.t.Context())) })
	h.signer.Jobs = j
	return j
}

// later is a request of mode A.
func (h *house) later(hashes ...csc.Digest) csc.SignHashRequest {
	req := h.request(hashes...)
	req.OperationMode = "A"
	return req
}

// poll asks until there is an answer that is not "not yet".
func (h *house) poll(id string) (csc.SignPollingResponse, error) {
	h.t.Helper()
	for {
		answer, err := h.signer.Poll(h.t.Context(), h.who, csc.SignPollingRequest{RequestID: id})
		if !errors.Is(err, signing.ErrPending) {
			return answer, err
		}
		select {
		case <-h.t.Context().Done():
			h.t.Fatal("no end")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (h *house) accept(grant string, req csc.SignHashRequest) string {
	h.t.Helper()
	answer, err := h.signer.SignHash(h.t.Context(), h.who, grant, req)
	must(h.t, err)
	if answer.ResponseID == "" || answer.Signatures != nil {
		h.t.Fatalf("%+v", answer)
	}
	return answer.ResponseID
}

// told is what the client learns of err.
func told(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	known, ok := errors.AsType[*csc.Error](err)
	if !ok {
		return err.Error()
	}
	return known.Description
}

// Who does not say where to is told nothing: it asks.
func TestAJobIsDone(t *testing.T) {
	h := newHouse(t, csc.P256)
	j := h.jobs("log_a")
	j.Tell = func() { t.Error("there is somebody to be told") }
	h.open(j)
	grant := h.grant(3)
	id := h.accept(grant, h.later(digests(2)...))
	if left := h.left(grant); left != 1 {
		t.Errorf("%d left: it is spent when it is taken", left)
	}
	for range 2 { // it can be read twice
		answer, err := h.poll(id)
		must(t, err)
		for i, signature := range answer.Signatures {
			if !ecdsa.VerifyASN1(h.keys.key.Public().(*ecdsa.PublicKey), digest(i), signature) {
				t.Errorf("signature %d does not verify", i)
			}
		}
		if len(answer.Signatures) != 2 {
			t.Errorf("%d signatures", len(answer.Signatures))
		}
	}
	if due, err := h.registry.DueNotices(t.Context(), h.now.Add(time.Hour), 10); err != nil || len(due) > 0 {
		t.Errorf("to be told: %v, %v", due, err)
	}
	if diff := cmp.Diff(done, h.events()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// A job that has ended leaves nothing of its request in memory, however long the
// process lives.
func TestAJobIsForgotten(t *testing.T) {
	h := newHouse(t, csc.P256)
	h.open(h.jobs("log_a"))
	type key struct{}
	gone := make(chan struct{})
	func() {
		request := &[64]byte{}
		runtime.AddCleanup(request, func(struct{}) { close(gone) }, struct{}{})
		ctx := context.WithValue(t.Context(), key{}, request)
		answer, err := h.signer.SignHash(ctx, h.who, h.grant(1), h.later(digest(0)))
		must(t, err)
		_, err = h.poll(answer.ResponseID)
		must(t, err)
	}()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		runtime.GC()
		select {
		case <-gone:
			return
		default:
		}
	}
	t.Error("the request is still there")
}

// What cannot be a job is refused before anything is spent, and leaves none.
func TestJobsThatCannotBe(t *testing.T) {
	for says, test := range map[string]struct {
		change func(h *house, req *csc.SignHashRequest)
		want   string
	}{
		"no jobs here":       {func(h *house, _ *csc.SignHashRequest) { h.signer.Jobs = nil }, "Invalid parameter operationMode"},
		"too short":          {func(_ *house, r *csc.SignHashRequest) { r.ValidityPeriod = 999 }, "Out of bounds parameter validity_period"},
		"too long":           {func(_ *house, r *csc.SignHashRequest) { r.ValidityPeriod = 86_400_001 }, "Out of bounds parameter validity_period"},
		"much too long":      {func(_ *house, r *csc.SignHashRequest) { r.ValidityPeriod = 1<<53 - 1 }, "Out of bounds parameter validity_period"},
		"nobody registered":  {func(_ *house, r *csc.SignHashRequest) { r.ResponseURI = "https://evil.example/" }, "Invalid parameter response_uri"},
		"more than agreed":   {func(_ *house, r *csc.SignHashRequest) { r.Hashes = digests(4) }, "Invalid parameter SAD"},
		"another credential": {func(_ *house, r *csc.SignHashRequest) { r.CredentialID = "c_none" }, "Invalid parameter credentialID"},
	} {
		t.Run(says, func(t *testing.T) {
			h := newHouse(t, csc.P256)
			h.open(h.jobs("log_a"))
			grant, req := h.grant(3), h.later(digests(2)...)
			test.change(h, &req)
			_, err := h.signer.SignHash(t.Context(), h.who, grant, req)
			if got := told(t, err); got != test.want {
				t.Errorf("%v, want %q", err, test.want)
			}
			open, err := h.registry.OpenJobs(t.Context(), "log_a", time.Time{})
			must(t, err)
			if left := h.left(grant); left != 3 || h.keys.signed != 0 || len(open) != 0 {
				t.Errorf("%d left, %d signed, %d jobs", left, h.keys.signed, len(open))
			}
		})
	}
}

// A job that fails is told as mode S would have, and what that hides is hidden.
func TestJobsThatFail(t *testing.T) {
	for says, test := range map[string]struct {
		change func(h *house)
		want   string
	}{
		"the device fails":     {func(h *house) { h.keys.signing = func(context.Context, int) error { return errDevice } }, csc.ServerError.Description()},
		"a wrong signature":    {func(h *house) { h.keys.spoil = func(s []byte) { s[len(s)-1] ^= 1 } }, csc.ServerError.Description()},
		"disabled in the time": {func(h *house) { h.keys.admitting = func(int) error { h.status(true, false); return nil } }, "The credential identified by credentialID is disabled"},
	} {
		t.Run(says, func(t *testing.T) {
			h := newHouse(t, csc.P256)
			h.open(h.jobs("log_a"))
			test.change(h)
			_, err := h.poll(h.accept(h.grant(1), h.later(digest(0))))
			if got := told(t, err); got != test.want {
				t.Errorf("%v, want %q", err, test.want)
			}
			if diff := cmp.Diff(failed, h.events()); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
		})
	}
}

// Somebody else's job, one whose time is over and one that never was are the
// same.
func TestPollingIsForTheOwner(t *testing.T) {
	h := newHouse(t, csc.P256)
	h.open(h.jobs("log_a"))
	req := h.later(digest(0))
	req.ValidityPeriod = 60_000
	id := h.accept(h.grant(1), req)
	_, err := h.poll(id)
	must(t, err)
	owner := h.who
	ask := func(userID string) string {
		_, err := h.signer.Poll(t.Context(), h.who, csc.SignPollingRequest{RequestID: id, UserID: userID})
		return told(t, err)
	}
	for says, test := range map[string]struct {
		change func()
		userID string
		want   string
	}{
		"the owner":               {func() {}, "", ""},
		"the owner by name":       {func() {}, h.credential.UserID, "userID parameter SHALL be null"},
		"another client":          {func() { h.who.ClientID = "a_other" }, "", "Invalid parameter requestID"},
		"another signer":          {func() { h.who.UserID = "u_other" }, "", "Invalid parameter requestID"},
		"a client without a link": {func() { h.who.UserID = "" }, "", "Invalid parameter requestID"},
		"for a stranger":          {func() { h.who.UserID = "" }, "u_stranger", `Invalid parameter "userID"`},
	} {
		h.who = owner
		test.change()
		if got := ask(test.userID); got != test.want {
			t.Errorf("%s: %q, want %q", says, got, test.want)
		}
	}
	h.who = owner
	h.pass(time.Minute)
	if got := ask(""); got != "Invalid parameter requestID" {
		t.Errorf("when its time is over: %q", got)
	}
	if _, err := h.signer.Poll(t.Context(), h.who, csc.SignPollingRequest{RequestID: "none"}); told(t, err) != "Invalid parameter requestID" {
		t.Errorf("one that never was: %v", err)
	}
}

// held has the device wait for somebody.
func (h *house) held() (asked chan struct{}, release func()) {
	asked, gate := make(chan struct{}, 1000), make(chan struct{})
	h.keys.signing = func(context.Context, int) error {
		asked <- struct{}{}
		<-gate
		return nil
	}
	return asked, sync.OnceFunc(func() { close(gate) })
}

// A process that is gone leaves jobs that are never signed: not by the next one
// of its name, nor by another, whatever state they were left in.
func TestJobsLeftOpenAreEnded(t *testing.T) {
	h := newHouse(t, csc.P256)
	asked, release := h.held()
	defer release()
	first := h.jobs("log_a")
	first.Workers = 1
	must(t, first.Start(t.Context()))
	h.signer.Jobs = first
	begun := h.accept(h.grant(1), h.later(digest(0)))
	<-asked
	waiting := h.accept(h.grant(1), h.later(digest(1)))
	if _, err := h.signer.Poll(t.Context(), h.who, csc.SignPollingRequest{RequestID: waiting}); !errors.Is(err, signing.ErrPending) {
		t.Errorf("not yet: %v", err)
	}
	other := h.open(h.jobs("log_b"))
	must(t, other.Sweep(t.Context()))
	if _, err := h.signer.Poll(t.Context(), h.who, csc.SignPollingRequest{RequestID: waiting}); !errors.Is(err, signing.ErrPending) {
		t.Errorf("another process ended it: %v", err)
	}
	h.open(h.jobs("log_a")) // as after a crash
	for _, id := range []string{begun, waiting} {
		if _, err := h.poll(id); told(t, err) != csc.ServerError.Description() {
			t.Errorf("%v", err)
		}
	}
	release() // the first process was only asleep
	must(t, first.Close(t.Context()))
	if h.keys.signed != 1 {
		t.Errorf("%d were signed: the one that had ended before its turn must not be", h.keys.signed)
	}
	for _, id := range []string{begun, waiting} {
		if answer, err := h.poll(id); err == nil {
			t.Errorf("%d signatures came after the end", len(answer.Signatures))
		}
	}
}

// A job whose process never comes back is ended by any other, long after.
func TestJobsOfTheGoneAreSwept(t *testing.T) {
	h := newHouse(t, csc.P256)
	asked, release := h.held()
	gone := h.jobs("log_a")
	must(t, gone.Start(t.Context()))
	h.signer.Jobs = gone
	id := h.accept(h.grant(1), h.later(digest(0)))
	<-asked
	h.pass(10*time.Minute + 16*time.Minute)
	other := h.open(h.jobs("log_b"))
	must(t, other.Sweep(t.Context()))
	if _, err := h.poll(id); told(t, err) != csc.ServerError.Description() {
		t.Errorf("%v", err)
	}
	h.pass(time.Hour + time.Second)
	must(t, other.Sweep(t.Context()))
	open, err := h.registry.OpenJobs(t.Context(), "", h.now)
	must(t, err)
	if _, err := h.poll(id); told(t, err) != "Invalid parameter requestID" || len(open) > 0 {
		t.Errorf("it is not forgotten: %v", err)
	}
	release()
	must(t, gone.Close(t.Context()))
}

// So many wait and no more, and who finds no place has spent nothing.
func TestJobsAreBounded(t *testing.T) {
	h := newHouse(t, csc.P256)
	asked, release := h.held()
	defer release()
	j := h.jobs("log_a")
	j.Workers, j.Waiting = 1, 2
	h.open(j)
	var ids []string
	for i := range 3 {
		ids = append(ids, h.accept(h.grant(1), h.later(digest(i))))
	}
	<-asked
	grant := h.grant(1)
	_, err := h.signer.SignHash(t.Context(), h.who, grant, h.later(digest(9)))
	var passing interface{ Unavailable() bool }
	if !errors.As(err, &passing) || !passing.Unavailable() || h.left(grant) != 1 {
		t.Errorf("%v, %d left", err, h.left(grant))
	}
	release()
	for _, id := range ids {
		_, err := h.poll(id)
		must(t, err)
	}
}

// What waits has room in memory, of documents too; one that is larger than all the
// room is taken when there is no other.
func TestJobsHaveSoMuchRoom(t *testing.T) {
	h := newHouse(t, csc.P256)
	asked, release := h.held()
	defer release()
	j := h.jobs("log_a")
	j.Bytes = 1
	h.open(j)
	ask := func() (string, string, error) {
		grant := h.agree(1, csc.SDR, csc.OIDSHA256, sumOf(contract))
		req := csc.SignDocRequest{Documents: []csc.Document{document(contract, "C", "Detached")}}
		req.OperationMode = "A"
		answer, err := h.signDoc(grant, req)
		return grant, answer.ResponseID, err
	}
	_, id, err := ask()
	must(t, err)
	<-asked
	grant, _, err := ask()
	var passing interface{ Unavailable() bool }
	if !errors.As(err, &passing) || !passing.Unavailable() || h.left(grant) != 1 {
		t.Errorf("%v, %d left", err, h.left(grant))
	}
	release()
	_, err = h.poll(id)
	must(t, err)
}

// A job whose turn comes too late is not signed.
func TestJobsThatWaitedTooLong(t *testing.T) {
	h := newHouse(t, csc.P256)
	asked, release := h.held()
	defer release()
	j := h.jobs("log_a")
	j.Workers, j.Patience = 1, time.Minute
	h.open(j)
	first := h.accept(h.grant(1), h.later(digest(0)))
	<-asked
	late := h.accept(h.grant(1), h.later(digest(1)))
	h.pass(time.Minute)
	release()
	if _, err := h.poll(late); told(t, err) != csc.ServerError.Description() {
		t.Errorf("too late: %v", err)
	}
	_, err := h.poll(first)
	must(t, err)
	if h.keys.signed != 1 {
		t.Errorf("%d signed, want 1", h.keys.signed)
	}
}

// A job waits for room in the device, which a client would not.
func TestJobsWaitForRoom(t *testing.T) {
	h := newHouse(t, csc.P256)
	h.open(h.jobs("log_a"))
	tries := 0
	h.keys.admitting = func(int) error {
		if tries++; tries < 4 {
			return full{}
		}
		return nil
	}
	if _, err := h.poll(h.accept(h.grant(1), h.later(digest(0)))); err != nil || tries != 4 {
		t.Errorf("%v after %d tries", err, tries)
	}
}

// At the end jobs that wait are done, if there is time, and ended if not.
func TestJobsAtTheEnd(t *testing.T) {
	for _, hurry := range []bool{false, true} {
		t.Run(fmt.Sprint("hurry ", hurry), func(t *testing.T) {
			h := newHouse(t, csc.P256)
			asked, release := h.held()
			j := h.jobs("log_a")
			j.Workers = 1
			must(t, j.Start(t.Context()))
			h.signer.Jobs = j
			first := h.accept(h.grant(1), h.later(digest(0)))
			<-asked
			second := h.accept(h.grant(1), h.later(digest(1)))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if hurry {
				cancel()
				time.AfterFunc(200*time.Millisecond, release)
			} else {
				release()
			}
			_ = j.Close(ctx)
			_, firstErr := h.poll(first)
			_, secondErr := h.poll(second)
			if firstErr != nil || (secondErr == nil) == hurry {
				t.Errorf("the one under way: %v; the one that waited: %v", firstErr, secondErr)
			}
			if _, err := h.signer.SignHash(t.Context(), h.who, h.grant(1), h.later(digest(2))); err == nil {
				t.Error("one was taken after the end")
			}
		})
	}
}

// What is kept says nothing without the key, and nothing else in its stead.
func TestResultsAreSealed(t *testing.T) {
	h := newHouse(t, csc.P256)
	told := make(chan struct{}, 10)
	j := h.jobs("log_a")
	j.Tell = func() { told <- struct{}{} }
	h.open(j)
	req := h.later(digest(0))
	req.ResponseURI = "https://app.example.org/signed"
	id := h.accept(h.grant(1), req)
	_, err := h.poll(id)
	must(t, err)
	<-told
	due, err := h.registry.DueNotices(t.Context(), h.now, 10)
	must(t, err)
	if len(due) != 1 {
		t.Fatalf("%d are to be told", len(due))
	}
	if name, err := due[0].ResponseID(j.Seal); err != nil || name != id {
		t.Errorf("%q, %v", name, err)
	}
	other, err := signing.NewSeal([]byte(strings.Repeat("o", 32)))
	must(t, err)
	if _, err := due[0].ResponseID(other); err == nil {
		t.Error("opened with another key")
	}
	stolen := due[0]
	stolen.ClientID = "a_other"
	if _, err := stolen.ResponseID(j.Seal); err == nil {
		t.Error("opened for another client")
	}
	kept, err := h.registry.Job(t.Context(), due[0].ID)
	must(t, err)
	if strings.Contains(string(kept.Result), "signatures") || strings.Contains(kept.ID, id) || kept.Until.IsZero() {
		t.Errorf("%+v", kept)
	}
}

// Of a hundred that ask at once in either mode, with one grant of ten, ten are
// signed.
func TestJobsSpendAGrantOnce(t *testing.T) {
	h := newHouse(t, csc.P256)
	h.open(h.jobs("log_a"))
	grant := h.grant(10)
	var mu sync.Mutex
	var ids []string
	won := 0
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			req := h.request(digest(i))
			if i%2 == 0 {
				req.OperationMode = "A"
			}
			answer, err := h.signer.SignHash(t.Context(), h.who, grant, req)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			}
			if answer.ResponseID != "" {
				ids = append(ids, answer.ResponseID)
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		_, err := h.poll(id)
		must(t, err)
	}
	if won != 10 || h.keys.signed != 10 {
		t.Errorf("%d won and %d were signed, want 10", won, h.keys.signed)
	}
	intents := 0
	for _, e := range h.events() {
		if e == audit.SignIntent {
			intents++
		}
	}
	if intents != 10 {
		t.Errorf("%d intents", intents)
	}
}
