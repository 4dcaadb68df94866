// Package credentials keeps keys with certificates, and who may use them how:
// it lists and describes them (credentials/list, credentials/info) and turns a
// signer's proof into a grant (credentials/authorize).
package credentials

import (
	"crypto/x509"
	"time"

	"github.com/pecete/pecete/csc"
)

// A Credential is a key in the device together with its certificate, and the
// rules of its use.
type Credential struct {
	ID           string // c_ and 16 random bytes in hex
	UserID       string
	Description  string
	KeyID        []byte // CKA_ID of the key in the device
	Key          csc.KeySpec
	Certificates [][]byte // DER, end entity first, issuer after issued
	// Parsed is the end entity's certificate if somebody has parsed it already.
	Parsed    *x509.Certificate
	Qualifier csc.Qualifier
	SCAL      csc.SCAL
	Multisign int // most signatures of one authorization
	Mode      csc.AuthMode
	Factors   Factors // of mode explicit
	PKCS1v15  bool    // offer RSASSA-PKCS1-v1_5 beside PSS
	// Extendable lets an authorization go on with another SAD, at SCAL 1.
	Extendable bool
	// Disabled says that the key is not to be used here, which nobody else is
	// told; Revoked and Suspended, that the authority stands by the certificate no
	// more: for good, or until it is resumed.
	Disabled  bool
	Revoked   bool
	Suspended bool
	Created   time.Time
	// Standing is what stands between the owner and the client that asks, at this
	// moment, users.Out if the owner or the credential is locked; only a Holding
	// has it. What the owner agrees to bears it, and is good for as long as it is
	// that.
	Standing string
}

// A Caller is who stands behind an access token.
type Caller struct {
	ClientID string
	UserID   string // "" when the client acts for itself
	Scope    string
	// GrantID is set on a token of scope credential: the id of the SAD it is.
	GrantID string
	// CredentialIDs are then the credentials the token is good for.
	CredentialIDs []string
	// Holder is the key or certificate its token is bound to, "" for none: what
	// it authorizes is bound to the same.
	Holder string
	// Logins says that the client may use credentials for logins to sites.
	Logins bool
	// Permit is set on a token of scope credential-creation or credential-deletion
	// that a signer agreed to.
	Permit *Permit
}

// A Permit is what a signer let a client do with his credentials, beside signing.
// That he did is in the record under ID.
type Permit struct {
	ID           string
	CredentialID string               // to be deleted; "" where one is to be made
	Creation     *csc.CreationRequest // what is to be made; nil where one is to be deleted
}
