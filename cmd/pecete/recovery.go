package main

import (
	"fmt"
	"log/slog"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pecete/pecete/enrolment"
)

// RecoveryConfig is how signers come back who lost what they prove themselves with.
type RecoveryConfig struct {
	// Delay is how long who was given another authenticator, password, PIN or phone
	// signs nothing; 24h if absent, at most 720h, and 0s for not at all.
	Delay *time.Duration `yaml:"delay"`
	// Contact is whom they call who asked for nothing, such as a phone number;
	// whoever runs the service if absent.
	Contact string `yaml:"contact"`
}

const (
	longestRecovery = 30 * 24 * time.Hour
	longestContact  = 40 // characters: an SMS has room for that
)

func (c *Config) checkRecovery() error {
	if delay := c.Recovery.Delay; delay != nil && (*delay < 0 || *delay > longestRecovery) {
		return fmt.Errorf("recovery.delay is %v, not 0s to 720h", *delay)
	}
	contact := c.Recovery.Contact
	for _, r := range contact {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("recovery.contact is %q, and has characters that do not show", contact)
		}
	}
	if utf8.RuneCountInString(contact) > longestContact {
		return fmt.Errorf("recovery.contact is longer than %d characters", longestContact)
	}
	return nil
}

func (c *Config) recovery() enrolment.Recovery {
	r := enrolment.Recovery{Delay: enrolment.DefaultDelay, Contact: c.Recovery.Contact}
	if c.Recovery.Delay != nil {
		r.Delay = *c.Recovery.Delay
	}
	return r
}

// warnRecovery says that whoever is given another factor signs with it at once.
func (h *house) warnRecovery() {
	if h.config.recovery().Delay == 0 {
		h.logger.Warn("recovery.delay is 0: signers who lost an authenticator sign with another one at once", slog.String("key", "recovery.delay"))
	}
}
