package csc

// Version is the version the server announces as info.specs (v2.2 §11.1).
const Version = "2.2.0.0"

// BasePath is the path every method hangs under (v2.0.0.2 §7.2).
const BasePath = "/csc/v2"

// A Method is the name of an API method as it stands in info.methods and
// behind BasePath.
type Method string

// The methods of v2.2, in the order of its chapter 11.
const (
	MethodInfo              Method = "info"
	MethodAuthLogin         Method = "auth/login"
	MethodAuthRevoke        Method = "auth/revoke"
	MethodCreate            Method = "credentials/create"
	MethodDelete            Method = "credentials/delete"
	MethodList              Method = "credentials/list"
	MethodCredentialInfo    Method = "credentials/info"
	MethodAuthorize         Method = "credentials/authorize"
	MethodAuthorizeCheck    Method = "credentials/authorizeCheck"
	MethodGetChallenge      Method = "credentials/getChallenge"
	MethodExtendTransaction Method = "credentials/extendTransaction"
	MethodSendOTP           Method = "credentials/sendOTP"
	MethodSignHash          Method = "signatures/signHash"
	MethodSignDoc           Method = "signatures/signDoc"
	MethodSignPolling       Method = "signatures/signPolling"
	MethodTimestamp         Method = "signatures/timestamp"
)

// A Clause says where a method stands in two versions of the text; empty where
// that version does not have it.
type Clause struct {
	V20 string // v2.0.0.2
	V22 string // v2.2.0.0
}

// Clauses maps every known method to its clause.
var Clauses = map[Method]Clause{
	MethodInfo:              {"11.1", "11.1"},
	MethodAuthLogin:         {"11.2", "11.2"},
	MethodAuthRevoke:        {"11.3", "11.3"},
	MethodCreate:            {"", "11.4"},
	MethodDelete:            {"", "11.5"},
	MethodList:              {"11.4", "11.6"},
	MethodCredentialInfo:    {"11.5", "11.7"},
	MethodAuthorize:         {"11.6", "11.8"},
	MethodAuthorizeCheck:    {"11.7", "11.9"},
	MethodGetChallenge:      {"11.8", "11.10"},
	MethodExtendTransaction: {"11.9", "11.11"},
	MethodSendOTP:           {"", "11.12"},
	MethodSignHash:          {"11.10", "11.13"},
	MethodSignDoc:           {"11.11", "11.14"},
	MethodSignPolling:       {"11.12", "11.15"},
	MethodTimestamp:         {"11.13", "11.16"},
}

// Known reports whether some version of the API names m.
func (m Method) Known() bool {
	_, ok := Clauses[m]
	return ok
}
