package csc

// SignHashRequest is the body of signatures/signHash (v2.0.0.2 §11.10).
type SignHashRequest struct {
	CredentialID     string   `json:"credentialID"`
	SAD              Secret   `json:"SAD,omitempty"`
	Hashes           []Digest `json:"hashes"`
	HashAlgorithmOID string   `json:"hashAlgorithmOID,omitempty"`
	SignAlgo         string   `json:"signAlgo"`
	SignAlgoParams   string   `json:"signAlgoParams,omitempty"`
	OperationMode    string   `json:"operationMode,omitempty"`
	ClientData       string   `json:"clientData,omitempty"`
}

// SignHashResponse has the signatures in the order of the request's hashes:
// RSA as a block of the modulus's length, ECDSA as DER.
type SignHashResponse struct {
	Signatures [][]byte `json:"signatures"`
}
