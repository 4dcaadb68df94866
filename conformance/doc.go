// Package conformance asks a server whether it keeps the Cloud Signature
// Consortium API v2, or v1.0.4.0, and says clause by clause where it does not.
//
// It is a black box's judge: it sees HTTP and nothing else, knows no code of
// the server it looks at, and imports none. A requirement is a [Case], a value
// with an id that never changes; [Cases] has them all, [Run] tries them on a
// [Target] and returns a [Report]. The clause numbers are those of v2.0.0.2.
//
// # What a case may say
//
// A status and an error code that differ from the text are failures. A wrong
// error_description alone is a warning, since §10.1 lets a server word its
// errors; [Options].Strict makes it a failure, and unmet recommendations too.
// Where the text contradicts itself or is silent a case has level [Doubt]: it
// reports what the server does and never fails it.
//
// # What the suite needs
//
// Most requirements cannot be tried on an empty server. The operator makes
// some signers and describes them in a JSON file ([ReadFixtures]):
//
//	{
//	  "client":      {"id": "…", "secret": "…"},
//	  "otherClient": {"id": "…", "secret": "…"},
//	  "clientAuth":  "basic",
//	  "webClient":      {"id": "…", "secret": "…", "redirectURI": "http://127.0.0.1/callback"},
//	  "otherWebClient": {"id": "…", "secret": "…", "redirectURI": "http://127.0.0.1/callback"},
//	  "v1WebClient":    {"id": "…", "secret": "…", "redirectURI": "http://127.0.0.1/callback"},
//	  "assertionClient": {"id": "…", "key": "-----BEGIN PRIVATE KEY-----…", "kid": "…", "audience": ""},
//	  "dpopClient":   {"id": "…", "secret": "…"},
//	  "mutualClient": {"id": "…", "certificate": "-----BEGIN CERTIFICATE-----…", "key": "-----BEGIN PRIVATE KEY-----…", "base": "https://host:port/csc/v2"},
//	  "origin": "",
//	  "accountRequired": false,
//	  "login": {"name": "email", "password": "password",
//	            "code": "code", "decision": "decision", "agree": "sign", "decline": "decline", "number": "number"},
//	  "users": [
//	    {"id": "…", "totpSecret": "BASE32", "values": {"PIN": "…"},
//	     "credentials": [{"id": "…", "roles": ["ec"]}, {"id": "…", "roles": ["rsa"]}]},
//	    {"id": "…", "login": "…", "password": "…", "totpSecret": "BASE32", "account": "…",
//	     "credentials": [{"id": "…", "roles": ["code", "qualified"]}]},
//	    {"id": "…", "credentials": []}
//	  ],
//	  "stranger":  {"user": "…", "credential": "…", "codeCredential": "…"},
//	  "codeLife": 60, "refreshLife": 0,
//	  "otpWindow": 1,
//	  "languages": ["en", "ro"],
//	  "rateLimit": 0,
//	  "commands":  {"disable": ["…"], "enable": ["…"], "otp": ["…"], "link": ["…"]}
//	}
//
// Everything may be left out; the cases that need it are then skipped, with
// the reason. Unknown members are errors.
//
//   - client is registered for client_credentials and may act for every user of
//     users; otherClient too, but what one of them was granted the other must
//     not be able to use. clientAuth is "basic" or "post".
//   - webClient sends signers to the server's pages, with the grants
//     authorization_code and, if the server has it, refresh_token; so does
//     otherWebClient. Nobody listens at redirectURI: the suite is the browser.
//   - v1WebClient does so too, by the rules of v1.0.4.0: it needs no PKCE. It is used
//     on a server of that version only.
//   - assertionClient is registered for client_credentials and private_key_jwt with
//     a key on P-256; its assertions are for the issuer of the metadata, or for
//     audience where that is given.
//   - dpopClient is like client, but its tokens must be bound to a key (RFC 9449);
//     proofs are for origin, where clients know the server by another than that
//     of the base URI.
//   - mutualClient is registered for client_credentials and tls_client_auth or
//     self_signed_tls_client_auth, with tokens bound to its certificate (RFC 8705),
//     and may act for every user; at base the server asks for certificates.
//   - accountRequired says that webClient must name its signers by account_token,
//     which the suite then does.
//   - codeLife and refreshLife say after how many seconds codes and refresh tokens
//     are over: ten minutes if nothing is said, and unknown.
//   - login names the fields of those pages where they are called otherwise than
//     here. The login page asks for a user's login and password; the consent
//     page for a code of totpSecret, with a button to agree and one to decline.
//   - A user's account is what webClient calls that signer in an account_token.
//   - A user's totpSecret answers the authentication objects that values, by
//     their id, do not. A user without credentials lets the suite see an empty
//     list.
//   - stranger is a signer neither client may act for, with an enabled
//     credential, and one more that is like those of role code.
//   - otpWindow says how many steps before and after the present one the server
//     takes a code of: 0 or 1, by default 1.
//   - languages are those info speaks, the default one first.
//   - rateLimit is the number of calls with a bad token after which the server
//     is known to answer 429; 0 if it does not.
//   - commands are programs the suite runs with the credential's id (otp: the
//     user's id and the object's id; link: the user's id) as last arguments. otp
//     prints the code that the user was sent last, or one of a generator; link the
//     address of the page that he was sent last, to approve something on.
//
// The roles of a credential, all of mode explicit but for code:
//
//	ec          enabled, SCAL 2, multisign 3 to 100, offers ecdsa-with-SHA256
//	rsa         enabled, SCAL 2, multisign 3 to 100, offers rsaEncryption,
//	            sha256WithRSAEncryption and RSASSA-PSS
//	scal1       enabled, SCAL 1
//	extendable  enabled, SCAL 1, multisign 3 to 100, offers ecdsa-with-SHA256 or
//	            sha256WithRSAEncryption; its authorizations can be extended
//	disabled    its key is disabled
//	expired     its certificate has run out
//	suspended   its certificate is suspended
//	revoked     its certificate is revoked, and has not run out
//	disposable  like ec; commands.disable and commands.enable work on it
//	code        of mode oauth2code, enabled, SCAL 2, multisign 3 to 100, offers
//	            ecdsa-with-SHA256 or sha256WithRSAEncryption; its user has a login
//	qualified   one of role code with a signatureQualifier, which none of the
//	            other credentials of its user has
//	lockable    its user, who has no other credential, may be locked by failures
//	and         its expression is A AND B, of two objects of type Password
//	all         two objects of type Password, and no expression
//	or, xor     its expression is A OR B, or A XOR B, of the like
//	brackets    its expression is (A OR B) AND C, of objects that the suite can
//	            answer at once
//	challenge   one object, of type ChallengeResponse, whose code the user is sent
//	apart       one object, of type PasswordOOB, approved on a page that the user
//	            is sent a link to, with a code of totpSecret
//	match       one object, of type ChallengeResponseOOB, the same with a number
//	            that the client shows
//	seal        no objects; multisign up to 10000
//	sendlock    like challenge; its user's codes may be locked by failures
//
// # Version 1
//
// A Target whose V1 is set is asked as a server of v1.0.4.0, at a base URI that ends
// in /csc/v1: with [CasesV1], which are the cases that stand in both versions and
// those of v1 alone. The fixtures are the same.
//
// # One-time codes
//
// A server takes each TOTP code once, so a signer can authorize three times at
// once (the step before, this one, the next) and then once in 30 seconds. The
// suite spends codes carefully, lets cases that are refused share one
// authorization, and takes signers in turn: with twelve signers that have both
// ec and rsa, and six with code, a run seldom waits. A run that follows another
// at once finds codes used: it tries each signer once and then waits for fresh
// ones.
package conformance
