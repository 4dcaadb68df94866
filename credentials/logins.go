package credentials

import (
	"crypto/x509"
	"errors"
	"slices"

	"github.com/pecete/pecete/csc"
)

// A key for logins to sites shows who is there, and signs nothing for its content. What
// it is asked to sign is a hash, of which nobody can tell whether it is of a login or
// of a document: so only applications may ask it that an operator lets, by hashes
// alone, and on nothing that speaks to the signer of documents.

// ForLogins reports whether c is for logging in to sites: its certificate says so.
func (c Credential) ForLogins() bool {
	cert, err := c.Certificate()
	return err == nil && cert.KeyUsage&x509.KeyUsageContentCommitment == 0 &&
		slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
}

var errForLogins = errors.New("the credential is for logins to sites")

// ForDocuments refuses a credential that is for logins.
func (c Credential) ForDocuments() error {
	if !c.ForLogins() {
		return nil
	}
	refusal := csc.Invalid("credentialID")
	refusal.Cause = errForLogins
	return refusal
}

// ForHashes refuses a credential that is for logins to whoever may not use such, or
// where the signer would be told of signing.
func (c Credential) ForHashes(who Caller) error {
	if who.Logins && c.Mode == csc.Explicit && c.Factors.Typed() {
		return nil
	}
	return c.ForDocuments()
}

// Typed reports whether the signer knows all that f asks for, or his authenticator
// shows it: he is sent nothing, and approves nothing on our pages.
func (f Factors) Typed() bool {
	rule, err := f.rule()
	return f != NoFactors && err == nil && !slices.ContainsFunc(rule.ids, func(id string) bool {
		o, _ := objectOf(id)
		return o.send != nil
	})
}
