package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pecete/pecete/credentials/sad"
)

// check returns everything that is wrong, at once.
func (c *Config) check() error {
	var faults []error
	need := func(value, key string) {
		if value == "" {
			faults = append(faults, fmt.Errorf("%s is missing", key))
		}
	}
	need(c.Listen, "listen")
	need(c.TLS.Certificate, "tls.certificate")
	need(c.TLS.Key, "tls.key")
	need(c.HSM.Module, "hsm.module")
	need(c.HSM.Token, "hsm.token")
	need(c.HSM.PIN, "hsm.pin")
	need(c.Registry, "registry")
	need(c.OneTime, "onetime")
	need(c.Audit.Folder, "audit.folder")
	need(c.Audit.Name, "audit.name")
	need(c.CA.Certificate, "ca.certificate")
	need(c.Pepper, "pepper")
	need(c.Steps, "steps")
	need(c.About.Name, "about.name")
	faults = append(faults, checkURL("url", c.URL), c.checkMTLS(), c.checkAbout(), c.checkValues(), c.checkMetrics(), c.checkTSA(), c.checkMessages(), c.checkChanges(), c.checkEnrolment(), c.checkRecovery(), c.checkAuthority(), c.checkPortal())
	return errors.Join(faults...)
}

func checkURL(key, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("%s is %q, not https://host[:port]", key, address)
	}
	return nil
}

func (c *Config) checkMTLS() error {
	switch {
	case c.MTLS.Listen == "" && c.MTLS.URL == "" && c.MTLS.CA == "":
		return nil
	case c.MTLS.Listen == "":
		return errors.New("mtls.listen is missing")
	case c.MTLS.URL == c.URL:
		return errors.New("mtls.url is url: browsers there would be asked for certificates")
	}
	return checkURL("mtls.url", c.MTLS.URL)
}

func (c *Config) checkAbout() error {
	if len(c.About.Region) != 2 || strings.ToUpper(c.About.Region) != c.About.Region {
		return fmt.Errorf("about.region is %q, not a country of two capital letters", c.About.Region)
	}
	if len(c.About.Name) > 255 {
		return errors.New("about.name is longer than 255 characters")
	}
	if len(c.About.Languages) == 0 {
		return errors.New("about.languages is empty")
	}
	for _, lang := range c.About.Languages {
		if text := c.About.Description[lang]; text == "" || len([]rune(text)) > 255 {
			return fmt.Errorf("about.description.%s is missing or longer than 255 characters", lang)
		}
	}
	return nil
}

func (c *Config) checkValues() error {
	if c.SADLife < 0 || c.SADLife > sad.MaxLife {
		return fmt.Errorf("sad_life is %v, not 1s to %v", c.SADLife, sad.MaxLife)
	}
	if c.TokenLife < 0 || c.TokenLife > time.Hour {
		return fmt.Errorf("token_life is %v, not 1s to 1h", c.TokenLife)
	}
	for name, life := range map[string]time.Duration{"refresh_idle": c.RefreshIdle, "refresh_life": c.RefreshLife} {
		if life < 0 || life > 365*24*time.Hour {
			return fmt.Errorf("%s is %v, not 1s to 8760h", name, life)
		}
	}
	if _, err := c.behind(nil); err != nil {
		return err
	}
	if c.Linger < 0 || c.Linger > 5*time.Minute {
		return fmt.Errorf("linger is %v, not 0s to 5m", c.Linger)
	}
	if err := c.checkLimits(); err != nil {
		return err
	}
	if known := []string{"", "oauth2", "oauth2Issuer", "oauth2Servers"}; !slices.Contains(known, c.OAuth2.Announce) {
		return fmt.Errorf("oauth2.announce is %q, not oauth2, oauth2Issuer or oauth2Servers", c.OAuth2.Announce)
	}
	for key, n := range map[string]int{
		"client": c.Limits.Client, "signer": c.Limits.Signer, "loads": c.Limits.Loads, "messages": c.Limits.Messages,
		"jobs": c.Limits.Jobs, "children": c.Limits.Children,
	} {
		if n < 0 {
			return fmt.Errorf("limits.%s is negative", key)
		}
	}
	if c.Limits.Documents < 0 || c.Limits.Documents > 64<<20 {
		return fmt.Errorf("limits.documents is %d, not 1 to %d", c.Limits.Documents, 64<<20)
	}
	if _, err := c.allowed(); err != nil {
		return err
	}
	return c.checkStores()
}

// checkStores wants addresses that can be ones, without passwords.
func (c *Config) checkStores() error {
	for key, address := range map[string]string{"registry": c.Registry, "onetime": c.OneTime} {
		if u, err := url.Parse(address); err == nil && u.User != nil {
			if _, set := u.User.Password(); set {
				return fmt.Errorf("%s has a password in it: put it into a file and name that in passwords.%s", key, key)
			}
		}
	}
	if c.OneTime != "memory" && !strings.HasPrefix(c.OneTime, "redis://") && !strings.HasPrefix(c.OneTime, "rediss://") {
		return fmt.Errorf("onetime is %q, not memory or redis://…", c.OneTime)
	}
	return nil
}

func (c *Config) checkLimits() error {
	for key, n := range map[string]int{
		"connections": c.Limits.Connections, "connections_each": c.Limits.ConnectionsEach, "signing": c.Limits.Signing,
	} {
		if n < 0 || n > 1_000_000 {
			return fmt.Errorf("limits.%s is %d, not 1 to 1000000", key, n)
		}
	}
	return nil
}
