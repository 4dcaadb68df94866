package conformance

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
)

// Fixtures are the clients, signers and credentials the operator made for the
// suite. The package documentation describes the file they are read from.
type Fixtures struct {
	Client      ClientKey `json:"client"`
	OtherClient ClientKey `json:"otherClient"`
	// WebClient and OtherWebClient send signers to the server's pages.
	WebClient      WebClient `json:"webClient"`
	OtherWebClient WebClient `json:"otherWebClient"`
	// V1WebClient is likewise, by the rules of v1.0.4.0.
	V1WebClient WebClient `json:"v1WebClient"`
	Login       Login     `json:"login"`
	// AssertionClient proves itself by what it signs.
	AssertionClient AssertionClient `json:"assertionClient"`
	// DPoPClient's tokens must be bound to a key, MutualClient's to its certificate.
	DPoPClient   ClientKey    `json:"dpopClient"`
	MutualClient MutualClient `json:"mutualClient"`
	// Origin is that of the server as its clients know it, if not that of its base
	// URI: what proofs say that they are for.
	Origin string `json:"origin"`
	// AccountRequired says that webClient must name its signers.
	AccountRequired bool `json:"accountRequired"`
	// CodeLife and RefreshLife are how many seconds codes and refresh tokens are
	// good for: ten minutes, which §8.4.2 allows at the most, and unknown if 0.
	CodeLife    int64 `json:"codeLife"`
	RefreshLife int64 `json:"refreshLife"`
	// ClientAuth is how the clients prove themselves: "basic" (the default) or
	// "post".
	ClientAuth string   `json:"clientAuth"`
	Users      []User   `json:"users"`
	Stranger   Outsider `json:"stranger"`
	OTPWindow  *int     `json:"otpWindow"`
	Languages  []string `json:"languages"`
	RateLimit  int      `json:"rateLimit"`
	Commands   Commands `json:"commands"`

	// codes are shared by the copies of what was read once: a code used at one
	// target is used at all.
	codes *codes
}

// A ClientKey is an OAuth client's id and secret.
type ClientKey struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
	// Token, if not "", is a bearer token that outlives the run, of a client whose
	// server gives it another way than by client_credentials.
	Token string `json:"token"`
}

// A WebClient is a client and where its signers are sent back to.
type WebClient struct {
	ClientKey
	RedirectURI string `json:"redirectURI"`
}

// A Login says what the fields of the server's pages are called; "" stands for
// the word in brackets.
type Login struct {
	Name     string `json:"name"`     // of the login page (email)
	Password string `json:"password"` // (password)
	Code     string `json:"code"`     // of the consent page (code)
	Decision string `json:"decision"` // its button (decision)
	Agree    string `json:"agree"`    // and that button's values (sign)
	Decline  string `json:"decline"`  // (decline)
	Number   string `json:"number"`   // of the page that approves apart (number)
}

// orUsual is l with the usual words where it has none.
func (l Login) orUsual() Login {
	return Login{
		cmp.Or(l.Name, "email"), cmp.Or(l.Password, "password"),
		cmp.Or(l.Code, "code"), cmp.Or(l.Decision, "decision"), cmp.Or(l.Agree, "sign"), cmp.Or(l.Decline, "decline"),
		cmp.Or(l.Number, "number"),
	}
}

// A User is a signer, with what the suite needs to act as one.
type User struct {
	ID string `json:"id"`
	// Login and Password are what the signer tells the login page.
	Login    string `json:"login"`
	Password string `json:"password"`
	// Account is what webClient calls the signer in an account_token.
	Account string `json:"account"`
	// TOTPSecret is in Base32, with or without padding.
	TOTPSecret string `json:"totpSecret"`
	// Values answer authentication objects by id.
	Values      map[string]string `json:"values"`
	Credentials []Credential      `json:"credentials"`
}

// A Credential is a credentialID and what the credential is good for.
type Credential struct {
	ID    string   `json:"id"`
	Roles []string `json:"roles"`
}

// An Outsider is a signer the clients may not act for.
type Outsider struct {
	User       string `json:"user"`
	Credential string `json:"credential"`
	// CodeCredential is authorized on the server's pages.
	CodeCredential string `json:"codeCredential"`
}

// Commands are programs with their first arguments.
type Commands struct {
	Disable []string `json:"disable"`
	Enable  []string `json:"enable"`
	OTP     []string `json:"otp"`
	Link    []string `json:"link"`
}

// The roles of credentials.
const (
	roleEC         = "ec"
	roleRSA        = "rsa"
	roleSCAL1      = "scal1"
	roleExtendable = "extendable"
	roleDisabled   = "disabled"
	roleExpired    = "expired"
	roleSuspended  = "suspended"
	roleRevoked    = "revoked"
	roleDisposable = "disposable"
	roleLockable   = "lockable"
	roleCode       = "code"
	roleQualified  = "qualified"

	roleAnd       = "and"
	roleAll       = "all"
	roleOr        = "or"
	roleXor       = "xor"
	roleBrackets  = "brackets"
	roleChallenge = "challenge"
	roleApart     = "apart"
	roleMatch     = "match"
	roleSeal      = "seal"
	roleSendLock  = "sendlock"
)

var roles = []string{
	roleEC, roleRSA, roleSCAL1, roleExtendable, roleDisabled, roleExpired, roleSuspended, roleRevoked, roleDisposable, roleLockable, roleCode, roleQualified,
	roleAnd, roleAll, roleOr, roleXor, roleBrackets, roleChallenge, roleApart, roleMatch, roleSeal, roleSendLock,
}

// ReadFixtures reads and checks a fixtures file.
func ReadFixtures(path string) (Fixtures, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Fixtures{}, fmt.Errorf("read fixtures: %w", err)
	}
	f, err := ParseFixtures(text)
	if err != nil {
		return Fixtures{}, fmt.Errorf("read fixtures %s: %w", path, err)
	}
	return f, nil
}

// ParseFixtures checks the text of a fixtures file. Errors name the member,
// never its value.
func ParseFixtures(text []byte) (Fixtures, error) {
	var f Fixtures
	in := json.NewDecoder(bytes.NewReader(text))
	in.DisallowUnknownFields()
	if err := in.Decode(&f); err != nil {
		return Fixtures{}, err
	}
	if _, err := in.Token(); err != io.EOF {
		return Fixtures{}, errors.New("something follows the JSON object")
	}
	f.codes = newCodes()
	return f, f.check()
}

func (f Fixtures) check() error {
	if !slices.Contains([]string{"", "basic", "post"}, f.ClientAuth) {
		return errors.New(`clientAuth is neither "basic" nor "post"`)
	}
	if w := f.OTPWindow; w != nil && (*w < 0 || *w > 1) {
		return errors.New("otpWindow is neither 0 nor 1")
	}
	if f.RateLimit < 0 {
		return errors.New("rateLimit is negative")
	}
	if u, err := url.Parse(f.Origin); f.Origin != "" && (err != nil || u.Host == "" || u.Path != "") {
		return errors.New("origin is not a scheme and a host")
	}
	if _, err := f.MutualClient.Pair(); f.MutualClient.ID != "" && err != nil {
		return err
	}
	for name, c := range map[string]WebClient{"webClient": f.WebClient, "otherWebClient": f.OtherWebClient, "v1WebClient": f.V1WebClient} {
		if u, err := url.Parse(c.RedirectURI); c.ID != "" && (err != nil || u.Host == "" || u.RawQuery != "") {
			return fmt.Errorf("%s.redirectURI is not a URL with a host and without a query", name)
		}
	}
	seen := map[string]bool{f.Stranger.User: true}
	for i, u := range f.Users {
		if u.ID == "" || seen[u.ID] {
			return fmt.Errorf("users[%d].id is empty or not the only one", i)
		}
		seen[u.ID] = true
		if err := u.check(); err != nil {
			return fmt.Errorf("users[%d].%w", i, err)
		}
	}
	return nil
}

func (u User) check() error {
	if _, err := totpKey(u.TOTPSecret); u.TOTPSecret != "" && err != nil {
		return errors.New("totpSecret is not Base32")
	}
	for i, c := range u.Credentials {
		if c.ID == "" {
			return fmt.Errorf("credentials[%d].id is empty", i)
		}
		for _, r := range c.Roles {
			if !slices.Contains(roles, r) {
				return fmt.Errorf("credentials[%d].roles has the unknown role %q", i, r)
			}
		}
		if slices.Contains(c.Roles, roleCode) && (u.Login == "" || u.Password == "") {
			return fmt.Errorf("credentials[%d] has role code, but its user no login or no password", i)
		}
		if slices.Contains(c.Roles, roleLockable) && len(u.Credentials) > 1 {
			return fmt.Errorf("credentials[%d] is lockable, but not its user's only one", i)
		}
	}
	return nil
}

// is reports whether c plays the role.
func (c Credential) is(role string) bool { return slices.Contains(c.Roles, role) }

func (f Fixtures) has(role string) bool { return len(f.holders(role)) > 0 }

// A holding is a credential and whose it is.
type holding struct {
	User       User
	Credential Credential
}

// named reports whether webClient has a name for the signer.
func (h holding) named() bool { return h.User.Account != "" }

// holders are the credentials that play the role.
func (f Fixtures) holders(role string) []holding {
	var all []holding
	for _, u := range f.Users {
		for _, c := range u.Credentials {
			if c.is(role) {
				all = append(all, holding{u, c})
			}
		}
	}
	return all
}

func (f Fixtures) emptyUser() (User, bool) {
	i := slices.IndexFunc(f.Users, func(u User) bool { return len(u.Credentials) == 0 })
	if i < 0 {
		return User{}, false
	}
	return f.Users[i], true
}

// window is how many steps before and after now a code is taken from.
func (f Fixtures) window() int64 {
	if f.OTPWindow == nil {
		return 1
	}
	return int64(*f.OTPWindow)
}
