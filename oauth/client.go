package oauth

import (
	"context"
	"errors"
	"time"
)

// A Client is a signature application registered with the authorization
// server (RFC 6749 §2).
type Client struct {
	ID   string // app_ and 16 random bytes in hex
	Name string // shown to signers
	// Profile is which rules hold for it; "" is ProfileCSC.
	Profile string
	// AuthMethod is the one way it proves who it is (RFC 7591 §2). "" is a secret
	// in the header or in the form, which §8.4.4 leaves to the client; it is not
	// for profile fapi2.
	AuthMethod string
	// Verifiers are the verifiers of its live secrets, newest first; two while
	// a secret is being rotated, none if it proves itself otherwise.
	Verifiers [][]byte
	Keys      []byte  // its public keys, a JWK set (RFC 7517); nil if it has none
	TLS       TLSName // of its certificate, with tls_client_auth
	// RequirePAR refuses authorization requests of it that were not pushed.
	RequirePAR bool
	// RequireJAR refuses authorization requests of it that were not signed with one
	// of its keys (RFC 9101 §10.5), which means pushed too.
	RequireJAR bool
	// Bound is what its access tokens must be bound to; "" if to nothing.
	Bound string
	// ResourceServer lets it introspect the tokens of every client.
	ResourceServer bool
	// Logo is the https URI of a picture, "" for none. Only browsers load it.
	Logo         string
	RedirectURIs []string
	// ResponseURIs are those that may be told that its requests of mode A have
	// ended (v2.0.0.2 §11.10, response_uri).
	ResponseURIs []string
	Grants       []string // grant_type values it may use
	Scopes       []string
	Disabled     bool
	Created      time.Time
	// TokensAfter ends all codes and tokens that were issued before; zero ends none.
	TokensAfter time.Time
	// Managed is by what the client changes and ends its own registration; nil for
	// one that only operators do that to.
	Managed *Managed
	// Revision counts its changes. A store replaces only the revision it has.
	Revision int64
}

// A Managed is what a client manages itself by (RFC 7592).
type Managed struct {
	Invitation string    // ID of the one it was registered with
	Hash       string    // SHA-256 of its registration access token, hex
	Allows     Allowance // of that invitation: no change goes beyond it
}

// The profiles. One weakens none of the others: what it allows, it allows to
// its own clients.
const (
	ProfileCSC   = "csc"    // v2.0.0.2 §8.4, with PKCE
	ProfileFAPI2 = "fapi2"  // the FAPI 2.0 Security Profile
	ProfileCSCv1 = "csc-v1" // v1.0.4.0 §8.3, which knows no PKCE
)

// The methods of client authentication (RFC 7591 §2, RFC 8705 §2).
const (
	SecretBasic   = "client_secret_basic"
	SecretPost    = "client_secret_post"
	PrivateKeyJWT = "private_key_jwt"
	TLSAuth       = "tls_client_auth"
	SelfSignedTLS = "self_signed_tls_client_auth"
	NoAuth        = "none"
)

// What tokens can be bound to (RFC 9449, RFC 8705 §3).
const (
	BoundDPoP = "dpop"
	BoundMTLS = "mtls"
)

// A TLSName is the one name a client's certificate is known by (RFC 8705
// §2.1.2): one field is set, the others are "".
type TLSName struct {
	SubjectDN string `json:"subject_dn,omitempty"` // RFC 4514
	SANDNS    string `json:"san_dns,omitempty"`
	SANURI    string `json:"san_uri,omitempty"`
	SANIP     string `json:"san_ip,omitempty"`
	SANEmail  string `json:"san_email,omitempty"`
}

// confidential reports whether c must prove who it is.
func (c Client) confidential() bool {
	if c.AuthMethod == "" {
		return len(c.Verifiers) > 0
	}
	return c.AuthMethod != NoAuth
}

// SelfRegistered reports whether c registered itself, so that nobody here looked
// at what it calls itself.
func (c Client) SelfRegistered() bool { return c.Managed != nil }

// ended reports whether what c was issued at that time has ended since.
func (c Client) ended(issued time.Time) bool { return issued.Before(c.TokensAfter) }

// profile is c.Profile, spelled out.
func (c Client) profile() string { return either(c.Profile, ProfileCSC) }

var (
	// ErrUnknownClient says that there is no such client.
	ErrUnknownClient = errors.New("oauth: unknown client")
	// ErrClientExists says that the client ID is taken.
	ErrClientExists = errors.New("oauth: client exists")
	// ErrClientChanged says that somebody else changed the client meanwhile.
	ErrClientChanged = errors.New("oauth: client was changed meanwhile")
)

// A ClientStore keeps clients and the signers they may act for, durably.
type ClientStore interface {
	// AddClient keeps a new client; ErrClientExists if its ID is taken.
	AddClient(ctx context.Context, c Client) error
	// Client returns the client id; ErrUnknownClient if there is none.
	Client(ctx context.Context, id string) (Client, error)
	// AtOnce is a context in which questions may be answered as of one moment, that
	// of the first: for a request that asks several and changes nothing.
	AtOnce(ctx context.Context) context.Context
	// Clients returns all clients, oldest first.
	Clients(ctx context.Context) ([]Client, error)
	// UpdateClient replaces the client that has c's ID and Revision, and counts the
	// Revision up; ErrUnknownClient if there is none with the ID,
	// ErrClientChanged if its Revision is another. Of any number of UpdateClients
	// of the same Revision one succeeds.
	UpdateClient(ctx context.Context, c Client) error
	// RemoveClient forgets a client and its links; ErrUnknownClient if there is none.
	RemoveClient(ctx context.Context, id string) error
	// Link lets a client act for a user; linking twice changes nothing.
	Link(ctx context.Context, clientID, userID string) error
	// Unlink ends that.
	Unlink(ctx context.Context, clientID, userID string) error
}
