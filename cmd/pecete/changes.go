package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/onetime"
)

// ChangesConfig is credentials/create and credentials/delete: neither is there
// unless Allow is set. The others say what is made.
type ChangesConfig struct {
	Allow     bool   `yaml:"allow"`
	Key       string `yaml:"key"`       // kind of key; P-256 if absent
	Mode      string `yaml:"mode"`      // oauth2code if absent, or explicit
	SCAL      string `yaml:"scal"`      // "2" if absent
	Multisign int    `yaml:"multisign"` // 10 if absent
	Qualifier string `yaml:"qualifier"` // signature qualifier; none if absent
	Days      int    `yaml:"days"`      // of the certificate; 730 if absent
	Most      int    `yaml:"most"`      // credentials of a signer, for another to be made; 10 if absent
}

// profile is what a new credential is, from now on.
func (c ChangesConfig) profile(now time.Time) credentials.Profile {
	return ProfileConfig{Key: c.Key, Mode: c.Mode, SCAL: c.SCAL, Multisign: c.Multisign, Qualifier: c.Qualifier, Days: c.Days}.profile(now)
}

func (c *Config) checkChanges() error {
	switch {
	case !c.Changes.Allow:
		return nil
	case c.Changes.Most < 0:
		return errors.New("changes.most is negative")
	}
	if err := c.Changes.profile(time.Now()).Check(false); err != nil {
		return fmt.Errorf("changes: %w", err)
	}
	return nil
}

// changes wires what makes and deletes credentials; nil, nil if nothing shall.
func (h *house) changes(ctx context.Context, tickets onetime.Store, a credentials.Authorizer) (*credentials.Creator, *credentials.Deleter, error) {
	if !h.config.Changes.Allow {
		return nil, nil, nil
	}
	enroller, err := h.enroller(ctx)
	if err != nil {
		return nil, nil, err
	}
	return &credentials.Creator{
		Enroller: enroller, Register: a.Register, Profile: h.config.Changes.profile, Policy: h.config.CA.Policy,
		Most: cmp.Or(h.config.Changes.Most, 10), Permits: credentials.Permits{Store: tickets, Now: now},
	}, &credentials.Deleter{Register: a.Register, Device: destroyer{h.token}, Audit: h.log}, nil
}

// destroyer destroys keys; one that is not there is as good as destroyed.
type destroyer struct{ *hsm.Token }

func (d destroyer) Destroy(ctx context.Context, id []byte) error {
	if err := d.Token.Destroy(ctx, id); !errors.Is(err, hsm.ErrNoKey) {
		return err
	}
	return nil
}
