package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/users"
)

// signersRegistrar changes what signers prove themselves by, on their own word: so
// it has something to say to passwords.
func (h *house) signersRegistrar(prover *users.Prover) (users.Registrar, error) {
	registrar := users.Registrar{
		Store: h.registry, Sealer: prover.Sealer, Audit: h.log, Now: now, Issuer: h.config.About.Name,
		Passwords: prover.Passwords, Advice: &users.Advice{},
	}
	stolen, err := h.config.stolen()
	if err != nil || stolen == nil {
		return registrar, err
	}
	h.closers = append(h.closers, stolen.Close)
	registrar.Advice.Stolen = stolen
	return registrar, nil
}

// terms are what signers accept.
func (h *house) terms() (portal.Terms, error) {
	terms := portal.Terms{Version: h.config.terms(), Text: map[string][]string{}}
	for lang, file := range h.config.Enrolment.TermsText {
		text, err := os.ReadFile(h.config.path(file))
		if err != nil {
			return terms, forOperator(fmt.Errorf("enrolment.terms_text: %w", err))
		}
		for _, paragraph := range strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n\n") {
			if paragraph = strings.TrimSpace(paragraph); paragraph != "" {
				terms.Text[lang] = append(terms.Text[lang], paragraph)
			}
		}
	}
	return terms, nil
}

// notifier tells signers what was done in their names; nil if no mails leave.
func (h *house) notifier() (*portal.Mailer, error) {
	post, err := h.config.post()
	if err != nil || post.Mail == nil {
		return nil, err
	}
	mailer := portal.NewMailer(&portal.Mailer{
		Mail: post.Mail, SMS: post.SMS, Signers: h.registry, From: h.config.About.Name, URL: h.config.URL + portal.SecurityPath,
		History: h.config.URL + portal.HistoryPath, Logger: h.logger,
	})
	h.closers = append(h.closers, mailer.Close)
	return mailer, nil
}

// outbox shows on this machine what is kept instead of being sent. Where messages
// are sent there is no such page.
func (h *house) outbox(mux *http.ServeMux) {
	if h.config.Outbox == "" {
		return
	}
	pages := &portal.Outbox{House: h.pages(nil), Folder: notify.Folder{Path: h.config.path(h.config.Outbox)}}
	pages.Mount(mux)
}
