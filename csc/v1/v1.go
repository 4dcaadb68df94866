// Package v1 is the vocabulary of CSC API v1.0.4.0 where it differs from that of
// package csc, and how what is said in one is said in the other. It has no rules:
// what a request of v1 may do is decided where that of v2 is. Clause numbers are
// those of v1.0.4.0.
package v1

import "github.com/pecete/pecete/csc"

// Version is the version the server announces as info.specs (§11.1).
const Version = "1.0.4.0"

// BasePath is the path every method hangs under (§7.2).
const BasePath = "/csc/v1"

// Clauses says where the methods stand in the text.
var Clauses = map[csc.Method]string{
	csc.MethodInfo:              "11.1",
	csc.MethodAuthLogin:         "11.2",
	csc.MethodAuthRevoke:        "11.3",
	csc.MethodList:              "11.4",
	csc.MethodCredentialInfo:    "11.5",
	csc.MethodAuthorize:         "11.6",
	csc.MethodExtendTransaction: "11.7",
	csc.MethodSendOTP:           "11.8",
	csc.MethodSignHash:          "11.9",
	csc.MethodTimestamp:         "11.10",
}

// The codes that v2 does not have (§11.6).
const (
	InvalidPIN csc.Code = "invalid_pin"
	InvalidOTP csc.Code = "invalid_otp"
)
