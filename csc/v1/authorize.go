package v1

import (
	"cmp"
	"log/slog"

	"github.com/pecete/pecete/csc"
)

// AuthorizeRequest is the body of credentials/authorize (§11.6).
type AuthorizeRequest struct {
	CredentialID  string       `json:"credentialID"`
	NumSignatures int          `json:"numSignatures"`
	Hash          []csc.Digest `json:"hash,omitempty"`
	PIN           csc.Secret   `json:"PIN,omitempty"`
	OTP           csc.Secret   `json:"OTP,omitempty"`
	Description   string       `json:"description,omitempty"`
	ClientData    string       `json:"clientData,omitempty"`
}

// In is r in the words of v2, but for its factors. Which hash function it is shows
// in the length of the hashes, since v1 does not say it here; a length that none
// has is not that of SHA-256 either, and is told as such.
func (r AuthorizeRequest) In() csc.AuthorizeRequest {
	in := csc.AuthorizeRequest{
		CredentialID: r.CredentialID, NumSignatures: r.NumSignatures, Hashes: r.Hash,
		Description: r.Description, ClientData: r.ClientData,
	}
	in.HashAlgorithmOID = functionOf(r.Hash)
	return in
}

// functionOf is the OID of the hash function that made the first of the hashes; ""
// without any.
func functionOf(hashes []csc.Digest) string {
	if len(hashes) == 0 {
		return ""
	}
	return cmp.Or(csc.OIDOfSize(len(hashes[0])), csc.OIDSHA256)
}

// LogValue tells a log what may be known: neither the factors nor what the client
// passes along.
func (r AuthorizeRequest) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("credentialID", r.CredentialID),
		slog.Int("numSignatures", r.NumSignatures),
		slog.Int("hash", len(r.Hash)),
		slog.Int("clientData", len(r.ClientData)))
}

// ExtendRequest is the body of credentials/extendTransaction (§11.7).
type ExtendRequest struct {
	CredentialID string       `json:"credentialID"`
	Hash         []csc.Digest `json:"hash,omitempty"`
	SAD          csc.Secret   `json:"SAD"`
	ClientData   string       `json:"clientData,omitempty"`
}

// In is r in the words of v2.
func (r ExtendRequest) In() csc.ExtendRequest {
	return csc.ExtendRequest{
		CredentialID: r.CredentialID, Hashes: r.Hash, HashAlgorithmOID: functionOf(r.Hash), SAD: r.SAD, ClientData: r.ClientData,
	}
}

// LogValue tells a log what may be known: neither the SAD nor what the client
// passes along.
func (r ExtendRequest) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("credentialID", r.CredentialID),
		slog.Int("hash", len(r.Hash)),
		slog.Int("clientData", len(r.ClientData)))
}

// SendOTPRequest is the body of credentials/sendOTP (§11.8).
type SendOTPRequest struct {
	CredentialID string `json:"credentialID"`
	ClientData   string `json:"clientData,omitempty"`
}

// SendOTPResponse is its answer, which has no body.
type SendOTPResponse struct{}
