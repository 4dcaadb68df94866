package soak_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"testing"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm/hsmtest/count"
)

// A judge knows what was agreed to, and counts what the device made of it: by
// key and digest, for no two agreements have a digest in common.
type judge struct {
	mu     sync.Mutex
	agreed map[string]*agreement // by each of its signatures
	all    []*agreement
}

// An agreement is one grant.
type agreement struct {
	signer  *signer
	count   int
	digests []csc.Digest
}

// one is what a signature is told from others by.
func one(key string, digest csc.Digest) string {
	sum := sha256.Sum256(digest) // the counting module writes the hash of what is signed
	return key + " " + hex.EncodeToString(sum[:])
}

// agree notes a grant of count signatures, over some of the digests.
func (j *judge) agree(s *signer, count int, digests ...csc.Digest) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.agreed == nil {
		j.agreed = map[string]*agreement{}
	}
	a := &agreement{s, count, digests}
	j.all = append(j.all, a)
	for _, d := range digests {
		j.agreed[one(s.key, d)] = a
	}
}

// A verdict is what the counting module's log says.
type verdict struct {
	made   map[string]int // of each signature
	sum    int            // by keys of signers
	excess int            // beyond what was agreed to
}

// read judges all that is in the log. A signature that was begun when its
// process died counts as made.
func (j *judge) read(t *testing.T, w *town) verdict {
	t.Helper()
	calls, err := count.Read(w.log)
	fine(t, err)
	ours := map[string]bool{}
	for _, s := range w.crowd.all {
		ours[s.key] = true
	}
	v := verdict{made: map[string]int{}}
	for _, call := range calls {
		if ours[call.Key] && call.Signed() {
			v.made[call.Key+" "+call.Input]++
			v.sum++
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for name, n := range v.made {
		if j.agreed[name] == nil {
			t.Errorf("%d signatures of what nobody agreed to: %s", n, name)
			v.excess += n
		}
	}
	for _, a := range j.all {
		if over := v.of(a.signer, a.digests...) - a.count; over > 0 {
			t.Errorf("%d signatures more than the %d agreed to, with key %s", over, a.count, a.signer.key)
			v.excess += over
		}
	}
	return v
}

// of is how many signatures there are of these digests.
func (v verdict) of(s *signer, digests ...csc.Digest) (n int) {
	for _, d := range digests {
		n += v.made[one(s.key, d)]
	}
	return n
}

// good demands that a signature is one.
func good(t *testing.T, public *ecdsa.PublicKey, digest csc.Digest, signature []byte) {
	t.Helper()
	if !ecdsa.VerifyASN1(public, digest, signature) {
		t.Errorf("a signature over %s does not verify", digest)
	}
}

// digestOf is a digest of its own for every name.
func digestOf(name string, args ...any) csc.Digest {
	sum := sha256.Sum256(fmt.Appendf(nil, name, args...))
	return sum[:]
}
