package csc

// The types of authorization_details for signatures (RFC 9396): of v2.0.0.2
// §8.4.2, and of v2.2.
const (
	DetailCredential     = "credential"
	DetailCredential2025 = "https://cloudsignatureconsortium.org/2025/credential"
)

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
