package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/pecete/pecete/balancer"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/server"
)

// A Config is the one file the program reads. Unknown keys are errors; secrets
// are paths; paths are relative to the file.
type Config struct {
	// URL is what clients call, without a path: https://host[:port].
	URL    string `yaml:"url"`
	Listen string `yaml:"listen"` // host:port
	// Balancers are the addresses, or networks, of load balancers. They must
	// speak the PROXY protocol, version 2, and are believed.
	Balancers []string `yaml:"balancers"`
	TLS       struct {
		Certificate string `yaml:"certificate"`
		Key         string `yaml:"key"`
	} `yaml:"tls"`
	// MTLS is a second listener, which asks clients for certificates and shows no
	// pages; there is none if it is absent. CA is a file with the certificates of
	// the authorities whose clients tls_client_auth takes, PEM.
	MTLS struct {
		Listen string `yaml:"listen"` // host:port
		URL    string `yaml:"url"`    // https://host[:port]
		CA     string `yaml:"ca"`
	} `yaml:"mtls"`
	OAuth2 struct {
		// Announce is how info says where the authorization server is: oauth2,
		// oauth2Issuer or oauth2Servers; oauth2 if absent.
		Announce string `yaml:"announce"`
		// FAPI is whether info says oauth2FAPIsupport; it does if absent. What it
		// says is true in any case: clients of profile fapi2 are served.
		FAPI *bool `yaml:"fapi"`
		// DPoPNonce demands a nonce of this server in every DPoP proof.
		DPoPNonce bool `yaml:"dpop_nonce"`
	} `yaml:"oauth2"`
	API struct {
		// V1 is whether API v1.0.4.0 is served beside v2; it is if absent.
		V1 *bool `yaml:"v1"`
	} `yaml:"api"`
	// AuthLogin is auth/login, where signers tell applications their password;
	// there is none if it is absent. Client is the client it counts as.
	AuthLogin struct {
		Client string `yaml:"client"`
	} `yaml:"auth_login"`
	HSM      HSMConfig `yaml:"hsm"`
	Registry string    `yaml:"registry"` // a file for SQLite, or postgres://…
	OneTime  string    `yaml:"onetime"`  // memory, or redis://… when there is more than one replica
	// Passwords are files with what the URLs above leave out, and a list of stolen
	// ones that signers may not choose.
	Passwords struct {
		Registry string `yaml:"registry"`
		OneTime  string `yaml:"onetime"`
		Breached string `yaml:"breached"`
	} `yaml:"passwords"`
	Audit struct {
		Folder string `yaml:"folder"`
		Name   string `yaml:"name"` // of this process's log; one a replica
	} `yaml:"audit"`
	CA struct {
		Certificate string `yaml:"certificate"` // of the local CA, PEM; its key is in the HSM
		Policy      string `yaml:"policy"`      // certificate policy OID, "" for none
		// Notice is shown to whoever relies on a certificate; it needs a policy.
		Notice string `yaml:"notice"`
		// Logins is whether there may be credentials for logins to sites.
		Logins bool `yaml:"logins"`
		// URL is what certificates say about where their CRL and OCSP are,
		// http://host[:port], and Listen the address, host:port, on which nothing
		// else is answered, in plain HTTP; there is neither if they are absent.
		URL    string `yaml:"url"`
		Listen string `yaml:"listen"`
	} `yaml:"ca"`
	TSA    TSAConfig `yaml:"tsa"`
	Pepper string    `yaml:"pepper"` // file with the key of client secrets' verifiers
	// Steps is a file with the key of what ties the steps of a login together;
	// the same on every replica.
	Steps string `yaml:"steps"`
	About struct {
		Demo        bool              `yaml:"demo"` // pages say that nothing here has legal value
		Name        string            `yaml:"name"`
		Region      string            `yaml:"region"`
		Logo        string            `yaml:"logo"`
		Languages   []string          `yaml:"languages"`
		Description map[string]string `yaml:"description"`
	} `yaml:"about"`
	Mail MailConfig `yaml:"mail"`
	SMS  SMSConfig  `yaml:"sms"`
	// Portal is the signers' own pages.
	Portal PortalConfig `yaml:"portal"`
	// Outbox is a folder in which messages are kept instead of being sent, for
	// trying.
	Outbox  string        `yaml:"outbox"`
	SADLife time.Duration `yaml:"sad_life"` // 300s if absent, at most 900s
	Changes ChangesConfig `yaml:"changes"`
	// Enrolment is how people are invited to become signers.
	Enrolment EnrolmentConfig `yaml:"enrolment"`
	// Recovery is how signers come back who lost what they prove themselves with.
	Recovery RecoveryConfig `yaml:"recovery"`
	// ExtendTransaction is whether there is credentials/extendTransaction, for
	// credentials it is allowed for.
	ExtendTransaction bool `yaml:"extend_transaction"`
	// TokenLife is how long a service token lives; 10m if absent, at most 1h.
	TokenLife time.Duration `yaml:"token_life"`
	// RefreshIdle is how long a refresh token waits to be used, 24h if absent;
	// RefreshLife is how long after the login the last of them ends, 720h if
	// absent. Neither is more than a year.
	RefreshIdle time.Duration `yaml:"refresh_idle"`
	RefreshLife time.Duration `yaml:"refresh_life"`
	// Linger is how long a server that was told to end goes on serving, not
	// ready, so that a load balancer sees it; 0 if absent, at most 5m.
	Linger time.Duration `yaml:"linger"`
	Limits struct {
		Anonymous float64 `yaml:"anonymous"` // calls a second and network without a good token
		Burst     int     `yaml:"burst"`
		// Connections is how many there may be at once, 1024 if absent, and
		// ConnectionsEach how many of one network, half of them if absent.
		Connections     int `yaml:"connections"`
		ConnectionsEach int `yaml:"connections_each"`
		// Signing is how many requests for signatures are worked on at once; 128,
		// or 32 for each session of the device, if absent.
		Signing int `yaml:"signing"`
		// Client is how many token, revocation and pushed requests a client may
		// make in a minute, no limit if absent; Signer how many codes may be made
		// for a signer, 60 if absent; Loads how many authorization requests, and how
		// many registrations, may come from one network, 120 if absent.
		Client int `yaml:"client"`
		Signer int `yaml:"signer"`
		Loads  int `yaml:"loads"`
		// Messages is how many of a kind a signer is sent in ten minutes, 5 if absent.
		Messages int `yaml:"messages"`
		// Documents is how many bytes a request with documents in it may have, 24
		// MiB if absent; Children how many of them are read at once, 2 if absent.
		Documents int64 `yaml:"documents"`
		Children  int   `yaml:"children"`
		// Jobs is how many requests of mode A may wait, 256 if absent.
		Jobs int `yaml:"jobs"`
	} `yaml:"limits"`
	// Outbound is whom this server calls by itself: applications that want to be
	// told that a request of mode A has ended.
	Outbound struct {
		// Allow are networks that are called although they are not public.
		Allow []string `yaml:"allow"`
		CA    string   `yaml:"ca"` // a file with authorities beside those of the system, PEM
	} `yaml:"outbound"`
	// Metrics is host:port to tell Prometheus on, in plain HTTP; nothing is
	// measured if absent. It is for an address that strangers cannot reach.
	Metrics string `yaml:"metrics"`

	dir string
}

// HSMConfig says which device the keys are in.
type HSMConfig struct {
	Module   string `yaml:"module"` // path of the PKCS#11 library
	Token    string `yaml:"token"`  // label
	PIN      string `yaml:"pin"`    // file with the user PIN
	Sessions int    `yaml:"sessions"`
	// Queue is how many signatures may be with the device or wait for it: 32 for
	// each session if absent. Who asks for more gets 503, and keeps the grant.
	Queue int `yaml:"queue"`
	// Copies is how many keys that sign often the device keeps as copies in a
	// session, none if absent: faster, where the policy of the device allows it.
	// Keys made from then on have CKA_MODIFIABLE, which SoftHSM asks for.
	Copies int `yaml:"copies"`
	// AllowRSA2048 lets keys of 2048 bits be made and used.
	AllowRSA2048 bool `yaml:"allow_rsa_2048"`
	// Environment is set before the module is loaded, for modules that read
	// their own configuration from it, as SoftHSM does from SOFTHSM2_CONF.
	// Values that begin with ./ are paths relative to the file.
	Environment map[string]string `yaml:"environment"`
}

// loadConfig reads and checks the file.
func loadConfig(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, forOperator(fmt.Errorf("read configuration: %w", err))
	}
	c := &Config{dir: filepath.Dir(path)}
	if err := c.read(text); err != nil {
		return nil, forOperator(fmt.Errorf("configuration %s: %w", path, err))
	}
	return c, nil
}

// unknownKey is how the reader of YAML says it.
var unknownKey = regexp.MustCompile(`^(line \d+): field (\S+) not found in type \S+$`)

// read takes what the file says, and says everything that is wrong with it, at once.
func (c *Config) read(text []byte) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	err := decoder.Decode(c)
	var wrong *yaml.TypeError // all else was read
	switch {
	case err == nil, errors.Is(err, io.EOF): // an empty file
		return c.check()
	case !errors.As(err, &wrong):
		return err
	}
	var faults []error
	for _, fault := range wrong.Errors {
		faults = append(faults, errors.New(unknownKey.ReplaceAllString(fault, "$1: there is no key $2")))
	}
	return errors.Join(append(faults, c.check())...)
}

// behind is the listener as clients behind the balancers see it.
func (c *Config) behind(l net.Listener) (net.Listener, error) {
	networks, err := networks("balancers", c.Balancers)
	if err != nil {
		return nil, err
	}
	return balancer.Listener{Listener: l, Balancers: networks}, nil
}

// networks reads addresses and networks.
func networks(key string, texts []string) (all []netip.Prefix, err error) {
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if addr, single := netip.ParseAddr(text); single == nil {
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %q is neither an address nor a network", key, text)
		}
		all = append(all, prefix)
	}
	return all, nil
}

// connections are how many there may be, and how many of one network.
func (c *Config) connections() (most, each int) {
	most = cmp.Or(c.Limits.Connections, 1024)
	if len(c.Balancers) > 0 {
		return most, cmp.Or(c.Limits.ConnectionsEach, most) // they are all of the balancers' network
	}
	return most, cmp.Or(c.Limits.ConnectionsEach, max(1, most/2))
}

// limits are those of requests.
func (c *Config) limits() server.Limits {
	return server.Limits{
		Anonymous: c.Limits.Anonymous, Burst: c.Limits.Burst,
		Signing: cmp.Or(c.Limits.Signing, max(128, 32*c.HSM.Sessions)), Documents: c.Limits.Documents, Uploads: c.uploads(),
		Bodies: max(64<<20, 3*c.Limits.Documents),
	}
}

// path makes a path of the file absolute.
func (c *Config) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.dir, p)
}

// handed reports whether a file is one that systemd hands to its service.
func handed(p string) bool {
	folder := os.Getenv("CREDENTIALS_DIRECTORY")
	if folder == "" {
		return false
	}
	whole, err := filepath.Abs(folder)
	path, failed := filepath.Abs(p)
	return err == nil && failed == nil && filepath.Dir(path) == whole
}

// secret reads a secret from its file, which nobody else may read.
func (c *Config) secret(p string) (csc.Secret, error) {
	p = c.path(p)
	info, err := os.Stat(p)
	if err != nil {
		return "", forOperator(fmt.Errorf("secret: %w", err))
	}
	others := os.FileMode(0o077)
	if handed(p) {
		others = 0o037 // systemd lets the user read by an access control list, which shows as the group's
	}
	if info.Mode().Perm()&others != 0 {
		return "", forOperator(fmt.Errorf("secret %s can be read by others: chmod 600", p))
	}
	text, err := os.ReadFile(p)
	if err != nil {
		return "", forOperator(fmt.Errorf("secret: %w", err))
	}
	value := strings.TrimRight(string(text), "\r\n")
	if value == "" {
		return "", forOperator(fmt.Errorf("secret %s is empty", p))
	}
	return csc.Secret(value), nil
}

// key reads a secret that keys something of ours.
func (c *Config) key(p string) ([]byte, error) {
	value, err := c.secret(p)
	if err == nil && len(value) < 32 {
		err = forOperator(fmt.Errorf("secret %s is shorter than 32 bytes", c.path(p)))
	}
	return []byte(value), err
}

// environment sets what the module reads.
func (c *Config) environment() error {
	for name, value := range c.HSM.Environment {
		if strings.HasPrefix(value, "./") {
			absolute, err := filepath.Abs(c.path(value))
			if err != nil {
				return err
			}
			value = absolute
		}
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("hsm.environment %s: %w", name, err)
		}
	}
	return nil
}

// registryURL is what registry.Open takes.
func (c *Config) registryURL() (string, error) {
	if !strings.Contains(c.Registry, "://") {
		return c.path(c.Registry), nil
	}
	if c.Passwords.Registry == "" {
		return c.Registry, nil
	}
	password, err := c.secret(c.Passwords.Registry)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(c.Registry)
	if err != nil || u.User == nil {
		return "", errors.New("registry names no user that the password could be of")
	}
	u.User = url.UserPassword(u.User.Username(), string(password))
	return u.String(), nil
}
