package main

import (
	"cmp"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/tsa"
)

// TSAConfig says where time-stamps come from. Without a certificate and without
// an upstream there are none.
type TSAConfig struct {
	// Certificate is a file with the certificate of the time-stamping key and those
	// above it, PEM; the key is in the HSM.
	Certificate string        `yaml:"certificate"`
	Policy      string        `yaml:"policy"`   // OID of the policy of our time-stamps
	Accuracy    time.Duration `yaml:"accuracy"` // 1s if absent
	// Upstream is another authority, which is asked for what signatures/timestamp
	// gives.
	Upstream struct {
		URL      string        `yaml:"url"`
		CA       string        `yaml:"ca"`       // file with the roots of its certificate, PEM
		Policy   string        `yaml:"policy"`   // OID that is wanted; any if absent
		User     string        `yaml:"user"`     // of HTTP Basic
		Password string        `yaml:"password"` // file
		Timeout  time.Duration `yaml:"timeout"`  // 10s if absent
	} `yaml:"upstream"`
	// Endpoint is /tsa, for whoever speaks RFC 3161 and not the CSC API.
	Endpoint struct {
		Access string `yaml:"access"` // open or token; there is none if absent
		Token  string `yaml:"token"`  // file
		Rate   int    `yaml:"rate"`   // requests a minute and network; 60 if absent
	} `yaml:"endpoint"`
}

func (c *Config) checkTSA() error {
	t := c.TSA
	switch {
	case (t.Certificate == "") != (t.Policy == ""):
		return errors.New("tsa.certificate and tsa.policy go together")
	case t.Accuracy != 0 && (t.Accuracy < time.Second || t.Accuracy > time.Minute):
		return fmt.Errorf("tsa.accuracy is %v, not 1s to 1m", t.Accuracy)
	case !slices.Contains([]string{"", "open", "token"}, t.Endpoint.Access):
		return fmt.Errorf("tsa.endpoint.access is %q, not open or token", t.Endpoint.Access)
	case t.Endpoint.Access != "" && t.Certificate == "":
		return errors.New("tsa.endpoint needs tsa.certificate: it answers for our own authority")
	case (t.Endpoint.Access == "token") != (t.Endpoint.Token != ""):
		return errors.New("tsa.endpoint.token goes with access: token")
	case t.Endpoint.Rate < 0:
		return errors.New("tsa.endpoint.rate is negative")
	}
	for key, oid := range map[string]string{"policy": t.Policy, "upstream.policy": t.Upstream.Policy} {
		if parsed, err := x509.ParseOID(oid); oid != "" && (err != nil || parsed.String() != oid) {
			return fmt.Errorf("tsa.%s is %q, not an OID", key, oid)
		}
	}
	return c.checkUpstream()
}

func (c *Config) checkUpstream() error {
	up := c.TSA.Upstream
	if up.URL == "" {
		if up.CA != "" || up.User != "" || up.Password != "" || up.Policy != "" || up.Timeout != 0 {
			return errors.New("tsa.upstream.url is missing")
		}
		return nil
	}
	u, err := url.Parse(up.URL)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "":
		return errors.New("tsa.upstream.url is not http://… or https://…, without a name in it")
	case up.CA == "":
		return errors.New("tsa.upstream.ca is missing: it says whose time-stamps are good")
	case (up.User == "") != (up.Password == ""):
		return errors.New("tsa.upstream.user and tsa.upstream.password go together")
	case up.User != "" && u.Scheme != "https":
		return errors.New("tsa.upstream.password would go over http")
	case up.Timeout < 0 || up.Timeout > 20*time.Second:
		return fmt.Errorf("tsa.upstream.timeout is %v, not 1s to 20s", up.Timeout)
	}
	return nil
}

// certificates reads a file of them.
func (c *Config) certificates(key, path string) ([]*x509.Certificate, error) {
	return certificates(key, c.path(path))
}

func certificates(key, path string) (all []*x509.Certificate, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, forOperator(fmt.Errorf("%s: %w", key, err))
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, forOperator(fmt.Errorf("%s: %w", key, err))
		}
		all = append(all, cert)
	}
	if len(all) == 0 {
		return nil, forOperator(fmt.Errorf("%s has no certificate in PEM", key))
	}
	return all, nil
}

// stamper is who gives what signatures/timestamp is asked for, nil if nobody
// does. The endpoint of our own authority, if there is to be one, is put on mux.
func (h *house) stamper(ctx context.Context, mux *http.ServeMux) (tsa.Stamper, error) {
	var gives tsa.Stamper
	if h.config.TSA.Certificate != "" {
		own, err := h.stampAuthority(ctx)
		if err != nil {
			return nil, err
		}
		if err := h.mountTSA(mux, own); err != nil {
			return nil, err
		}
		gives = own
	}
	if h.config.TSA.Upstream.URL == "" {
		return gives, nil
	}
	return h.upstream()
}

// stampAuthority is our own, whose key must be the one that was certified.
func (h *house) stampAuthority(ctx context.Context) (*tsa.Authority, error) {
	key, err := h.token.Find(ctx, labelTSA)
	if err != nil {
		return nil, fmt.Errorf("find time-stamping key: %w", err)
	}
	chain, err := h.config.certificates("tsa.certificate", h.config.TSA.Certificate)
	if err != nil {
		return nil, err
	}
	public, ok := key.Public.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(chain[0].PublicKey) {
		return nil, forOperator(errors.New("tsa.certificate is of another key than the token has for time-stamps"))
	}
	a := &tsa.Authority{
		Keys: h.token, KeyID: key.ID, Chain: chain, Policy: h.config.TSA.Policy,
		Accuracy: cmp.Or(h.config.TSA.Accuracy, time.Second),
		Serials:  h.registry, Audit: h.log, Now: now,
	}
	if err := a.Check(); err != nil {
		return nil, forOperator(err)
	}
	return a, nil
}

func (h *house) upstream() (*tsa.Upstream, error) {
	conf := h.config.TSA.Upstream
	roots, err := h.config.certificates("tsa.upstream.ca", conf.CA)
	if err != nil {
		return nil, err
	}
	u := &tsa.Upstream{
		URL: conf.URL, Roots: x509.NewCertPool(), Policy: conf.Policy, User: conf.User,
		Transport: tsa.NewTransport(), Patience: conf.Timeout, Audit: h.log, Now: now,
	}
	for _, root := range roots {
		u.Roots.AddCert(root)
	}
	if conf.Password != "" {
		u.Password, err = h.config.secret(conf.Password)
	}
	return u, err
}

// mountTSA adds the endpoint, if there is to be one.
func (h *house) mountTSA(mux *http.ServeMux, stamper tsa.Stamper) error {
	conf := h.config.TSA.Endpoint
	if conf.Access == "" {
		return nil
	}
	const failures, asked = 10, 60 // in a minute
	e := &tsa.Endpoint{
		Stamper: stamper, Logger: h.logger,
		Failed: quota.New(failures, time.Minute, now), Asked: quota.New(cmp.Or(conf.Rate, asked), time.Minute, now),
	}
	if conf.Access == "token" {
		token, err := h.tsaToken()
		if err != nil {
			return err
		}
		e.Token = token
	}
	e.Mount(mux)
	return nil
}

func (h *house) tsaToken() (csc.Secret, error) {
	token, err := h.config.key(h.config.TSA.Endpoint.Token)
	return csc.Secret(token), err
}

// checkTSAFiles reads what the configuration names, as serve will.
func (c *Config) checkTSAFiles() error {
	for key, path := range map[string]string{"tsa.certificate": c.TSA.Certificate, "tsa.upstream.ca": c.TSA.Upstream.CA} {
		if path == "" {
			continue
		}
		if _, err := c.certificates(key, path); err != nil {
			return err
		}
	}
	if c.TSA.Upstream.Password != "" {
		if _, err := c.secret(c.TSA.Upstream.Password); err != nil {
			return err
		}
	}
	if c.TSA.Endpoint.Token != "" {
		if _, err := c.key(c.TSA.Endpoint.Token); err != nil {
			return err
		}
	}
	return nil
}
