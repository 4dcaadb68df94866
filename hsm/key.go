package hsm

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"slices"

	"github.com/miekg/pkcs11"

	"github.com/pecete/pecete/csc"
)

// A Key is a key pair on the token.
type Key struct {
	ID     []byte // CKA_ID
	Spec   csc.KeySpec
	Public crypto.PublicKey // *rsa.PublicKey or *ecdsa.PublicKey
}

// key reads the key pair with the id.
func (s *session) key(id []byte) (Key, error) {
	private, err := s.object(privateKey(id))
	if err != nil {
		return Key{}, err
	}
	handle, err := s.only(publicKey(id))
	if err != nil {
		return Key{}, fmt.Errorf("public key: %w", err)
	}
	spec, public, err := s.public(handle)
	if err != nil {
		return Key{}, fmt.Errorf("public key: %w", err)
	}
	if spec != private.spec {
		return Key{}, fmt.Errorf("the private key is %s and the public key %s", private.spec, spec)
	}
	return Key{ID: bytes.Clone(id), Spec: spec, Public: public}, nil
}

// idsByLabel lists the CKA_IDs of the objects of a class with a label.
func (s *session) idsByLabel(class uint, label string) ([][]byte, error) {
	handles, err := s.search([]*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true), // and no copy
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, class),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
	})
	if err != nil {
		return nil, err
	}
	var ids [][]byte
	for _, h := range handles {
		id, err := s.attribute(h, pkcs11.CKA_ID)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// idByLabel is for labels that only one object may have.
func (s *session) idByLabel(class uint, label string) ([]byte, error) {
	if label == "" {
		return nil, ErrNoKey
	}
	ids, err := s.idsByLabel(class, label)
	switch {
	case err != nil:
		return nil, err
	case len(ids) == 0:
		return nil, ErrNoKey
	case len(ids) > 1:
		return nil, errDuplicate
	}
	return ids[0], nil
}

// FindAll are the key pairs with the label, by their ids; none is no error.
func (t *Token) FindAll(ctx context.Context, label string) ([]Key, error) {
	keys, err := ask(ctx, t, errand{"find", objectKey{}}, func(s *session) (keys []Key, err error) {
		ids, err := s.idsByLabel(pkcs11.CKO_PRIVATE_KEY, label)
		slices.SortFunc(ids, bytes.Compare)
		for _, id := range ids {
			key, err := s.key(id)
			if err != nil {
				return nil, err
			}
			keys = append(keys, key)
		}
		return keys, err
	})
	if err != nil {
		return nil, fmt.Errorf("find keys %q: %w", label, err)
	}
	return keys, nil
}

// Find is the key pair with the label, ErrNoKey if there is none. Two with the
// same label are an error.
func (t *Token) Find(ctx context.Context, label string) (Key, error) {
	key, err := ask(ctx, t, errand{"find", objectKey{}}, func(s *session) (Key, error) {
		id, err := s.idByLabel(pkcs11.CKO_PRIVATE_KEY, label)
		if err != nil {
			return Key{}, err
		}
		return s.key(id)
	})
	if err != nil {
		return Key{}, fmt.Errorf("find key %q: %w", label, err)
	}
	return key, nil
}

// Key is the key pair with the CKA_ID, ErrNoKey if there is none.
func (t *Token) Key(ctx context.Context, id []byte) (Key, error) {
	id = bytes.Clone(id)
	key, err := ask(ctx, t, errand{"find", privateKey(id)}, func(s *session) (Key, error) { return s.key(id) })
	if err != nil {
		return Key{}, fmt.Errorf("find key %x: %w", id, err)
	}
	return key, nil
}

// FindSecret is the CKA_ID of the secret key with the label, ErrNoKey if there
// is none.
func (t *Token) FindSecret(ctx context.Context, label string) ([]byte, error) {
	id, err := ask(ctx, t, errand{"find", objectKey{}}, func(s *session) ([]byte, error) {
		return s.idByLabel(pkcs11.CKO_SECRET_KEY, label)
	})
	if err != nil {
		return nil, fmt.Errorf("find secret key %q: %w", label, err)
	}
	return id, nil
}

// Destroy removes the key pair, or the secret key, with the CKA_ID, and looks
// that nothing of it is left.
func (t *Token) Destroy(ctx context.Context, id []byte) error {
	id = bytes.Clone(id)
	var some bool // of it was destroyed, perhaps before a retry
	_, err := change(ctx, t, errand{"destroy", privateKey(id)}, func(s *session) (struct{}, error) {
		n, err := s.destroy(id)
		some = some || n > 0
		if err == nil && !some {
			err = ErrNoKey
		}
		return struct{}{}, err
	})
	if err != nil {
		return fmt.Errorf("destroy key %x: %w", id, err)
	}
	return nil
}

// destroy removes every key with the id and its copy, and says how many it
// removed. No copy is made meanwhile, and none can be afterwards.
func (s *session) destroy(id []byte) (n int, err error) {
	c := &s.token.copies
	c.making.Lock()
	defer c.making.Unlock()
	c.retire(privateKey(id))
	s.sweep()
	for _, k := range []objectKey{privateKey(id), publicKey(id), secretKey(id)} {
		if k.id == "" {
			return 0, ErrNoKey
		}
		template := []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_CLASS, k.class),
			pkcs11.NewAttribute(pkcs11.CKA_ID, id),
		}
		handles, err := s.search(template)
		if err != nil {
			return n, err
		}
		for _, h := range handles {
			if err := s.p11.DestroyObject(s.handle, h); err != nil {
				return n, fmt.Errorf("destroy object: %w", err)
			}
			n++
		}
		if handles, err = s.search(template); err == nil && len(handles) > 0 {
			err = fmt.Errorf("%d objects are still there", len(handles))
		}
		if err != nil {
			return n, err
		}
		s.token.objects.forget(k, ErrNoKey)
	}
	return n, nil
}
