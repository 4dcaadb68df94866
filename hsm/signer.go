package hsm

import (
	"context"
	"crypto"
	"crypto/rsa"
	"fmt"
	"io"
	"time"

	"github.com/pecete/pecete/csc"
)

// signerWait is how long a signature by a Signer may take: crypto.Signer knows
// no context.
const signerWait = 10 * time.Second

// A signer is a key for those who know only crypto.Signer.
type signer struct {
	token *Token
	key   Key
	ctx   context.Context // for its values; it never ends
}

// Signer is the key pair with the CKA_ID for certificates, requests and TLS. It
// lives as long as the token, whatever becomes of ctx; each signature may take
// ten seconds.
func (t *Token) Signer(ctx context.Context, id []byte) (crypto.Signer, error) {
	key, err := t.Key(ctx, id)
	if err != nil {
		return nil, err
	}
	return &signer{token: t, key: key, ctx: context.WithoutCancel(ctx)}, nil
}

// Public is the public key.
func (s *signer) Public() crypto.PublicKey { return s.key.Public }

// Sign signs a digest; the randomness is the device's. RSA is PKCS#1 v1.5
// unless opts are *rsa.PSSOptions, with the longest salt for PSSSaltLengthAuto.
func (s *signer) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	alg, err := algorithm(s.key.Spec, opts)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(s.ctx, signerWait)
	defer cancel()
	return s.token.Sign(ctx, s.key.ID, alg, digest)
}

func algorithm(spec csc.KeySpec, opts crypto.SignerOpts) (csc.Algorithm, error) {
	if opts == nil {
		return csc.Algorithm{}, fmt.Errorf("no hash: %w", ErrAlgorithm)
	}
	alg := csc.Algorithm{Scheme: csc.ECDSA, Hash: opts.HashFunc()}
	if !spec.RSA() {
		return alg, nil
	}
	pss, ok := opts.(*rsa.PSSOptions)
	if !ok {
		alg.Scheme = csc.PKCS1v15
		return alg, nil
	}
	if _, ok := hashes[alg.Hash]; !ok {
		return alg, fmt.Errorf("hash %d: %w", alg.Hash, ErrAlgorithm)
	}
	alg.Scheme, alg.SaltLength = csc.PSS, pss.SaltLength
	switch pss.SaltLength {
	case rsa.PSSSaltLengthAuto:
		alg.SaltLength = maxSalt(spec, alg.Hash)
	case rsa.PSSSaltLengthEqualsHash:
		alg.SaltLength = alg.Hash.Size()
	}
	return alg, nil
}
