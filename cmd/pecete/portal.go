package main

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/documents"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

// A refusal of a login takes so long at least: what it does takes a tenth of that,
// and more when many log in.
const loginFloor = 500 * time.Millisecond

// portal wires the signer's own pages, and returns what signs documents there; nil if
// nothing does.
func (h *house) portal(ctx context.Context, mux *http.ServeMux, provider *oauth.Provider, prover *users.Prover, tickets onetime.Store, failures *quota.Shared, key []byte) (*documents.Desk, error) {
	mailer, err := h.notifier()
	if err != nil {
		return nil, err
	}
	verifier, err := h.verifier(ctx)
	if err != nil {
		return nil, err
	}
	registrar, err := h.signersRegistrar(prover)
	if err != nil {
		return nil, err
	}
	office, err := h.office(ctx, registrar)
	if err != nil {
		return nil, err
	}
	terms, err := h.terms()
	if err != nil {
		return nil, err
	}
	desk, err := h.desk(ctx, mailer)
	if err != nil {
		return nil, err
	}
	pages := &portal.Pages{
		House: h.pages(key), Factors: prover, Registrar: registrar,
		Signers: h.registry, Applications: applications{h.registry, provider}, Certificates: h.registry,
		Sessions: h.registry, Tickets: tickets, Audit: h.log, Office: office, Terms: terms,
		Failures: failures, Loads: h.loads("portal loads"),
		Barred: h.barred(portal.Path), Desk: desk, Verifier: verifier, Verifications: quota.New(verifications, time.Minute, now),
	}
	if mailer != nil {
		pages.Notifier = mailer
	}
	pages.Mount(mux)
	h.outbox(mux)
	return desk, nil
}

// pages are what all pages show and stand on.
func (h *house) pages(key []byte) page.House {
	return page.House{
		Name: h.config.About.Name, Languages: h.config.About.Languages, Demo: h.config.About.Demo,
		Key: key, Logger: h.logger, Now: now,
	}
}

// applications are the clients of the authorization server as a signer sees them.
type applications struct {
	registry *registry.Registry
	provider *oauth.Provider
}

// Of returns those that may act for a signer.
func (a applications) Of(ctx context.Context, userID string) ([]portal.Application, error) {
	permitted, err := a.registry.Permissions(ctx, userID)
	all := make([]portal.Application, len(permitted))
	for i, p := range permitted {
		all[i] = portal.Application{
			ID: p.ClientID, Name: p.Name, Since: p.Since, Used: p.Used, Linked: p.Linked,
			Reads: slices.Contains(p.Scopes, csc.ScopeService), Asks: slices.Contains(p.Scopes, csc.ScopeCredential),
			Changes: slices.Contains(p.Scopes, csc.ScopeCreation) || slices.Contains(p.Scopes, csc.ScopeDeletion),
		}
	}
	return all, err
}

// Withdraw ends all that a signer let an application do.
func (a applications) Withdraw(ctx context.Context, userID, id string) error {
	return a.provider.Withdraw(ctx, userID, id)
}
