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
	// Verifiers are the verifiers of its live secrets, newest first; two while
	// a secret is being rotated, none for a public client.
	Verifiers    [][]byte
	RedirectURIs []string
	Grants       []string // grant_type values it may use
	Scopes       []string
	Disabled     bool
	Created      time.Time
}

var (
	// ErrUnknownClient says that there is no such client.
	ErrUnknownClient = errors.New("oauth: unknown client")
	// ErrClientExists says that the client ID is taken.
	ErrClientExists = errors.New("oauth: client exists")
)

// A ClientStore keeps clients and the signers they may act for, durably.
type ClientStore interface {
	// AddClient keeps a new client; ErrClientExists if its ID is taken.
	AddClient(ctx context.Context, c Client) error
	// Client returns the client id; ErrUnknownClient if there is none.
	Client(ctx context.Context, id string) (Client, error)
	// Clients returns all clients, oldest first.
	Clients(ctx context.Context) ([]Client, error)
	// UpdateClient replaces a client; ErrUnknownClient if there is none.
	UpdateClient(ctx context.Context, c Client) error
	// RemoveClient forgets a client and its links.
	RemoveClient(ctx context.Context, id string) error
	// Link lets a client act for a user; linking twice changes nothing.
	Link(ctx context.Context, clientID, userID string) error
	// Unlink ends that.
	Unlink(ctx context.Context, clientID, userID string) error
}
