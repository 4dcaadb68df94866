package hsm

import (
	"bytes"
	"context"
	"crypto"
	"encoding/asn1"
	"fmt"
	"math/big"

	"github.com/miekg/pkcs11"

	"github.com/pecete/pecete/csc"
)

// hashes says how a hash appears in what a device is given: the DER before the
// digest in a DigestInfo (RFC 8017 §9.2, note 1), and the names PSS has for it.
var hashes = map[crypto.Hash]struct {
	digestInfo []byte
	name, mgf  uint
}{
	crypto.SHA256: {
		[]byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20},
		pkcs11.CKM_SHA256, pkcs11.CKG_MGF1_SHA256,
	},
	crypto.SHA384: {
		[]byte{0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30},
		pkcs11.CKM_SHA384, pkcs11.CKG_MGF1_SHA384,
	},
	crypto.SHA512: {
		[]byte{0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40},
		pkcs11.CKM_SHA512, pkcs11.CKG_MGF1_SHA512,
	},
}

// Sign signs a digest with the private key that has the CKA_ID: RSA gives a
// block of the modulus's length, ECDSA the DER of ECDSA-Sig-Value (RFC 3279
// §2.2.3). A key that does not fit alg is ErrAlgorithm, a digest of another
// length than alg.Hash gives is ErrDigest, both before the device is asked; an
// unknown key is ErrNoKey; UnavailableError is the device's fault or ctx's.
//
// The request is tried again only after an answer that proves that nothing was
// signed: any of C_SignInit, and those of C_Sign that say it did not begin.
func (t *Token) Sign(ctx context.Context, keyID []byte, alg csc.Algorithm, digest []byte) ([]byte, error) {
	if err := checkDigest(alg, digest); err != nil {
		return nil, fmt.Errorf("sign with key %x: %w", keyID, err)
	}
	keyID, digest = bytes.Clone(keyID), bytes.Clone(digest) // ctx may end before the device does
	signature, err := ask(ctx, t, errand{"sign", privateKey(keyID)}, func(s *session) ([]byte, error) {
		return s.sign(keyID, alg, digest, s.signHot)
	})
	if err != nil {
		return nil, fmt.Errorf("sign with key %x: %w", keyID, err)
	}
	return signature, nil
}

// checkDigest refuses what no key can sign.
func checkDigest(alg csc.Algorithm, digest []byte) error {
	if _, ok := hashes[alg.Hash]; !ok {
		return fmt.Errorf("hash %d: %w", alg.Hash, ErrAlgorithm)
	}
	if len(digest) != alg.Hash.Size() {
		return fmt.Errorf("%d bytes for %v: %w", len(digest), alg.Hash, ErrDigest)
	}
	return nil
}

// sign does one signature on this session, as how does.
func (s *session) sign(id []byte, alg csc.Algorithm, digest []byte, how func(objectKey, object, block) ([]byte, error)) ([]byte, error) {
	k := privateKey(id)
	key, err := s.object(k)
	if err != nil {
		return nil, err
	}
	b, err := prepare(key.spec, alg, digest)
	if err != nil {
		return nil, err
	}
	signature, err := how(k, key, b)
	if err != nil {
		return nil, err
	}
	return finish(key.spec, signature)
}

// signCold signs with the key itself and no copy.
func (s *session) signCold(_ objectKey, key object, b block) ([]byte, error) {
	return s.signBlock(b, key.handle)
}

// signBlock has the device sign a block. An error of C_Sign is begun, and the
// session is not used again.
func (s *session) signBlock(b block, key pkcs11.ObjectHandle) (signature []byte, err error) {
	called := false
	if s.direct {
		signature, called, err = s.order.sign(s.token.module.crossing, s.handle, b, key)
	} else if err = s.p11.SignInit(s.handle, b.mechanisms(), key); err == nil {
		called = true
		signature, err = s.p11.Sign(s.handle, b.text)
	}
	if called && err != nil {
		s.broken = true
		return nil, begun(err)
	}
	return signature, err
}

// A block is what a device is given to sign, and how it is to sign it.
type block struct {
	mechanism uint
	hash, mgf uint // of PSS
	salt      uint // of PSS, 0 for other mechanisms
	text      []byte
}

// mechanisms is the block's mechanism as miekg/pkcs11 wants it.
func (b block) mechanisms() []*pkcs11.Mechanism {
	if b.salt == 0 {
		return []*pkcs11.Mechanism{pkcs11.NewMechanism(b.mechanism, nil)}
	}
	return []*pkcs11.Mechanism{pkcs11.NewMechanism(b.mechanism, pkcs11.NewPSSParams(b.hash, b.mgf, b.salt))}
}

// prepare makes what the device is given out of a digest. It is always the
// whole block: the device pads and signs whatever it gets.
func prepare(spec csc.KeySpec, alg csc.Algorithm, digest []byte) (block, error) {
	if err := checkDigest(alg, digest); err != nil {
		return block{}, err
	}
	hash := hashes[alg.Hash]
	size := alg.Hash.Size()
	switch {
	case alg.Scheme == csc.PKCS1v15 && spec.RSA():
		return block{mechanism: pkcs11.CKM_RSA_PKCS, text: append(bytes.Clone(hash.digestInfo), digest...)}, nil
	case alg.Scheme == csc.PSS && spec.RSA():
		if alg.SaltLength < size || alg.SaltLength > maxSalt(spec, alg.Hash) {
			return block{}, fmt.Errorf("salt of %d bytes: %w", alg.SaltLength, ErrAlgorithm)
		}
		return block{
			mechanism: pkcs11.CKM_RSA_PKCS_PSS, hash: hash.name, mgf: hash.mgf, salt: uint(alg.SaltLength), text: digest,
		}, nil
	case alg.Scheme == csc.ECDSA && spec.Known() && !spec.RSA() && size*8 <= spec.Bits():
		return block{mechanism: pkcs11.CKM_ECDSA, text: digest}, nil
	}
	return block{}, fmt.Errorf("%s with %v and a key of %s: %w", alg.Scheme, alg.Hash, spec, ErrAlgorithm)
}

// maxSalt is the longest salt that fits into a key (RFC 8017 §9.1.1).
func maxSalt(spec csc.KeySpec, h crypto.Hash) int { return (spec.Bits()+6)/8 - h.Size() - 2 }

// finish makes the signature we answer with out of the device's.
func finish(spec csc.KeySpec, signature []byte) ([]byte, error) {
	if !spec.RSA() {
		return encodeECDSA(spec, signature)
	}
	if len(signature) != spec.Bits()/8 {
		return nil, fmt.Errorf("the device's signature has %d bytes, want %d", len(signature), spec.Bits()/8)
	}
	return signature, nil
}

// encodeECDSA makes DER out of r‖s, in which each has the length of the curve's
// order (PKCS#11 v2.40 §2.3.1). What cannot be a signature is refused.
func encodeECDSA(spec csc.KeySpec, raw []byte) ([]byte, error) {
	size := (spec.Bits() + 7) / 8
	if len(raw) != 2*size {
		return nil, fmt.Errorf("the device's signature has %d bytes, want %d", len(raw), 2*size)
	}
	r, s := new(big.Int).SetBytes(raw[:size]), new(big.Int).SetBytes(raw[size:])
	order := curveOf(spec).Params().N
	for _, n := range []*big.Int{r, s} {
		if n.Sign() == 0 || n.Cmp(order) >= 0 {
			return nil, fmt.Errorf("the device's signature has a number outside of 1…n−1")
		}
	}
	return asn1.Marshal(struct{ R, S *big.Int }{r, s})
}
