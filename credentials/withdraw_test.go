package credentials_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

// What cannot be recorded is not done, what is refused leaves no record, and all
// who look see at once what was done.
func TestWithdraw(t *testing.T) {
	h := newHouse(t)
	id := h.create("one")
	w := credentials.Withdrawer{Store: h.registry, Audit: h.log, Now: h.now}
	suspend := func(ctx context.Context) error { return w.Suspend(ctx, id) }
	resume := func(ctx context.Context) error { return w.Resume(ctx, id) }
	revoke := func(reason int) func(context.Context) error {
		return func(ctx context.Context) error { return w.Revoke(ctx, id, reason) }
	}
	for _, step := range []struct {
		says   string
		do     func(context.Context) error
		err    error
		status string
		record string
	}{
		{"what is valid is not resumed", resume, credentials.ErrNotSuspended, csc.CertValid, ""},
		{"it is suspended", suspend, nil, csc.CertSuspended, "suspended"},
		{"once", suspend, credentials.ErrWithdrawn, csc.CertSuspended, ""},
		{"it is resumed", resume, nil, csc.CertValid, "resumed"},
		{"a hold is no revocation", revoke(6), credentials.ErrReason, csc.CertValid, ""},
		{"nor is the end of one", revoke(8), credentials.ErrReason, csc.CertValid, ""},
		{"it is suspended again", suspend, nil, csc.CertSuspended, "suspended"},
		{"it is revoked", revoke(1), nil, csc.CertRevoked, "revoked: keyCompromise"},
		{"once", revoke(4), credentials.ErrWithdrawn, csc.CertRevoked, ""},
		{"for good", resume, credentials.ErrNotSuspended, csc.CertRevoked, ""},
	} {
		before := len(h.log.Records(t))
		if err := step.do(t.Context()); !errors.Is(err, step.err) {
			t.Errorf("%s: %v, want %v", step.says, err, step.err)
		}
		c, err := h.registry.Credential(t.Context(), id)
		must(t, err)
		info, err := c.Info(csc.View{}, h.now())
		must(t, err)
		if info.Cert.Status != step.status || (c.Usable(h.now()) == nil) != (step.status == csc.CertValid) {
			t.Errorf("%s: cert.status %q, usable %v", step.says, info.Cert.Status, c.Usable(h.now()))
		}
		var said []string
		for _, r := range h.log.Records(t)[before:] {
			said = append(said, string(r.Event)+" "+r.Credential+" "+r.Reason)
		}
		var want []string
		if step.record != "" {
			want = []string{string(audit.CredentialChanged) + " " + id + " " + step.record}
		}
		if diff := cmp.Diff(want, said); diff != "" {
			t.Errorf("%s: records (-want +got):\n%s", step.says, diff)
		}
	}
	for _, do := range []func(string) error{
		func(id string) error { return w.Suspend(t.Context(), id) }, func(id string) error { return w.Resume(t.Context(), id) },
		func(id string) error { return w.Revoke(t.Context(), id, 0) },
	} {
		if err := do("c_none"); !errors.Is(err, credentials.ErrUnknown) {
			t.Errorf("of nobody: %v", err)
		}
	}
}

// A certificate whose key is gone can still be revoked, once.
func TestRevokeDeleted(t *testing.T) {
	h := newHouse(t)
	id := h.create("one")
	must(t, h.deleter.Delete(t.Context(), mayDelete(id), csc.DeletionRequest{CredentialID: id}))
	w := credentials.Withdrawer{Store: h.registry, Audit: h.log, Now: h.now}
	if err := w.Suspend(t.Context(), id); !errors.Is(err, credentials.ErrUnknown) {
		t.Errorf("suspended: %v", err)
	}
	must(t, w.Revoke(t.Context(), id, 1))
	if gone, err := h.registry.Gone(t.Context(), id, ""); err != nil || !gone.Revoked {
		t.Errorf("%+v, %v", gone, err)
	}
	if err := w.Revoke(t.Context(), id, 1); !errors.Is(err, credentials.ErrWithdrawn) {
		t.Errorf("twice: %v", err)
	}
}

// Without a record there is no deed.
func TestWithdrawUnrecorded(t *testing.T) {
	h := newHouse(t)
	id := h.create("one")
	w := credentials.Withdrawer{Store: h.registry, Audit: mute{}, Now: h.now}
	for says, err := range map[string]error{
		"suspend": w.Suspend(t.Context(), id), "revoke": w.Revoke(t.Context(), id, 1),
	} {
		if !errors.Is(err, errMute) {
			t.Errorf("%s: %v", says, err)
		}
	}
	c, err := h.registry.Credential(t.Context(), id)
	if err != nil || c.Suspended || c.Revoked {
		t.Errorf("%+v, %v", c, err)
	}
	must(t, h.registry.SuspendCredential(t.Context(), id, noon))
	if err := w.Resume(t.Context(), id); !errors.Is(err, errMute) {
		t.Error(err)
	}
}

var errMute = errors.New("the disk is full")

type mute struct{}

func (mute) Append(context.Context, audit.Entry) error { return errMute }
