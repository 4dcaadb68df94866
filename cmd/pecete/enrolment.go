package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/openapi"
	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/server"
	"github.com/pecete/pecete/users"
)

// EnrolmentConfig is how people are invited to become signers.
type EnrolmentConfig struct {
	LinkLife time.Duration `yaml:"link_life"` // of the links in mails; 24h if absent, at most 168h
	Terms    string        `yaml:"terms"`     // version of the terms that signers accept; "1" if absent
	// TermsText are files with the text of them, by language: paragraphs with an
	// empty line between. Ours, which are of no lawyer, if absent.
	TermsText map[string]string `yaml:"terms_text"`
	// KeepDays is for how many days what is known of a person stays with an invitation
	// that is over; 90 if absent, 0 for ever.
	KeepDays *int `yaml:"keep_days"`
	// Profiles are kinds of credentials by their names. One of the name "default" is
	// there in any case.
	Profiles map[string]ProfileConfig `yaml:"profiles"`
}

// ProfileConfig is what a credential is that is made without a command.
type ProfileConfig struct {
	Description string `yaml:"description"` // shown beside the credential
	Key         string `yaml:"key"`         // kind of key; P-256 if absent
	Mode        string `yaml:"mode"`        // oauth2code if absent, or explicit
	Factors     string `yaml:"factors"`     // of mode explicit; OTP if absent
	SCAL        string `yaml:"scal"`        // "2" if absent
	Multisign   int    `yaml:"multisign"`   // 10 if absent
	Qualifier   string `yaml:"qualifier"`   // signature qualifier; none if absent
	Days        int    `yaml:"days"`        // of the certificate; 730 if absent
	// Identifier puts the person's identifier into the certificate; else a number of
	// our own is there, which says nothing of him.
	Identifier bool `yaml:"identifier"`
}

// profile is what a new credential is, from now on.
func (c ProfileConfig) profile(now time.Time) credentials.Profile {
	from := now.UTC().Truncate(time.Second).Add(-time.Minute) // for verifiers whose clocks are behind
	return credentials.Profile{
		Description: c.Description,
		Key:         csc.KeySpec(cmp.Or(c.Key, string(csc.P256))), SCAL: csc.SCAL(cmp.Or(c.SCAL, string(csc.SCAL2))),
		Mode: csc.AuthMode(cmp.Or(c.Mode, string(csc.OAuth2Code))), Factors: credentials.Factors(c.Factors), Multisign: cmp.Or(c.Multisign, 10),
		Qualifier: csc.Qualifier(c.Qualifier), PKCS1v15: true,
		NotBefore: from, NotAfter: from.AddDate(0, 0, cmp.Or(c.Days, 730)),
	}
}

// profileName is what a profile may be called, and the version of terms.
var profileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$`)

func (c *Config) checkEnrolment() error {
	if life := c.Enrolment.LinkLife; life < 0 || life > 7*24*time.Hour {
		return fmt.Errorf("enrolment.link_life is %v, not 1m to 168h", life)
	}
	if days := c.Enrolment.KeepDays; days != nil && (*days < 0 || *days > mostDays) {
		return fmt.Errorf("enrolment.keep_days is %d, not 1 to %d, or 0 for ever", *days, mostDays)
	}
	if terms := c.Enrolment.Terms; terms != "" && !profileName.MatchString(terms) {
		return fmt.Errorf("enrolment.terms is %q, not letters, digits, dots and hyphens, at most 40", terms)
	}
	if len(c.Enrolment.TermsText) > 0 && c.Enrolment.Terms == "" {
		return errors.New("enrolment.terms is missing: the version of enrolment.terms_text")
	}
	for name, p := range c.Enrolment.Profiles {
		if !profileName.MatchString(name) {
			return fmt.Errorf("enrolment.profiles: %q is not letters, digits, dots and hyphens, at most 40", name)
		}
		if err := p.profile(time.Now()).Check(false); err != nil {
			return fmt.Errorf("enrolment.profiles.%s: %w", name, err)
		}
	}
	return nil
}

// mostDays is how long invitations that are over are kept, unless for ever.
const mostDays = 3660

// keep is how long those are kept; 0 is for ever.
func (c *Config) keep() time.Duration {
	if c.Enrolment.KeepDays == nil {
		return enrolment.DefaultKeep
	}
	return time.Duration(*c.Enrolment.KeepDays) * 24 * time.Hour
}

// terms is the version of the terms.
func (c *Config) terms() string { return cmp.Or(c.Enrolment.Terms, "1") }

// profiles are those that people are invited to.
func (c *Config) profiles() map[string]enrolment.Profile {
	all := map[string]enrolment.Profile{enrolment.DefaultProfile: {Credential: ProfileConfig{}.profile}}
	for name, p := range c.Enrolment.Profiles {
		all[name] = enrolment.Profile{Credential: p.profile, Identifier: p.Identifier}
	}
	return all
}

// office invites people and sees them through. Its registrar may share its hasher
// with others.
func (h *house) office(ctx context.Context, registrar users.Registrar) (*enrolment.Office, error) {
	post, err := h.config.post()
	if err != nil {
		return nil, err
	}
	steps, err := h.config.key(h.config.Steps)
	if err != nil {
		return nil, err
	}
	enroller, err := h.enroller(ctx)
	if err != nil {
		return nil, err
	}
	return &enrolment.Office{
		Store: h.registry, Users: h.registry, Registrar: registrar, Enroller: enroller, Keys: labelled{destroyer{h.token}},
		Post: post, Audit: h.log, Now: now, Profiles: h.config.profiles(),
		Certifiable: func(signer users.User) error { return subject(signer).Check() },
		Key:         derived(steps, "enrolment"), From: h.config.About.Name,
		PairURL: h.config.URL + portal.PairPath, ActivateURL: h.config.URL + portal.ActivatePath,
		DownloadsURL: h.config.URL + portal.DownloadsPath, LoginURL: h.config.URL + portal.Path,
		Terms: h.config.terms(), Life: h.config.Enrolment.LinkLife, Keep: h.config.keep(), Logger: h.logger,
		Recovery: h.config.recovery(),
	}, nil
}

// authority is the API of registration authorities. Its office forgets what was kept
// for long enough.
func (h *house) authority(ctx context.Context, prover *users.Prover) (*server.Authority, error) {
	contract, err := openapi.LoadRA()
	if err != nil {
		return nil, err
	}
	office, err := h.office(ctx, users.Registrar{ // which sets no passwords
		Store: h.registry, Sealer: prover.Sealer, Audit: h.log, Now: now, Issuer: h.config.About.Name,
	})
	if err != nil {
		return nil, err
	}
	h.beside(ctx, office.Run)
	return &server.Authority{Office: office, Contract: contract, By: h.registry.EnrolmentsBy, Recipient: h.recipient}, nil
}

// labelled are the keys in the device as enrolment sees them.
type labelled struct{ destroyer }

func (l labelled) Labelled(ctx context.Context, label string) (ids [][]byte, err error) {
	keys, err := l.FindAll(ctx, label)
	if errors.Is(err, hsm.ErrNoKey) {
		return nil, nil
	}
	for _, key := range keys {
		ids = append(ids, key.ID)
	}
	return ids, err
}
