package registry_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/users"
)

func user(n int) users.User {
	return users.User{
		ID:        id("u", n),
		Email:     fmt.Sprintf("demo%d@example.test", n),
		GivenName: "Demo", FamilyName: "Signer", Country: "RO", Locale: "ro-RO",
		Created: created.Add(time.Duration(n) * time.Microsecond),
	}
}

func usersComeBack(t *testing.T, url string) {
	r := open(t, url)
	full := user(1)
	full.GivenName, full.FamilyName = "Ștefan-Țvetan Îå", `O'Brien "\' ?0 $1 -- ; 漢字 👋`
	full.PasswordHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"
	full.Secret = []byte{0, 1, 0xff, '\'', '\\', 0, 'x'}
	full.Disabled, full.Stamp = true, "a stamp"
	full.PINHash, full.Phone, full.PhoneSet = "$argon2id$v=19$PIN", "+40700000001", created
	organization := user(5)
	organization.GivenName, organization.FamilyName, organization.Organization, organization.Identifier = "", "", "Demo & Fii ș", "VATRO-12345678"
	noSecret := user(2)
	emptySecret := user(3)
	emptySecret.Secret = []byte{}
	noDate := user(4)
	noDate.Created = time.Time{}
	for _, want := range []users.User{full, noSecret, emptySecret, noDate, organization} {
		must(t, r.AddUser(t.Context(), want))
		got, err := r.User(t.Context(), want.ID)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("user changed (-want +got):\n%s", diff)
		}
	}
	inOrder := []users.User{noDate, full, noSecret, emptySecret, organization}
	got, err := r.Users(t.Context())
	must(t, err)
	if diff := cmp.Diff(inOrder, got); diff != "" {
		t.Errorf("users by creation (-want +got):\n%s", diff)
	}
	_, err = r.User(t.Context(), id("u", 9))
	wantErr(t, err, users.ErrUnknown)
}

func usersAreUnique(t *testing.T, url string) {
	r := open(t, url)
	must(t, r.AddUser(t.Context(), user(1)))
	for name, change := range map[string]func(*users.User){
		"both the same":           func(*users.User) {},
		"the same id":             func(u *users.User) { u.Email = "other@example.test" },
		"the same address":        func(u *users.User) { u.ID = id("u", 2) },
		"the address in capitals": func(u *users.User) { u.ID, u.Email = id("u", 2), strings.ToUpper(u.Email) },
	} {
		u := user(1)
		change(&u)
		if err := r.AddUser(t.Context(), u); !errors.Is(err, users.ErrExists) {
			t.Errorf("%s: %v, want %v", name, err, users.ErrExists)
		}
	}
	if all, err := r.Users(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("%d users, %v; want 1", len(all), err)
	}
}

func usersByEmail(t *testing.T, url string) {
	r := open(t, url)
	u := user(1)
	u.Email = "Ștefan.Demo@Example.TEST"
	must(t, r.AddUser(t.Context(), u))
	u.Email = "ștefan.demo@example.test"
	for _, email := range []string{u.Email, "ȘTEFAN.DEMO@EXAMPLE.TEST", "Ștefan.demo@example.Test"} {
		got, err := r.UserByEmail(t.Context(), email)
		if diff := cmp.Diff(u, got); diff != "" || err != nil {
			t.Errorf("UserByEmail(%q): %v\n%s", email, err, diff)
		}
	}
	for _, email := range []string{"", "stefan.demo@example.test", u.Email + " ", "%", u.ID} {
		_, err := r.UserByEmail(t.Context(), email)
		wantErr(t, err, users.ErrUnknown)
	}
}

func usersChange(t *testing.T, url string) {
	r := open(t, url)
	want, other := user(1), user(2)
	must(t, r.AddUser(t.Context(), want))
	must(t, r.AddUser(t.Context(), other))
	for _, change := range []struct {
		name string
		do   func(id string) error
		want func(*users.User)
	}{
		{"PIN", func(id string) error { return r.SetPIN(t.Context(), id, "$argon2id$'?", "stamp 7") },
			func(u *users.User) { u.Stamp = "stamp 7"; u.PINHash = "$argon2id$'?" }},
		{"phone", func(id string) error { return r.SetPhone(t.Context(), id, "+40700000001", created, "stamp 8") },
			func(u *users.User) { u.Stamp = "stamp 8"; u.Phone, u.PhoneSet = "+40700000001", created }},
		{"password", func(id string) error { return r.SetPassword(t.Context(), id, "$argon2id$'?", "stamp 1") },
			func(u *users.User) { u.Stamp = "stamp 1"; u.PasswordHash = "$argon2id$'?" }},
		{"secret", func(id string) error { return r.SetSecret(t.Context(), id, []byte{1, 0, 0xff}, "stamp 2") },
			func(u *users.User) { u.Stamp = "stamp 2"; u.Secret = []byte{1, 0, 0xff} }},
		{"disabled", func(id string) error { return r.SetUserDisabled(t.Context(), id, true, "stamp 3") },
			func(u *users.User) { u.Stamp = "stamp 3"; u.Disabled = true }},
		{"enabled", func(id string) error { return r.SetUserDisabled(t.Context(), id, false, "stamp 4") },
			func(u *users.User) { u.Stamp = "stamp 4"; u.Disabled = false }},
		{"no secret", func(id string) error { return r.SetSecret(t.Context(), id, nil, "stamp 5") },
			func(u *users.User) { u.Stamp = "stamp 5"; u.Secret = nil }},
		{"no password", func(id string) error { return r.SetPassword(t.Context(), id, "", "stamp 6") },
			func(u *users.User) { u.Stamp = "stamp 6"; u.PasswordHash = "" }},
		{"from when he signs", func(id string) error { return r.SetSignsFrom(t.Context(), id, created, "stamp 9") },
			func(u *users.User) { u.Stamp = "stamp 9"; u.SignsFrom = created }},
		{"at once", func(id string) error { return r.SetSignsFrom(t.Context(), id, time.Time{}, "stamp 10") },
			func(u *users.User) { u.Stamp = "stamp 10"; u.SignsFrom = time.Time{} }},
		{"stamp", func(id string) error { return r.SetStamp(t.Context(), id, "another stamp") },
			func(u *users.User) { u.Stamp = "another stamp" }},
	} {
		t.Run(change.name, func(t *testing.T) {
			must(t, change.do(want.ID))
			change.want(&want)
			wantErr(t, change.do(id("u", 9)), users.ErrUnknown)
			wantErr(t, change.do("\x00"), users.ErrUnknown)
			for _, u := range []users.User{want, other} {
				got, err := r.User(t.Context(), u.ID)
				must(t, err)
				if diff := cmp.Diff(u, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

func raceAddUser(t *testing.T, url string) {
	r, other := open(t, url), open(t, url)
	for round := range 5 {
		wins := race(t, 40, func(i int) (bool, error) {
			u := user(i + 1)
			u.ID, u.Email = id("u", 1000*round+i), fmt.Sprintf("same%d@example.test", round)
			at := r
			if i%2 == 0 {
				at = other
			}
			err := at.AddUser(t.Context(), u)
			if errors.Is(err, users.ErrExists) {
				return false, nil
			}
			return err == nil, err
		})
		if wins != 1 {
			t.Fatalf("%d users with one address", wins)
		}
	}
}
