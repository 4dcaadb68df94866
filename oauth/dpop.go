package oauth

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pecete/pecete/csc"
)

const (
	// proofLife is how long after its making a DPoP proof can be used.
	proofLife = time.Minute
	maxProof  = 8 << 10 // bytes
)

// What is wrong with a proof. Nothing in it is a secret, so that the client is
// told.
var (
	errNoDPoP      = errors.New("it is missing")
	errSeveral     = errors.New("there is more than one")
	errNoDPoPJWT   = errors.New("it is no signed JWT of type dpop+jwt with ES256, PS256 or EdDSA")
	errProofKey    = errors.New("its jwk is missing, or not a public key that is good for its alg")
	errProofSigned = errors.New("its signature is not by its jwk")
	errProofID     = errors.New("its jti is missing or too long")
	errMethodOf    = errors.New("its htm is not the method of the request")
	errAddressOf   = errors.New("its htu is not the address of the request")
	errProofTime   = errors.New("its iat is missing, or too far from the time of the server")
	errProofOver   = errors.New("it is over, or not yet good")
	errTokenOf     = errors.New("its ath is not of the access token")
	errProofUsed   = errors.New("it was used before")
	errProofBefore = errors.New("it was made before the server began to remember proofs")
)

// ProofAlgorithms are those that DPoP proofs may be signed with.
func ProofAlgorithms() []string {
	var all []string
	for _, alg := range clientAlgs {
		all = append(all, string(alg))
	}
	return all
}

// errPossession is the answer to a DPoP proof that is missing or not good (RFC
// 9449 §5, §7.1).
func errPossession(cause error) *csc.Error {
	return &csc.Error{Code: csc.InvalidDPoPProof, Description: "Invalid DPoP proof: " + cause.Error(), Cause: cause}
}

func errNonce() *csc.Error {
	return &csc.Error{Code: csc.UseDPoPNonce, Description: "The DPoP proof needs the nonce of the header DPoP-Nonce"}
}

// A possession is what a DPoP proof says (RFC 9449 §4.2), and the key that it is
// signed by.
type possession struct {
	key    string // its thumbprint (RFC 7638): SHA-256, base64url
	id     string // jti
	method string // htm
	uri    string // htu
	token  string // ath, "" if absent
	nonce  string // "" if absent
	made   time.Time
	claims map[string]json.RawMessage
}

// readProof reads a proof and verifies its signature by the key inside. Whether
// it is for a request, of now and new, is to be judged yet.
func readProof(text string) (possession, error) {
	if len(text) > maxProof {
		return possession{}, errNoDPoPJWT
	}
	key, err := embeddedKey(text)
	if err != nil {
		return possession{}, err
	}
	signed, claims, err := readJWS(text, clientAlgs, "dpop+jwt")
	if err != nil {
		return possession{}, errNoDPoPJWT
	}
	key.KeyID = signed.Signatures[0].Header.KeyID // whatever it is called, it is this one
	if alg, err := algOf(key.Key); err != nil || string(alg) != signed.Signatures[0].Header.Algorithm {
		return possession{}, errProofKey
	}
	if signedBy(signed, []jose.JSONWebKey{key}) != nil {
		return possession{}, errProofSigned
	}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return possession{}, errProofKey
	}
	shown := possession{
		key: base64.RawURLEncoding.EncodeToString(thumbprint), id: textClaim(claims, "jti"),
		method: textClaim(claims, "htm"), uri: textClaim(claims, "htu"),
		token: textClaim(claims, "ath"), nonce: textClaim(claims, "nonce"), claims: claims,
	}
	if shown.id == "" || len(shown.id) > maxJTI {
		return possession{}, errProofID
	}
	made, ok := timeClaim(claims, "iat")
	if !ok {
		return possession{}, errProofTime
	}
	shown.made = made
	return shown, nil
}

// embeddedKey is the public key in the header of a JWS.
func embeddedKey(token string) (jose.JSONWebKey, error) {
	first, _, _ := strings.Cut(token, ".")
	header, err := base64.RawURLEncoding.Strict().DecodeString(first)
	if err != nil {
		return jose.JSONWebKey{}, errNoDPoPJWT
	}
	named, err := members(header)
	if err != nil {
		return jose.JSONWebKey{}, errNoDPoPJWT
	}
	key, err := parseKey(named["jwk"])
	if err != nil {
		return jose.JSONWebKey{}, errProofKey
	}
	return key, nil
}

// timely demands that a proof was made lately.
func (s possession) timely(now time.Time) error {
	if s.made.After(now.Add(skew)) || !now.Before(s.made.Add(proofLife)) {
		return errProofTime
	}
	for _, bound := range []struct {
		name string
		good func(time.Time) bool
	}{
		{"exp", now.Before},
		{"nbf", func(from time.Time) bool { return !from.After(now.Add(skew)) }},
	} {
		at, ok := timeClaim(s.claims, bound.name)
		if _, has := s.claims[bound.name]; has && (!ok || !bound.good(at)) {
			return errProofOver
		}
	}
	return nil
}

// possessed judges the proof that r brings: for this request, of now, and of the
// access token, if there is one already. It is not used up by that.
func (p *Provider) possessed(r *http.Request, token csc.Secret) (possession, error) {
	values := r.Header.Values("DPoP")
	switch {
	case len(values) == 0:
		return possession{}, errPossession(errNoDPoP)
	case len(values) > 1:
		return possession{}, errPossession(errSeveral)
	}
	shown, err := readProof(values[0])
	if err == nil {
		err = shown.timely(p.Now())
	}
	switch {
	case err != nil:
	case shown.method != r.Method:
		err = errMethodOf
	case !p.wentTo(r, shown.uri):
		err = errAddressOf
	case token != "" && shown.token != hashOf(token):
		err = errTokenOf
	}
	if err != nil {
		return possession{}, errPossession(err)
	}
	return shown, nil
}

// hashOf is an access token as ath has it (RFC 9449 §4.2).
func hashOf(token csc.Secret) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// use takes a proof that was found to be good: the same one is good once. Where
// nonces are demanded, one without is not used up, so that a client that learns
// of it may send all but the proof again.
func (p *Provider) use(ctx context.Context, shown possession) error {
	if p.demandsNonce() && !p.isNonce(shown.nonce) {
		return errNonce()
	}
	err := p.once(ctx, "dpop", shown.key, shown.id, shown.made, shown.made.Add(proofLife))
	switch {
	case errors.Is(err, errBeforeRun):
		return errPossession(errProofBefore)
	case errors.Is(err, errReplayed):
		return errPossession(errProofUsed)
	case err != nil:
		return fmt.Errorf("use DPoP proof: %w", err)
	}
	return nil
}
