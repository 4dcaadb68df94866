package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/pecete/pecete/csc"
)

const (
	// assertionLife is how far ahead the end of what a client signs may be, and how
	// far back its making.
	assertionLife = 10 * time.Minute
	maxJTI        = 256 // bytes
)

// assertionTypes are the values of typ an assertion may have: what RFC 7523's
// successor demands, what RFC 7519 suggests, and none. Any other is of a JWT
// that was made for something else.
var assertionTypes = []string{"client-authentication+jwt", "jwt", ""}

// errAssertion is the answer to an assertion that is not good (RFC 7521 §4.2.1).
func errAssertion(cause error) *csc.Error {
	return &csc.Error{Code: csc.InvalidClient, Description: "Invalid parameter client_assertion", Cause: cause}
}

// subjectOf is whom an assertion says it is of, unproven.
func subjectOf(assertion string) (string, error) {
	_, claims, err := readJWS(assertion, clientAlgs, assertionTypes...)
	if err != nil {
		return "", err
	}
	subject := textClaim(claims, "sub")
	if !possibleID(subject) {
		return "", errors.New("sub is no client")
	}
	return subject, nil
}

// asserted judges an assertion of c (RFC 7523 §3, FAPI 2.0 §5.3.2.1), and takes
// it: the same one is good once.
func (e *endpoints) asserted(ctx context.Context, c Client, assertion string) error {
	signed, claims, err := readJWS(assertion, clientAlgs, assertionTypes...)
	if err != nil {
		return errAssertion(err)
	}
	keys, err := c.keys()
	if err != nil {
		return err
	}
	if err := signedBy(signed, keys); err != nil {
		return errAssertion(err)
	}
	made, exp, err := e.timely(claims)
	if err == nil {
		err = e.addressed(claims, c.ID)
	}
	if err != nil {
		return errAssertion(err)
	}
	err = e.once(ctx, "assertion", c.ID, textClaim(claims, "jti"), made, exp)
	if errors.Is(err, errReplayed) {
		return errAssertion(err)
	}
	return err
}

// addressed demands that an assertion is of the client, and for us alone: a text
// and not a list, and the issuer and not an endpoint, whose URL another server
// could have made the client take for its own.
func (e *endpoints) addressed(claims map[string]json.RawMessage, clientID string) error {
	switch jti := textClaim(claims, "jti"); {
	case textClaim(claims, "iss") != clientID || textClaim(claims, "sub") != clientID:
		return errors.New("iss and sub are not the client")
	case textClaim(claims, "aud") != e.Issuer:
		return errors.New("aud is not our issuer")
	case jti == "" || len(jti) > maxJTI:
		return errors.New("no usable jti")
	}
	return nil
}

// timely demands that a JWT of a client ends soon, and was made lately if it says
// when. One that does not could have been made as long ago as any that is good.
func (e *endpoints) timely(claims map[string]json.RawMessage) (made, exp time.Time, err error) {
	now := e.Now()
	made, dated := timeClaim(claims, "iat")
	exp, ends := timeClaim(claims, "exp")
	nbf, starts := timeClaim(claims, "nbf")
	_, namesMade := claims["iat"]
	_, namesStart := claims["nbf"]
	if !namesMade {
		made = exp.Add(-assertionLife)
	}
	switch {
	case !ends || namesMade && !dated || namesStart && !starts:
		err = errors.New("exp is missing, or a time is none")
	case !now.Before(exp):
		err = errors.New("it is over")
	case exp.After(now.Add(assertionLife)):
		err = errors.New("it ends too late")
	case made.After(now.Add(skew)) || starts && nbf.After(now.Add(skew)):
		err = errors.New("it is of the future")
	case made.Before(now.Add(-assertionLife)) || made.After(exp):
		err = errors.New("it was made too long ago, or after its end")
	}
	return made, exp, err
}
