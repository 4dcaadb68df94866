package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/callback"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/outbound"
	"github.com/pecete/pecete/signing"
)

// jobs starts what does requests of mode A and tells of their ends.
func (h *house) jobs(ctx context.Context, mux *http.ServeMux) (*signing.Jobs, error) {
	steps, err := h.config.key(h.config.Steps)
	if err != nil {
		return nil, err
	}
	seal, err := signing.NewSeal(derived(steps, "jobs"))
	if err != nil {
		return nil, err
	}
	teller, err := h.teller(ctx, seal, mux)
	if err != nil {
		return nil, err
	}
	jobs := &signing.Jobs{
		Store: h.registry, Seal: seal, Owner: h.log.ID(), Recipient: h.recipient, Tell: teller.Kick, Now: now, Logger: h.logger,
		Waiting: h.config.Limits.Jobs,
	}
	h.measureJobs(jobs)
	if err := jobs.Start(ctx); err != nil {
		return nil, err
	}
	teller.Start(ctx)
	h.closers = append(h.closers, teller.Close, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		return jobs.Close(ctx)
	})
	return jobs, nil
}

// recipient reports whether a client has the URI registered to be told at.
func (h *house) recipient(ctx context.Context, clientID, uri string) (bool, error) {
	client, err := h.registry.Client(ctx, clientID)
	if errors.Is(err, oauth.ErrUnknownClient) {
		return false, nil
	}
	return err == nil && !client.Disabled && slices.Contains(client.ResponseURIs, uri), err
}

// teller tells applications, with keys that anybody can have from this server.
func (h *house) teller(ctx context.Context, seal *signing.Seal, mux *http.ServeMux) (*callback.Teller, error) {
	keys, err := h.callbackKeys(ctx)
	if err != nil {
		return nil, err
	}
	allowed, err := h.config.allowed()
	if err != nil {
		return nil, err
	}
	roots, err := h.config.outboundCAs()
	if err != nil {
		return nil, err
	}
	owners, err := h.owners()
	if err != nil {
		return nil, err
	}
	teller := &callback.Teller{
		Sources: []callback.Source{
			callback.Jobs{Store: h.registry, Seal: seal}, callback.Enrolments{Store: h.registry}, callback.Fates{Store: h.registry, Teller: owners},
		},
		Client: &outbound.Client{Allowed: allowed, Roots: roots}, Keys: keys, Issuer: h.config.URL,
		May: h.recipient, Now: now, Logger: h.logger,
	}
	h.measureTeller(teller)
	handler, err := teller.Handler()
	if err != nil {
		return nil, err
	}
	mux.Handle("GET "+callback.Path, handler)
	return teller, nil
}

// callbackKeys are the keys in the device that notices are signed with. A token of
// an earlier version has none: it gets one.
func (h *house) callbackKeys(ctx context.Context) (callbackKeys, error) {
	keys, err := h.token.FindAll(ctx, labelCallbacks)
	if err != nil {
		return callbackKeys{}, err
	}
	if len(keys) == 0 {
		key, err := h.token.Generate(ctx, csc.P256, labelCallbacks)
		if err != nil {
			return callbackKeys{}, fmt.Errorf("generate callbacks key: %w", err)
		}
		keys = append(keys, key)
		record := audit.Entry{Event: audit.KeyGenerated, Key: hex.EncodeToString(key.ID), Reason: labelCallbacks}
		if err := h.log.Append(ctx, record); err != nil {
			return callbackKeys{}, err
		}
	}
	all := callbackKeys{token: h.token, id: keys[0].ID}
	for _, key := range keys {
		public, ok := key.Public.(*ecdsa.PublicKey)
		if !ok || key.Spec != csc.P256 {
			return all, fmt.Errorf("a key labelled %q is %s, not %s", labelCallbacks, key.Spec, csc.P256)
		}
		all.public = append(all.public, public)
	}
	return all, nil
}

// callbackKeys sign notices with a key in the device.
type callbackKeys struct {
	token  *hsm.Token
	id     []byte
	public []*ecdsa.PublicKey
}

func (k callbackKeys) Sign(ctx context.Context, digest []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return k.token.Sign(ctx, k.id, csc.Algorithm{Scheme: csc.ECDSA, Hash: crypto.SHA256}, digest)
}

func (k callbackKeys) Public() []*ecdsa.PublicKey { return k.public }

// allowed are the networks that this server may call although they are not
// public.
func (c *Config) allowed() ([]netip.Prefix, error) {
	return networks("outbound.allow", c.Outbound.Allow)
}

// outboundCAs vouch for whom this server calls; nil for the system's alone.
func (c *Config) outboundCAs() (*x509.CertPool, error) {
	if c.Outbound.CA == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.path(c.Outbound.CA))
	if err != nil {
		return nil, forOperator(fmt.Errorf("outbound.ca: %w", err))
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, forOperator(fmt.Errorf("outbound.ca: %s holds no certificate", c.path(c.Outbound.CA)))
	}
	return roots, nil
}
