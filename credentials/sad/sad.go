// Package sad keeps signature activation data: the proof that a signer agreed
// to a stated number of signatures, with one credential, until a stated time
// and, at SCAL 2, over stated hashes (v2.0.0.2 §8.2 and §9).
//
// A Grant is made once, by credentials/authorize or by the token endpoint, and
// only ever spent. Spending comes before signing and is never undone: a device
// that fails costs the signer a fresh authorization, because a refund that
// races a timeout would be a second signature nobody agreed to.
package sad

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/pecete/pecete/csc"
)

// DefaultLife and MaxLife bound how long a grant can be spent.
const (
	DefaultLife = 300 * time.Second
	MaxLife     = 900 * time.Second
)

// Skew is how much the clocks of two servers, or one before and after it was
// set, may differ. What was issued later than that from now was issued before
// the clock went back: its age is not known, and it is over.
const Skew = 30 * time.Second

// The rules a use can break. Which one it was is for the log; §11.10 has words
// for the client.
var (
	ErrUnknown    = errors.New("sad: no such grant")
	ErrForeign    = errors.New("sad: grant of another user or client")
	ErrHolder     = errors.New("sad: grant bound to another key or certificate")
	ErrCredential = errors.New("sad: grant for another credential")
	ErrExpired    = errors.New("sad: grant expired")
	ErrSpent      = errors.New("sad: more signatures than agreed")
	ErrHash       = errors.New("sad: hash not agreed")
	ErrAlgorithm  = errors.New("sad: hash algorithm not agreed")
	ErrOver       = errors.New("sad: signer does not stand by the grant any more")
	ErrCount      = errors.New("sad: not as many hashes as are left")
)

// A Grant is what a signer agreed to, less what was spent of it.
type Grant struct {
	ID           string // of the SAD, or a Part of it; safe to log
	UserID       string
	ClientID     string
	CredentialID string
	Issued       time.Time
	Expires      time.Time
	Count        int // agreed
	Left         int // not yet spent
	// Bound says that the grant names its hashes. Hashes are the occurrences
	// not yet spent. HashOID is agreed to with them, or alone, or "" if not.
	Bound   bool
	Hashes  []Agreed
	HashOID string
	// Standing is of the signer before the client, when he agreed.
	Standing string
	// Holder is the key or certificate that whoever spends it must hold, "" if
	// the SAD and its client are enough.
	Holder string
}

// Agreed is one occurrence of a hash and what it was said to be the hash of.
type Agreed struct {
	Digest csc.Digest
	Kind   csc.HashKind
}

// A Use is one attempt to spend a grant: by whom, with which credential, for
// which hashes of what kind.
type Use struct {
	UserID       string // "" for a client that acts for several users
	ClientID     string
	CredentialID string
	Kind         csc.HashKind // DTBSR for signHash, SDR for signDoc
	Hashes       []csc.Digest
	HashOID      string
	Standing     string // of the signer before the client, now
	Holder       string // of what the caller's token is bound to, "" for nothing
}

// New makes a SAD of 256 random bits and the id it is known by.
func New() (value csc.Secret, id string) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	value = csc.Secret(base64.RawURLEncoding.EncodeToString(b[:]))
	return value, ID(value)
}

// ID is what a SAD is kept under: its SHA-256, so that a store that leaks gives
// nobody a signature.
func ID(value csc.Secret) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}

// Part is the id of the grant for one credential, where the SAD id is of several
// grants. No SHA-256 has a dot: whoever reads a Part, in a log, knows no SAD for
// it.
func Part(id, credentialID string) string { return id + "." + credentialID }

// Parts are the ids of the grants behind the SAD id, in the order of the
// credentials they are for: the id itself where there is one.
func Parts(id string, credentialIDs []string) []string {
	if len(credentialIDs) == 1 {
		return []string{id}
	}
	all := make([]string, len(credentialIDs))
	for i, c := range credentialIDs {
		all[i] = Part(id, c)
	}
	return all
}

// Spend returns what is left of g after u, or the rule that u breaks. A hash
// can be spent as often as it was agreed to, and no oftener.
func (g Grant) Spend(u Use, now time.Time) (Grant, error) {
	if err := g.open(u, now); err != nil {
		return g, err
	}
	rest := g
	if g.Bound {
		var all bool
		if rest.Hashes, all = without(g.Hashes, u.Hashes, u.Kind); !all {
			return g, ErrHash
		}
	}
	if g.HashOID != "" && g.HashOID != u.HashOID {
		return g, ErrAlgorithm
	}
	if rest.Left -= len(u.Hashes); rest.Left < 0 || len(u.Hashes) == 0 {
		return g, ErrSpent
	}
	return rest, nil
}

// open returns why g is not u's to use at now, whatever for.
func (g Grant) open(u Use, now time.Time) error {
	switch {
	case g.ClientID != u.ClientID, u.UserID != "" && g.UserID != u.UserID:
		return ErrForeign
	case g.Holder != "" && g.Holder != u.Holder:
		return ErrHolder
	case g.CredentialID != u.CredentialID:
		return ErrCredential
	case g.Standing != u.Standing:
		return ErrOver
	case !now.Before(g.Expires), now.Add(Skew).Before(g.Issued):
		return ErrExpired
	}
	return nil
}

// without strikes out one occurrence for each of the digests that may be spent as
// kind, and reports whether there was one for all. It looks on from where it found
// the last: digests mostly come in the order they were agreed to, and a seal's are
// ten thousand.
func without(agreed []Agreed, digests []csc.Digest, kind csc.HashKind) (left []Agreed, all bool) {
	gone, at := make([]bool, len(agreed)), 0
	for _, d := range digests {
		n := 0
		for ; n < len(agreed); n++ {
			if i := (at + n) % len(agreed); !gone[i] && agreed[i].is(d, kind) {
				gone[i], at = true, i+1
				break
			}
		}
		if n == len(agreed) {
			return nil, false
		}
	}
	for i, a := range agreed {
		if !gone[i] {
			left = append(left, a)
		}
	}
	return left, true
}

func (a Agreed) is(d csc.Digest, kind csc.HashKind) bool {
	return slices.Equal(a.Digest, d) && (a.Kind == "" || a.Kind == kind)
}
