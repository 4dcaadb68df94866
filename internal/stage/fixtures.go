package stage

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// signers is how many signers the conformance suite is given: each can
// authorize three times at once and then once in 30 seconds, so that with a
// dozen a run seldom waits.
const signers = 12

// visitors is how many of its signers agree on the server's pages, and home is
// where they are sent back to. Nobody listens there: the suite is the browser.
const (
	visitors = 6
	home     = "http://127.0.0.1/callback"
)

// fixtures is the file cscheck reads; its package documents it.
type fixtures struct {
	Client      fixtureClient       `json:"client"`
	OtherClient fixtureClient       `json:"otherClient"`
	WebClient   fixtureWebClient    `json:"webClient"`
	OtherWeb    fixtureWebClient    `json:"otherWebClient"`
	V1Web       fixtureWebClient    `json:"v1WebClient"`
	Assertion   fixtureAssertion    `json:"assertionClient"`
	DPoP        fixtureClient       `json:"dpopClient"`
	Mutual      fixtureMutual       `json:"mutualClient"`
	CodeLife    int                 `json:"codeLife"` // seconds
	RefreshLife int                 `json:"refreshLife"`
	Users       []fixtureUser       `json:"users"`
	Stranger    fixtureStranger     `json:"stranger"`
	Languages   []string            `json:"languages"`
	RateLimit   int                 `json:"rateLimit"`
	Commands    map[string][]string `json:"commands"`
}

type fixtureClient struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

type fixtureAssertion struct {
	ID  string `json:"id"`
	Key string `json:"key"`
	Kid string `json:"kid"`
}

type fixtureWebClient struct {
	fixtureClient
	RedirectURI string `json:"redirectURI"`
}

type fixtureUser struct {
	ID          string              `json:"id"`
	Login       string              `json:"login,omitempty"`
	Password    string              `json:"password,omitempty"`
	TOTPSecret  string              `json:"totpSecret,omitempty"`
	Account     string              `json:"account,omitempty"`
	Values      map[string]string   `json:"values,omitempty"`
	Credentials []fixtureCredential `json:"credentials"`
}

type fixtureCredential struct {
	ID    string   `json:"id"`
	Roles []string `json:"roles"`
}

type fixtureStranger struct {
	User           string `json:"user"`
	Credential     string `json:"credential"`
	CodeCredential string `json:"codeCredential"`
}

// Fixtures makes the signers, credentials and clients that the conformance
// suite asks for, and returns the path of the file that describes them.
func (s *Stage) Fixtures(ctx context.Context) (string, error) {
	return s.FixturesFor(ctx, visitors)
}

// FixturesFor is Fixtures with as many signers who agree on the server's pages: each
// can do so once in 30 seconds.
func (s *Stage) FixturesFor(ctx context.Context, visitors int) (string, error) {
	f := fixtures{Languages: []string{"en", "ro"}, RateLimit: 1000, CodeLife: 60, RefreshLife: 60, Commands: map[string][]string{
		"disable": {s.Program, "--config", s.Config(), "credential", "disable"},
		"enable":  {s.Program, "--config", s.Config(), "credential", "enable"},
	}}
	for n := range signers {
		user, err := s.fixtureUser(ctx, n)
		if err != nil {
			return "", err
		}
		f.Users = append(f.Users, user)
	}
	for n := range visitors {
		user, err := s.fixtureVisitor(ctx, n)
		if err != nil {
			return "", err
		}
		f.Users = append(f.Users, user)
	}
	if err := s.fixtureFactors(ctx, &f); err != nil {
		return "", err
	}
	if err := s.fixtureSeal(ctx, &f); err != nil {
		return "", err
	}
	if err := s.fixtureOutsiders(ctx, &f); err != nil {
		return "", err
	}
	if err := s.fixtureClients(ctx, &f); err != nil {
		return "", err
	}
	if err := errors.Join(s.AllowLogins(ctx), s.Configure("extend_transaction: true\nrefresh_idle: 60s\nchanges:\n  allow: true\n  most: 1000\n")); err != nil {
		return "", err
	}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return "", err
	}
	path := filepath.Join(s.Folder, "fixtures.json")
	return path, os.WriteFile(path, text, 0o600)
}

// A special is a credential of a role that one of the suite's signers has.
type special struct {
	role string
	args []string
}

// specials are the roles beside ec and rsa. Those that take codes are each another
// signer's, since a signer has few.
func specials() [][]special {
	at := func(ago time.Duration) string { return time.Now().UTC().Add(-ago).Format(time.RFC3339) }
	return [][]special{
		{{"scal1", []string{"--scal", "1"}}},
		{{"disabled", nil}},
		{{"expired", []string{"--not-before", at(time.Hour), "--not-after", at(time.Minute)}}, {"suspended", nil}, {"revoked", nil}},
		{{"disposable", nil}},
	}
}

// fixtureUser makes a signer with credentials of both kinds of key, and one of
// the specials while there are any.
func (s *Stage) fixtureUser(ctx context.Context, n int) (fixtureUser, error) {
	signer, err := s.AddSigner(ctx, fmt.Sprintf("signer%d@example.org", n), "Demo", fmt.Sprintf("Signer %d", n))
	if err != nil {
		return fixtureUser{}, err
	}
	user, err := signer.fixture("ec")
	if err != nil {
		return user, err
	}
	wanted := []special{{"rsa", []string{"--key", "RSA-3072"}}}
	if all := specials(); n < len(all) {
		wanted = append(wanted, all[n]...)
	} else {
		wanted = append(wanted, special{"extendable", []string{"--scal", "1"}})
	}
	for _, w := range wanted {
		id, err := s.AddCredential(ctx, signer.ID, w.args...)
		if err != nil {
			return user, err
		}
		user.Credentials = append(user.Credentials, fixtureCredential{id, []string{w.role}})
		if then := (map[string][]string{"disabled": {"disable", id}, "suspended": {"suspend", id}, "revoked": {"revoke", id}, "extendable": {"extend", id, "allow"}})[w.role]; then != nil {
			if _, err := s.Run(ctx, append([]string{"credential"}, then...)...); err != nil {
				return user, err
			}
		}
	}
	return user, nil
}

// fixtureVisitor makes a signer who agrees on the server's pages.
func (s *Stage) fixtureVisitor(ctx context.Context, n int) (fixtureUser, error) {
	email := fmt.Sprintf("visitor%d@example.org", n)
	signer, err := s.AddSigner(ctx, email, "Demo", fmt.Sprintf("Visitor %d", n), "--mode", "oauth2code", "--qualifier", "eu_eidas_aes")
	if err != nil {
		return fixtureUser{}, err
	}
	user, err := signer.fixture("code", "qualified")
	if err != nil {
		return user, err
	}
	user.Login, user.Password, user.Account = email, rand.Text(), fmt.Sprintf("account %d", n)
	return user, s.SetPassword(ctx, signer.ID, user.Password)
}

func (p Signer) fixture(roles ...string) (fixtureUser, error) {
	uri, err := url.Parse(p.OTPAuth)
	if err != nil {
		return fixtureUser{}, fmt.Errorf("otpauth URI: %w", err)
	}
	user := fixtureUser{ID: p.ID, TOTPSecret: uri.Query().Get("secret"), Credentials: []fixtureCredential{}}
	for _, id := range p.Credentials {
		user.Credentials = append(user.Credentials, fixtureCredential{id, roles})
	}
	return user, nil
}

// fixtureOutsiders makes a signer who may be locked, one without credentials,
// and one whom no client acts for.
func (s *Stage) fixtureOutsiders(ctx context.Context, f *fixtures) error {
	lockable, err := s.AddSigner(ctx, "lockable@example.org", "Demo", "Lockable")
	if err != nil {
		return err
	}
	user, err := lockable.fixture("lockable")
	if err != nil {
		return err
	}
	f.Users = append(f.Users, user)
	bare, err := s.AddSigner(ctx, "bare@example.org", "Demo", "Bare", "--bare")
	if err != nil {
		return err
	}
	if user, err = bare.fixture(); err != nil {
		return err
	}
	f.Users = append(f.Users, user)
	stranger, err := s.AddSigner(ctx, "stranger@example.org", "Demo", "Stranger")
	if err != nil {
		return err
	}
	code, err := s.AddCredential(ctx, stranger.ID, "--mode", "oauth2code")
	f.Stranger = fixtureStranger{User: stranger.ID, Credential: stranger.Credentials[0], CodeCredential: code}
	return err
}

func (s *Stage) fixtureClients(ctx context.Context, f *fixtures) error {
	var linked []string
	for _, user := range f.Users {
		linked = append(linked, user.ID)
	}
	for name, client := range map[string]*fixtureClient{"Conformance": &f.Client, "Other": &f.OtherClient} {
		added, err := s.AddClient(ctx, name, linked...)
		if err != nil {
			return err
		}
		*client = fixtureClient(added)
	}
	if err := s.fixtureWebClients(ctx, f); err != nil {
		return err
	}
	var err error
	if f.Assertion, err = s.fixtureAssertion(ctx); err != nil {
		return err
	}
	return s.fixtureBound(ctx, f, linked)
}

// fixtureWebClients makes those that send signers to the pages.
func (s *Stage) fixtureWebClients(ctx context.Context, f *fixtures) error {
	for name, client := range map[string]*fixtureWebClient{"Conformance on the web": &f.WebClient, "Other on the web": &f.OtherWeb} {
		added, err := s.AddWebClient(ctx, name, home)
		if err != nil {
			return err
		}
		*client = fixtureWebClient{fixtureClient(added), home}
	}
	var old Client
	err := s.runJSON(ctx, &old, "client", "add", "Conformance of v1", "--profile", "csc-v1", "--redirect-uri", home)
	if err != nil {
		return err
	}
	f.V1Web = fixtureWebClient{fixtureClient(old), home}
	if _, err := s.Run(ctx, "client", "change", f.WebClient.ID, "--may", "create", "--may", "delete"); err != nil {
		return err
	}
	for _, user := range f.Users {
		if user.Account == "" {
			continue
		}
		if _, err := s.Run(ctx, "client", "account", f.WebClient.ID, user.Account, user.ID); err != nil {
			return err
		}
	}
	return nil
}

// fixtureAssertion makes a client that proves itself by what it signs.
func (s *Stage) fixtureAssertion(ctx context.Context) (fixtureAssertion, error) {
	const kid = "conformance"
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fixtureAssertion{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fixtureAssertion{}, err
	}
	point, err := key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return fixtureAssertion{}, err
	}
	set := fmt.Sprintf(`{"keys":[{"kty":"EC","crv":"P-256","kid":%q,"x":%q,"y":%q}]}`, kid,
		base64.RawURLEncoding.EncodeToString(point[1:33]), base64.RawURLEncoding.EncodeToString(point[33:]))
	path := filepath.Join(s.Folder, "assertions.json")
	if err := os.WriteFile(path, []byte(set), 0o600); err != nil {
		return fixtureAssertion{}, err
	}
	var added Client
	err = s.runJSON(ctx, &added, "client", "add", "Conformance by assertions", "--auth-method", "private_key_jwt", "--jwks", path)
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return fixtureAssertion{added.ID, string(text), kid}, err
}
