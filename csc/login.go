package csc

// LoginRequest is the body of auth/login (v2.0.0.2 §11.2). Without RefreshToken
// the signer's name and password are in the header.
type LoginRequest struct {
	RefreshToken Secret `json:"refresh_token,omitempty"`
	RememberMe   bool   `json:"rememberMe,omitempty"`
	ClientData   string `json:"clientData,omitempty"`
}

// LoginResponse carries a service token and its life in seconds, and a refresh
// token if there is one.
type LoginResponse struct {
	AccessToken  Secret `json:"access_token"`
	RefreshToken Secret `json:"refresh_token,omitempty"`
	ExpiresIn    int    `json:"expires_in"`
}

// RevokeRequest is the body of auth/revoke (v2.0.0.2 §11.3).
type RevokeRequest struct {
	Token         Secret `json:"token"`
	TokenTypeHint string `json:"token_type_hint,omitempty"`
	ClientData    string `json:"clientData,omitempty"`
}

// RevokeResponse is the answer of auth/revoke, which has no body.
type RevokeResponse struct{}
