package oauth_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/onetime"
)

// A accountBook keeps accounts and their keys in memory.
type accountBook struct {
	mu       sync.Mutex
	accounts map[[2]string]string
	keys     map[string][]oauth.AccountKey
	err      error
}

var _ oauth.AccountStore = (*accountBook)(nil)

func (l *accountBook) Account(_ context.Context, clientID, account string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	user, known := l.accounts[[2]string{clientID, account}]
	if l.err == nil && !known {
		return "", fmt.Errorf("find: %w", oauth.ErrUnknownAccount)
	}
	return user, l.err
}

func (l *accountBook) AccountKeys(_ context.Context, clientID string) ([]oauth.AccountKey, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.keys[clientID]), l.err
}

func (l *accountBook) SetAccountKeys(_ context.Context, clientID string, keys []oauth.AccountKey) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.keys[clientID] = keys
	}
	return l.err
}

// A sealer seals with AES-GCM, as the key in the device does.
type sealer struct {
	cipher.AEAD
	err error
}

func newSealer(t *testing.T) *sealer {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return &sealer{AEAD: aead}
}

func (s *sealer) Seal(_ context.Context, plaintext, aad []byte) ([]byte, error) {
	return s.AEAD.Seal(nil, nil, plaintext, aad), nil
}

func (s *sealer) Open(_ context.Context, sealed, aad []byte) ([]byte, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.AEAD.Open(nil, nil, sealed, aad)
}

// A club is a town where clients have accounts: account-42 is the signer.
type club struct {
	*town
	book   *accountBook
	sealer *sealer
}

func newClub(t *testing.T, change ...func(*house)) *club {
	t.Helper()
	c := &club{book: &accountBook{accounts: map[[2]string]string{}, keys: map[string][]oauth.AccountKey{}}, sealer: newSealer(t)}
	c.town = newTown(t, append([]func(*house){func(h *house) {
		h.provider.Accounts, h.provider.Sealer = c.book, c.sealer
	}}, change...)...)
	c.enter(c.id, c.secret)
	c.clock.move(time.Hour) // the store takes nothing older than itself
	return c
}

// enter gives a client an account and a key of account tokens.
func (c *club) enter(id string, secret csc.Secret) {
	c.t.Helper()
	own, err := c.clients.Client(context.Background(), id)
	if err != nil {
		c.t.Fatal(err)
	}
	key, err := oauth.NewAccountKey(context.Background(), c.sealer, id, secret, own.Verifiers[0])
	if err != nil {
		c.t.Fatal(err)
	}
	c.book.mu.Lock()
	defer c.book.mu.Unlock()
	c.book.accounts[[2]string{id, "account-42"}] = signer
	c.book.keys[id] = append(c.book.keys[id], key)
}

// claims are those of a good account token.
func (c *club) claims() object {
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	return object{"sub": "account-42", "iat": c.clock.Now().Unix(), "jti": hex.EncodeToString(id), "azp": c.id, "iss": "Demo application"}
}

// key is what §8.4.1 signs with.
func (c *club) key() []byte {
	sum := sha256.Sum256([]byte(c.secret))
	return sum[:]
}

func accountToken(header string, claims object, key []byte, alg func() hash.Hash) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(inJSON(claims)))
	mac := hmac.New(alg, key)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

const accountHeader = `{"typ":"JWT","alg":"HS256"}`

func (c *club) token(claims object) string {
	return accountToken(accountHeader, claims, c.key(), sha256.New)
}

// naming is a request with an account token.
func (c *club) naming(token string) url.Values { return with(c.asking(), "account_token", token) }

// With an account token only its signer can log in.
func TestAccountTokenBindsTheLogin(t *testing.T) {
	c := newClub(t)
	for name, form := range map[string]func(string) url.Values{
		"by the query": c.naming,
		"to sign":      func(token string) url.Values { return with(c.agreeing(), "account_token", token) },
		"detailed": func(token string) url.Values {
			return with(c.detailing(element("c_1", "one")), "account_token", token)
		},
		"pushed": func(token string) url.Values { return c.atPushed(c.push(c.naming(token))) },
	} {
		t.Run(name, func(t *testing.T) {
			b := c.browser()
			path := b.step(b.authorize(form(c.token(c.claims()))), "/login")
			i := b.picture(path)
			if i.Account != signer {
				t.Errorf("the page is told account %q", i.Account)
			}
			if next, err := c.provider.LoggedIn(t.Context(), i, c.people.now(stranger)); !errors.Is(err, oauth.ErrInteraction) {
				t.Errorf("a stranger logged in: %q, %v", next, err)
			}
			if _, err := c.provider.LoggedIn(t.Context(), b.picture(path), c.people.now(signer)); err != nil {
				t.Error(err)
			}
		})
	}
	b := c.browser()
	if i := b.picture(b.step(b.authorize(c.asking()), "/login")); i.Account != "" {
		t.Errorf("without a token the page is told account %q", i.Account)
	}
}

// The vector of the digest of the protocol, computed by others.
func TestAccountTokenVector(t *testing.T) {
	const (
		secret = "s3cr3t-value"
		vector = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhY2NvdW50LTQyIiwiaWF0IjoxNzAwMDAwMDAwLCJqdGkiOiIxMTExMTExMS0yMjIyLTMzMzMtNDQ0NC01NTU1NTU1NTU1NTUiLCJpc3MiOiJFeGFtcGxlIFNpZ25hdHVyZSBBcHAiLCJhenAiOiJjbGllbnQtMSJ9.0qjxmMZsvu1a1ezm4KxbK0Cuiolih-u7FubCRqbi9Bg"
	)
	c := newClub(t, func(h *house) {
		h.clock.now = time.Unix(1700000060, 0).Add(-time.Hour)
		h.tokens = newTokens(t, h.clock.Now)
		h.provider.Tokens = h.tokens
	})
	own, _ := c.clients.Client(t.Context(), c.id)
	own.ID = "client-1"
	if err := c.clients.AddClient(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	c.enter(own.ID, secret)
	b := c.browser()
	form := with(c.naming(vector), "client_id", own.ID)
	if i := b.picture(b.step(b.authorize(form), "/login")); i.Account != signer {
		t.Errorf("account %q", i.Account)
	}
}

func TestAccountTokenRefuses(t *testing.T) {
	c := newClub(t)
	other, otherSecret := c.addClient(func(o *oauth.Client) { o.RedirectURIs = []string{callback} })
	c.enter(other, otherSecret)
	signed := func(change func(object)) string {
		claims := c.claims()
		change(claims)
		return c.token(claims)
	}
	without := func(name string) string { return signed(func(o object) { delete(o, name) }) }
	is := func(name string, value any) string { return signed(func(o object) { o[name] = value }) }
	now := c.clock.Now().Unix()
	good := c.token(c.claims())
	parts := strings.Split(good, ".")
	rows := map[string]string{
		"no JWT": "x", "two parts": parts[0] + "." + parts[1], "no signature": parts[0] + "." + parts[1] + ".",
		"alg none":              base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".",
		"alg HS512":             accountToken(`{"typ":"JWT","alg":"HS512"}`, c.claims(), c.key(), sha512.New),
		"alg RS256 in name":     accountToken(`{"typ":"JWT","alg":"RS256"}`, c.claims(), c.key(), sha256.New),
		"another typ":           accountToken(`{"typ":"x","alg":"HS256"}`, c.claims(), c.key(), sha256.New),
		"a crit header":         accountToken(`{"alg":"HS256","crit":["exp"]}`, c.claims(), c.key(), sha256.New),
		"alg twice":             accountToken(`{"alg":"HS256","alg":"HS256"}`, c.claims(), c.key(), sha256.New),
		"the secret as the key": accountToken(accountHeader, c.claims(), []byte(c.secret), sha256.New),
		"the key in hex":        accountToken(accountHeader, c.claims(), []byte(hex.EncodeToString(c.key())), sha256.New),
		"the verifier as the key": func() string {
			own, _ := c.clients.Client(t.Context(), c.id)
			return accountToken(accountHeader, c.claims(), own.Verifiers[0], sha256.New)
		}(),
		"another client's key": func() string {
			sum := sha256.Sum256([]byte(otherSecret))
			return accountToken(accountHeader, c.claims(), sum[:], sha256.New)
		}(),
		"an altered payload": parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(inJSON(c.claims()))) + "." + parts[2],
		"no sub":             without("sub"), "no iat": without("iat"), "no jti": without("jti"), "no azp": without("azp"),
		"a sub nobody has": is("sub", "account-43"), "a sub that is no text": is("sub", 42), "sub empty": is("sub", ""),
		"another azp": is("azp", other), "azp a list": is("azp", []string{c.id}),
		"an iat five minutes old": is("iat", now-300), "an iat of the future": is("iat", now+31), "an iat in text": is("iat", fmt.Sprint(now)),
		"jti empty": is("jti", ""), "a jti over-long": is("jti", strings.Repeat("x", 257)),
		"an exp that is over": is("exp", now), "an exp that is no time": is("exp", "never"),
	}
	for name, token := range rows {
		t.Run(name, func(t *testing.T) {
			told := c.browser().authorize(c.naming(token)).told(t)
			if told.Get("error") != "invalid_request" || told.Get("error_description") != "Invalid parameter account_token" {
				t.Errorf("told %v", told)
			}
			c.post("/oauth2/pushed_authorize", c.pushedForm(c.naming(token))).want(t, 400, "invalid_request", "Invalid parameter account_token")
		})
	}
	c.post("/oauth2/pushed_authorize", c.pushedForm(c.naming(strings.Repeat("x", 4097)))).want(t, 400, "invalid_request", "Invalid parameter account_token")
	for name, token := range map[string]string{
		"iss left out": without("iss"), "a claim more": is("x", 1), "one second less than five minutes": is("iat", now-299),
		"a clock ahead": is("iat", now+30), "an exp to come": is("exp", now+1), "typ left out": accountToken(`{"alg":"HS256"}`, c.claims(), c.key(), sha256.New),
		"a fraction": is("iat", float64(now)-0.5),
	} {
		t.Run(name, func(t *testing.T) {
			b := c.browser()
			b.step(b.authorize(c.naming(token)), "/login")
		})
	}
}

// The same token is good once, wherever it comes; one of a request that is
// refused for another fault is not used.
func TestAccountTokenIsGoodOnce(t *testing.T) {
	c := newClub(t)
	claims := c.claims()
	token := c.token(claims)
	refused := func(form url.Values) {
		t.Helper()
		if told := c.browser().authorize(form).told(t); told.Get("error") != "invalid_request" {
			t.Errorf("told %v", told)
		}
	}
	refused(with(c.naming(token), "code_challenge"))
	refused(with(with(c.agreeing(), "hashes", "x"), "account_token", token))
	c.changeClient(c.id, func(o *oauth.Client) { o.RequirePAR = true })
	refused(c.naming(token))
	c.changeClient(c.id, func(o *oauth.Client) { o.RequirePAR = false })
	c.push(c.naming(token))
	refused(c.naming(token))
	later := maps.Clone(claims)
	later["iat"] = c.clock.Now().Unix() + 1
	refused(c.naming(c.token(later))) // the id counts, not the token
	c.post("/oauth2/pushed_authorize", c.pushedForm(c.naming(token))).want(t, 400, "invalid_request", "Invalid parameter account_token")

	other, secret := c.addClient(func(o *oauth.Client) {
		o.RedirectURIs, o.Grants = []string{callback}, []string{"authorization_code"}
	})
	c.enter(other, secret)
	claims["azp"] = other
	sum := sha256.Sum256([]byte(secret))
	b := c.browser() // another client's ids are its own
	b.step(b.authorize(with(c.naming(accountToken(accountHeader, claims, sum[:], sha256.New)), "client_id", other)), "/login")
}

// Of requests with one account token one is taken.
func TestRaceForAccountToken(t *testing.T) {
	races(t, func(t *testing.T, w *town) {
		c := &club{town: w, book: &accountBook{accounts: map[[2]string]string{}, keys: map[string][]oauth.AccountKey{}}, sealer: newSealer(t)}
		w.provider.Accounts, w.provider.Sealer = c.book, c.sealer
		c.enter(c.id, c.secret)
		for round := range rounds {
			c.clock.set(time.Now())
			claims := c.claims()
			claims["iat"] = float64(c.clock.Now().UnixMicro()) / 1e6 // the store takes nothing older than itself
			form := c.pushedForm(c.naming(c.token(claims)))
			if won := atOnce(func(int) bool { return c.post("/oauth2/pushed_authorize", form).status == 201 }); won != 1 {
				t.Fatalf("round %d: %d requests with one account token", round, won)
			}
		}
	})
}

// Who has no secret has no key, and a secret that was ended takes its key along.
func TestAccountTokenNeedsASecret(t *testing.T) {
	c := newClub(t)
	const says = "The parameter account_token is not supported for this client"
	told := func() string {
		t.Helper()
		v := c.browser().authorize(c.naming(c.token(c.claims())))
		if v.status == 303 {
			return ""
		}
		return v.told(t).Get("error_description")
	}
	_, second := oauth.NewSecret(c.provider.Pepper)
	c.changeClient(c.id, func(o *oauth.Client) { o.Verifiers = append([][]byte{second}, o.Verifiers...) })
	if got := told(); got != "" { // the older of two still has its key
		t.Error(got)
	}
	c.changeClient(c.id, func(o *oauth.Client) { o.Verifiers = o.Verifiers[:1] })
	if got := told(); got != says {
		t.Errorf("after its secret was ended: %q", got)
	}
	c.changeClient(c.id, func(o *oauth.Client) { o.Verifiers, o.AuthMethod = nil, oauth.NoAuth })
	if got := told(); got != says {
		t.Errorf("of a public client: %q", got)
	}
}

// A key that was moved to another client, or to another secret, does not open:
// that is a fault of ours and no rejection.
func TestAccountKeyIsOfItsClientAndSecret(t *testing.T) {
	c := newClub(t)
	other, secret := c.addClient(func(o *oauth.Client) { o.RedirectURIs = []string{callback} })
	c.enter(other, secret)
	own := c.book.keys[c.id][0]
	moved := c.book.keys[other][0]
	moved.Verifier = own.Verifier
	c.book.keys[c.id] = []oauth.AccountKey{moved}
	sum := sha256.Sum256([]byte(secret))
	forged := accountToken(accountHeader, c.claims(), sum[:], sha256.New)
	told := c.browser().authorize(c.naming(forged)).told(t)
	if told.Get("error") != "server_error" || strings.Contains(c.log.String(), string(secret)) {
		t.Errorf("told %v", told)
	}
}

func TestOutageOfAccounts(t *testing.T) {
	c := newClub(t)
	away := &onetime.UnavailableError{Cause: errors.New("connection refused")}
	token := c.token(c.claims())
	later := func() {
		t.Helper()
		if told := c.browser().authorize(c.naming(token)).told(t); told.Get("error") != "temporarily_unavailable" {
			t.Errorf("told %v", told)
		}
		c.post("/oauth2/pushed_authorize", c.pushedForm(c.naming(token))).wantUnavailable(t)
	}
	c.book.err = away
	later()
	c.book.err = nil
	c.sealer.err = away
	later()
	c.sealer.err = nil
	b := c.browser()
	b.step(b.authorize(c.naming(token)), "/login")
}

// No part of an account token, nor its key, reaches a store or a log.
func TestAccountTokenIsNotStored(t *testing.T) {
	spied := &spy{}
	c := newClub(t, func(h *house) { spied.Store = h.tokens; h.provider.Tokens = spied })
	claims := c.claims()
	token := c.token(claims)
	c.push(c.naming(token))
	c.browser().authorize(c.naming(token)).told(t)
	all := strings.Join(spied.seen, "\n") + c.log.String()
	parts := strings.Split(token, ".")
	for _, secret := range []string{parts[1], parts[2], "account-42", claims["jti"].(string), hex.EncodeToString(c.key()), string(c.key())} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is in the store or the log", secret)
		}
	}
}

// A client that registered itself has the key of the secret it was told. Where
// the key cannot be kept it is registered all the same.
func TestAccountTokenOfARegisteredClient(t *testing.T) {
	c := newClub(t)
	for _, away := range []error{nil, errors.New("no room")} {
		c.book.err = away
		told := c.registered(leastRegistration)
		c.book.err = nil
		id, secret := told.is("client_id"), told.is("client_secret")
		c.book.accounts[[2]string{id, "account-42"}] = signer
		claims := c.claims()
		claims["azp"] = id
		sum := sha256.Sum256([]byte(secret))
		v := c.browser().authorize(with(c.naming(accountToken(accountHeader, claims, sum[:], sha256.New)), "client_id", id))
		if (v.status == 303) != (away == nil) {
			t.Errorf("with %v: %d to %s", away, v.status, v.header.Get("Location"))
		}
		if strings.Contains(c.log.String(), secret) {
			t.Error("the log has the secret")
		}
	}
}
