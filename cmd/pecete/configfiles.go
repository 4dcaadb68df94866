package main

import (
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/pecete/pecete/users"
)

// checkFiles returns everything that is wrong with the files that the configuration
// names, at once. The device and the stores are not asked.
func (c *Config) checkFiles() error {
	return errors.Join(c.checkSecrets(), c.checkCertificates(), c.checkTexts())
}

func (c *Config) checkSecrets() error {
	var faults []error
	for _, file := range []string{c.HSM.PIN, c.Passwords.Registry, c.Passwords.OneTime} {
		if file != "" {
			_, err := c.secret(file)
			faults = append(faults, err)
		}
	}
	for _, file := range []string{c.Pepper, c.Steps, c.Portal.Key} {
		if file != "" {
			_, err := c.key(file)
			faults = append(faults, err)
		}
	}
	_, err := c.post()
	return errors.Join(append(faults, err)...)
}

func (c *Config) checkCertificates() error {
	_, own := c.certificate()
	_, authority := readCertificate(c.path(c.CA.Certificate))
	_, clients := c.clientCAs()
	_, applications := c.outboundCAs()
	return errors.Join(own, authority, clients, applications, c.checkTSAFiles())
}

func (c *Config) checkTexts() error {
	_, terms := (&house{config: c}).terms()
	stolen, err := c.stolen()
	if err == nil && stolen != nil {
		err = stolen.Close()
	}
	return errors.Join(terms, err)
}

// certificate is the one that clients see, with its key.
func (c *Config) certificate() (tls.Certificate, error) {
	certificate, err := tls.LoadX509KeyPair(c.path(c.TLS.Certificate), c.path(c.TLS.Key))
	if err != nil {
		return certificate, forOperator(fmt.Errorf("tls certificate: %w", err))
	}
	return certificate, nil
}

// stolen are the passwords that nobody may choose, nil if none are named.
func (c *Config) stolen() (*users.Stolen, error) {
	if c.Passwords.Breached == "" {
		return nil, nil
	}
	stolen, err := users.OpenStolen(c.path(c.Passwords.Breached))
	if err != nil {
		return nil, forOperator(fmt.Errorf("passwords.breached: %w", err))
	}
	return stolen, nil
}
