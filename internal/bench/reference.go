package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
)

// callers is how many goroutines ask the pool for signatures: enough that no
// worker of it ever waits.
const callers = 16

// A reference is the pool with keys of a crowd.
type reference struct {
	token *hsm.Token
	keys  []hsm.Key
	byID  map[string]hsm.Key // by credential
	alg   csc.Algorithm
}

// newReference finds the keys of a crowd, whose labels are their credentials.
func newReference(ctx context.Context, token *hsm.Token, signers []*signer, alg csc.Algorithm) (*reference, error) {
	r := &reference{token: token, alg: alg, byID: map[string]hsm.Key{}}
	for _, s := range signers {
		key, err := token.Find(ctx, s.Credential)
		if err != nil {
			return nil, err
		}
		r.keys = append(r.keys, key)
		r.byID[s.Credential] = key
	}
	return r, nil
}

// play signs for a time, and verifies if asked to.
func (r *reference) play(ctx context.Context, verified bool, long time.Duration) (run, error) {
	end := time.Now().Add(long)
	var all sync.WaitGroup
	var n, turn atomic.Int64
	faults := make([]error, callers)
	for i := range callers {
		all.Go(func() {
			digest := make([]byte, r.alg.Hash.Size())
			for time.Now().Before(end) && ctx.Err() == nil {
				key := r.keys[int(turn.Add(1))%len(r.keys)]
				signature, err := r.token.Sign(ctx, key.ID, r.alg, digest)
				if err == nil && verified && !verifies(key, r.alg, digest, signature) {
					err = errors.New("the signature does not verify")
				}
				if err != nil {
					faults[i] = err
					return
				}
				n.Add(1)
			}
		})
	}
	all.Wait()
	return run{signatures: int(n.Load())}, errors.Join(append(faults, ctx.Err())...)
}

// check verifies what a server signed.
func (r *reference) check(samples []sample) error {
	for _, s := range samples {
		key, ok := r.byID[s.credential]
		digest, err := base64.StdEncoding.DecodeString(s.digest)
		if err != nil {
			return err
		}
		if !ok || !verifies(key, r.alg, digest, s.signature) {
			return fmt.Errorf("a signature of %s does not verify", s.credential)
		}
	}
	return nil
}

func verifies(key hsm.Key, alg csc.Algorithm, digest, signature []byte) bool {
	switch public := key.Public.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(public, digest, signature)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, alg.Hash, digest, signature) == nil
	}
	return false
}
