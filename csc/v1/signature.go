package v1

import (
	"log/slog"

	"github.com/pecete/pecete/csc"
)

// SignHashRequest is the body of signatures/signHash (§11.9). That of
// signatures/timestamp is the same in v2.
type SignHashRequest struct {
	CredentialID   string       `json:"credentialID"`
	SAD            csc.Secret   `json:"SAD"`
	Hash           []csc.Digest `json:"hash"`
	HashAlgo       string       `json:"hashAlgo,omitempty"`
	SignAlgo       string       `json:"signAlgo"`
	SignAlgoParams string       `json:"signAlgoParams,omitempty"`
	ClientData     string       `json:"clientData,omitempty"`
}

// In is r in the words of v2.
func (r SignHashRequest) In() csc.SignHashRequest {
	return csc.SignHashRequest{
		CredentialID: r.CredentialID, SAD: r.SAD, Hashes: r.Hash, HashAlgorithmOID: r.HashAlgo,
		SignAlgo: r.SignAlgo, SignAlgoParams: r.SignAlgoParams, ClientData: r.ClientData,
	}
}

// LogValue tells a log what may be known: neither the SAD nor what the client
// passes along.
func (r SignHashRequest) LogValue() slog.Value { return r.In().LogValue() }

// SignHashResponse has the signatures in the order of the request's hashes.
type SignHashResponse struct {
	Signatures [][]byte `json:"signatures"`
}
