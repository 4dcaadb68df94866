package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/documents"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/sandbox/pdf"
)

// PortalConfig says where signers sign documents on their own pages; there are no
// such pages if it is absent.
type PortalConfig struct {
	Documents string        `yaml:"documents"` // folder, in which all is encrypted
	Key       string        `yaml:"key"`       // file with the key that the keys of documents are made of
	Size      int64         `yaml:"size"`      // bytes of a document; 25 MiB if absent
	Count     int           `yaml:"count"`     // documents at a time; 10 if absent
	Kept      int           `yaml:"kept"`      // documents that a signer has here; 50 if absent
	Life      time.Duration `yaml:"life"`      // of a document; 24h if absent
}

// maxDocument is what a child that reads documents takes.
const maxDocument = 48 << 20

func (c *Config) checkPortal() error {
	p := c.Portal
	if p.Documents == "" && p.Key == "" {
		return nil
	}
	switch {
	case p.Documents == "" || p.Key == "":
		return errors.New("portal needs documents and key, or neither")
	case p.Size < 0 || p.Size > maxDocument:
		return fmt.Errorf("portal.size is %d, not 1 to %d", p.Size, maxDocument)
	case p.Count < 0 || p.Count > 100 || p.Kept < 0 || p.Kept > 1000:
		return errors.New("portal.count is not 1 to 100, or portal.kept not 1 to 1000")
	case p.Life < 0 || p.Life > 31*24*time.Hour:
		return fmt.Errorf("portal.life is %v, not 1s to 744h", p.Life)
	}
	return nil
}

// deskLimits are those of documents that signers bring.
func (c *Config) deskLimits() documents.Limits {
	return documents.Limits{Size: c.Portal.Size, Count: c.Portal.Count, Kept: c.Portal.Kept, Life: c.Portal.Life}.Complete()
}

// uploads are the paths that take documents. What is too large is read to its end,
// within bounds, so that the files after it are taken.
func (c *Config) uploads() map[string]int64 {
	all := uploads()
	if c.Portal.Documents != "" {
		const spare = 96 << 20
		limits := c.deskLimits()
		all[portal.DocumentsPath] = int64(limits.Count)*limits.Size + spare
	}
	return all
}

// desk wires what signs documents on the signers' pages: an application of this
// server like any other. It is nil if it is not configured. Receipts go by mailer,
// if there is one.
func (h *house) desk(ctx context.Context, mailer *portal.Mailer) (*documents.Desk, error) {
	c := h.config
	if c.Portal.Documents == "" {
		return nil, nil
	}
	key, err := c.key(c.Portal.Key)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.path(c.Portal.Documents), 0o700); err != nil {
		return nil, forOperator(fmt.Errorf("portal.documents: %w", err))
	}
	api, err := h.ownClient(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("register the signers' pages as a client: %w", err)
	}
	box, err := h.documents(ctx)
	if err != nil {
		return nil, err
	}
	desk := &documents.Desk{
		Store: h.registry, Vault: documents.Vault{Folder: c.path(c.Portal.Documents), Key: derived(key, "documents")},
		PDFs: pdf.Reader{In: box}, API: api, RedirectURI: c.URL + portal.ReturnPath, Credentials: h.registry,
		Limits: c.deskLimits(), Logger: h.logger, Now: now,
	}
	if mailer != nil {
		desk.Signed = mailer.Receipt
	}
	h.beside(ctx, desk.Run)
	return desk, nil
}

// beside runs what tidies up beside the server, until that is closed.
func (h *house) beside(ctx context.Context, run func(context.Context)) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(ctx)
	}()
	h.closers = append(h.closers, func() error { stop(); <-ended; return nil })
}

// ownClient is the API as the signers' pages call it: on this very machine, and
// only if what answers has the certificate of this server.
func (h *house) ownClient(ctx context.Context, key []byte) (*client.Client, error) {
	id := "app_" + hex.EncodeToString(derived(key, "client id"))[:32]
	secret := csc.Secret(base64.RawURLEncoding.EncodeToString(derived(key, "client secret")))
	if err := h.registerOwn(ctx, id, secret); err != nil {
		return nil, err
	}
	certificate, err := h.config.certificate()
	if err != nil {
		return nil, err
	}
	own, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		return nil, forOperator(fmt.Errorf("tls certificate: %w", err))
	}
	address, err := loopback(h.config.Listen)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(own)
	web := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
		IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
	}}
	h.closers = append(h.closers, func() error { web.CloseIdleConnections(); return nil })
	return &client.Client{BaseURL: h.config.URL + csc.BasePath, HTTP: web, ID: id, Secret: secret, Now: now}, nil
}

// loopback is where this machine reaches what listens on an address.
func loopback(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", forOperator(fmt.Errorf("listen: %w", err))
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port), nil
}

// registerOwn registers the client, or changes it to what it has to be. Of several
// processes that do so at once one does.
func (h *house) registerOwn(ctx context.Context, id string, secret csc.Secret) error {
	pepper, err := h.config.key(h.config.Pepper)
	if err != nil {
		return err
	}
	wanted := oauth.Client{
		ID: id, Name: h.config.About.Name, Verifiers: [][]byte{oauth.Verifier(pepper, secret)}, RequirePAR: true,
		RedirectURIs: []string{h.config.URL + portal.ReturnPath}, Grants: []string{"authorization_code"}, Scopes: []string{csc.ScopeCredential},
		Created: now().UTC().Truncate(time.Microsecond),
	}
	have, err := h.registry.Client(ctx, id)
	if errors.Is(err, oauth.ErrUnknownClient) {
		if err = h.keepClient(ctx, wanted, nil); errors.Is(err, oauth.ErrClientExists) {
			return nil
		}
		return err
	}
	same := have.Name == wanted.Name && slices.Equal(have.RedirectURIs, wanted.RedirectURIs) && slices.EqualFunc(have.Verifiers, wanted.Verifiers, slices.Equal)
	if err != nil || same {
		return err
	}
	return h.changeClient(ctx, id, "signers' pages", func(c *oauth.Client) {
		c.Name, c.RedirectURIs, c.Verifiers = wanted.Name, wanted.RedirectURIs, wanted.Verifiers
	})
}
