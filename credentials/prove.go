package credentials

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

// A proof is what an authorization stands on.
type proof struct {
	factors string // the ids of the objects, as the audit record has them
	step    int64  // of the authenticator, 0 if it had no part
	reason  string // what else the record says
}

var (
	errNoProof = errors.New("the objects given are none of the credential's, or not enough, or too many")
	errNoSeal  = errors.New("without authentication objects only a client that acts for itself may authorize")
)

// given is the authData of a request.
type given struct {
	ids    []string // in the order in which objects are listed
	values map[string]csc.Secret
}

// apart is the object that is approved on a page, nil if there is none.
func (g given) apart() *object {
	for _, id := range g.ids {
		if o, _ := objectOf(id); o.apart {
			return &o
		}
	}
	return nil
}

// given takes authData, which must be of objects that the credential has, each
// once, and together what its expression wants.
func (c Credential) given(who Caller, data []csc.AuthData) (given, error) {
	if c.Factors == NoFactors {
		switch {
		case len(data) > 0:
			return given{}, invalidProof(errNoProof)
		case who.UserID != "":
			return given{}, invalidProof(errNoSeal)
		}
		return given{}, nil
	}
	rule, err := c.Factors.rule()
	if err != nil {
		return given{}, err
	}
	g := given{values: map[string]csc.Secret{}}
	for _, d := range data {
		g.values[d.ID] = d.Value
	}
	for _, id := range rule.ids {
		if _, is := g.values[id]; is {
			g.ids = append(g.ids, id)
		}
	}
	if len(g.ids) != len(data) || !rule.whole.Satisfied(g.ids) {
		return given{}, invalidProof(errNoProof)
	}
	return g, nil
}

// prove has the claims judged that are made here and not on a page, in the words
// of §11.6 if they are refused.
func (a Authorizer) prove(ctx context.Context, who Caller, c Credential, given given) (proof, error) {
	stands := proof{factors: strings.Join(given.ids, " ")}
	if len(given.ids) == 0 {
		stands.factors = string(NoFactors)
	}
	var claims []users.Claim
	for _, id := range given.ids {
		if o, _ := objectOf(id); !o.apart {
			claims = append(claims, a.claim(who, c, o, given.values[id]))
		}
	}
	if len(claims) == 0 {
		return stands, nil
	}
	over, err := c.counted()
	if err != nil {
		return proof{}, err
	}
	judged, err := a.Prover.Prove(ctx, c.UserID, over, claims...)
	stands.step = judged.Step
	return stands, refusedProof(err)
}

func (a Authorizer) claim(who Caller, c Credential, o object, value csc.Secret) users.Claim {
	switch o.factor {
	case users.FactorPIN:
		return users.ClaimPIN(value)
	case users.FactorCode:
		return users.ClaimCode(value)
	}
	return a.Challenges.claim(placeOf(who, c, o.ID), o.factor, value)
}

// counted is what failures are counted against beside the factors: the
// credential, where nothing is part of every proof. Where something is, its own
// count is the credential's as well.
func (c Credential) counted() (string, error) {
	rule, err := c.Factors.rule()
	if err != nil || slices.ContainsFunc(rule.ids, rule.whole.Needs) {
		return "", err
	}
	return c.ID, nil
}

func invalidProof(cause error) error {
	return &csc.Error{
		Code:        csc.InvalidAuthenticationData,
		Description: "The authentication data is invalid",
		Cause:       cause,
	}
}

// refusedProof words a refused factor as §11.6 does.
func refusedProof(err error) error {
	var refused *users.RefusedError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, users.ErrLocked), errors.Is(err, users.ErrPaused):
		return csc.Refused("Credential locked", err)
	case errors.As(err, &refused), errors.Is(err, users.ErrDisabled):
		return invalidProof(err)
	}
	return err
}
