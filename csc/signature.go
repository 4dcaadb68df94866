package csc

// The values of operationMode (v2.0.0.2 §11.10).
const (
	ModeSynchronous  = "S" // the default: the signatures are in the answer
	ModeAsynchronous = "A" // the answer says by which name to ask for them
)

// Operation is how a signature is asked for: with what besides mode A has no
// effect without it.
type Operation struct {
	OperationMode string `json:"operationMode,omitempty"`
	// ValidityPeriod is how long the result can be had, in milliseconds.
	ValidityPeriod int `json:"validity_period,omitempty"`
	// ResponseURI is told when there is one; nobody if "".
	ResponseURI string `json:"response_uri,omitempty"`
}

// Asynchronous reports whether nobody waits for the signatures.
func (o Operation) Asynchronous() bool { return o.OperationMode == ModeAsynchronous }

// SignHashRequest is the body of signatures/signHash (v2.0.0.2 §11.10).
type SignHashRequest struct {
	CredentialID     string   `json:"credentialID"`
	SAD              Secret   `json:"SAD,omitempty"`
	Hashes           []Digest `json:"hashes"`
	HashAlgorithmOID string   `json:"hashAlgorithmOID,omitempty"`
	SignAlgo         string   `json:"signAlgo"`
	SignAlgoParams   string   `json:"signAlgoParams,omitempty"`
	Operation
	ClientData string `json:"clientData,omitempty"`
}

// SignHashResponse has the signatures in the order of the request's hashes: RSA
// as a block of the modulus's length, ECDSA as DER. In mode A it has the
// ResponseID alone, which signatures/signPolling takes as requestID.
type SignHashResponse struct {
	Signatures [][]byte `json:"signatures,omitempty"`
	ResponseID string   `json:"responseID,omitempty"`
}

// SignPollingRequest is the body of signatures/signPolling (v2.0.0.2 §11.12).
type SignPollingRequest struct {
	RequestID  string `json:"requestID"`
	UserID     string `json:"userID,omitempty"`
	ClientData string `json:"clientData,omitempty"`
}

// SignPollingResponse is what signatures/signHash or signatures/signDoc would
// have answered in mode S.
type SignPollingResponse struct {
	Signatures            [][]byte `json:"signatures,omitempty"`
	DocumentWithSignature [][]byte `json:"DocumentWithSignature,omitempty"`
	SignatureObject       [][]byte `json:"SignatureObject,omitempty"`
}
