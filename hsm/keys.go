package hsm

import (
	"context"
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"
)

// Keys are all key pairs on the token of the kinds that csc knows. It takes the
// device about as long as two of its attributes for each of them.
func (t *Token) Keys(ctx context.Context) ([]Key, error) {
	keys, err := ask(ctx, t, errand{"find", objectKey{}}, (*session).keys)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return keys, nil
}

func (s *session) keys() ([]Key, error) {
	private, err := s.all(pkcs11.CKO_PRIVATE_KEY)
	if err != nil {
		return nil, err
	}
	public, err := s.all(pkcs11.CKO_PUBLIC_KEY)
	if err != nil {
		return nil, err
	}
	var keys []Key
	for id, handle := range public {
		if _, ok := private[id]; !ok {
			continue
		}
		spec, key, err := s.public(handle)
		var code pkcs11.Error
		switch {
		case errors.As(err, &code):
			return nil, err
		case err == nil:
			keys = append(keys, Key{ID: []byte(id), Spec: spec, Public: key})
		} // or a kind that is not ours
	}
	return keys, nil
}

// all are the objects of a class by their CKA_ID.
func (s *session) all(class uint) (map[string]pkcs11.ObjectHandle, error) {
	handles, err := s.search([]*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, class)})
	if err != nil {
		return nil, err
	}
	objects := make(map[string]pkcs11.ObjectHandle, len(handles))
	for _, h := range handles {
		id, err := s.attribute(h, pkcs11.CKA_ID)
		if err != nil {
			return nil, err
		}
		objects[string(id)] = h
	}
	return objects, nil
}
