package users_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/users"
)

func demoOrganization() users.Organization {
	return users.Organization{Name: "Demo S.R.L.", Identifier: "VATRO-12345678", Email: "Seals@example.org", Country: "RO", Locale: "ro"}
}

// An organization has a PIN, and nothing that only a person has.
func TestFound(t *testing.T) {
	h := newHouse(t)
	made, err := h.registrar.Found(t.Context(), demoOrganization())
	must(t, err)
	if made.Organization != "Demo S.R.L." || made.Identifier != "VATRO-12345678" || made.Email != "seals@example.org" ||
		made.GivenName != "" || made.Secret != nil || made.Stamp == "" || made.Name() != "Demo S.R.L." {
		t.Errorf("%+v", made)
	}
	kept, err := h.store.User(t.Context(), made.ID)
	must(t, err)
	if diff := cmp.Diff(made, kept); diff != "" {
		t.Error(diff)
	}
	if records := h.log.Records(t); len(records) != 1 || records[0].Event != audit.UserAdded || records[0].User != made.ID {
		t.Errorf("%+v", records)
	}
	must(t, h.registrar.SetPIN(t.Context(), made.ID, "270391"))
	if _, err := h.Prove(t.Context(), made.ID, "", users.ClaimPIN("270391")); err != nil {
		t.Error(err)
	}
	before := len(h.log.Records(t))
	if err := h.registrar.SetPassword(t.Context(), made.ID, password); !errors.Is(err, users.ErrOrganization) {
		t.Errorf("a password: %v", err)
	}
	if _, err := h.registrar.Pair(t.Context(), made.ID); !errors.Is(err, users.ErrOrganization) {
		t.Errorf("an authenticator: %v", err)
	}
	if _, err := h.registrar.Found(t.Context(), demoOrganization()); !errors.Is(err, users.ErrExists) {
		t.Errorf("twice: %v", err)
	}
	if len(h.log.Records(t)) != before {
		t.Error("the record tells of what was refused")
	}
}

func TestOrganizationsThatCannotBe(t *testing.T) {
	h := newHouse(t)
	for name, change := range map[string]func(*users.Organization){
		"no name":                     func(o *users.Organization) { o.Name = "" },
		"a name of digits":            func(o *users.Organization) { o.Name = "123" },
		"a name that turns":           func(o *users.Organization) { o.Name = "Demo\u202eS.R.L." },
		"no identifier":               func(o *users.Organization) { o.Identifier = "" },
		"an identifier of no country": func(o *users.Organization) { o.Identifier = "VAT-12345678" },
		"an identifier in small":      func(o *users.Organization) { o.Identifier = "vatro-12345678" },
		"an identifier with a blank":  func(o *users.Organization) { o.Identifier = "VATRO-1234 5678" },
		"an identifier of nothing":    func(o *users.Organization) { o.Identifier = "VATRO-" },
		"no address":                  func(o *users.Organization) { o.Email = "" },
		"no country":                  func(o *users.Organization) { o.Country = "Romania" },
		"no language":                 func(o *users.Organization) { o.Locale = "" },
	} {
		o := demoOrganization()
		change(&o)
		if _, err := h.registrar.Found(t.Context(), o); !errors.Is(err, users.ErrPerson) {
			t.Errorf("%s: %v", name, err)
		}
	}
	o := demoOrganization()
	o.Identifier = "RO:RO-J40/1234/2020" // of a national scheme
	if _, err := h.registrar.Found(t.Context(), o); err != nil {
		t.Error(err)
	}
}
