package csc

import "log/slog"

// ChallengeRequest is the body of credentials/getChallenge (v2.0.0.2 §11.8).
type ChallengeRequest struct {
	CredentialID string `json:"credentialID"`
	AuthObjectID string `json:"authObjectID"`
	ClientData   string `json:"clientData,omitempty"`
}

// ChallengeResponse has the challenge that the client shows the signer. There is
// none, and no body either, where the signer got it in another way.
type ChallengeResponse struct {
	Challenge Secret `json:"challenge"`
}

// LogValue tells a log that there is a challenge, and not what it is.
func (r ChallengeResponse) LogValue() slog.Value {
	return slog.GroupValue(slog.Bool("shown", r.Challenge != ""))
}
