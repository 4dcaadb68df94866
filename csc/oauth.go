package csc

// The types of authorization_details for signatures (RFC 9396): of v2.0.0.2
// §8.4.2, and of v2.2.
const (
	DetailCredential     = "credential"
	DetailCredential2025 = "https://cloudsignatureconsortium.org/2025/credential"
)

// The types for credentials/create and credentials/delete: of v2.2, and the short
// names that clients have for them.
const (
	DetailCreation     = "credential_creation"
	DetailCreation2025 = "https://cloudsignatureconsortium.org/2025/credential-creation"
	DetailDeletion     = "credential_deletion"
	DetailDeletion2025 = "https://cloudsignatureconsortium.org/2025/credential-deletion"
)

// A CreationDetail is an element that asks for a new credential.
type CreationDetail struct {
	Type      string           `json:"type"`
	Request   *CreationRequest `json:"credentialCreationRequest,omitempty"`
	Locations []string         `json:"locations,omitempty"`
}

// A DeletionDetail is an element that asks for the end of a credential.
type DeletionDetail struct {
	Type         string   `json:"type"`
	CredentialID string   `json:"credentialID"`
	Locations    []string `json:"locations,omitempty"`
}

// An AuthorizationDetail is an element of authorization_details: what is asked
// for, or was given, with one credential. NumSignatures and the hash types of
// DocumentDigests are of v2.2; Locations are repeated and nothing else.
type AuthorizationDetail struct {
	Type               string           `json:"type"`
	CredentialID       string           `json:"credentialID,omitempty"`
	SignatureQualifier Qualifier        `json:"signatureQualifier,omitempty"`
	NumSignatures      int              `json:"numSignatures"`
	DocumentDigests    []DocumentDigest `json:"documentDigests"`
	HashAlgorithmOID   string           `json:"hashAlgorithmOID"`
	Locations          []string         `json:"locations,omitempty"`
}

// A DocumentDigest is one of the hashes in an AuthorizationDetail. HashType is a
// HashKind in whatever case the client writes it.
type DocumentDigest struct {
	Hash     Digest `json:"hash"`
	Label    string `json:"label,omitempty"`
	HashType string `json:"hashType,omitempty"`
}
