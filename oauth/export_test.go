package oauth

// SignatureOf is what is kept of a token.
func SignatureOf(token string) string { return signatureOf(token) }
