package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

// What each signature asks is answered as it is now, whoever changed it last:
// this registry, or another one on the same database.
func answersAreOfNow(t *testing.T, url string) {
	asked := pair(t, url)
	must(t, asked.AddCredential(t.Context(), credential(1, 1)))
	must(t, asked.Link(t.Context(), client(1).ID, user(1).ID))
	other := open(t, url)
	before := tell(t, asked)
	for _, change := range changes {
		for _, by := range []*registry.Registry{asked, other} {
			must(t, change.do(t.Context(), by))
			now := tell(t, asked)
			if now == before {
				t.Errorf("%s: still %s", change.says, before)
			}
			must(t, change.undo(t.Context(), by))
			if before = tell(t, asked); before == now {
				t.Errorf("not %s any more: still %s", change.says, before)
			}
		}
	}
	must(t, other.DeleteCredential(t.Context(), id("c", 1), credentials.Deletion{At: created}))
	if _, err := asked.Holding(t.Context(), id("c", 1), client(1).ID); !errors.Is(err, credentials.ErrUnknown) {
		t.Errorf("a deleted credential: %v", err)
	}
	must(t, other.RemoveClient(t.Context(), client(1).ID))
	if _, err := asked.Client(t.Context(), client(1).ID); !errors.Is(err, oauth.ErrUnknownClient) {
		t.Errorf("a removed client: %v", err)
	}
}

// changes are what ends a signature, and its end.
var changes = []struct {
	says     string
	do, undo func(ctx context.Context, r *registry.Registry) error
}{
	{"the credential is disabled",
		func(ctx context.Context, r *registry.Registry) error {
			return r.SetCredentialDisabled(ctx, id("c", 1), true)
		},
		func(ctx context.Context, r *registry.Registry) error {
			return r.SetCredentialDisabled(ctx, id("c", 1), false)
		}},
	{"the signer is disabled",
		func(ctx context.Context, r *registry.Registry) error {
			return r.SetUserDisabled(ctx, user(1).ID, true, "out")
		},
		func(ctx context.Context, r *registry.Registry) error {
			return r.SetUserDisabled(ctx, user(1).ID, false, "in")
		}},
	{"the signer signs later",
		func(ctx context.Context, r *registry.Registry) error {
			return r.SetSignsFrom(ctx, user(1).ID, created, "later")
		},
		func(ctx context.Context, r *registry.Registry) error {
			return r.SetSignsFrom(ctx, user(1).ID, time.Time{}, "now")
		}},
	{"a factor is locked",
		func(ctx context.Context, r *registry.Registry) error {
			return swap(ctx, r, users.Attempts{}, users.Attempts{Locked: true})
		},
		func(ctx context.Context, r *registry.Registry) error {
			return swap(ctx, r, users.Attempts{Locked: true}, users.Attempts{})
		}},
	{"the link is gone",
		func(ctx context.Context, r *registry.Registry) error { return r.Unlink(ctx, client(1).ID, user(1).ID) },
		func(ctx context.Context, r *registry.Registry) error { return r.Link(ctx, client(1).ID, user(1).ID) }},
	{"the permission is withdrawn",
		func(ctx context.Context, r *registry.Registry) error {
			return r.Withdraw(ctx, client(1).ID, user(1).ID, "once")
		},
		func(ctx context.Context, r *registry.Registry) error {
			return r.Withdraw(ctx, client(1).ID, user(1).ID, "twice")
		}},
	{"the client is disabled",
		func(ctx context.Context, r *registry.Registry) error { return setDisabled(ctx, r, true) },
		func(ctx context.Context, r *registry.Registry) error { return setDisabled(ctx, r, false) }},
}

func swap(ctx context.Context, r *registry.Registry, from, to users.Attempts) error {
	swapped, err := r.SwapAttempts(ctx, user(1).ID, users.FactorCode, from, to)
	if err == nil && !swapped {
		err = errors.New("not swapped")
	}
	return err
}

func setDisabled(ctx context.Context, r *registry.Registry, disabled bool) error {
	c, err := r.Client(ctx, client(1).ID)
	if err == nil {
		c.Disabled = disabled
		err = r.UpdateClient(ctx, c)
	}
	return err
}

// tell is all that a signature asks, as one text.
func tell(t *testing.T, r *registry.Registry) string {
	t.Helper()
	var said [2]string
	for i := range said { // the second time it may be kept
		holding, err := r.Holding(t.Context(), id("c", 1), client(1).ID)
		must(t, err)
		c, err := r.Client(t.Context(), client(1).ID)
		must(t, err)
		standing, err := r.Standing(t.Context(), client(1).ID, user(1).ID)
		must(t, err)
		text, err := json.Marshal([]any{holding, c, standing})
		must(t, err)
		said[i] = string(text)
	}
	if said[0] != said[1] {
		t.Errorf("asked twice: %s", cmp.Diff(said[0], said[1]))
	}
	return said[0]
}

// Whoever changes what he was answered changes nobody else's answer.
func answersAreOnesOwn(t *testing.T, url string) {
	r := pair(t, url)
	must(t, r.AddCredential(t.Context(), credential(1, 1)))
	before := tell(t, r)
	for range 2 {
		c, err := r.Client(t.Context(), client(1).ID)
		must(t, err)
		for _, list := range [][]string{c.RedirectURIs, c.ResponseURIs, c.Grants, c.Scopes} {
			for i := range list {
				list[i] = "another"
			}
		}
		clear(c.Verifiers)
		clear(c.Keys)
		h, err := r.Holding(t.Context(), id("c", 1), client(1).ID)
		must(t, err)
		clear(h.Certificates)
	}
	if diff := cmp.Diff(before, tell(t, r)); diff != "" {
		t.Error(diff)
	}
}

// Of many who ask while one changes, nobody is told less than what was committed
// before he asked.
func raceAnswers(t *testing.T, url string) {
	asked, other := pair(t, url), open(t, url)
	var committed atomic.Int64
	ended := make(chan struct{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
				}
				least := committed.Load()
				c, err := asked.Client(t.Context(), client(1).ID)
				if err != nil || c.Revision < least {
					t.Errorf("revision %d, %v; %d was committed before", c.Revision, err, least)
					return
				}
			}
		})
	}
	for i := range 200 {
		by := []*registry.Registry{asked, other}[i%2]
		must(t, setDisabled(t.Context(), by, i%4 < 2))
		c, err := by.Client(t.Context(), client(1).ID)
		must(t, err)
		committed.Store(c.Revision)
	}
	close(ended)
	all.Wait()
}

// TestAnswersOfAnotherProcess: what another process commits is answered here at
// once.
func TestAnswersOfAnotherProcess(t *testing.T) {
	url := "sqlite://" + filepath.Join(t.TempDir(), "registry.db")
	r := open(t, url)
	fill(t, r)
	must(t, r.AddCredential(t.Context(), credential(1, 1)))
	for range 10 {
		before := tell(t, r)
		cmd := exec.Command(os.Args[0], "-test.run=^TestChanger$")
		cmd.Env = append(os.Environ(), "REGISTRY_CHANGES="+url)
		proctest.StartCmd(t, cmd).WaitFor("changed")
		if now := tell(t, r); now == before {
			t.Fatalf("another process changed the client, and it is still %s", before)
		}
	}
}

// TestChanger is the other process of TestAnswersOfAnotherProcess. It says so
// the moment it has changed the client, and stays.
func TestChanger(t *testing.T) {
	url := os.Getenv("REGISTRY_CHANGES")
	if url == "" {
		return
	}
	r := open(t, url)
	c, err := r.Client(t.Context(), client(1).ID)
	must(t, err)
	must(t, setDisabled(t.Context(), r, !c.Disabled))
	fmt.Println("changed")
	time.Sleep(time.Minute) // it is killed
}

// In a context made by AtOnce the file is asked once, and what was kept is what was
// then; outside, and after a while, it is what is now.
func answersAtOnce(t *testing.T, url string) {
	seen := &tally{asked: map[string]int{}, failed: map[string]int{}}
	r, err := registry.Open(t.Context(), registry.Config{URL: url, Observe: seen.observe})
	must(t, err)
	t.Cleanup(func() { _ = r.Close() })
	fill(t, r)
	other, sqlite := open(t, url), len(r.Stats()) > 1
	read := func(ctx context.Context) bool {
		t.Helper()
		c, err := r.Client(ctx, client(1).ID)
		must(t, err)
		_, err = r.Standing(ctx, client(1).ID, user(1).ID)
		must(t, err)
		return c.Disabled
	}
	read(t.Context()) // so that it is kept
	once := r.AtOnce(t.Context())
	before := seen.total()
	read(once)
	if asked := seen.total() - before; sqlite && asked != 1 {
		t.Errorf("asked %d times for two answers", asked)
	}
	must(t, setDisabled(t.Context(), other, true))
	if !read(t.Context()) || !read(r.AtOnce(t.Context())) {
		t.Error("who asks after a change is told of what was before it")
	}
	for end := time.Now().Add(10 * time.Second); !read(once); {
		if time.Now().After(end) {
			t.Fatal("a glance has no end")
		}
	}
}
