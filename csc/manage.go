package csc

import (
	"maps"
	"slices"
)

// CreateRequest is the body of credentials/create (v2.2 §11.4). Of what the new
// credential shall be, that which was authorized counts.
type CreateRequest struct {
	Request        *CreationRequest `json:"credentialCreationRequest,omitempty"`
	CredentialInfo bool             `json:"credentialInfo,omitempty"`
	View
}

// A CreationRequest says what a new credential shall be.
type CreationRequest struct {
	CertificatePolicy string       `json:"certificatePolicy,omitempty"` // OID
	SubjectData       *SubjectData `json:"subjectData,omitempty"`
}

// SubjectData says whom a certificate shall name, in the claims of OpenID Connect
// (TS 119 432 §7.8.4).
type SubjectData struct {
	Sub        string   `json:"sub,omitempty"`
	GivenName  string   `json:"given_name,omitempty"`
	FamilyName string   `json:"family_name,omitempty"`
	Gender     string   `json:"gender,omitempty"`
	Birthdate  string   `json:"birthdate,omitempty"`
	Email      string   `json:"email,omitempty"`
	Address    *Address `json:"address,omitempty"`
}

// An Address is where a subject lives.
type Address struct {
	Country  string `json:"country,omitempty"`
	Locality string `json:"locality,omitempty"`
	Region   string `json:"region,omitempty"`
}

// CreateResponse names the new credential, and describes it as credentials/info
// would if that was asked for.
type CreateResponse struct {
	CredentialID       string    `json:"credentialID"`
	Description        string    `json:"description,omitempty"`
	SignatureQualifier Qualifier `json:"signatureQualifier,omitempty"`
	Key                *KeyInfo  `json:"key,omitempty"`
	Cert               *CertInfo `json:"cert,omitempty"`
	Auth               *AuthInfo `json:"auth,omitempty"`
	SCAL               SCAL      `json:"SCAL,omitempty"`
	Multisign          int       `json:"multisign,omitempty"`
	Lang               string    `json:"lang,omitempty"`
}

// DeleteRequest is the body of credentials/delete (v2.2 §11.5).
type DeleteRequest struct {
	Request    DeletionRequest `json:"credentialDeletionRequest"`
	ClientData string          `json:"clientData,omitempty"`
}

// A DeletionRequest says which credential is to go, and whether its certificate is
// to be revoked, for a reason of RFC 5280 §5.3.1.
type DeletionRequest struct {
	CredentialID     string `json:"credentialID"`
	Revoke           bool   `json:"revoke,omitempty"`
	RevocationReason *int   `json:"revocationReason,omitempty"`
}

// DeleteResponse is the answer of credentials/delete, which has no body.
type DeleteResponse struct{}

// revocationReasons are those of RFC 5280 §5.3.1 that a certificate whose key is
// gone can be revoked for. removeFromCRL revokes nothing, and a hold is for who
// may come back.
var revocationReasons = map[int]string{
	0: "unspecified", 1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged", 4: "superseded",
	5: "cessationOfOperation", 9: "privilegeWithdrawn", 10: "aACompromise",
}

// RevocationReason is the name of a reason, "" if nothing can be revoked for it.
func RevocationReason(code int) string { return revocationReasons[code] }

// RevocationCode is the reason of that name, false if nothing can be revoked for it.
func RevocationCode(name string) (code int, known bool) {
	for code, is := range revocationReasons {
		if is == name {
			return code, true
		}
	}
	return 0, false
}

// RevocationReasons are the names of all, in the order of their codes.
func RevocationReasons() []string {
	var names []string
	for _, code := range slices.Sorted(maps.Keys(revocationReasons)) {
		names = append(names, revocationReasons[code])
	}
	return names
}
