package csc

// A Qualifier is the kind of signature a credential is fit for, of the form
// territory_legislation_kind (v2.0.0.2 §11.11). A server never claims one by
// itself: it comes from the operator's configuration.
type Qualifier string

// SCAL is the sole control assurance level of a credential (§11.5): on the
// wire a string. It claims only that authorizations are linked to hashes.
type SCAL string

// The two levels.
const (
	SCAL1 SCAL = "1" // an authorization names a number of signatures
	SCAL2 SCAL = "2" // an authorization names the hashes
)

// An AuthMode is how a signer authorizes the use of a credential (§11.5).
type AuthMode string

// The two modes of v2.
const (
	Explicit   AuthMode = "explicit"   // credentials/authorize with authData
	OAuth2Code AuthMode = "oauth2code" // the authorization server's pages
)

// A HashKind says what an agreed hash is the hash of (v2.2, hashType).
type HashKind string

// The kinds a grant can name; the empty one is unstated.
const (
	SDR   HashKind = "sdr"   // the signer's document
	DTBSR HashKind = "dtbsr" // the data to be signed
)

// The OAuth scopes of §8.4.2.
const (
	ScopeService    = "service"
	ScopeCredential = "credential"
	ScopeCreation   = "credential-creation" // of v2.2, as is the next
	ScopeDeletion   = "credential-deletion"
)

// Scopes are all there are.
func Scopes() []string {
	return []string{ScopeService, ScopeCredential, ScopeCreation, ScopeDeletion}
}
