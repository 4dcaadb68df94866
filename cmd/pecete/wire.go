package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/ca"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/metrics"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/sandbox"
	"github.com/pecete/pecete/users"
)

// The labels of the keys in the device that are not a signer's.
const (
	labelCA        = "pecete ca"
	labelAudit     = "pecete audit"
	labelSeal      = "pecete seal"
	labelTSA       = "pecete tsa"
	labelCallbacks = "pecete callbacks"
	labelOCSP      = "pecete ocsp"
)

// A house is what every command stands on: the device, the registry and an
// audit log, opened in this order and closed in the other.
type house struct {
	config   *Config
	logger   *slog.Logger
	token    *hsm.Token
	registry *registry.Registry
	log      *audit.Log
	pin      refusal
	leave    leave
	meter    *metrics.Meter // nil if nothing is measured
	counter  quota.Counter  // of all processes; nil if this one is alone
	lists    *ca.Lists      // made when they are first wanted
	box      *sandbox.Box   // nil until documents are to be read
	closers  []func() error
}

// openHouse opens it all; logName is the audit log of this process.
func openHouse(ctx context.Context, c *Config, logger *slog.Logger, logName string) (*house, error) {
	h := &house{config: c, logger: logger}
	return h, h.open(ctx, logName)
}

func (h *house) open(ctx context.Context, logName string) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if err := h.openToken(ctx); err != nil {
		return err
	}
	if h.registry, err = h.openRegistry(ctx); err != nil {
		return err
	}
	h.closers = append(h.closers, h.registry.Close)
	return h.openLog(ctx, logName)
}

func openRegistry(ctx context.Context, c *Config) (*registry.Registry, error) {
	return (&house{config: c}).openRegistry(ctx)
}

func (h *house) openRegistry(ctx context.Context) (*registry.Registry, error) {
	address, err := h.config.registryURL()
	if err != nil {
		return nil, err
	}
	r, err := registry.Open(ctx, h.measureRegistry(registry.Config{URL: address}))
	if err != nil {
		return nil, fmt.Errorf("open registry: %w", err)
	}
	return r, nil
}

func (h *house) openToken(ctx context.Context) error {
	pin, err := h.config.secret(h.config.HSM.PIN)
	if err != nil {
		return err
	}
	if h.pin, err = h.refusal(pin); err != nil {
		return err
	}
	if err := h.pin.remembered(); err != nil {
		return fmt.Errorf("open hsm: %w", err)
	}
	if err := h.config.environment(); err != nil {
		return err
	}
	// SoftHSM shows no token for the moment in which another process logs in.
	err = again(hsm.ErrNoToken, 2*time.Second, func() (err error) {
		h.token, err = hsm.Open(ctx, h.measureToken(hsm.Config{
			Module: h.config.HSM.Module, Token: h.config.HSM.Token, PIN: pin,
			Sessions: h.config.HSM.Sessions, Queue: h.config.HSM.Queue, Copies: h.config.HSM.Copies,
			AllowRSA2048: h.config.HSM.AllowRSA2048, Logger: h.logger,
		}))
		return err
	})
	if err = h.pin.judge(err); err != nil {
		return fmt.Errorf("open hsm: %w", err)
	}
	h.closers = append(h.closers, h.token.Close)
	return nil
}

// again tries until there is no error, or another than the one that passes, or
// it has taken too long.
func again(passing error, long time.Duration, try func() error) error {
	for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if err := try(); !errors.Is(err, passing) || time.Since(begun) > long {
			return err
		}
	}
}

func (h *house) openLog(ctx context.Context, name string) error {
	signer, public, err := h.auditKey(ctx)
	if err != nil {
		return err
	}
	config := audit.Config{
		Path: filepath.Join(h.config.path(h.config.Audit.Folder), name+".log"), Signer: signer,
		Keeper: h.registry, Keys: []*ecdsa.PublicKey{public}, Now: now, Logger: h.logger,
		Patience: func(records int) time.Duration { return patience(records, h.token.Stats()) },
	}
	err = again(audit.ErrInUse, 10*time.Second, func() (err error) {
		h.log, err = audit.Open(ctx, h.measureLog(config))
		return err
	})
	if err != nil {
		return fmt.Errorf("open audit log: %w", err)
	}
	h.closers = append(h.closers, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return h.log.Close(ctx)
	})
	return nil
}

// patience is how long so many records wait for others to share a write with: as
// long as the device has more to do than it can, a signature that begins a little
// later ends no later. A third of those who are at the device is company enough:
// to wait for more of them would leave it idle if it is quick.
func patience(records int, device hsm.Stats) time.Duration {
	const crowd, third, pace = 4, 3, 2 * time.Millisecond
	if device.Queued < crowd*device.Sessions || third*records >= device.Queued {
		return 0
	}
	return pace
}

// close closes in the other order, so that the log can still be signed.
func (h *house) close() error {
	var faults []error
	for i := len(h.closers) - 1; i >= 0; i-- {
		faults = append(faults, h.closers[i]())
	}
	h.closers = nil
	return errors.Join(faults...)
}

// headSigner signs heads of audit logs with a key in the device.
type headSigner struct {
	token *hsm.Token
	key   []byte
}

func (s headSigner) SignHead(ctx context.Context, digest []byte) ([]byte, error) {
	return s.token.Sign(ctx, s.key, csc.Algorithm{Scheme: csc.ECDSA, Hash: crypto.SHA256}, digest)
}

// sealer seals authenticators' secrets with a key in the device.
type sealer struct {
	token *hsm.Token
	key   []byte
}

func (s sealer) Seal(ctx context.Context, plaintext, aad []byte) ([]byte, error) {
	return s.token.Seal(ctx, s.key, plaintext, aad)
}

func (s sealer) Open(ctx context.Context, sealed, aad []byte) ([]byte, error) {
	return s.token.OpenSealed(ctx, s.key, sealed, aad)
}

func (h *house) sealer(ctx context.Context) (users.Sealer, error) {
	key, err := h.token.FindSecret(ctx, labelSeal)
	if err != nil {
		return nil, fmt.Errorf("find sealing key: %w", err)
	}
	return sealer{h.token, key}, nil
}

// device is the token as enrolment sees it.
type device struct{ *hsm.Token }

func (d device) Generate(ctx context.Context, spec csc.KeySpec, label string) ([]byte, crypto.PublicKey, error) {
	key, err := d.Token.Generate(ctx, spec, label)
	return key.ID, key.Public, err
}

// authority certifies signers with the local CA.
type authority struct {
	local   *ca.Local
	profile ca.Profile
}

func (a authority) Issue(ctx context.Context, signer users.User, public crypto.PublicKey, notBefore, notAfter time.Time, intend credentials.Intend) ([][]byte, error) {
	return a.local.Issue(ctx, ca.Request{
		Public:    public,
		Subject:   subject(signer),
		Profile:   a.profile,
		NotBefore: notBefore, NotAfter: notAfter,
		Intend: intend,
	})
}

// subject is whom the certificate names.
func subject(signer users.User) ca.Subject {
	s := ca.Subject{
		GivenName: signer.GivenName, FamilyName: signer.FamilyName, CommonName: signer.Name(), Organization: signer.Organization,
		// A PrintableString has no underscore.
		SerialNumber: strings.TrimPrefix(signer.ID, "u_"), Country: signer.Country,
	}
	switch {
	case signer.Organization != "":
		s.OrganizationIdentifier = signer.Identifier
	case signer.Identifier != "": // of a person, as EN 319 412-2 §4.2.4 would have it
		s.SerialNumber = signer.Identifier
	}
	return s
}

// localAuthority is the local CA.
func (h *house) localAuthority(ctx context.Context) (*ca.Local, error) {
	key, err := h.token.Find(ctx, labelCA)
	if err != nil {
		return nil, fmt.Errorf("find ca key: %w", err)
	}
	signer, err := h.token.Signer(ctx, key.ID)
	if err != nil {
		return nil, fmt.Errorf("find ca key: %w", err)
	}
	certificate, err := readCertificate(h.config.path(h.config.CA.Certificate))
	if err != nil {
		return nil, err
	}
	return &ca.Local{Signer: signer, Certificate: certificate, Now: now, URL: h.config.CA.URL, Ledger: h.registry}, nil
}

func (h *house) enroller(ctx context.Context) (credentials.Enroller, error) {
	local, err := h.localAuthority(ctx)
	if err != nil {
		return credentials.Enroller{}, err
	}
	profile := ca.Profile{Policy: h.config.CA.Policy, Notice: h.config.CA.Notice}
	e := credentials.Enroller{
		Device: device{h.token}, Issuer: authority{local, profile},
		Store: h.registry, Audit: h.log, Now: now,
	}
	if h.config.CA.Logins {
		profile.Use = ca.Login
		e.Logins = authority{local, profile}
	}
	return e, nil
}

func readCertificate(path string) (*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, forOperator(fmt.Errorf("ca certificate: %w", err))
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, forOperator(fmt.Errorf("ca certificate %s is not PEM", path))
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, forOperator(fmt.Errorf("ca certificate %s: %w", path, err))
	}
	return certificate, nil
}

// newLogger writes JSON lines to w.
func newLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, nil))
}
