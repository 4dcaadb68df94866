package csc

import (
	"fmt"
	"log/slog"
)

// A Secret is a SAD, a code, a PIN or a token: it goes on the wire as it is and
// into no log and no error.
//
// It hides itself wherever its methods are asked. fmt does not ask them for an
// unexported field of a struct printed whole, and encoding/json, which writes
// what slog's JSON handler is given as Any, writes it as on the wire. So keep
// Secrets in exported fields, and give a type with a Secret in it a LogValue,
// as those of this package have.
type Secret string

const redacted = "…"

// String hides the secret from whoever wants a string.
func (Secret) String() string { return redacted }

// GoString hides the secret from whoever wants Go source.
func (Secret) GoString() string { return redacted }

// Format hides the secret from fmt, whatever the verb: for one that does not
// fit a string, such as %d, fmt would not ask String.
func (Secret) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(redacted)) }

// LogValue hides the secret from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// LogValue tells a log what may be known: neither the SAD nor what the client
// passes along.
func (r SignHashRequest) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("credentialID", r.CredentialID),
		slog.Int("hashes", len(r.Hashes)),
		slog.String("hashAlgorithmOID", r.HashAlgorithmOID),
		slog.String("signAlgo", r.SignAlgo),
		slog.String("operationMode", r.OperationMode),
		slog.Int("clientData", len(r.ClientData)))
}

// LogValue tells a log what may be known: neither the SAD nor the documents.
func (r SignDocRequest) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("credentialID", r.CredentialID),
		slog.String("signatureQualifier", string(r.SignatureQualifier)),
		slog.Int("documentDigests", len(r.DocumentDigests)),
		slog.Int("documents", len(r.Documents)),
		slog.String("operationMode", r.OperationMode),
		slog.Int("clientData", len(r.ClientData)))
}

// LogValue tells a log what may be known: neither the proof nor what the client
// passes along.
func (r AuthorizeRequest) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("credentialID", r.CredentialID),
		slog.Int("numSignatures", r.NumSignatures),
		slog.Int("hashes", len(r.Hashes)),
		slog.String("hashAlgorithmOID", r.HashAlgorithmOID),
		slog.Int("authData", len(r.AuthData)),
		slog.Int("clientData", len(r.ClientData)))
}

// LogValue names the factor without its proof.
func (a AuthData) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", a.ID))
}

// LogValue tells a log how long the SAD lives.
func (r AuthorizeResponse) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("expiresIn", r.ExpiresIn))
}
