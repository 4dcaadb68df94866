package users_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

// What a user gave ends with each change of what he proves himself by, and with
// nothing else.
func TestWhatEndsWhatWasGiven(t *testing.T) {
	for _, test := range []struct {
		says string
		do   func(h *house, ctx context.Context, id string) error
		ends bool
	}{
		{"another password", func(h *house, ctx context.Context, id string) error {
			return h.registrar.SetPassword(ctx, id, "another password")
		}, true},
		{"the same password, set again", func(h *house, ctx context.Context, id string) error {
			return h.registrar.SetPassword(ctx, id, password)
		}, true},
		{"another authenticator", func(h *house, ctx context.Context, id string) error {
			_, err := h.registrar.Pair(ctx, id)
			return err
		}, true},
		{"disabled", func(h *house, ctx context.Context, id string) error { return h.registrar.Disable(ctx, id, true) }, true},
		{"enabled", func(h *house, ctx context.Context, id string) error { return h.registrar.Disable(ctx, id, false) }, true},
		{"recovering", func(h *house, ctx context.Context, id string) error {
			return h.registrar.Recover(ctx, id, h.Now().Add(time.Hour), "recovery")
		}, true},
		{"stripped", func(h *house, ctx context.Context, id string) error { return h.registrar.Strip(ctx, id) }, true},
		{"ended", func(h *house, ctx context.Context, id string) error { return h.registrar.End(ctx, id) }, true},
		{"locked and unlocked", func(h *house, ctx context.Context, id string) error {
			return errors.Join(h.registrar.Lock(ctx, id, users.FactorCode), h.registrar.Unlock(ctx, id, users.FactorCode))
		}, true},
		{"a pause taken away", func(h *house, ctx context.Context, id string) error {
			return h.registrar.Unlock(ctx, id, users.FactorPassword)
		}, false},
		{"a login", func(h *house, ctx context.Context, _ string) error {
			_, err := h.Password(ctx, "demo.signer@example.org", password)
			return err
		}, false},
		{"a login that hashes anew", func(h *house, ctx context.Context, _ string) error {
			dearer, err := users.NewHasher(users.HashCost{Memory: 8 << 10, Passes: 1, Threads: 1, AtOnce: 1})
			h.Passwords = dearer
			if err == nil {
				_, err = h.Password(ctx, "demo.signer@example.org", password)
			}
			return err
		}, false},
	} {
		h := newHouse(t)
		user := h.withPassword(t)
		before, err := h.store.User(t.Context(), user.ID)
		must(t, err)
		must(t, test.do(h, t.Context(), user.ID))
		after, err := h.store.User(t.Context(), user.ID)
		must(t, err)
		if before.Stamp == "" || after.Stamp == "" || (before.Stamp != after.Stamp) != test.ends {
			t.Errorf("%s: the stamp was %q and is %q", test.says, before.Stamp, after.Stamp)
		}
	}
}

// Who was locked by an operator proves nothing until he is unlocked; the record
// tells a restored registry.
func TestOperatorLocks(t *testing.T) {
	h := newHouse(t)
	user := h.withPassword(t)
	must(t, h.registrar.Lock(t.Context(), user.ID, users.FactorPassword))
	if _, err := h.Password(t.Context(), user.Email, password); !errors.Is(err, users.ErrLocked) {
		t.Errorf("locked: %v", err)
	}
	records := h.log.Records(t)
	locked := records[len(records)-2] // the last is the refusal
	if locked.Event != audit.FactorLocked || locked.User != user.ID || locked.Factor != users.FactorPassword {
		t.Errorf("record %+v", locked.Entry)
	}
	must(t, h.registrar.Unlock(t.Context(), user.ID, users.FactorPassword))
	_, err := h.Password(t.Context(), user.Email, password)
	must(t, err)
	for says, err := range map[string]error{
		"nobody": h.registrar.Lock(t.Context(), "u_nobody", users.FactorCode), "no factor": h.registrar.Lock(t.Context(), user.ID, "OTP"),
		"nobody disabled": h.registrar.Disable(t.Context(), "u_nobody", true), "nobody ended": h.registrar.End(t.Context(), "u_nobody"),
	} {
		if err == nil {
			t.Errorf("%s: done", says)
		}
	}
	must(t, h.log.Close(context.Background()))
	for says, err := range map[string]error{
		"lock": h.registrar.Lock(t.Context(), user.ID, users.FactorCode), "disable": h.registrar.Disable(t.Context(), user.ID, true),
		"end": h.registrar.End(t.Context(), user.ID),
	} {
		if !errors.Is(err, audit.ErrClosed) {
			t.Errorf("%s without a record: %v", says, err)
		}
	}
	kept, err := h.store.User(t.Context(), user.ID)
	if must(t, err); kept.Disabled || h.attempts().Locked {
		t.Error("done without a record")
	}
}

// A slowStore changes the password while a login is between judging the old one
// and hashing it anew.
type slowStore struct {
	*memory
	meanwhile func()
}

func (s *slowStore) SwapPassword(ctx context.Context, id, old, new string) (bool, error) {
	s.meanwhile()
	return s.memory.SwapPassword(ctx, id, old, new)
}

// A login that hashes the old password anew does not bring it back over one that
// was set meanwhile.
func TestHashingAnewRevivesNoPassword(t *testing.T) {
	h := newHouse(t)
	user := h.withPassword(t)
	h.Store = &slowStore{h.store, func() { must(t, h.registrar.SetPassword(t.Context(), user.ID, "another password")) }}
	dearer, err := users.NewHasher(users.HashCost{Memory: 8 << 10, Passes: 1, Threads: 1, AtOnce: 1})
	must(t, err)
	h.Passwords = dearer
	was, err := h.Password(t.Context(), user.Email, password)
	must(t, err)
	h.Store = h.store
	if _, err := h.Password(t.Context(), user.Email, password); !errors.Is(err, users.ErrWrong) {
		t.Errorf("the old password: %v", err)
	}
	now, err := h.Password(t.Context(), user.Email, csc.Secret("another password"))
	must(t, err)
	if was.Stamp == now.Stamp {
		t.Error("the login with the old password stands")
	}
}
