package conformance

import (
	"context"
	"slices"
)

// A Case is one requirement and the way to try it.
type Case struct {
	// ID names the case for good: "signHash/unauthorized-hash".
	ID string
	// Check is the requirement's number in the list the cases were made from:
	// "CSC-HASH-022"; where another standard's is meant, that and the section:
	// "RFC9449-7.2". Several cases may try one check, each in its own way.
	Check string
	Ref   Ref
	Level Level
	// Says is the requirement in one sentence.
	Says string
	// Needs is what must be there beside the method itself.
	Needs []Feature
	// Run returns nil if the server keeps the requirement.
	Run func(ctx context.Context, t *Target) error
}

// A Ref is where in v2.0.0.2 a requirement stands. Method is General for what
// concerns all methods.
type Ref struct {
	Method string
	Clause string
}

// General stands in a Ref for all methods.
const General = "general"

// A Level says how much the text insists.
type Level int

// The levels.
const (
	Must     Level = iota + 1 // not keeping it is a failure
	Should                    // a recommendation: a warning
	Optional                  // may be left out; once claimed it is a Must
	Doubt                     // the text is silent or contradicts itself: reported, never a failure
)

// String is the level in one lower-case word.
func (l Level) String() string {
	return [...]string{"", "must", "should", "optional", "doubt"}[l]
}

// Cases returns all cases for a server of v2, method by method in clause order.
// What exceeds the server's limits comes last.
func Cases() []Case {
	return slices.Concat(generalCases, infoCases, sendOTPCases, oauthCases, detailsCases, accountCases, pushCases, tokenCases, codeCases, refreshCases, proofCases, revokeCases, introspectCases, dpopCases, dpopAPICases, mutualCases, permittedCases, loginCases, authRevokeCases, createCases, deleteCases, listCases,
		credentialInfoCases, authorizeCases, factorCases, checkCases, challengeCases, extendCases, signHashCases, signHashAlgorithmCases, laterCases, signDocCases, signDocParameterCases, pollCases, timestampCases, limitCases)
}

// Find returns the cases with that id or check number.
func Find(id string) []Case {
	var found []Case
	for _, c := range All() {
		if c.ID == id || c.Check == id {
			found = append(found, c)
		}
	}
	return found
}
