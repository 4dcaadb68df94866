package csc

// TimestampRequest is the body of signatures/timestamp (v2.0.0.2 §11.13). Its
// names are those of v1.
type TimestampRequest struct {
	Hash       Digest `json:"hash"`
	HashAlgo   string `json:"hashAlgo"`
	Nonce      string `json:"nonce,omitempty"` // hexadecimal
	ClientData string `json:"clientData,omitempty"`
}

// TimestampResponse has the time-stamp token, DER (RFC 3161 §2.4.2, RFC 5816).
type TimestampResponse struct {
	Timestamp []byte `json:"timestamp"`
}
