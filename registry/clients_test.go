package registry_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/users"
)

func client(n int) oauth.Client {
	return oauth.Client{
		ID:           id("app", n),
		Name:         "Aplicație de semnat “demo” 'ș'",
		Verifiers:    [][]byte{{0, 1, 0xff}, {2}},
		RedirectURIs: []string{"https://app.example.test/cb?a=1&b=%20", "http://127.0.0.1/cb", `x:\u0000<>'"`},
		ResponseURIs: []string{"https://app.example.test/signed?x=ș", ""},
		Grants:       []string{"client_credentials"},
		Scopes:       []string{"service", "credential"},
		Created:      created.Add(time.Duration(n) * time.Microsecond),
		Profile:      oauth.ProfileFAPI2,
		AuthMethod:   oauth.TLSAuth,
		Keys:         []byte(`{"keys": [ {"kid":"ș\u0000"} ]}`),
		TLS:          oauth.TLSName{SubjectDN: `CN=a\,b,O="ș"<>&`, SANURI: "x:\u2028"},
		RequirePAR:   true,
		RequireJAR:   true,
		Revision:     7,
		Managed: &oauth.Managed{
			Invitation: "inv_1", Hash: "ab", Allows: oauth.Allowance{Profile: "csc", Grants: []string{"g"}, Scopes: []string{"service", "ș\""}},
		},
		ResourceServer: true,
		Bound:          oauth.BoundMTLS,
		Logo:           "https://app.example.test/logo.png",
		TokensAfter:    created.Add(time.Duration(n) * time.Hour),
	}
}

func clientsComeBack(t *testing.T, url string) {
	r := open(t, url)
	public := client(2)
	public.Verifiers, public.Disabled = nil, true
	bare := oauth.Client{ID: id("app", 0), Created: created.Add(time.Second)}
	empty := client(4)
	empty.Created = created.Add(time.Minute)
	empty.TokensAfter, empty.TLS, empty.Keys = time.Unix(-1, 0).UTC(), oauth.TLSName{}, nil
	empty.Verifiers, empty.RedirectURIs, empty.Grants, empty.Scopes = [][]byte{}, []string{}, []string{}, []string{""}
	all := []oauth.Client{client(1), public, bare, empty}
	for i := range all { // newest first, so that the order is not that of adding
		want := all[len(all)-1-i]
		must(t, r.AddClient(t.Context(), want))
		got, err := r.Client(t.Context(), want.ID)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("client changed (-want +got):\n%s", diff)
		}
	}
	got, err := r.Clients(t.Context())
	must(t, err)
	if diff := cmp.Diff(all, got); diff != "" {
		t.Errorf("clients, oldest first (-want +got):\n%s", diff)
	}
	_, err = r.Client(t.Context(), id("app", 9))
	wantErr(t, err, oauth.ErrUnknownClient)
}

func clientsAreUnique(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddClient(t.Context(), client(1)))
	wantErr(t, r.AddClient(t.Context(), oauth.Client{ID: id("app", 1)}), oauth.ErrClientExists)
	must(t, r.AddClient(t.Context(), client(2)))
}

func clientsAreReplaced(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	must(t, r.AddClient(t.Context(), client(1)))
	must(t, r.AddClient(t.Context(), client(2)))
	must(t, r.Link(t.Context(), id("app", 1), user(1).ID))
	want := oauth.Client{ID: id("app", 1), Name: "alt nume", Verifiers: [][]byte{{9}}, Disabled: true, Created: created, Revision: 7}
	must(t, r.UpdateClient(t.Context(), want))
	wantErr(t, r.UpdateClient(t.Context(), want), oauth.ErrClientChanged)
	want.Revision++
	got, err := r.Clients(t.Context())
	must(t, err)
	if diff := cmp.Diff([]oauth.Client{want, client(2)}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if linked, err := r.Linked(t.Context(), id("app", 1), user(1).ID); !linked || err != nil {
		t.Errorf("Linked after UpdateClient = %t, %v", linked, err)
	}
	wantErr(t, r.UpdateClient(t.Context(), client(1)), oauth.ErrClientChanged)
	wantErr(t, r.UpdateClient(t.Context(), client(9)), oauth.ErrUnknownClient)
	bad := want
	bad.Managed = &oauth.Managed{Hash: "\x00"}
	if err := r.UpdateClient(t.Context(), bad); err == nil || unavailable(err) {
		t.Errorf("a text that cannot be kept: %v", err)
	}
}

func clientsAreRemoved(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	for n := range 2 {
		must(t, r.AddClient(t.Context(), client(n)))
		must(t, r.Link(t.Context(), client(n).ID, user(1).ID))
	}
	must(t, r.RemoveClient(t.Context(), client(0).ID))
	_, err := r.Client(t.Context(), client(0).ID)
	wantErr(t, err, oauth.ErrUnknownClient)
	wantErr(t, r.RemoveClient(t.Context(), client(0).ID), oauth.ErrUnknownClient)
	must(t, r.AddClient(t.Context(), client(0))) // who comes by the same id has none of its links
	for n, want := range []bool{false, true} {
		if linked, err := r.Linked(t.Context(), client(n).ID, user(1).ID); linked != want || err != nil {
			t.Errorf("client %d linked: %t, %v; want %t", n, linked, err, want)
		}
	}
}

func linksComeAndGo(t *testing.T, url string) {
	r := open(t, url)
	for n := range 2 {
		must(t, r.AddUser(t.Context(), user(n)))
		must(t, r.AddClient(t.Context(), client(n)))
	}
	linked := func(want ...bool) {
		t.Helper()
		for i, want := range want {
			got, err := r.Linked(t.Context(), client(i/2).ID, user(i%2).ID)
			if got != want || err != nil {
				t.Errorf("client %d may act for user %d: %t, %v; want %t", i/2, i%2, got, err, want)
			}
		}
	}
	linked(false, false, false, false)
	must(t, r.Link(t.Context(), client(0).ID, user(1).ID))
	must(t, r.Link(t.Context(), client(0).ID, user(1).ID))
	linked(false, true, false, false)
	must(t, r.Link(t.Context(), client(1).ID, user(1).ID))
	must(t, r.Unlink(t.Context(), client(0).ID, user(0).ID))
	linked(false, true, false, true)
	must(t, r.Unlink(t.Context(), client(0).ID, user(1).ID))
	must(t, r.Unlink(t.Context(), client(0).ID, user(1).ID))
	linked(false, false, false, true)
	wantErr(t, r.Link(t.Context(), client(9).ID, user(0).ID), oauth.ErrUnknownClient)
	wantErr(t, r.Link(t.Context(), client(0).ID, user(9).ID), users.ErrUnknown)
	wantErr(t, r.Link(t.Context(), client(9).ID, user(9).ID), oauth.ErrUnknownClient)
	linked(false, false, false, true)
}

// clientsOutliveMigration: one that was kept by a program that knew less is as it
// was, under the rules that held for it.
func clientsOutliveMigration(t *testing.T, url string) {
	db := raw(t, url)
	old := fstest.MapFS{}
	for _, file := range []string{"00001_registry.sql", "00002_refresh.sql"} {
		text, err := os.ReadFile("migrations/" + file)
		must(t, err)
		old[file] = &fstest.MapFile{Data: text}
	}
	dialect := goose.DialectPostgres
	if strings.HasPrefix(url, "sqlite://") {
		dialect = goose.DialectSQLite3
	}
	p, err := goose.NewProvider(dialect, db, old, goose.WithLogger(goose.NopLogger()))
	must(t, err)
	_, err = p.Up(t.Context())
	must(t, err)
	_, err = db.Exec(`INSERT INTO clients (id, name, verifiers, redirect_uris, grants, scopes, disabled, created)
		VALUES ('app_old', 'old', '["AAE="]', '[]', '["client_credentials"]', '["service"]', FALSE, 1)`)
	must(t, err)
	must(t, db.Close())
	got, err := open(t, url).Client(t.Context(), "app_old")
	must(t, err)
	want := oauth.Client{
		ID: "app_old", Name: "old", Profile: oauth.ProfileCSC, Verifiers: [][]byte{{0, 1}}, RedirectURIs: []string{}, ResponseURIs: []string{},
		Grants: []string{"client_credentials"}, Scopes: []string{"service"}, Created: time.UnixMicro(1).UTC(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func raceLink(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	must(t, r.AddClient(t.Context(), client(1)))
	if wins := race(t, 40, func(i int) (bool, error) {
		at := r
		if i%2 == 0 {
			at = other
		}
		err := at.Link(t.Context(), client(1).ID, user(1).ID)
		return err == nil, err
	}); wins != 40 {
		t.Errorf("%d of 40 linked", wins)
	}
	must(t, r.Unlink(t.Context(), client(1).ID, user(1).ID))
	if linked, err := other.Linked(t.Context(), client(1).ID, user(1).ID); linked || err != nil {
		t.Errorf("after one Unlink: %t, %v", linked, err)
	}
}
