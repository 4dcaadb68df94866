package callback_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/audit/audittest"
	"github.com/pecete/pecete/callback"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

// A mailServer takes mails as long as it is there.
type mailServer struct {
	mu   sync.Mutex
	away bool
	asks int
	got  []string // subjects
}

func (m *mailServer) Send(_ context.Context, letter notify.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asks++
	if m.away {
		return errors.New("it is away")
	}
	m.got = append(m.got, letter.Subject)
	return nil
}

// subjects are those of the mails that were taken.
func (m *mailServer) subjects() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.got)
}

// A town is a registry with a signer, what tells of certificates, and a clock.
type town struct {
	t     *testing.T
	url   string
	store *registry.Registry
	mails *mailServer

	mu    sync.Mutex
	later time.Duration
}

func newTown(t *testing.T) *town {
	t.Helper()
	w := &town{t: t, url: filepath.Join(t.TempDir(), "registry.db"), mails: &mailServer{}}
	w.store = w.open()
	must(t, w.store.AddUser(t.Context(), users.User{ID: "u_1", Email: "demo.signer@example.org", Created: time.Now()}))
	must(t, w.store.AddCredential(t.Context(), credentials.Credential{ID: "c_1", UserID: "u_1", KeyID: []byte("1"), Key: csc.P256, Created: time.Now()}))
	return w
}

func (w *town) open() *registry.Registry {
	w.t.Helper()
	r, err := registry.Open(w.t.Context(), registry.Config{URL: w.url})
	must(w.t, err)
	w.t.Cleanup(func() { _ = r.Close() })
	return r
}

func (w *town) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.later)
}

func (w *town) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.later += d
}

// teller is a process that tells, until the test ends.
func (w *town) teller() *callback.Teller {
	store := w.open()
	teller := &callback.Teller{
		Sources: []callback.Source{callback.Fates{Store: store, Teller: credentials.Teller{
			Store: store, Users: store, Post: notify.Post{Mail: w.mails}, From: "Pecete", URL: "https://pecete.example.org/portal/security",
		}}},
		Now: w.now, Logger: slog.New(slog.DiscardHandler), Every: 5 * time.Millisecond,
	}
	teller.Start(w.t.Context())
	w.t.Cleanup(func() { _ = teller.Close() })
	return teller
}

// due is how many are still to be told, ever.
func (w *town) due() int {
	w.t.Helper()
	all, err := w.store.DueCredentialNotices(w.t.Context(), w.now().AddDate(1, 0, 0), 9)
	must(w.t, err)
	return len(all)
}

// until waits for something.
func (w *town) until(what string, so func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("it did not come to it: %s", what)
		}
	}
}

func (w *town) asked(times int) func() bool {
	return func() bool {
		w.mails.mu.Lock()
		defer w.mails.mu.Unlock()
		return w.mails.asks >= times
	}
}

// What one process does to a certificate others tell of, once, however many there
// are and as soon as the mail server is there; a restart forgets nothing.
func TestFatesAreTold(t *testing.T) {
	w := newTown(t)
	w.mails.away = true
	first, second := w.teller(), w.teller()
	elsewhere := credentials.Withdrawer{Store: w.open(), Audit: audittest.Open(t), Now: w.now}
	must(t, elsewhere.Suspend(t.Context(), "c_1"))
	for n := 1; n <= 3; n++ { // in vain
		w.until("it is tried", w.asked(n))
		w.until("it is put off", func() bool {
			due, err := w.store.DueCredentialNotices(t.Context(), w.now(), 9)
			return err == nil && len(due) == 0
		})
		w.wait(55 * time.Second) // less than a process has it for itself
	}
	must(t, first.Close())
	must(t, second.Close())
	w.mails.mu.Lock()
	w.mails.away = false
	w.mails.mu.Unlock()
	w.wait(10 * time.Minute)
	w.teller()
	w.teller()
	w.until("nothing is to be told", func() bool { return w.due() == 0 })
	must(t, elsewhere.Resume(t.Context(), "c_1"))
	must(t, elsewhere.Revoke(t.Context(), "c_1", 1))
	w.until("nothing is to be told", func() bool { return w.due() == 0 })
	w.wait(time.Hour)
	time.Sleep(50 * time.Millisecond) // nobody says it again
	counts := map[string]int{}
	for _, subject := range w.mails.subjects() {
		counts[subject]++
	}
	for _, subject := range []string{"Pecete: your certificate was suspended", "Pecete: your certificate can be used again", "Pecete: your certificate was revoked"} {
		if counts[subject] != 1 {
			t.Errorf("%q came %d times", subject, counts[subject])
		}
	}
	if got := w.mails.subjects(); len(got) != 3 {
		t.Errorf("mails: %q", got)
	}
}

// A notice that a process died with is told by another one, later.
func TestFatesOfTheDeadAreTold(t *testing.T) {
	w := newTown(t)
	must(t, w.store.SuspendCredential(t.Context(), "c_1", w.now()))
	due, err := w.store.DueCredentialNotices(t.Context(), w.now(), 1)
	must(t, err)
	taken, err := w.store.SwapCredentialNotice(t.Context(), due[0].ID, due[0].Due, w.now().Add(time.Minute), 1)
	if err != nil || !taken {
		t.Fatal(taken, err)
	}
	w.teller()
	time.Sleep(50 * time.Millisecond)
	if len(w.mails.subjects()) > 0 {
		t.Error("it is told while another has it")
	}
	w.wait(2 * time.Minute)
	w.until("it is told", func() bool { return w.due() == 0 })
	if got := w.mails.subjects(); len(got) != 1 {
		t.Errorf("mails: %q", got)
	}
}

// A mail server that never comes is not asked for ever, and a signer who is gone is
// told nothing.
func TestFatesAreGivenUp(t *testing.T) {
	w := newTown(t)
	w.mails.away = true
	must(t, w.store.SuspendCredential(t.Context(), "c_1", w.now()))
	w.teller()
	for n := 1; w.due() > 0; n++ {
		if n > 20 {
			t.Fatal("it is tried without end")
		}
		w.until("it is tried", func() bool { return w.asked(n)() || w.due() == 0 })
		time.Sleep(20 * time.Millisecond)
		w.wait(25 * time.Hour)
	}
	if w.asked(11)() || !w.asked(10)() {
		t.Error("it is not tried ten times")
	}
}
