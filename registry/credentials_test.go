package registry_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

func credential(n, ofUser int) credentials.Credential {
	return credentials.Credential{
		ID:           id("c", n),
		UserID:       id("u", ofUser),
		Description:  "Semnătură demo",
		KeyID:        binary.BigEndian.AppendUint64([]byte{0, 0xff, '\''}, uint64(n)),
		Key:          csc.P256,
		Certificates: [][]byte{{0x30, 0x82, 0, 0xff}, {0x30}},
		Qualifier:    "eu_eidas_aes",
		SCAL:         csc.SCAL2,
		Multisign:    10,
		Mode:         csc.Explicit,
		Created:      created.Add(time.Duration(n) * time.Microsecond),
	}
}

func credentialsComeBack(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	full := credential(1, 1)
	full.PKCS1v15, full.Disabled, full.Revoked, full.Extendable = true, true, true, true
	full.Factors = "PIN AND (OTP OR SMS)"
	full.Key, full.Mode, full.SCAL, full.Multisign = csc.RSA4096, csc.OAuth2Code, csc.SCAL1, 10_000
	none := credential(2, 1)
	none.Certificates, none.Description, none.Qualifier = nil, "", ""
	empty := credential(3, 1)
	empty.Certificates = [][]byte{}
	large := credential(4, 1)
	large.Certificates = [][]byte{slices.Repeat([]byte{0x5c, 0x27, 0, 0x3f}, 4096)}
	all := []credentials.Credential{full, none, empty, large}
	for _, want := range all {
		must(t, r.AddCredential(t.Context(), want))
		got, err := r.Credential(t.Context(), want.ID)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("credential changed (-want +got):\n%s", diff)
		}
	}
	got, err := r.CredentialsOf(t.Context(), user(1).ID)
	must(t, err)
	if diff := cmp.Diff(all, got); diff != "" {
		t.Errorf("credentials of the user (-want +got):\n%s", diff)
	}
	_, err = r.Credential(t.Context(), id("c", 9))
	wantErr(t, err, credentials.ErrUnknown)
}

// holdings: what stands between a client and a credential is all told at once,
// and as it is now.
func holdings(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	must(t, r.AddUser(t.Context(), user(2)))
	must(t, r.AddClient(t.Context(), client(1)))
	must(t, r.AddClient(t.Context(), client(2)))
	must(t, r.AddCredential(t.Context(), credential(1, 1)))
	must(t, r.AddCredential(t.Context(), credential(2, 2)))
	want := func(says string, n, ofUser, ofClient int, change func(*credentials.Holding)) {
		t.Helper()
		h := credentials.Holding{Credential: credential(n, ofUser)}
		if change != nil {
			change(&h)
		}
		got, err := r.Holding(t.Context(), id("c", n), client(ofClient).ID)
		must(t, err)
		if diff := cmp.Diff(h, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", says, diff)
		}
	}
	linked := func(h *credentials.Holding) { h.Linked = true }
	want("a client of nobody", 1, 1, 1, nil)
	must(t, r.Link(t.Context(), client(1).ID, user(1).ID))
	want("a client of the owner", 1, 1, 1, linked)
	want("another client", 1, 1, 2, nil)
	want("another's credential", 2, 2, 1, nil)
	must(t, r.SetUserDisabled(t.Context(), user(1).ID, true, "a stamp"))
	want("the owner is disabled", 1, 1, 1, func(h *credentials.Holding) {
		h.Linked, h.OwnerDisabled, h.Standing = true, true, users.Out
	})
	must(t, r.SetUserDisabled(t.Context(), user(1).ID, false, "a stamp"))
	must(t, r.SetSignsFrom(t.Context(), user(1).ID, created, "a stamp"))
	want("the owner comes back", 1, 1, 1, func(h *credentials.Holding) {
		h.Linked, h.OwnerSignsFrom, h.Standing = true, created, "a stamp"
	})
	must(t, r.SetSignsFrom(t.Context(), user(1).ID, time.Time{}, "a stamp"))
	must(t, r.SetCredentialDisabled(t.Context(), id("c", 1), true))
	must(t, r.SuspendCredential(t.Context(), id("c", 1), created))
	want("the credential is disabled and suspended", 1, 1, 1, func(h *credentials.Holding) {
		h.Linked, h.Disabled, h.Suspended, h.Standing = true, true, true, "a stamp"
	})
	must(t, r.RevokeCredential(t.Context(), id("c", 1), created, 0))
	want("and revoked", 1, 1, 1, func(h *credentials.Holding) {
		h.Linked, h.Disabled, h.Suspended, h.Revoked, h.Standing = true, true, true, true, "a stamp"
	})
	must(t, r.Unlink(t.Context(), client(1).ID, user(1).ID))
	got, err := r.Holding(t.Context(), id("c", 1), client(1).ID)
	if must(t, err); got.Linked {
		t.Error("a client that was unlinked is linked")
	}
	if got, err = r.Holding(t.Context(), id("c", 2), "\x00"); err != nil || got.Linked {
		t.Errorf("a client that cannot be: %v, %v", got.Linked, err)
	}
	for _, unknown := range []string{id("c", 9), "", "\xff"} {
		_, err = r.Holding(t.Context(), unknown, client(1).ID)
		wantErr(t, err, credentials.ErrUnknown)
	}
}

func credentialsAreUnique(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	must(t, r.AddUser(t.Context(), user(2)))
	must(t, r.AddCredential(t.Context(), credential(1, 1)))
	sameKey := credential(2, 2)
	sameKey.KeyID = credential(1, 1).KeyID
	for name, c := range map[string]credentials.Credential{
		"the same": credential(1, 1), "the same id": {ID: id("c", 1), UserID: id("u", 1), KeyID: []byte("x")},
		"another with the same key": sameKey,
	} {
		if err := r.AddCredential(t.Context(), c); !errors.Is(err, credentials.ErrExists) {
			t.Errorf("%s: %v, want %v", name, err, credentials.ErrExists)
		}
	}
	wantErr(t, r.AddCredential(t.Context(), credential(3, 9)), users.ErrUnknown)
}

func credentialsInOrder(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	must(t, r.AddUser(t.Context(), user(2)))
	for _, n := range []int{5, 2, 4, 1, 3} {
		c := credential(n, 1)
		c.Created = created.Add(-time.Duration(n) * time.Second) // not in the order of the ids
		must(t, r.AddCredential(t.Context(), c))
		must(t, r.AddCredential(t.Context(), credential(10+n, 2)))
	}
	got, err := r.CredentialsOf(t.Context(), user(1).ID)
	must(t, err)
	var ids []string
	for _, c := range got {
		ids = append(ids, c.ID)
	}
	if diff := cmp.Diff([]string{id("c", 5), id("c", 4), id("c", 3), id("c", 2), id("c", 1)}, ids); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, nobody := range []string{id("u", 9), "", "\x00"} {
		if got, err := r.CredentialsOf(t.Context(), nobody); err != nil || len(got) != 0 {
			t.Errorf("credentials of %q: %d, %v", nobody, len(got), err)
		}
	}
}

func credentialsChange(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	want, other := credential(1, 1), credential(2, 1)
	must(t, r.AddCredential(t.Context(), want))
	must(t, r.AddCredential(t.Context(), other))
	ctx, name := t.Context(), id("c", 1)
	disable := func(yes bool) func(string) error {
		return func(id string) error { return r.SetCredentialDisabled(ctx, id, yes) }
	}
	suspend := func(id string) error { return r.SuspendCredential(ctx, id, created) }
	resume := func(id string) error { return r.ResumeCredential(ctx, id, created) }
	revoke := func(id string) error { return r.RevokeCredential(ctx, id, created, 4) }
	for _, step := range []struct {
		says string
		do   func(id string) error
		err  error
		want func(*credentials.Credential)
	}{
		{"it is disabled", disable(true), nil, func(c *credentials.Credential) { c.Disabled = true }},
		{"and enabled", disable(false), nil, func(c *credentials.Credential) { c.Disabled = false }},
		{"what is good cannot be resumed", resume, credentials.ErrNotSuspended, nil},
		{"it is suspended", suspend, nil, func(c *credentials.Credential) { c.Suspended = true }},
		{"once", suspend, credentials.ErrWithdrawn, nil},
		{"it is resumed", resume, nil, func(c *credentials.Credential) { c.Suspended = false }},
		{"and suspended again", suspend, nil, func(c *credentials.Credential) { c.Suspended = true }},
		{"it is revoked", revoke, nil, func(c *credentials.Credential) { c.Revoked = true }},
		{"once", revoke, credentials.ErrWithdrawn, nil},
		{"for good", resume, credentials.ErrNotSuspended, nil},
		{"and no more suspended", suspend, credentials.ErrWithdrawn, nil},
		{"it is disabled all the same", disable(true), nil, func(c *credentials.Credential) { c.Disabled = true }},
	} {
		if err := step.do(name); !errors.Is(err, step.err) {
			t.Errorf("%s: %v, want %v", step.says, err, step.err)
		}
		if step.want != nil {
			step.want(&want)
		}
		got, err := r.CredentialsOf(ctx, user(1).ID)
		must(t, err)
		if diff := cmp.Diff([]credentials.Credential{want, other}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.says, diff)
		}
		for _, nobody := range []string{id("c", 9), "", "\xff"} {
			wantErr(t, step.do(nobody), credentials.ErrUnknown)
		}
	}
}

func credentialsAreAuthorizedOtherwise(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	want, other := credential(1, 1), credential(2, 1)
	must(t, r.AddCredential(t.Context(), want))
	must(t, r.AddCredential(t.Context(), other))
	for _, change := range []struct {
		do   func(id string) error
		want func(*credentials.Credential)
	}{
		{func(id string) error { return r.SetCredentialFactors(t.Context(), id, "PIN AND (OTP OR SMS)") },
			func(c *credentials.Credential) { c.Factors = "PIN AND (OTP OR SMS)" }},
		{func(id string) error { return r.SetCredentialExtendable(t.Context(), id, true) },
			func(c *credentials.Credential) { c.Extendable = true }},
		{func(id string) error { return r.SetCredentialFactors(t.Context(), id, credentials.NoFactors) },
			func(c *credentials.Credential) { c.Factors = credentials.NoFactors }},
		{func(id string) error { return r.SetCredentialExtendable(t.Context(), id, false) },
			func(c *credentials.Credential) { c.Extendable = false }},
	} {
		must(t, change.do(want.ID))
		change.want(&want)
		for _, nobody := range []string{id("c", 9), "", "\xff"} {
			wantErr(t, change.do(nobody), credentials.ErrUnknown)
		}
		got, err := r.CredentialsOf(t.Context(), user(1).ID)
		must(t, err)
		if diff := cmp.Diff([]credentials.Credential{want, other}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
