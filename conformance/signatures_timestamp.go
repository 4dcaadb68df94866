package conformance

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
)

// timestampCases are the requirements of signatures/timestamp (v2.0.0.2 §11.13),
// whose names are still those of v1.
var timestampCases = []Case{
	{ID: "timestamp/one", Check: "CSC-TS-001", Ref: refTo(methodTimestamp), Level: Optional, Needs: []Feature{Client},
		Says: "a SHA-256 hash gets a time-stamp",
		Run: func(ctx context.Context, t *Target) error {
			_, err := timestampOf(t.timestamp(ctx))
			return err
		}},
	{ID: "timestamp/token", Check: "CSC-TS-002", Ref: refTo(methodTimestamp), Level: Must, Needs: []Feature{Client},
		Says: "it is a TimeStampToken of RFC 3161, over that hash and by that algorithm",
		Run: func(ctx context.Context, t *Target) error {
			token, err := t.stamped(ctx)
			if err != nil {
				return err
			}
			return token.covers(stampedHash())
		}},
	{ID: "timestamp/verifies", Check: "CSC-TS-003", Ref: refTo(methodTimestamp), Level: Must, Needs: []Feature{Client},
		Says: "it is signed by the key of a certificate for time-stamps, which is named in what is signed",
		Run: func(ctx context.Context, t *Target) error {
			token, err := t.stamped(ctx)
			if err != nil {
				return err
			}
			return token.verify()
		}},
	{ID: "timestamp/nonce", Check: "CSC-TS-004", Ref: refTo(methodTimestamp), Level: Must, Needs: []Feature{Client},
		Says: "a nonce comes back in the time-stamp, the same number",
		Run:  returnsNonce("12345678901234567890")},
	{ID: "timestamp/no-nonce", Check: "CSC-TS-005", Ref: refTo(methodTimestamp), Level: Must, Needs: []Feature{Client},
		Says: "a nonce may be left out",
		Run: func(ctx context.Context, t *Target) error {
			_, err := t.stamped(ctx)
			return err
		}},
	{ID: "timestamp/hash-missing", Check: "CSC-TS-006", Ref: refTo(methodTimestamp), Level: Must, Needs: []Feature{Client},
		Says: "without a hash the call is refused",
		Run:  stampRefused(missingString("hash"), without("hash"))},
	{ID: "timestamp/hash-array", Check: "CSC-TS-007", Ref: refTo(methodTimestamp), Level: Must, Needs: []Feature{Client},
		Says: "a hash that is no string is refused",
		Run:  stampRefused(missingString("hash"), with("hash", []string{}))},
	{ID: "timestamp/hash-empty", Check: "CSC-TS-008", Ref: refTo(methodTimestamp), Level: Must, Needs: []Feature{Client},
		Says: "an empty hash is refused",
		Run:  stampRefused(bad("Empty hash parameter"), with("hash", ""))},
	{ID: "timestamp/hash-length", Check: "CSC-TS-009", Ref: refTo(methodTimestamp), Level: Must, Needs: []Feature{Client},
		Says: "31 bytes are no SHA-256 hash",
		Run:  stampRefused(badLength(), with("hash", base64.StdEncoding.EncodeToString(make([]byte, 31))))},
	{ID: "timestamp/hash-not-base64", Check: "CSC-TS-010", Ref: refTo(methodTimestamp), Level: Must, Needs: []Feature{Client},
		Says: "a hash that is not Base64 is refused",
		Run:  stampRefused(bad("Invalid Base64 hash string parameter"), with("hash", "***"))},
	{ID: "timestamp/algo-unknown", Check: "CSC-TS-011", Ref: refTo(methodTimestamp), Level: Must, Needs: []Feature{Client},
		Says: "an unknown hash algorithm is refused",
		Run:  stampRefused(badHashAlgo(), with("hashAlgo", "1.2.3"))},
	{ID: "timestamp/algo-missing", Check: "CSC-TS-012", Ref: refTo(methodTimestamp), Level: Doubt, Needs: []Feature{Client},
		Says: "without a hash algorithm the call is refused",
		Run:  stampRefused(badHashAlgo(), without("hashAlgo"))},
	{ID: "timestamp/nonce-invalid", Check: "CSC-TS-013", Ref: refTo(methodTimestamp), Level: Must, Needs: []Feature{Client},
		Says: "a nonce that is no number is refused",
		Run:  stampRefused(bad("Invalid parameter nonce"), with("nonce", "xyz"))},
	{ID: "timestamp/nonce-hex", Check: "CSC-TS-014", Ref: refTo(methodTimestamp), Level: Doubt, Needs: []Feature{Client},
		Says: "a nonce may have the letters of hexadecimal numbers",
		Run:  returnsNonce("a1b2")},
	{ID: "timestamp/malformed-header", Check: "CSC-TS-015", Ref: refTo(methodTimestamp), Level: Must,
		Says: "an Authorization header of another scheme is refused",
		Run: func(ctx context.Context, t *Target) error {
			return malformed(ctx, t, methodTimestamp).want(malformedHeader())
		}},
	{ID: "timestamp/v2-names", Check: "CSC-TS-016", Ref: refTo(methodTimestamp), Level: Doubt, Needs: []Feature{Client},
		Says: "hashAlgorithmOID does not stand for hashAlgo, which kept its name",
		Run:  stampRefused(refused(), without("hashAlgo"), with("hashAlgorithmOID", oidSHA256))},
}

func badHashAlgo() refusal { return bad("Invalid parameter hashAlgo") }

// stampedHash is what the suite has stamped.
func stampedHash() []byte {
	sum := sha256.Sum256([]byte("a document of the conformance suite"))
	return sum[:]
}

// timestamp asks for a time-stamp in the right way, but for the changes.
func (t *Target) timestamp(ctx context.Context, changes ...change) *Answer {
	body := Object{"hash": base64.StdEncoding.EncodeToString(stampedHash()), "hashAlgo": oidSHA256}
	return t.ask(ctx, methodTimestamp, body.but(changes...))
}

func stampRefused(w refusal, changes ...change) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error { return t.timestamp(ctx, changes...).want(w) }
}

// timestampOf is what a good answer has under its name.
func timestampOf(a *Answer) ([]byte, error) {
	o, err := a.WantOK()
	if err != nil {
		return nil, err
	}
	text, _ := o.str("timestamp")
	der, err := decode(text)
	if err != nil || len(der) == 0 {
		return nil, a.unlike("a member timestamp in Base64")
	}
	return der, nil
}

// stamped is a good time-stamp without a nonce, read.
func (t *Target) stamped(ctx context.Context, changes ...change) (*timeToken, error) {
	der, err := timestampOf(t.timestamp(ctx, changes...))
	if err != nil {
		return nil, err
	}
	return readTimeToken(der)
}

func returnsNonce(hex string) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		token, err := t.stamped(ctx, with("nonce", hex))
		if err != nil {
			return err
		}
		want, _ := new(big.Int).SetString(hex, 16)
		if token.info.Nonce == nil || token.info.Nonce.Cmp(want) != 0 {
			return unmet("the nonce %s, hexadecimal, came back as %x", hex, token.info.Nonce)
		}
		return nil
	}
}
