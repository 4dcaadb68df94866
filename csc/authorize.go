package csc

import "encoding/json"

// AuthorizeRequest is the body of credentials/authorize (v2.0.0.2 §11.6).
type AuthorizeRequest struct {
	CredentialID     string     `json:"credentialID"`
	NumSignatures    int        `json:"numSignatures"`
	Hashes           []Digest   `json:"hashes,omitempty"`
	HashAlgorithmOID string     `json:"hashAlgorithmOID,omitempty"`
	AuthData         []AuthData `json:"authData,omitempty"`
	Description      string     `json:"description,omitempty"`
	ClientData       string     `json:"clientData,omitempty"`
}

// AuthData is the proof of one factor. Value is a Secret: it is never logged.
type AuthData struct {
	ID    string `json:"id"`
	Value Secret `json:"value,omitempty"`
}

// AuthorizeResponse carries the SAD and its life in seconds, also in
// credentials/authorizeCheck (§11.7).
type AuthorizeResponse struct {
	SAD       Secret `json:"SAD"`
	ExpiresIn int    `json:"expiresIn"`
	// Pending, if set, is the whole answer: the signer has yet to approve.
	Pending *PendingResponse `json:"-"`
}

// PendingResponse carries what credentials/authorizeCheck is asked with.
type PendingResponse struct {
	Handle Secret `json:"handle"`
}

// MarshalJSON writes what there is: the SAD, or how to ask for it.
func (r AuthorizeResponse) MarshalJSON() ([]byte, error) {
	if r.Pending != nil {
		return json.Marshal(r.Pending)
	}
	type granted AuthorizeResponse
	return json.Marshal(granted(r))
}

// AuthorizeCheckRequest is the body of credentials/authorizeCheck (§11.7).
type AuthorizeCheckRequest struct {
	Handle Secret `json:"handle"`
}

// ExtendRequest is the body of credentials/extendTransaction (v2.0.0.2 §11.9),
// which is answered as credentials/authorize is.
type ExtendRequest struct {
	CredentialID     string   `json:"credentialID"`
	Hashes           []Digest `json:"hashes,omitempty"`
	HashAlgorithmOID string   `json:"hashAlgorithmOID,omitempty"`
	SAD              Secret   `json:"SAD"`
	ClientData       string   `json:"clientData,omitempty"`
}
