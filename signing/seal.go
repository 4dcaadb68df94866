package signing

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
)

// A Seal keeps what jobs came to from whoever reads their store, and does not
// let him change it: AES-256-GCM under a key that all processes of a server have.
type Seal struct{ aead cipher.AEAD }

// NewSeal makes a Seal of a key of 32 bytes.
func NewSeal(key []byte) (*Seal, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("signing: a key of %d bytes to seal with", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return &Seal{aead}, nil
}

// errSeal says that what was kept is not what was sealed.
var errSeal = errors.New("signing: the seal is broken, or of another key")

func (s *Seal) close(aad, text []byte) []byte {
	nonce := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+len(text)+s.aead.Overhead())
	_, _ = rand.Read(nonce) // never fails
	return s.aead.Seal(nonce, nonce, text, aad)
}

func (s *Seal) open(aad, sealed []byte) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, errSeal
	}
	text, err := s.aead.Open(nil, sealed[:n], sealed[n:], aad)
	if err != nil {
		return nil, errSeal
	}
	return text, nil
}
