package csc

// The values of the certificates parameter (v2.0.0.2 §11.4).
const (
	CertificatesNone   = "none"
	CertificatesSingle = "single" // the default
	CertificatesChain  = "chain"
)

// View is what a caller asks to be told about a credential, the same in
// credentials/list and credentials/info.
type View struct {
	Certificates string `json:"certificates,omitempty"`
	CertInfo     bool   `json:"certInfo,omitempty"`
	AuthInfo     bool   `json:"authInfo,omitempty"`
	Lang         string `json:"lang,omitempty"`
	ClientData   string `json:"clientData,omitempty"`
}

// ListRequest is the body of credentials/list (v2.0.0.2 §11.4).
type ListRequest struct {
	UserID         string `json:"userID,omitempty"`
	CredentialInfo bool   `json:"credentialInfo,omitempty"`
	OnlyValid      bool   `json:"onlyValid,omitempty"`
	View
}

// ListResponse is the answer of credentials/list. CredentialInfos is there
// only when it was asked for, OnlyValid only when it was asked for and obeyed.
type ListResponse struct {
	CredentialIDs   []string         `json:"credentialIDs"`
	CredentialInfos []CredentialInfo `json:"credentialInfos,omitempty"`
	OnlyValid       bool             `json:"onlyValid,omitempty"`
}

// CredentialInfoRequest is the body of credentials/info (v2.0.0.2 §11.5).
type CredentialInfoRequest struct {
	CredentialID string `json:"credentialID"`
	View
}

// CredentialInfo describes a credential. CredentialID is set in
// credentials/list only.
type CredentialInfo struct {
	CredentialID       string    `json:"credentialID,omitempty"`
	Description        string    `json:"description,omitempty"`
	SignatureQualifier Qualifier `json:"signatureQualifier,omitempty"`
	Key                KeyInfo   `json:"key"`
	Cert               CertInfo  `json:"cert"`
	Auth               AuthInfo  `json:"auth"`
	SCAL               SCAL      `json:"SCAL"`
	Multisign          int       `json:"multisign"`
	Lang               string    `json:"lang,omitempty"`
}

// KeyInfo describes a credential's key. Len is in bits; Curve is an OID.
type KeyInfo struct {
	Status string   `json:"status"`
	Algo   []string `json:"algo"`
	Len    int      `json:"len"`
	Curve  string   `json:"curve,omitempty"`
}

// The values of key.status.
const (
	KeyEnabled  = "enabled"
	KeyDisabled = "disabled"
)

// CertInfo describes a credential's certificate: DNs by RFC 4514, the serial
// number in hex, times as YYYYMMDDHHMMSSZ, certificates as Base64 DER.
type CertInfo struct {
	Status       string   `json:"status,omitempty"`
	Certificates []string `json:"certificates,omitempty"`
	IssuerDN     string   `json:"issuerDN,omitempty"`
	SerialNumber string   `json:"serialNumber,omitempty"`
	SubjectDN    string   `json:"subjectDN,omitempty"`
	ValidFrom    string   `json:"validFrom,omitempty"`
	ValidTo      string   `json:"validTo,omitempty"`
	QCStatements []string `json:"qcStatements,omitempty"`
	Policy       []string `json:"policy,omitempty"`
}

// The values of cert.status.
const (
	CertValid     = "valid"
	CertExpired   = "expired"
	CertRevoked   = "revoked"
	CertSuspended = "suspended"
)

// AuthInfo says how a credential is authorized. Mode is always told; Objects
// is nil where authInfo was not asked for.
type AuthInfo struct {
	Mode       AuthMode      `json:"mode"`
	Expression string        `json:"expression,omitempty"`
	Objects    *[]AuthObject `json:"objects,omitempty"`
}

// The types of authentication objects (§8.3.1.3 to §8.3.1.6).
const (
	TypePassword     = "Password"
	TypePasswordOOB  = "PasswordOOB"
	TypeChallenge    = "ChallengeResponse"
	TypeChallengeOOB = "ChallengeResponseOOB"
)

// An AuthObject is a factor the signer must prove (§8.3.1).
type AuthObject struct {
	Type        string `json:"type"`
	ID          string `json:"id"`
	Format      string `json:"format,omitempty"`
	Generator   string `json:"generator,omitempty"`
	Label       string `json:"label,omitempty"`
	Description string `json:"description,omitempty"`
}
