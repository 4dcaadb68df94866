package main

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/login"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/openapi"
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/reference"
	"github.com/pecete/pecete/server"
	"github.com/pecete/pecete/signing"
	"github.com/pecete/pecete/users"
)

// drain is how long requests under way are given to finish at the end.
const drain = 30 * time.Second

func serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve the API until interrupted",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := configOf(cmd)
			if err != nil {
				return err
			}
			log := newLines(os.Stderr)
			defer log.flush()
			return serve(cmd.Context(), config, newLogger(log))
		},
	}
}

func serve(ctx context.Context, c *Config, logger *slog.Logger) (err error) {
	h := &house{config: c, logger: logger}
	h.measure()
	if err := h.open(ctx, c.Audit.Name); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	tickets, err := h.openOneTime(ctx)
	if err != nil {
		return err
	}
	api, err := h.server(ctx, h.measureOneTime(tickets))
	if err != nil {
		return err
	}
	certificate, err := c.certificate()
	if err != nil {
		return err
	}
	if err := listenForProfiles(ctx, logger); err != nil {
		return err
	}
	h.measureServer(api)
	handler := api.Handler()
	if err := h.tellMetrics(ctx, api, tickets, certificate, handler); err != nil {
		return err
	}
	told, err := h.certificateStatus(ctx)
	if err != nil {
		return err
	}
	h.revokeForsaken(ctx)
	h.warnRecovery()
	thrift()
	return listen(ctx, c, logger, certificate, h.leave.handler(handler), told, &h.leave)
}

// thrift makes the collector of garbage suit a server whose requests leave much
// behind and whose heap is small: unless GOGC says otherwise it comes a quarter
// as often (docs/performance.md). What starting took, most of it for a hash of
// 19 MiB, goes back to the system at once; what pools hold of it outlives one
// collection.
func thrift() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	runtime.GC()
	debug.FreeOSMemory()
}

// openOneTime opens the store of what may be lost. Where other processes have it
// too, limits are counted there.
func (h *house) openOneTime(ctx context.Context) (onetime.Store, error) {
	c := h.config
	if c.OneTime == "memory" {
		return onetime.NewMemory(now), nil
	}
	password := csc.Secret("")
	if c.Passwords.OneTime != "" {
		var err error
		if password, err = c.secret(c.Passwords.OneTime); err != nil {
			return nil, err
		}
	}
	store, err := onetime.OpenRedis(ctx, onetime.Config{URL: c.OneTime, Password: string(password), Now: now})
	if err != nil {
		return nil, fmt.Errorf("open onetime store: %w", err)
	}
	h.closers = append(h.closers, store.Close)
	h.counter = h.measureCounter(store)
	return store, nil
}

// server wires the API and the pages. It is the only place where their parts
// meet.
//
//nolint:funlen // a list of parts, each once
func (h *house) server(ctx context.Context, tickets onetime.Store) (*server.Server, error) {
	contract, contractV1, err := h.contracts()
	if err != nil {
		return nil, err
	}
	seal, err := h.sealer(ctx)
	if err != nil {
		return nil, err
	}
	hasher, err := users.NewHasher(users.DefaultCost())
	if err != nil {
		return nil, err
	}
	register := credentials.Register{Store: h.registry, Users: h.registry, Now: now, Parsed: &credentials.Parsed{}}
	grants := sad.Grants{Store: tickets, Now: now}
	prover := &users.Prover{Store: h.registry, Sealer: seal, Audit: h.log, Now: now, Passwords: hasher, Floor: loginFloor}
	challenges, err := h.challenges(tickets)
	if err != nil {
		return nil, err
	}
	authorizer := credentials.Authorizer{
		Register: register, Grants: grants, Audit: h.log, Now: now, Life: h.config.SADLife, Prover: prover,
		Challenges: challenges, Extending: h.config.ExtendTransaction,
	}
	provider, mux, err := h.authorization(ctx, tickets, authorizer, prover)
	if err != nil {
		return nil, err
	}
	creator, deleter, err := h.changes(ctx, tickets, authorizer)
	if err != nil {
		return nil, err
	}
	stamper, err := h.stamper(ctx, mux)
	if err != nil {
		return nil, err
	}
	jobs, err := h.jobs(ctx, mux)
	if err != nil {
		return nil, err
	}
	documents, err := h.documents(ctx)
	if err != nil {
		return nil, err
	}
	api := &server.Server{
		Contract: contract, V1: contractV1, Callers: provider, Mux: mux, Register: register, Stamper: stamper, Authorizer: authorizer, Creator: creator, Deleter: deleter,
		Signer: signing.Signer{
			Register: register, Grants: grants, Keys: h.token, Audit: h.log, Now: now, Parallel: h.token.Lane(),
			Jobs: jobs, Documents: documents,
		},
		Limits: h.config.limits(), Later: provider.Later, DeviceFull: h.deviceFull,
		Checks: h.checks(tickets), About: h.about(), Logger: h.logger, Now: now,
	}
	if provider.Direct != nil {
		api.Logins = provider
	}
	if api.Authority, err = h.authority(ctx, prover); err != nil {
		return nil, err
	}
	reference.Pages{House: h.pages(nil), V2: contract, Has: api.Has, V1: contractV1, HasV1: api.HasV1}.Mount(mux)
	return api, nil
}

// contracts are those of v2 and, if it is served, of v1.
func (h *house) contracts() (v2, v1 *openapi.Contract, err error) {
	if v2, err = openapi.Load(); err != nil {
		return nil, nil, err
	}
	if on := h.config.API.V1; on == nil || *on {
		v1, err = openapi.LoadV1()
	}
	return v2, v1, err
}

// checks are what the server cannot work without.
func (h *house) checks(tickets onetime.Store) []server.Check {
	return []server.Check{
		{Name: "hsm", OK: h.deviceReady},
		{Name: "registry", OK: h.registry.Ready},
		{Name: "onetime", OK: tickets.Ready},
		{Name: "audit", OK: h.log.Ready},
		{Name: "serving", OK: h.leave.ready},
	}
}

// deviceFull reports that no request gets into the device's queue.
func (h *house) deviceFull() bool {
	device := h.token.Stats()
	return device.Queued >= device.Places
}

// authorization wires the authorization server and its pages, and returns the
// mux that both are on.
func (h *house) authorization(ctx context.Context, tickets onetime.Store, authorizer credentials.Authorizer, prover *users.Prover) (*oauth.Provider, *http.ServeMux, error) {
	steps, err := h.config.key(h.config.Steps)
	if err != nil {
		return nil, nil, err
	}
	provider, err := h.provider(tickets, authorizer, prover, steps)
	if err != nil {
		return nil, nil, err
	}
	failures := login.NewFailures(h.counter, now)
	if provider.Direct, err = h.direct(ctx, prover, failures); err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	provider.Mount(mux)
	pages := &login.Pages{
		OAuth: provider, Approvals: authorizer, Client: h.registry.Client,
		Prover: prover, Users: h.registry, Register: authorizer.Register, Key: derived(steps, "login"),
		Name: h.config.About.Name, Languages: h.config.About.Languages, Demo: h.config.About.Demo,
		Logger: h.logger, Now: now, Barred: h.barredOn(), Failures: failures,
		Guesses: h.loads("login guesses"),
	}
	pages.Mount(mux)
	desk, err := h.portal(ctx, mux, provider, prover, tickets, failures, derived(steps, "portal"))
	if err != nil {
		return nil, nil, err
	}
	if desk != nil { // the client whose ID and secret are made of the same key
		pages.Own = &login.Own{ClientID: desk.API.ID, Files: desk.Placed}
	}
	mux.HandleFunc("GET "+page.StylePath, page.Style)
	return provider, mux, nil
}

// loads is a quota of what one network may load.
func (h *house) loads(what string) *quota.Shared {
	return quota.NewShared(h.counter, what, cmp.Or(h.config.Limits.Loads, oauth.DefaultLoads), time.Minute, now).OrHere()
}

// provider is the authorization server by itself.
func (h *house) provider(tickets onetime.Store, authorizer credentials.Authorizer, prover *users.Prover, steps []byte) (*oauth.Provider, error) {
	pepper, err := h.config.key(h.config.Pepper)
	if err != nil {
		return nil, err
	}
	authorities, err := h.config.clientCAs()
	if err != nil {
		return nil, err
	}
	provider := &oauth.Provider{
		Issuer: h.config.URL, Clients: h.registry, Tokens: tickets, Pepper: pepper,
		Audit: h.log, Now: now, Logger: h.logger, StepKey: derived(steps, "oauth"),
		Register: authorizer.Register, Grants: authorizer.Grants, Permissions: h.registry, Accounts: h.registry,
		Sealer: prover.Sealer, Refresh: h.registry, Invitations: h.registry,
		CredentialLife: h.config.SADLife, ServiceLife: h.config.TokenLife,
		RefreshIdle: h.config.RefreshIdle, RefreshLife: h.config.RefreshLife,
		MutualURL: h.config.MTLS.URL, ClientCAs: authorities, Calls: h.config.Limits.Client, Signers: h.config.Limits.Signer,
		Loads: h.config.Limits.Loads, Counter: h.counter, House: h.pages(nil),
	}
	if h.config.Changes.Allow {
		provider.Changing = &oauth.Changing{Policy: h.config.CA.Policy}
	}
	if h.config.OAuth2.DPoPNonce {
		provider.NonceKey = derived(steps, "dpop nonce")
	}
	return provider, nil
}

// derived is a key of its own for each use of a secret.
func derived(secret []byte, use string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(use))
	return mac.Sum(nil)
}

func (h *house) about() server.About {
	keys := []csc.KeySpec{csc.P256, csc.P384, csc.P521, csc.RSA3072, csc.RSA4096}
	return server.About{
		AuthType: []string{"oauth2code", "oauth2client"},
		Name:     h.config.About.Name, Region: h.config.About.Region, URL: h.config.URL,
		Logo: h.config.About.Logo, Description: h.config.About.Description,
		Languages: h.config.About.Languages, Keys: keys, PKCS1v15: true,
		Locator: h.config.OAuth2.Announce, RAR: true, FAPI: h.config.OAuth2.FAPI == nil || *h.config.OAuth2.FAPI,
	}
}
