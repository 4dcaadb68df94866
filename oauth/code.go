package oauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pecete/pecete/onetime"
)

// codeLife is how long a code can be redeemed.
const codeLife = 60 * time.Second

// A code is the record of an authorization code. It is kept beyond its use, so
// that a second use is known for what it is.
type code struct {
	Version     int       `json:"v"`
	Request     request   `json:"request"`
	User        string    `json:"user"`
	Standing    string    `json:"standing,omitempty"`
	Credentials []string  `json:"credentials,omitempty"`
	Shown       string    `json:"shown,omitempty"`
	Step        int64     `json:"step,omitempty"`
	Expires     time.Time `json:"expires"`
	// Family and Token are set once it was redeemed: what came of it.
	Family string `json:"family,omitempty"`
	Token  string `json:"token,omitempty"` // signature of the access token

	key string
	raw []byte
}

// makeCode makes the code of an interaction that reached its end.
func (e *endpoints) makeCode(ctx context.Context, s *saved) (string, error) {
	value := base64.RawURLEncoding.EncodeToString(random(32))
	text, err := json.Marshal(code{
		Version: recordVersion, Request: s.Request, User: s.User, Standing: s.Standing, Credentials: s.Credentials,
		Shown: s.Shown, Step: s.Step, Expires: e.Now().Add(codeLife),
	})
	if err != nil {
		return "", fmt.Errorf("encode code: %w", err)
	}
	if err := e.Tokens.Put(ctx, "code:"+signatureOf(value), text, codeLife+grace); err != nil {
		return "", fmt.Errorf("keep code: %w", err)
	}
	return value, nil
}

var errNoCode = errors.New("no such code")

// findCode returns what is kept of a code; errNoCode if nothing is.
func (e *endpoints) findCode(ctx context.Context, value string) (*code, error) {
	signature := signatureOf(value)
	if signature == "" {
		return nil, errNoCode
	}
	k := &code{key: "code:" + signature}
	text, err := e.Tokens.Get(ctx, k.key)
	if errors.Is(err, onetime.ErrUnknown) {
		return nil, errNoCode
	}
	if err != nil {
		return nil, fmt.Errorf("look up code: %w", err)
	}
	if err := json.Unmarshal(text, k); err != nil {
		return nil, fmt.Errorf("decode code: %w", err)
	}
	if k.raw = text; k.Version != recordVersion {
		return nil, errNoCode
	}
	return k, nil
}

// spend marks the code as redeemed for a family and a token, and reports
// whether nobody had. The record stays as long as what came of it may live.
func (e *endpoints) spend(ctx context.Context, k *code, family, token string) (bool, error) {
	next := *k
	next.Family, next.Token = family, token
	text, err := json.Marshal(next)
	if err != nil {
		return false, fmt.Errorf("encode code: %w", err)
	}
	spent, err := e.Tokens.Swap(ctx, k.key, k.raw, text, e.memory())
	if err != nil {
		return false, fmt.Errorf("spend code: %w", err)
	}
	return spent, nil
}
