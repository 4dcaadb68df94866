package hsm

import (
	"context"
	"fmt"

	"github.com/miekg/pkcs11"
)

// A Held is a key pair, or what is left of one, as the token lists it.
type Held struct {
	ID    []byte // CKA_ID
	Label string
}

// List is every key pair on the token, also one of which only a half is there.
// It reads the whole token.
func (t *Token) List(ctx context.Context) ([]Held, error) {
	held, err := ask(ctx, t, errand{"find", objectKey{}}, (*session).pairs)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return held, nil
}

func (s *session) pairs() ([]Held, error) {
	var all []Held
	seen := map[string]bool{}
	for _, class := range []uint{pkcs11.CKO_PRIVATE_KEY, pkcs11.CKO_PUBLIC_KEY} {
		handles, err := s.search([]*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true), // and no copy
			pkcs11.NewAttribute(pkcs11.CKA_CLASS, class),
		})
		if err != nil {
			return nil, err
		}
		for _, h := range handles {
			id, err := s.attribute(h, pkcs11.CKA_ID)
			if err != nil {
				return nil, err
			}
			label, err := s.attribute(h, pkcs11.CKA_LABEL)
			if err != nil {
				return nil, err
			}
			if !seen[string(id)] {
				all = append(all, Held{ID: id, Label: string(label)})
			}
			seen[string(id)] = true
		}
	}
	return all, nil
}
