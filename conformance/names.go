package conformance

// The methods of API v2, as info.methods names them, and the introspection of RFC
// 7662.
const (
	methodInfo           = "info"
	methodAuthLogin      = "auth/login"
	methodAuthRevoke     = "auth/revoke"
	methodOAuth          = "oauth2/authorize"
	methodPush           = "oauth2/pushed_authorize"
	methodToken          = "oauth2/token"
	methodRevoke         = "oauth2/revoke"
	methodIntrospect     = "oauth2/introspect"
	methodCreate         = "credentials/create"
	methodDelete         = "credentials/delete"
	methodList           = "credentials/list"
	methodCredentialInfo = "credentials/info"
	methodAuthorize      = "credentials/authorize"
	methodAuthorizeCheck = "credentials/authorizeCheck"
	methodGetChallenge   = "credentials/getChallenge"
	methodExtend         = "credentials/extendTransaction"
	methodSignHash       = "signatures/signHash"
	methodSignDoc        = "signatures/signDoc"
	methodSignPolling    = "signatures/signPolling"
	methodTimestamp      = "signatures/timestamp"
)

// clauses are where the methods' tables stand.
var clauses = map[string]string{
	methodOAuth: "8.4.2", methodPush: "8.4.3", methodToken: "8.4.4", methodRevoke: "8.4.5",
	methodInfo: "11.1", methodAuthLogin: "11.2", methodAuthRevoke: "11.3", methodCreate: "2.2 11.4", methodDelete: "2.2 11.5", methodList: "11.4", methodCredentialInfo: "11.5",
	methodAuthorize: "11.6", methodAuthorizeCheck: "11.7", methodGetChallenge: "11.8", methodExtend: "11.9", methodSignHash: "11.10",
	methodSignDoc: "11.11", methodSignPolling: "11.12", methodTimestamp: "11.13",
}

// refTo is the clause of a method's own.
func refTo(method string) Ref { return Ref{method, clauses[method]} }

// knownMethods are those some version of API v2 names; the last two lines came
// with v2.2, or are named without a clause.
var knownMethods = []string{
	"info", "auth/login", "auth/revoke",
	"credentials/list", "credentials/info", "credentials/authorize",
	"credentials/authorizeCheck", "credentials/getChallenge", "credentials/extendTransaction",
	"signatures/signHash", "signatures/signDoc", "signatures/signPolling", "signatures/timestamp",
	"oauth2/authorize", "oauth2/pushed_authorize", "oauth2/token", "oauth2/revoke",
	"credentials/create", "credentials/delete",
	"credentials/sendOTP",
}

// Object identifiers (v2.0.0.2 §7.6 asks for the dotted form everywhere).
const (
	oidSHA1   = "1.3.14.3.2.26"
	oidSHA256 = "2.16.840.1.101.3.4.2.1"
	oidSHA384 = "2.16.840.1.101.3.4.2.2"
	oidSHA512 = "2.16.840.1.101.3.4.2.3"

	oidRSA       = "1.2.840.113549.1.1.1"
	oidMGF1      = "1.2.840.113549.1.1.8"
	oidPSS       = "1.2.840.113549.1.1.10"
	oidRSASHA256 = "1.2.840.113549.1.1.11"
	oidECSHA256  = "1.2.840.10045.4.3.2"

	oidP256 = "1.2.840.10045.3.1.7"
	oidP384 = "1.3.132.0.34"
	oidP521 = "1.3.132.0.35"
)

// weakAlgorithms are signature OIDs with a hash weaker than SHA-256.
var weakAlgorithms = []string{
	"1.2.840.113549.1.1.2", "1.2.840.113549.1.1.3", "1.2.840.113549.1.1.4", // MD2, MD4, MD5
	"1.2.840.113549.1.1.5", "1.3.14.3.2.29", // SHA-1 with RSA
	"1.2.840.113549.1.1.14",                    // SHA-224 with RSA
	"1.2.840.10045.4.1", "1.2.840.10045.4.3.1", // ECDSA with SHA-1, SHA-224
	"1.2.840.10040.4.3", "2.16.840.1.101.3.4.3.1", // DSA with SHA-1, SHA-224
}

// authTypes, hashTypes, formats and levels are the values info may list.
var (
	authTypes  = []string{"external", "TLS", "basic", "digest", "oauth2code", "oauth2client"}
	oauthTypes = []string{"oauth2code", "oauth2client"}
	hashTypes  = []string{"sdr", "dtbsr", "sodr"}
	formats    = []string{"C", "X", "P", "J"}
	levels     = []string{"ades-b-b", "ades-b-t", "ades-b-lt", "ades-b-lta", "ades-b", "ades-t", "ades-lt", "ades-lta"}
)
