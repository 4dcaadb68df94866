package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

const (
	// accountAge is how old an account_token may be (§8.4.1 leaves it to us).
	accountAge = 5 * time.Minute
	maxAccount = 255 // bytes of an account
)

// accountAlgs is what an account_token is signed with.
var accountAlgs = []jose.SignatureAlgorithm{jose.HS256}

// ErrUnknownAccount says that a client has no such account.
var ErrUnknownAccount = errors.New("oauth: unknown account")

// An AccountKey is the key of account_tokens that comes of a client's secret: its
// SHA-256 (v2.0.0.2 §8.4.1), sealed for the client and the secret's verifier. It
// is good as long as the verifier is one of the client's.
type AccountKey struct {
	Verifier string // its audit.Mark
	Sealed   []byte
}

// An AccountStore keeps which signers the accounts are that clients name in
// account_tokens, and the keys of these, durably.
type AccountStore interface {
	// Account returns the user behind a client's account; ErrUnknownAccount if
	// there is none.
	Account(ctx context.Context, clientID, account string) (userID string, err error)
	// AccountKeys returns the keys of a client, none if it has none.
	AccountKeys(ctx context.Context, clientID string) ([]AccountKey, error)
	// SetAccountKeys replaces the keys of a client; ErrUnknownClient if there is
	// no such client.
	SetAccountKeys(ctx context.Context, clientID string, keys []AccountKey) error
}

// NewAccountKey seals the key that comes of a secret that NewSecret made.
func NewAccountKey(ctx context.Context, seal users.Sealer, clientID string, secret csc.Secret, verifier []byte) (AccountKey, error) {
	key := sha256.Sum256([]byte(secret))
	k := AccountKey{Verifier: audit.Mark(verifier)}
	var err error
	if k.Sealed, err = seal.Seal(ctx, key[:], k.aad(clientID)); err != nil {
		return AccountKey{}, fmt.Errorf("seal account key: %w", err)
	}
	return k, nil
}

func (k AccountKey) aad(clientID string) []byte {
	return []byte("oauth|" + clientID + "|" + k.Verifier + "|account key")
}

// keepAccountKey keeps the key that comes of the secret a client was just given.
// That it cannot be kept refuses account_token and nothing else, and the client
// has been registered: so the log is told, and nobody besides.
func (e *endpoints) keepAccountKey(ctx context.Context, c Client, secret csc.Secret) {
	if secret == "" || e.Accounts == nil {
		return
	}
	key, err := NewAccountKey(ctx, e.Sealer, c.ID, secret, c.Verifiers[0])
	if err == nil {
		err = e.Accounts.SetAccountKeys(ctx, c.ID, []AccountKey{key})
	}
	if err != nil {
		e.log.LogAttrs(ctx, slog.LevelWarn, "client without a key of account tokens",
			slog.String("client", c.ID), slog.String("error", err.Error()))
	}
}

// CheckAccount says what is wrong with what a client may call a signer by.
func CheckAccount(account string) error {
	if account == "" || len(account) > maxAccount || !isText(account) {
		return fmt.Errorf("account %q: not 1 to %d bytes of text", account, maxAccount)
	}
	return nil
}

// bind reads the account_token of a request that is good without it, and takes
// it: the same one is good once.
func (e *endpoints) bind(ctx context.Context, c Client, q *request, token string) error {
	if token == "" {
		return nil
	}
	keys, err := e.accountKeys(ctx, c)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return csc.Refused("The parameter account_token is not supported for this client", errNoAccountKey)
	}
	signed, claims, err := readJWS(token, accountAlgs, "jwt", "")
	if err != nil {
		return errAccount(err)
	}
	iat, err := e.accountClaims(c, claims)
	if err != nil {
		return errAccount(err)
	}
	if err := e.signedWith(ctx, c, keys, signed); err != nil {
		return err
	}
	q.Account, err = e.Accounts.Account(ctx, c.ID, textClaim(claims, "sub"))
	if errors.Is(err, ErrUnknownAccount) {
		return errAccount(err)
	}
	if err != nil {
		return fmt.Errorf("look up account: %w", err)
	}
	err = e.once(ctx, "account", c.ID, textClaim(claims, "jti"), iat, iat.Add(accountAge))
	if errors.Is(err, errReplayed) {
		return errAccount(err)
	}
	return err
}

var errNoAccountKey = errors.New("no secret of the client has a key of account tokens")

// errAccount is the answer to an account_token that is not good.
func errAccount(cause error) error {
	said := csc.Invalid("account_token")
	said.Cause = cause
	return said
}

// accountKeys are the keys of c's live secrets.
func (e *endpoints) accountKeys(ctx context.Context, c Client) ([]AccountKey, error) {
	if e.Accounts == nil || len(c.Verifiers) == 0 {
		return nil, nil
	}
	all, err := e.Accounts.AccountKeys(ctx, c.ID)
	if err != nil {
		return nil, fmt.Errorf("look up account keys: %w", err)
	}
	return slices.DeleteFunc(all, func(k AccountKey) bool {
		return !slices.ContainsFunc(c.Verifiers, func(v []byte) bool { return audit.Mark(v) == k.Verifier })
	}), nil
}

// accountClaims demands what §8.4.1 does, and that the token was made lately: it
// has no end of its own.
func (e *endpoints) accountClaims(c Client, claims map[string]json.RawMessage) (iat time.Time, err error) {
	iat, made := timeClaim(claims, "iat")
	exp, ends := timeClaim(claims, "exp")
	_, named := claims["exp"]
	now, jti := e.Now(), textClaim(claims, "jti")
	switch {
	case textClaim(claims, "azp") != c.ID:
		err = errors.New("azp is not the client")
	case CheckAccount(textClaim(claims, "sub")) != nil:
		err = errors.New("no usable sub")
	case jti == "" || len(jti) > maxJTI:
		err = errors.New("no usable jti")
	case !made:
		err = errors.New("iat is missing or not a time")
	case iat.After(now.Add(skew)):
		err = errors.New("it is of the future")
	case !now.Before(iat.Add(accountAge)) || named && (!ends || !now.Before(exp)):
		err = errors.New("it is over")
	}
	return iat, err
}

// signedWith demands that one of keys signed.
func (e *endpoints) signedWith(ctx context.Context, c Client, keys []AccountKey, signed *jose.JSONWebSignature) error {
	for _, k := range keys {
		key, err := e.Sealer.Open(ctx, k.Sealed, k.aad(c.ID))
		if err != nil {
			return fmt.Errorf("open account key of client %s: %w", c.ID, err)
		}
		if _, err := signed.Verify(key); err == nil {
			return nil
		}
	}
	return errAccount(errSignature)
}
