package registry_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/oauth"
)

func invitation(n int) oauth.Invitation {
	return oauth.Invitation{
		ID: id("inv", n), Hash: id("hash", n), Note: "pentru “bancă” 'ș'", Uses: n, Created: created.Add(time.Duration(n) * time.Second),
		Expires: created.Add(time.Hour), Allows: oauth.Allowance{Profile: "fapi2", Grants: []string{"a", "b"}, Scopes: []string{"service"}},
	}
}

func invitationsComeBack(t *testing.T, url string) {
	r := open(t, url)
	one, two := invitation(1), invitation(2)
	two.Revoked, two.Used, two.Note, two.Allows = true, 1, "", oauth.Allowance{Grants: []string{}, Scopes: []string{""}}
	must(t, r.AddInvitation(t.Context(), two))
	must(t, r.AddInvitation(t.Context(), one))
	got, err := r.Invitations(t.Context())
	must(t, err)
	if diff := cmp.Diff([]oauth.Invitation{one, two}, got); diff != "" {
		t.Errorf("invitations, oldest first (-want +got):\n%s", diff)
	}
	for _, want := range []oauth.Invitation{one, two} {
		got, err := r.Invitation(t.Context(), want.Hash)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	for _, hash := range []string{id("hash", 9), one.ID, "", "\x00"} {
		_, err = r.Invitation(t.Context(), hash)
		wantErr(t, err, oauth.ErrUnknownInvitation)
	}
	again := invitation(3)
	again.Hash = one.Hash
	if err := r.AddInvitation(t.Context(), again); err == nil || unavailable(err) {
		t.Errorf("a hash twice: %v", err)
	}
	for _, spoil := range []func(*oauth.Invitation){
		func(i *oauth.Invitation) { i.Note = "\xff" }, func(i *oauth.Invitation) { i.Allows.Scopes = []string{"\x00"} },
	} {
		bad := invitation(4)
		spoil(&bad)
		if err := r.AddInvitation(t.Context(), bad); err == nil || unavailable(err) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// A client comes with a use of its invitation or not at all.
func invitationsLetIn(t *testing.T, url string) {
	r := open(t, url)
	i := invitation(2)
	must(t, r.AddInvitation(t.Context(), i))
	add := func(n int, hash string, at time.Time) error { return r.AddInvited(t.Context(), client(n), hash, at) }
	wantErr(t, add(1, id("hash", 9), created), oauth.ErrUnknownInvitation)
	wantErr(t, add(1, i.Hash, i.Expires), oauth.ErrUnknownInvitation)
	must(t, add(1, i.Hash, i.Expires.Add(-time.Microsecond)))
	wantErr(t, add(1, i.Hash, created), oauth.ErrClientExists) // and costs no use
	must(t, add(2, i.Hash, created))
	wantErr(t, add(3, i.Hash, created), oauth.ErrUnknownInvitation)
	if got, err := r.Invitation(t.Context(), i.Hash); err != nil || got.Used != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	got, err := r.Clients(t.Context())
	must(t, err)
	if diff := cmp.Diff([]oauth.Client{client(1), client(2)}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	other := invitation(5)
	must(t, r.AddInvitation(t.Context(), other))
	wantErr(t, r.RevokeInvitation(t.Context(), id("inv", 9)), oauth.ErrUnknownInvitation)
	must(t, r.RevokeInvitation(t.Context(), other.ID))
	must(t, r.RevokeInvitation(t.Context(), other.ID))
	wantErr(t, add(3, other.Hash, created), oauth.ErrUnknownInvitation)
	bad := client(4)
	bad.Name = "\xff"
	if err := r.AddInvited(t.Context(), bad, other.Hash, created); err == nil || errors.Is(err, oauth.ErrUnknownInvitation) || unavailable(err) {
		t.Errorf("a name that cannot be kept: %v", err)
	}
}

func raceAddInvited(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	for uses := 1; uses <= 3; uses++ {
		i := invitation(uses)
		must(t, r.AddInvitation(t.Context(), i))
		if wins := race(t, 24, func(n int) (bool, error) {
			at := r
			if n%2 == 0 {
				at = other
			}
			err := at.AddInvited(t.Context(), client(100*uses+n), i.Hash, created)
			if errors.Is(err, oauth.ErrUnknownInvitation) {
				return false, nil
			}
			return err == nil, err
		}); wins != uses {
			t.Errorf("%d clients with %d uses", wins, uses)
		}
	}
	if all, err := r.Clients(t.Context()); err != nil || len(all) != 6 {
		t.Errorf("%d clients, %v", len(all), err)
	}
}

// Of many who change one revision of a client one does.
func raceUpdateClient(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	must(t, r.AddClient(t.Context(), client(1)))
	for range 5 {
		seen, err := r.Client(t.Context(), client(1).ID)
		must(t, err)
		if wins := race(t, 24, func(n int) (bool, error) {
			at, c := r, seen
			if n%2 == 0 {
				at = other
			}
			c.Name = id("name", n)
			err := at.UpdateClient(t.Context(), c)
			if errors.Is(err, oauth.ErrClientChanged) {
				return false, nil
			}
			return err == nil, err
		}); wins != 1 {
			t.Errorf("%d changed one revision", wins)
		}
		if got, err := other.Client(t.Context(), seen.ID); err != nil || got.Revision != seen.Revision+1 {
			t.Errorf("revision %d after %d, %v", got.Revision, seen.Revision, err)
		}
	}
}
