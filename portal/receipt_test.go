package portal_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pecete/pecete/documents"
	"github.com/pecete/pecete/users"
)

// A mail names what was signed, in the language that the signer reads, and has
// nothing of it but the name and the fingerprint.
func TestReceipts(t *testing.T) {
	for locale, want := range map[string][]string{
		"en": {"Pecete: you signed 2 files", "this was signed in your name: 2 files", "Anexă.pdf – 22 November 2026", "If that was not you"},
		"ro": {"Pecete: ați semnat 2 fișiere", "s-a semnat în numele dumneavoastră: 2 fișiere", "Anexă.pdf – 22 noiembrie 2026", "Dacă nu ați fost dumneavoastră"},
	} {
		box := &letterbox{}
		h, mailer := mailed(t, box)
		mailer.History = "https://localhost/portal/history"
		user, err := h.operator.Add(t.Context(), users.Person{Email: "semnatar.demo@example.org", GivenName: "Semnatar", FamilyName: "Demo", Country: "RO", Locale: locale})
		must(t, err)
		all := []documents.Document{
			{Name: "contract.pdf", SignedAt: noon, SignedDigest: strings.Repeat("ab", 32)}, {Name: "Anexă.pdf", SignedAt: noon, SignedDigest: strings.Repeat("cd", 32)},
		}
		mailer.Receipt(t.Context(), documents.Batch{UserID: user.ID}, all)
		must(t, mailer.Close())
		if len(box.got) != 1 || box.got[0].To != user.Email {
			t.Fatalf("%d mails", len(box.got))
		}
		wantTold(t, box.got[0].Subject+"\n"+box.got[0].Text, append(want, "contract.pdf", strings.Repeat("cd", 32), mailer.History)...)
	}
}

// Many documents make no endless mail, and a mail that is not taken is in the log.
func TestReceiptsThatCannotBe(t *testing.T) {
	box := &letterbox{fails: errors.New("it is closed")}
	h, mailer := mailed(t, box)
	var all []documents.Document
	for n := range 300 {
		all = append(all, documents.Document{Name: fmt.Sprintf("%d-%s.pdf", n, strings.Repeat("x", 100)), SignedAt: noon, SignedDigest: strings.Repeat("ab", 32)})
	}
	mailer.Receipt(t.Context(), documents.Batch{UserID: h.signer.ID}, all)
	mailer.Receipt(t.Context(), documents.Batch{UserID: "u_none"}, all)
	must(t, mailer.Close())
	if n := strings.Count(h.log.String(), `"notice":"signed"`); n != 2 || len(box.got) != 1 || strings.Contains(box.got[0].Text, "50-x") {
		t.Errorf("%d lines in the log, %d mails", n, len(box.got))
	}
}
