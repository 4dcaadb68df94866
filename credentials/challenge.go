package credentials

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/users"
)

const (
	// challengeLife is how long a challenge can be answered.
	challengeLife = 5 * time.Minute
	// A signer is sent so many messages of one kind, at most, in so long, if
	// nothing else is said: each costs somebody money, and attention.
	mostMessages = 5
	messagesIn   = 10 * time.Minute
)

// Challenges are what signers are asked for beyond what they have with them: a
// code that they are sent (§8.3.1.5).
type Challenges struct {
	Store onetime.Store
	// Key keeps whoever reads the store from trying out all codes: 32 random
	// bytes, the same on every server that shares it.
	Key  []byte
	Post notify.Post
	// From is what the service calls itself.
	From string
	// ApproveURL is the page on which signers approve, without a query.
	ApproveURL string
	// ClientName finds what an application is called.
	ClientName func(ctx context.Context, clientID string) (string, error)
	Now        func() time.Time
	// Messages is how many of one kind a signer is sent in ten minutes; 5 if zero.
	Messages int
	// Counter counts them together with the other processes; nil if there are none.
	Counter quota.Counter

	sent *quota.Shared
}

// NewChallenges returns c, ready.
func NewChallenges(c Challenges) *Challenges {
	c.sent = quota.NewShared(c.Counter, "messages", cmp.Or(c.Messages, mostMessages), messagesIn, c.Now)
	return &c
}

// A challenge is what is kept of one.
type challenge struct {
	Version int       `json:"v"`
	MAC     []byte    `json:"mac"` // of what answers it
	Expires time.Time `json:"expires"`
}

const challengeVersion = 1

// An OftenError says that a signer was sent as many messages as he may be for
// now.
type OftenError struct{ Wait time.Duration }

func (e *OftenError) Error() string {
	return fmt.Sprintf("too many messages to one signer, wait %v", e.Wait)
}

// RetryAfter is how long to wait.
func (e *OftenError) RetryAfter() time.Duration { return e.Wait }

// counted counts a message of a kind to a signer; an OftenError if it is one too many.
func (s *Challenges) counted(ctx context.Context, userID, kind string) error {
	wait, err := s.sent.Count(ctx, userID+" "+kind)
	if err == nil && wait > 0 {
		err = &OftenError{wait}
	}
	return err
}

// errNoAddress says that there is no way to send a signer messages of a kind.
var errNoAddress = errors.New("the signer cannot be sent messages of this kind")

// Challenge implements credentials/getChallenge (v2.0.0.2 §11.8). A code goes to
// the signer and not to the client; a number the client shows, and the signer
// types it where he approves. A later challenge takes the earlier's place.
func (a Authorizer) Challenge(ctx context.Context, who Caller, req csc.ChallengeRequest) (csc.ChallengeResponse, error) {
	c, err := a.explicit(ctx, who, req.CredentialID)
	if err != nil {
		return csc.ChallengeResponse{}, err
	}
	o, asks := c.Factors.object(req.AuthObjectID)
	switch {
	case asks && o.shows:
		number, err := a.Challenges.open(ctx, placeOf(who, c, o.ID), numberDigits)
		return csc.ChallengeResponse{Challenge: csc.Secret(number)}, err
	case asks && o.send != nil && !o.apart:
		return csc.ChallengeResponse{}, a.challenge(ctx, who, c, o)
	}
	return csc.ChallengeResponse{}, csc.Invalid("authObjectID")
}

// explicit is a credential of mode explicit that could be authorized now.
func (a Authorizer) explicit(ctx context.Context, who Caller, id string) (Credential, error) {
	c, err := a.Register.find(ctx, who, id)
	if err != nil {
		return c, err
	}
	if err := c.ForHashes(who); err != nil {
		return c, err
	}
	if err := c.Usable(a.Now()); err != nil {
		return c, err
	}
	if c.Mode != csc.Explicit {
		return c, csc.Refused("The credential identified by credentialID is authorized with OAuth 2.0", nil)
	}
	return c, nil
}

// challenge sends the signer a fresh code. It is recorded before, and kept
// before, so that what arrives can be used.
func (a Authorizer) challenge(ctx context.Context, who Caller, c Credential, o object) error {
	signer, err := a.Register.Users.User(ctx, c.UserID)
	if err != nil {
		return fmt.Errorf("read signer: %w", err)
	}
	sender, to := o.send(a.Challenges.Post, signer)
	if sender == nil || to == "" {
		refusal := csc.Invalid("authObjectID")
		refusal.Cause = errNoAddress
		return refusal
	}
	if err := a.Prover.Barred(ctx, c.UserID, o.factor); err != nil {
		return refusedProof(err)
	}
	if err := a.Challenges.counted(ctx, c.UserID, o.ID); err != nil {
		return err
	}
	err = a.Audit.Append(ctx, audit.Entry{
		Event: audit.ChallengeSent, Client: who.ClientID, User: c.UserID, Credential: c.ID, Factor: o.factor,
	})
	if err != nil {
		return err
	}
	code, err := a.Challenges.open(ctx, placeOf(who, c, o.ID), codeDigits)
	if err != nil {
		return err
	}
	letter, err := a.Challenges.codeLetter(ctx, who, c, signer, code)
	if err != nil {
		return err
	}
	return deliver(ctx, sender, letter, to)
}

func deliver(ctx context.Context, sender notify.Sender, letter notify.Letter, to string) error {
	m := letter.SMS(to)
	if !notify.Number(to) {
		var err error
		if m, err = letter.Mail(to); err != nil {
			return err
		}
	}
	return sender.Send(ctx, m)
}

// A place is where a challenge is kept: of a signer as he stands, for a
// credential, an object and a client.
type place string

func placeOf(who Caller, c Credential, object string) place {
	text, err := json.Marshal([]string{c.UserID, c.ID, object, who.ClientID, c.Standing})
	if err != nil {
		panic(err) // strings
	}
	sum := sha256.Sum256(text)
	return place("challenge:" + hex.EncodeToString(sum[:]))
}

// How many digits a code has that is sent, and a number that is shown: who knows
// nothing of either guesses one in ten thousand of these, and needs a code of the
// authenticator beside it.
const (
	codeDigits   = 6
	numberDigits = 4
)

// open makes a code and keeps it in the place of any before it.
func (s *Challenges) open(ctx context.Context, at place, digits int) (string, error) {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	n, err := rand.Int(rand.Reader, most)
	if err != nil {
		return "", fmt.Errorf("make code: %w", err)
	}
	code := fmt.Sprintf("%0*d", digits, n)
	text, err := json.Marshal(challenge{challengeVersion, s.mac(at, code), s.Now().Add(challengeLife)})
	if err != nil {
		return "", fmt.Errorf("encode challenge: %w", err)
	}
	return code, s.replace(ctx, at, text)
}

// replace keeps text, whoever else does so at once.
func (s *Challenges) replace(ctx context.Context, at place, text []byte) error {
	for {
		before, err := s.Store.Get(ctx, string(at))
		switch {
		case errors.Is(err, onetime.ErrUnknown):
			if err = s.Store.Put(ctx, string(at), text, challengeLife); !errors.Is(err, onetime.ErrExists) {
				return doing("keep challenge", err)
			}
		case err != nil:
			return fmt.Errorf("look up challenge: %w", err)
		default:
			if swapped, err := s.Store.Swap(ctx, string(at), before, text, challengeLife); swapped || err != nil {
				return doing("keep challenge", err)
			}
		}
	}
}

func doing(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

func (s *Challenges) mac(at place, code string) []byte {
	mac := hmac.New(sha256.New, s.Key)
	_, _ = mac.Write([]byte(string(at) + " " + code)) // never fails
	return mac.Sum(nil)
}

// errNoChallenge says that nothing can be answered.
var errNoChallenge = errors.New("no challenge, or its time is over")

// kept is the challenge at the place; errNoChallenge if there is none.
func (s *Challenges) kept(ctx context.Context, at place) (c challenge, raw []byte, err error) {
	raw, err = s.Store.Get(ctx, string(at))
	if errors.Is(err, onetime.ErrUnknown) {
		return c, nil, errNoChallenge
	}
	if err != nil {
		return c, nil, fmt.Errorf("look up challenge: %w", err)
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, nil, fmt.Errorf("decode challenge: %w", err)
	}
	if c.Version != challengeVersion || !s.Now().Before(c.Expires) {
		return c, nil, errNoChallenge
	}
	return c, raw, nil
}

// claim is that value answers the challenge at the place. Where none is there is
// nothing to guess.
func (s *Challenges) claim(at place, factor string, value csc.Secret) users.Claim {
	return users.ClaimOther(factor, func(ctx context.Context) (*users.Judge, error) {
		if !sixDigits(value) {
			return &users.Judge{Why: "not six digits"}, nil
		}
		kept, raw, err := s.kept(ctx, at)
		if errors.Is(err, errNoChallenge) {
			return &users.Judge{Why: err.Error()}, nil
		}
		if err != nil {
			return nil, err
		}
		return &users.Judge{
			Right: func(context.Context) (bool, error) { return hmac.Equal(kept.MAC, s.mac(at, string(value))), nil },
			Spend: func(ctx context.Context) (bool, error) {
				spent, err := s.Store.Swap(ctx, string(at), raw, nil, 0)
				return spent, doing("spend challenge", err)
			},
		}, nil
	})
}

func sixDigits(value csc.Secret) bool {
	if len(value) != 6 {
		return false
	}
	for _, r := range string(value) {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}
