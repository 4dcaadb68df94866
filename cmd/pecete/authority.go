package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
	"unicode/utf8"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/ca"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/quota"
)

// answersEach is how many OCSP answers are signed for one network in a minute;
// those that are given again cost nothing.
const answersEach = 600

// checkAuthority demands plain HTTP: who checks certificates could not check the
// one of a TLS server first.
func (c *Config) checkAuthority() error {
	if c.CA.Notice != "" && (c.CA.Policy == "" || utf8.RuneCountInString(c.CA.Notice) > 200) {
		return errors.New("ca.notice needs ca.policy, and has at most 200 characters")
	}
	if c.CA.URL == "" && c.CA.Listen == "" {
		return nil
	}
	u, err := url.Parse(c.CA.URL)
	switch {
	case err != nil || u.Scheme != "http" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return fmt.Errorf("ca.url is %q, not http://host[:port], without TLS: who checks a certificate would have to check another one first", c.CA.URL)
	case c.CA.Listen == "":
		return errors.New("ca.listen is missing: ca.url and ca.listen go together")
	}
	if _, port, err := net.SplitHostPort(c.CA.Listen); err != nil || port == "" {
		return fmt.Errorf("ca.listen is %q, not host:port", c.CA.Listen)
	}
	return nil
}

// certificateStatus is who answers about certificates, nil if nobody does.
func (h *house) certificateStatus(ctx context.Context) (http.Handler, error) {
	if h.config.CA.Listen == "" {
		return nil, nil
	}
	local, err := h.localAuthority(ctx)
	if err != nil {
		return nil, err
	}
	lists, err := h.revocations(ctx)
	if err != nil {
		return nil, err
	}
	if err := h.adoptStamper(ctx, local); err != nil {
		return nil, err
	}
	responder := &ca.Responder{Authority: local, Register: h.registry, Audit: h.log}
	if responder.Signer, err = h.responderKey(ctx); err != nil {
		return nil, err
	}
	if err := responder.Ready(ctx); err != nil {
		return nil, err
	}
	return &ca.Endpoint{
		Lists:     lists,
		Responder: responder, Fresh: quota.New(answersEach, time.Minute, now), Logger: h.logger,
	}, nil
}

// adoptStamper notes the time-stamping certificate in use, which init makes before
// there is a registry, and earlier versions made without a word to it.
func (h *house) adoptStamper(ctx context.Context, local *ca.Local) error {
	if h.config.TSA.Certificate == "" {
		return nil
	}
	chain, err := h.config.certificates("tsa.certificate", h.config.TSA.Certificate)
	if err != nil {
		return err
	}
	return local.Adopt(ctx, chain[0])
}

// revocations is the authority's list of the certificates that it took back: one for
// all who ask.
func (h *house) revocations(ctx context.Context) (*ca.Lists, error) {
	if h.lists != nil {
		return h.lists, nil
	}
	local, err := h.localAuthority(ctx)
	if err != nil {
		return nil, err
	}
	h.lists = &ca.Lists{Authority: local, Register: h.registry, Audit: h.log}
	return h.lists, nil
}

// responderKey signs OCSP answers. A token of an earlier version has none: it gets
// one.
func (h *house) responderKey(ctx context.Context) (crypto.Signer, error) {
	keys, err := h.token.FindAll(ctx, labelOCSP)
	if err != nil {
		return nil, fmt.Errorf("find ocsp key: %w", err)
	}
	if len(keys) == 0 {
		key, err := h.token.Generate(ctx, csc.P256, labelOCSP)
		if err != nil {
			return nil, fmt.Errorf("generate ocsp key: %w", err)
		}
		keys = append(keys, key)
		record := audit.Entry{Event: audit.KeyGenerated, Key: hex.EncodeToString(key.ID), Reason: labelOCSP}
		if err := h.log.Append(ctx, record); err != nil {
			return nil, err
		}
	}
	public, ok := keys[0].Public.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return nil, forOperator(fmt.Errorf("the key labelled %q is %s, not %s", labelOCSP, keys[0].Spec, csc.P256))
	}
	return h.token.Signer(ctx, keys[0].ID)
}
