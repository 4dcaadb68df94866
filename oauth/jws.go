package oauth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// skew is how far ahead of ours a client's clock may be.
const skew = 30 * time.Second

var (
	errNoJWS     = errors.New("not a signed JWT")
	errSignature = errors.New("not signed by a key of the client")
	errType      = errors.New("typ is of another kind of JWT")
)

// readJWS takes a compact JWS of one of algs apart (RFC 7515 §7.1) whose header
// and payload are JSON objects, and whose typ is one of types, or absent if ""
// is among them. Nothing of it is proven.
func readJWS(token string, algs []jose.SignatureAlgorithm, types ...string) (*jose.JSONWebSignature, map[string]json.RawMessage, error) {
	first, _, _ := strings.Cut(token, ".")
	header, err := base64.RawURLEncoding.Strict().DecodeString(first)
	if err != nil || strings.ContainsAny(token, "\r\n") || strings.Count(token, ".") != 2 {
		return nil, nil, errNoJWS
	}
	named, err := members(header)
	if err != nil {
		return nil, nil, errors.Join(errNoJWS, err)
	}
	if _, has := named["crit"]; has { // whatever it is about is not understood here
		return nil, nil, errNoJWS
	}
	kind := ""
	if raw, has := named["typ"]; has && (json.Unmarshal(raw, &kind) != nil || kind == "") {
		return nil, nil, errType
	}
	if kind = strings.TrimPrefix(strings.ToLower(kind), "application/"); !slices.Contains(types, kind) {
		return nil, nil, errType
	}
	signed, err := jose.ParseSignedCompact(token, algs)
	if err != nil {
		return nil, nil, errors.Join(errNoJWS, err)
	}
	claims, err := members(signed.UnsafePayloadWithoutVerification())
	if err != nil {
		return nil, nil, fmt.Errorf("%w: its claims: %w", errNoJWS, err)
	}
	return signed, claims, nil
}

// signedBy demands that one of keys made the signature: the one its kid names,
// or any if it names none. Keys come from nowhere but the registration, whatever
// the header offers.
func signedBy(signed *jose.JSONWebSignature, keys []jose.JSONWebKey) error {
	if len(signed.Signatures) != 1 {
		return errNoJWS
	}
	header := signed.Signatures[0].Header
	for _, key := range keys {
		alg, err := algOf(key.Key)
		if err != nil || string(alg) != header.Algorithm || header.KeyID != "" && header.KeyID != key.KeyID {
			continue
		}
		if _, err := signed.Verify(key.Key); err == nil {
			return nil
		}
	}
	return errSignature
}

// textClaim is a claim that is a text, "" if it is anything else.
func textClaim(claims map[string]json.RawMessage, name string) string {
	var text *string
	if json.Unmarshal(claims[name], &text) != nil || text == nil {
		return ""
	}
	return *text
}

// timeClaim is a claim that is a NumericDate (RFC 7519 §2), and whether it is.
func timeClaim(claims map[string]json.RawMessage, name string) (time.Time, bool) {
	var seconds *float64
	if json.Unmarshal(claims[name], &seconds) != nil || seconds == nil || *seconds < 0 || *seconds > 1<<33 {
		return time.Time{}, false
	}
	whole, part := math.Modf(*seconds)
	return time.Unix(int64(whole), int64(part*1e9)), true
}
