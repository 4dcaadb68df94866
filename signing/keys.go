package signing

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/failpoint"
)

// Keys is the device as signing sees it.
type Keys interface {
	// Sign signs a digest with the key id: RSA as a block of the modulus's
	// length, ECDSA as DER.
	Sign(ctx context.Context, id []byte, alg csc.Algorithm, digest []byte) ([]byte, error)
	// Admit takes room for a request of n signatures before anything is spent
	// for it, without waiting: an error that is Unavailable if there is none.
	// The room is given back with release.
	Admit(n int) (release func(), err error)
}

// ErrWrongSignature says that what the device gave does not verify with the
// certificate's key. It has not left the server, and an operator must look.
var ErrWrongSignature = errors.New("signing: the device's signature does not verify with the certificate")

// signAll has the device sign every item; signatures are in the order of the
// items, all of them verified, or there are none. While some are verified the
// device signs the next. Nothing is begun after the first error.
func (s Signer) signAll(ctx context.Context, key []byte, public crypto.PublicKey, items []item) ([][]byte, error) {
	if len(items) == 1 { // by far the most
		signature, err := s.signOne(ctx, key, public, items[0])
		if err != nil {
			return nil, err
		}
		return [][]byte{signature}, nil
	}
	signatures := make([][]byte, len(items))
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(s.parallel(), len(items)) {
		group.Go(func() error {
			for i := int(next.Add(1)) - 1; i < len(items); i = int(next.Add(1)) - 1 {
				if err := ctx.Err(); err != nil {
					return fmt.Errorf("sign with key %x: %w", key, err)
				}
				signature, err := s.signOne(ctx, key, public, items[i])
				if err != nil {
					return err
				}
				signatures[i] = signature
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return signatures, nil
}

// signOne has the device sign an item, and verifies what it gives.
func (s Signer) signOne(ctx context.Context, key []byte, public crypto.PublicKey, i item) ([]byte, error) {
	failpoint.Hit(failpoint.BeforeSign)
	signature, err := s.Keys.Sign(ctx, key, i.algorithm, i.digest)
	failpoint.Hit(failpoint.AfterSign)
	if err != nil {
		return nil, fmt.Errorf("sign with key %x: %w", key, err)
	}
	if !verifies(public, i.algorithm, i.digest, signature) {
		return nil, fmt.Errorf("key %x: %w", key, ErrWrongSignature)
	}
	return signature, nil
}

func (s Signer) parallel() int {
	if s.Parallel < 1 {
		return 4
	}
	return s.Parallel
}

// verifies reports whether the signature is one over the digest, made by alg
// with the key of the certificate.
func verifies(public crypto.PublicKey, alg csc.Algorithm, digest csc.Digest, signature []byte) bool {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if alg.Scheme == csc.PSS {
			opts := &rsa.PSSOptions{SaltLength: alg.SaltLength, Hash: alg.Hash}
			return rsa.VerifyPSS(key, alg.Hash, digest, signature, opts) == nil
		}
		return alg.Scheme == csc.PKCS1v15 && rsa.VerifyPKCS1v15(key, alg.Hash, digest, signature) == nil
	case *ecdsa.PublicKey:
		return alg.Scheme == csc.ECDSA && ecdsa.VerifyASN1(key, digest, signature)
	}
	return false
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

func fingerprints(signatures [][]byte) []string {
	var sums []string
	for _, signature := range signatures {
		sum := sha256.Sum256(signature)
		sums = append(sums, hex.EncodeToString(sum[:]))
	}
	return sums
}
