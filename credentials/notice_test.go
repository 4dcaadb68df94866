package credentials_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/notify/notifytest"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

// update writes what letters say anew.
var update = flag.Bool("update", false, "write what letters say into testdata")

// An office is a Teller whose letters stay in a folder.
type office struct {
	credentials.Teller
	registry *registry.Registry
	folder   notify.Folder
}

func newOffice(t *testing.T) *office {
	t.Helper()
	store, err := registry.Open(t.Context(), registry.Config{URL: filepath.Join(t.TempDir(), "registry.db")})
	must(t, err)
	t.Cleanup(func() { _ = store.Close() })
	for _, u := range []users.User{
		{ID: "u_en", Email: "demo.signer@example.org", GivenName: "Demo", FamilyName: "Signer", Locale: "en-GB", Phone: "+40700000001", Created: time.Now()},
		{ID: "u_ro", Email: "semnatar.demo@example.org", GivenName: "Semnatar", FamilyName: "Demo", Locale: "ro-RO", Created: time.Now()},
	} {
		must(t, store.AddUser(t.Context(), u))
		must(t, store.AddCredential(t.Context(), credentials.Credential{
			ID: "c" + u.ID[1:], UserID: u.ID, Description: "Demo 2026", KeyID: []byte(u.ID), Key: csc.P256, Created: time.Now(),
		}))
	}
	o := &office{registry: store, folder: notify.Folder{Path: t.TempDir(), From: "Pecete <pecete@example.org>", Now: time.Now}}
	o.Teller = credentials.Teller{
		Store: store, Users: store, Post: notify.Post{Mail: o.folder, SMS: notify.Folder{Path: o.folder.Path, SMS: true, Now: time.Now}},
		From: "Pecete", URL: "https://pecete.example.org/portal/security",
		ClientName: func(context.Context, string) (string, error) { return "Demo Application", nil },
	}
	return o
}

// newest is the last letter that was sent.
func (o *office) newest(t *testing.T) notify.Kept {
	t.Helper()
	all, err := o.folder.Kept(1)
	must(t, err)
	if len(all) == 0 {
		t.Fatal("nothing was sent")
	}
	return all[0]
}

// What becomes of a certificate without its owner is told in his language: what, by
// whom, when and why, and what to do about it.
func TestFatesAreTold(t *testing.T) {
	o := newOffice(t)
	for lang, of := range map[string]string{"en": "c_en", "ro": "c_ro"} {
		for _, n := range []credentials.Notice{
			{Fate: credentials.FateSuspended},
			{Fate: credentials.FateResumed},
			{Fate: credentials.FateRevoked, Reason: 1},
			{Fate: credentials.FateDeleted, ClientID: "app_demo"},
			{Fate: credentials.FateDeletedRevoked, ClientID: "app_demo", Reason: 5},
		} {
			n.ID, n.CredentialID, n.At = "N"+string(n.Fate), of, time.Date(2026, 11, 30, 15, 49, 0, 0, time.UTC)
			must(t, o.Tell(t.Context(), n))
			notifytest.Golden(t, *update, filepath.Join("testdata", string(n.Fate)+"."+lang+".txt"), o.newest(t).Message)
		}
	}
}

// Each reason of a revocation has words, in both languages.
func TestReasonsAreTold(t *testing.T) {
	o := newOffice(t)
	for _, name := range csc.RevocationReasons() {
		code, _ := csc.RevocationCode(name)
		var said []string
		for _, of := range []string{"c_en", "c_ro"} {
			must(t, o.Tell(t.Context(), credentials.Notice{ID: "N", CredentialID: of, Fate: credentials.FateRevoked, Reason: code, At: time.Now()}))
			text := o.newest(t).Text
			why := regexp.MustCompile(`(?m)^(?:Reason|Motivul): (.{10,}[^.])\.$`).FindStringSubmatch(text)
			if why == nil || strings.Contains(text, "!") {
				t.Fatalf("%s:\n%s", name, text)
			}
			said = append(said, why[1])
		}
		if said[0] == said[1] {
			t.Errorf("%s is told as %q in both languages", name, said[0])
		}
	}
}

// A mail that is sent again is the same one, to whoever gets it.
func TestATellingIsKnownAgain(t *testing.T) {
	o := newOffice(t)
	for _, id := range []string{"NONE", "NONE", "NOTHER"} {
		must(t, o.Tell(t.Context(), credentials.Notice{ID: id, CredentialID: "c_ro", Fate: credentials.FateSuspended, At: time.Now()}))
	}
	files, err := filepath.Glob(filepath.Join(o.folder.Path, "*.eml"))
	must(t, err)
	ids := map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		ids[regexp.MustCompile(`(?m)^Message-ID: <([^>]*)>`).FindStringSubmatch(string(text))[1]]++
	}
	if len(ids) != 2 || ids["NONE@example.org"] != 2 || ids["NOTHER@example.org"] != 1 {
		t.Errorf("%v", ids)
	}
}

// Where no mails leave it is told by SMS; where nothing leaves that is an error, and
// who is gone is told nothing.
func TestTellingWithoutMail(t *testing.T) {
	o := newOffice(t)
	o.Post.Mail = nil
	n := credentials.Notice{ID: "N", CredentialID: "c_en", Fate: credentials.FateSuspended, At: time.Now()}
	must(t, o.Tell(t.Context(), n))
	if m := o.newest(t); m.To != "+40700000001" || !strings.Contains(m.Text, "your certificate “Demo 2026” was suspended on") {
		t.Errorf("%+v", m)
	}
	n.CredentialID = "c_ro"
	if err := o.Tell(t.Context(), n); err == nil || errors.Is(err, credentials.ErrUntold) {
		t.Errorf("without a phone: %v", err)
	}
	n.CredentialID = "c_none"
	if err := o.Tell(t.Context(), n); !errors.Is(err, credentials.ErrUntold) {
		t.Errorf("of no credential: %v", err)
	}
	must(t, o.registry.DeleteCredential(t.Context(), "c_en", credentials.Deletion{At: time.Now()}))
	n.CredentialID, n.Fate = "c_en", credentials.FateRevoked
	must(t, o.Tell(t.Context(), n))
	if n.Fate = "new moon"; o.Tell(t.Context(), n) == nil {
		t.Error("there is a letter for anything")
	}
}
