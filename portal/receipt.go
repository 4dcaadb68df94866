package portal

import (
	"context"
	"errors"
	"fmt"

	"github.com/pecete/pecete/documents"
	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/page"
)

// Signed is that documents were signed on these pages; the mail about it is the
// receipt.
const Signed Notice = "signed"

// mostListed is how many documents a mail names.
const mostListed = 50

// Receipt sends the signer a mail that names what was signed: a documents.Desk
// tells it of each batch. That it cannot be sent is no reason to undo anything: the
// receipt is on the pages too.
func (m *Mailer) Receipt(ctx context.Context, b documents.Batch, all []documents.Document) {
	user, err := m.Signers.User(ctx, b.UserID)
	if err != nil {
		untold(ctx, m.Logger, b.UserID, Signed, fmt.Errorf("look up signer: %w", err))
		return
	}
	letter, err := m.receipt(user.Locale, all)
	if err == nil {
		err = m.post(ctx, user, letter, Signed)
	}
	if err != nil {
		untold(ctx, m.Logger, user.ID, Signed, err)
	}
}

func (m *Mailer) receipt(locale string, all []documents.Document) (notify.Letter, error) {
	t := page.In(locale, texts())
	var faults []error
	said := func(text string, err error) string {
		faults = append(faults, err)
		return text
	}
	count := said(t.Count("documents.files", len(all)))
	letter := notify.Letter{
		Lang: t.Tag, From: m.From, Subject: said(t.Say("receipt.subject", m.From, count)),
		Says: []string{said(t.Say("receipt.says", count))},
		Link: m.History, Do: said(t.Say("receipt.do")),
		Adds: []string{said(t.Say("receipt.wrong")), said(t.Say("notice.never"))},
	}
	for n, d := range all {
		if n == mostListed {
			letter.Says = append(letter.Says, "…")
			break
		}
		letter.Says = append(letter.Says, said(t.Say("receipt.document", d.Name, t.Date(d.SignedAt), d.SignedDigest)))
	}
	return letter, errors.Join(faults...)
}
