package hsm

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"
)

// A sealed text is the version, the nonce, and what AES-256-GCM makes of the
// plaintext, with its tag at the end. The version is authenticated too.
const (
	sealVersion = 1
	nonceLength = 12
	tagLength   = 16
)

// Seal encrypts plaintext with the secret key that has the CKA_ID and binds it
// to aad, which OpenSealed must be given again. The nonce is random and new: a
// key may seal about 2³² texts.
func (t *Token) Seal(ctx context.Context, id, plaintext, aad []byte) ([]byte, error) {
	id, plaintext, aad = bytes.Clone(id), bytes.Clone(plaintext), versioned(aad)
	sealed, err := ask(ctx, t, errand{"seal", secretKey(id)}, func(s *session) ([]byte, error) {
		return s.seal(id, plaintext, aad)
	})
	if err != nil {
		return nil, fmt.Errorf("seal with key %x: %w", id, err)
	}
	return sealed, nil
}

// OpenSealed decrypts what Seal made with the same key and aad. Anything else
// is ErrSealed.
func (t *Token) OpenSealed(ctx context.Context, id, sealed, aad []byte) ([]byte, error) {
	if len(sealed) < 1+nonceLength+tagLength || sealed[0] != sealVersion {
		return nil, fmt.Errorf("open with key %x: %w", id, ErrSealed)
	}
	id, sealed, aad = bytes.Clone(id), bytes.Clone(sealed), versioned(aad)
	plaintext, err := ask(ctx, t, errand{"open", secretKey(id)}, func(s *session) ([]byte, error) {
		return s.open(id, sealed, aad)
	})
	if refusesText(err) {
		err = fmt.Errorf("%w: %w", ErrSealed, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open with key %x: %w", id, err)
	}
	return plaintext, nil
}

func versioned(aad []byte) []byte { return append([]byte{sealVersion}, aad...) }

func (s *session) seal(id, plaintext, aad []byte) ([]byte, error) {
	key, err := s.object(secretKey(id))
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, nonceLength)
	_, _ = rand.Read(nonce) // never fails
	params := pkcs11.NewGCMParams(nonce, aad, tagLength*8)
	defer params.Free()
	if err := s.p11.EncryptInit(s.handle, gcm(params), key.handle); err != nil {
		return nil, err
	}
	ciphertext, err := s.p11.Encrypt(s.handle, plaintext)
	if err != nil {
		s.broken = true
		return nil, err
	}
	if used := params.IV(); !bytes.Equal(used, nonce) { // some devices insist on their own
		if len(used) != nonceLength {
			return nil, fmt.Errorf("the device chose a nonce of %d bytes", len(used))
		}
		nonce = used
	}
	if len(ciphertext) != len(plaintext)+tagLength {
		return nil, fmt.Errorf("the device made %d bytes of %d", len(ciphertext), len(plaintext))
	}
	return append(append([]byte{sealVersion}, nonce...), ciphertext...), nil
}

func (s *session) open(id, sealed, aad []byte) ([]byte, error) {
	key, err := s.object(secretKey(id))
	if err != nil {
		return nil, err
	}
	params := pkcs11.NewGCMParams(sealed[1:1+nonceLength], aad, tagLength*8)
	defer params.Free()
	if err := s.p11.DecryptInit(s.handle, gcm(params), key.handle); err != nil {
		return nil, err
	}
	plaintext, err := s.p11.Decrypt(s.handle, sealed[1+nonceLength:])
	if err != nil {
		s.broken = true
		return nil, err
	}
	return plaintext, nil
}

func gcm(params *pkcs11.GCMParams) []*pkcs11.Mechanism {
	return []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_GCM, params)}
}

// refusesText reports whether err, with which the ladder has ended, means that
// the text does not open. SoftHSM says GENERAL_ERROR to that: the canary has
// signed since then, and so it is not the device.
func refusesText(err error) bool {
	var code pkcs11.Error
	var ill *UnavailableError
	if errors.As(err, &ill) || !errors.As(err, &code) {
		return false
	}
	switch code {
	case pkcs11.CKR_ENCRYPTED_DATA_INVALID, pkcs11.CKR_ENCRYPTED_DATA_LEN_RANGE,
		pkcs11.CKR_DATA_INVALID, pkcs11.CKR_GENERAL_ERROR, pkcs11.CKR_FUNCTION_FAILED:
		return true
	}
	return false
}
