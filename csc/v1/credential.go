package v1

import "github.com/pecete/pecete/csc"

// ListRequest is the body of credentials/list (§11.4).
type ListRequest struct {
	UserID     string `json:"userID,omitempty"`
	MaxResults int    `json:"maxResults,omitempty"`
	PageToken  string `json:"pageToken,omitempty"`
	ClientData string `json:"clientData,omitempty"`
}

// ListResponse is a page of the credentials, and what asks for the next one.
type ListResponse struct {
	CredentialIDs []string `json:"credentialIDs"`
	NextPageToken string   `json:"nextPageToken,omitempty"`
}

// CredentialInfo describes a credential (§11.5). PIN and OTP are there where
// authInfo was asked for and AuthMode is Explicit.
type CredentialInfo struct {
	Description string      `json:"description,omitempty"`
	Key         csc.KeyInfo `json:"key"`
	Cert        CertInfo    `json:"cert"`
	AuthMode    AuthMode    `json:"authMode"`
	SCAL        csc.SCAL    `json:"SCAL"`
	PIN         *PIN        `json:"PIN,omitempty"`
	OTP         *OTP        `json:"OTP,omitempty"`
	Multisign   int         `json:"multisign"`
	Lang        string      `json:"lang,omitempty"`
}

// CertInfo describes a credential's certificate as v1 does.
type CertInfo struct {
	Status       string   `json:"status,omitempty"`
	Certificates []string `json:"certificates,omitempty"`
	IssuerDN     string   `json:"issuerDN,omitempty"`
	SerialNumber string   `json:"serialNumber,omitempty"`
	SubjectDN    string   `json:"subjectDN,omitempty"`
	ValidFrom    string   `json:"validFrom,omitempty"`
	ValidTo      string   `json:"validTo,omitempty"`
}

// An AuthMode is how a credential is authorized.
type AuthMode string

// The modes of v1. Implicit is what v2 says with other objects, or none: the
// server asks the signer by itself, or nobody.
const (
	Implicit   AuthMode = "implicit"
	Explicit   AuthMode = AuthMode(csc.Explicit)
	OAuth2Code AuthMode = AuthMode(csc.OAuth2Code)
)

// A Presence is whether a factor is asked for.
type Presence string

// The presences, which are texts on the wire.
const (
	Wanted   Presence = "true"
	Unwanted Presence = "false"
	Optional Presence = "optional"
)

// PIN describes the credential's PIN. What it is told with is there only where it
// is asked for at all.
type PIN struct {
	Presence    Presence `json:"presence"`
	Format      string   `json:"format,omitempty"`
	Label       string   `json:"label,omitempty"`
	Description string   `json:"description,omitempty"`
}

// OTP describes the credential's one-time password likewise. ID is that of the
// object it is in v2.
type OTP struct {
	Presence    Presence `json:"presence"`
	Type        string   `json:"type,omitempty"`
	Format      string   `json:"format,omitempty"`
	Label       string   `json:"label,omitempty"`
	Description string   `json:"description,omitempty"`
	ID          string   `json:"ID,omitempty"`
	Provider    string   `json:"provider,omitempty"`
}

// The types of OTP: Online are sent by credentials/sendOTP.
const (
	Offline = "offline"
	Online  = "online"
)

// CredentialOf tells what v2 tells but for the authorization, which is v1's own.
func CredentialOf(told csc.CredentialInfo) CredentialInfo {
	return CredentialInfo{
		Description: told.Description, Key: told.Key, SCAL: told.SCAL, Multisign: told.Multisign, Lang: told.Lang,
		Cert: CertInfo{
			Status: told.Cert.Status, Certificates: told.Cert.Certificates, IssuerDN: told.Cert.IssuerDN,
			SerialNumber: told.Cert.SerialNumber, SubjectDN: told.Cert.SubjectDN,
			ValidFrom: told.Cert.ValidFrom, ValidTo: told.Cert.ValidTo,
		},
	}
}
