// Package faults breaks servers, to prove that the conformance suite sees it.
//
// A [Fault] is one way for a server to be wrong, and the case that is there to
// notice. A [Proxy] stands before a server that keeps the API and commits one
// fault: what goes to the server or comes from it is changed in just the way
// the fault says and otherwise handed on. So faults need no broken server, only
// a good one, whoever made it.
//
// A fault is committed on HTTP: a proxy cannot make a server forget a rule, but
// it can answer as a server would that had.
package faults

import (
	"crypto/tls"
	"slices"
)

// A Fault is a way for a server to be wrong. The zero value of each field
// changes nothing.
type Fault struct {
	// Case is the case that must notice.
	Case string
	// Says is what the broken server does, in a few words.
	Says string
	// Request changes the call before the server sees it. Answer is still
	// shown the call as it came.
	Request func(*Call)
	// Answer changes what the server answered to the call.
	Answer func(*Call, *Reply)
	// Path is where the broken server has what belongs under the base path.
	Path string
	// TLS changes how the broken server shakes hands.
	TLS func(*tls.Config)
	// SSL3 says that the broken server greets whoever says hello in SSL 3.0.
	SSL3 bool

	// afresh makes an Answer that remembers what it saw.
	afresh func() answer
}

// All returns all faults, in the order of the cases.
func All() []Fault {
	return slices.Concat(generalFaults, infoFaults, sendOTPFaults, oauthFaults, detailsFaults, accountFaults, pushFaults, tokenFaults, codeFaults, refreshFaults, proofFaults, revokeFaults, introspectFaults, dpopFaults, dpopAPIFaults, mutualFaults, permittedFaults, loginFaults, authRevokeFaults, createFaults, deleteFaults, listFaults,
		credentialInfoFaults, authorizeFaults, factorFaults, checkFaults, challengeFaults, extendFaults, signHashFaults, algorithmFaults, laterFaults, signDocFaults, pollFaults, timestampFaults, limitFaults)
}
