package csc

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

// AuthorizeResponse carries the SAD and its life in seconds.
type AuthorizeResponse struct {
	SAD       Secret `json:"SAD"`
	ExpiresIn int    `json:"expiresIn"`
}
