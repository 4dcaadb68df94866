package enrolment

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"

	"github.com/pecete/pecete/csc"
)

// tokenBytes is how long a link's token is.
const tokenBytes = 32

// renew gives e a new link in the place of any before it, and returns the letter
// that brings it. Nobody but the letter has the token.
func (o *Office) renew(e *Enrolment, link Link) letter {
	var b [tokenBytes]byte
	_, _ = rand.Read(b[:]) // never fails
	token := csc.Secret(base64.RawURLEncoding.EncodeToString(b[:]))
	*e.sent(link) = Sent{Hash: hashOf(link, token), Expires: o.now().Add(cmp.Or(o.Life, linkLife))}
	return letter{link: link, token: token}
}

func (e *Enrolment) sent(link Link) *Sent {
	if link == LinkPair {
		return &e.Pair
	}
	return &e.Activate
}

// hashOf is what is kept of a token, for the one thing that it is for.
func hashOf(link Link, token csc.Secret) string {
	sum := sha256.Sum256([]byte("pecete enrolment " + string(link) + " " + string(token)))
	return hex.EncodeToString(sum[:])
}

// Find returns the enrolment whose link that is, and changes nothing: ErrLink,
// ErrUsed, ErrExpired or ErrCancelled if the link is not good. With ErrUsed and
// ErrExpired the enrolment is told too, so that a page can say what is next.
func (o *Office) Find(ctx context.Context, link Link, token csc.Secret) (Enrolment, error) {
	if raw, err := base64.RawURLEncoding.Strict().DecodeString(string(token)); err != nil || len(raw) != tokenBytes {
		return Enrolment{}, ErrLink
	}
	e, err := o.Store.EnrolmentByLink(ctx, link, hashOf(link, token))
	if errors.Is(err, ErrUnknown) {
		return Enrolment{}, ErrLink
	}
	if err != nil {
		return Enrolment{}, err
	}
	switch sent := e.sent(link); {
	case e.State == Cancelled:
		return Enrolment{}, ErrCancelled
	case sent.Used:
		return e, ErrUsed
	case !o.Now().Before(sent.Expires):
		return e, ErrExpired
	}
	return e, nil
}
