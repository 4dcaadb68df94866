package main

import (
	"net/http"

	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/portal"
)

// notifier tells signers what was done in their names; nil if no mails leave.
func (h *house) notifier() (portal.Notifier, error) {
	post, err := h.config.post()
	if err != nil || post.Mail == nil {
		return nil, err
	}
	mailer := portal.NewMailer(&portal.Mailer{
		Mail: post.Mail, Signers: h.registry, From: h.config.About.Name, URL: h.config.URL + portal.SecurityPath, Logger: h.logger,
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
