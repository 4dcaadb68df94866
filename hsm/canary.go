package hsm

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/miekg/pkcs11"

	"github.com/pecete/pecete/csc"
)

// CanaryLabel is the label of the key that signs nothing but random numbers, to
// see whether the token can sign.
const CanaryLabel = "pecete canary"

// A canary is that key, as it was when the token was opened. It is not made
// again under way: a token that lost it is another token, or has lost more.
type canary struct {
	id     []byte
	public *ecdsa.PublicKey
}

func (c canary) key() objectKey { return privateKey(c.id) }

// sing signs something new and verifies it. Opening a session, asking for its
// state and even logging in succeed on tokens that are gone; this does not, nor
// would a copy of it prove that the token is there.
func (c canary) sing(s *session) error {
	if c.id == nil {
		return errors.New("no canary yet")
	}
	digest := make([]byte, crypto.SHA256.Size())
	_, _ = rand.Read(digest) // never fails
	signature, err := s.sign(c.id, csc.Algorithm{Scheme: csc.ECDSA, Hash: crypto.SHA256}, digest, s.signCold)
	if err != nil {
		return err
	}
	if !ecdsa.VerifyASN1(c.public, digest, signature) {
		return errWrongSignature
	}
	return nil
}

// hatch finds the canary, or makes it. Two processes that open a new token at
// once may make two; every one is as good.
func (t *Token) hatch(ctx context.Context) error {
	key, err := change(ctx, t, errand{"canary", objectKey{}}, func(s *session) (Key, error) {
		ids, err := s.idsByLabel(pkcs11.CKO_PRIVATE_KEY, CanaryLabel)
		if err != nil {
			return Key{}, err
		}
		if len(ids) > 0 {
			return s.key(slices.MinFunc(ids, bytes.Compare))
		}
		id := newID()
		return s.generate(ctx, csc.P256, id, publicTemplate(csc.P256, id, CanaryLabel), t.privateTemplate(id, CanaryLabel))
	})
	if err != nil {
		return err
	}
	public, ok := key.Public.(*ecdsa.PublicKey)
	if !ok || key.Spec != csc.P256 {
		return fmt.Errorf("key %x: %w: it is %s", key.ID, ErrAttributes, key.Spec)
	}
	t.canary = canary{id: key.ID, public: public}
	return nil
}

// Ready signs with the canary, and does what can be done for it to succeed. An
// error is an UnavailableError.
func (t *Token) Ready(ctx context.Context) error {
	_, err := ask(ctx, t, errand{"canary", t.canary.key()}, func(s *session) (struct{}, error) {
		return struct{}{}, t.canary.sing(s)
	})
	if err != nil {
		return unavailable(fmt.Errorf("sign with the canary: %w", err))
	}
	return nil
}
