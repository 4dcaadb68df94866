// Package tsa gives time-stamps (RFC 3161): tokens in which somebody says that
// he has seen a digest, and when.
//
// Two can give them. An Authority signs tokens itself, with a key in the device
// that is for nothing else; an Upstream asks another's. Both are Stampers, and
// both hold the token against the request with the same judge before they let it
// go: its status, nonce, digest and time, its signature, and a certificate that
// is for time-stamps alone. A token that a reader refuses next year would take a
// document with it.
//
// Like a signature, a time-stamp is recorded before it is made, and its serial
// number is taken from a store that gives none twice: to every process, and after
// every restart, another one. A number that was taken and not used is a gap, and
// gaps are allowed.
//
// A Stamper answers signatures/timestamp (Timestamp) and the protocol of RFC 3161
// itself over HTTP (Endpoint).
package tsa

import (
	"context"
	"math/big"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

// A Stamper gives time-stamps. An error that passes has Unavailable; a *Refusal
// says what no repetition will change.
type Stamper interface {
	// Stamp gives the DER of a token that answers r.
	Stamp(ctx context.Context, who Asker, r Request) (token []byte, err error)
}

// An Asker is whom a time-stamp is given to, for the record. Strangers have
// neither.
type Asker struct{ ClientID, UserID string }

// Keys is the device as an Authority sees it.
type Keys interface {
	// Sign signs a digest with the key id: RSA as a block of the modulus's
	// length, ECDSA as DER.
	Sign(ctx context.Context, id []byte, alg csc.Algorithm, digest []byte) ([]byte, error)
	// Admit takes room for n signatures without waiting: an error that is
	// Unavailable if there is none. The room is given back with release.
	Admit(n int) (release func(), err error)
}

// Serials counts. No number is ever given twice, to whomever, and each is on the
// disk before it is given.
type Serials interface {
	NextSerial(ctx context.Context) (int64, error)
}

// A Log keeps the record, and says before anything is begun whether it can.
type Log interface {
	Append(ctx context.Context, e audit.Entry) error
	Able() error
}

// mostNonce is how many bytes a nonce may have. Clients send 8, a few send 20.
const mostNonce = 64

func longNonce(n *big.Int) bool { return n.BitLen() > 8*mostNonce }
