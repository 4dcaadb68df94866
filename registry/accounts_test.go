package registry_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/users"
)

func accountsComeAndGo(t *testing.T, url string) {
	r := open(t, url)
	for n := range 2 {
		must(t, r.AddUser(t.Context(), user(n)))
		must(t, r.AddClient(t.Context(), client(n)))
	}
	app, other := client(0).ID, client(1).ID
	_, err := r.Account(t.Context(), app, "ștefan")
	wantErr(t, err, oauth.ErrUnknownAccount)
	must(t, r.SetAccount(t.Context(), app, "ștefan", user(0).ID))
	must(t, r.SetAccount(t.Context(), app, "Ștefan", user(1).ID)) // another, letter by letter
	must(t, r.SetAccount(t.Context(), other, "ștefan", user(1).ID))
	is := func(client, account, want string) {
		t.Helper()
		if got, err := r.Account(t.Context(), client, account); got != want || err != nil {
			t.Errorf("%s of %s is %q, %v; want %q", account, client, got, err, want)
		}
	}
	is(app, "ștefan", user(0).ID)
	is(app, "Ștefan", user(1).ID)
	is(other, "ștefan", user(1).ID)
	must(t, r.SetAccount(t.Context(), app, "ștefan", user(1).ID))
	is(app, "ștefan", user(1).ID)
	all, err := r.Accounts(t.Context(), app)
	if diff := cmp.Diff(map[string]string{"ștefan": user(1).ID, "Ștefan": user(1).ID}, all); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	must(t, r.RemoveAccount(t.Context(), app, "ștefan"))
	_, err = r.Account(t.Context(), app, "ștefan")
	wantErr(t, err, oauth.ErrUnknownAccount)
	is(other, "ștefan", user(1).ID)
	wantErr(t, r.RemoveAccount(t.Context(), app, "ștefan"), oauth.ErrUnknownAccount)
	wantErr(t, r.SetAccount(t.Context(), client(9).ID, "a", user(0).ID), oauth.ErrUnknownClient)
	wantErr(t, r.SetAccount(t.Context(), app, "a", user(9).ID), users.ErrUnknown)

	must(t, r.RemoveClient(t.Context(), app))
	must(t, r.AddClient(t.Context(), client(0))) // who comes by the same id has none of its accounts
	_, err = r.Account(t.Context(), app, "Ștefan")
	wantErr(t, err, oauth.ErrUnknownAccount)
}

func accountKeysAreReplaced(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddClient(t.Context(), client(0)))
	app := client(0).ID
	has := func(want ...oauth.AccountKey) {
		t.Helper()
		got, err := r.AccountKeys(t.Context(), app)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
	}
	one, two := oauth.AccountKey{Verifier: "01", Sealed: []byte{0, 1, 0xff}}, oauth.AccountKey{Verifier: "02", Sealed: []byte{2}}
	has()
	must(t, r.SetAccountKeys(t.Context(), app, []oauth.AccountKey{one}))
	has(one)
	must(t, r.SetAccountKeys(t.Context(), app, []oauth.AccountKey{two, one}))
	has(one, two)
	must(t, r.SetAccountKeys(t.Context(), app, []oauth.AccountKey{two}))
	has(two)
	wantErr(t, r.SetAccountKeys(t.Context(), client(9).ID, []oauth.AccountKey{one}), oauth.ErrUnknownClient)
	must(t, r.SetAccountKeys(t.Context(), app, nil))
	has()
	must(t, r.SetAccountKeys(t.Context(), app, []oauth.AccountKey{one}))
	must(t, r.RemoveClient(t.Context(), app))
	must(t, r.AddClient(t.Context(), client(0)))
	has()
}
