package hsm

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"

	"github.com/pecete/pecete/csc"
)

const publicExponent = 65537

// idLength is that of a CKA_ID: random, so that it is unique on every token.
const idLength = 16

// Generate makes a key pair that can sign and do nothing else, and that cannot
// leave the token. What the token says of it is read back: a key that is not
// what was asked for is destroyed, ErrAttributes.
//
// A label need not be unique here; Find wants it to be.
func (t *Token) Generate(ctx context.Context, spec csc.KeySpec, label string) (Key, error) {
	if err := t.may(spec, label); err != nil {
		return Key{}, fmt.Errorf("generate %s key %q: %w", spec, label, err)
	}
	id := newID()
	key, err := change(ctx, t, errand{"generate", privateKey(id)}, func(s *session) (Key, error) {
		return s.generate(ctx, spec, id, publicTemplate(spec, id, label), t.privateTemplate(id, label))
	})
	if err != nil {
		return Key{}, fmt.Errorf("generate %s key %q: %w", spec, label, err)
	}
	return key, nil
}

func (t *Token) may(spec csc.KeySpec, label string) error {
	switch {
	case !spec.Known():
		return fmt.Errorf("unknown kind of key: %w", ErrAlgorithm)
	case spec == csc.RSA2048 && !t.conf.AllowRSA2048:
		return fmt.Errorf("not allowed by the configuration: %w", ErrAlgorithm)
	case label == "":
		return errors.New("a key needs a label")
	}
	return nil
}

func newID() []byte {
	id := make([]byte, idLength)
	_, _ = rand.Read(id) // never fails
	return id
}

// generate makes a key pair. Whatever goes wrong, and if ctx is over by then,
// nothing is left of it.
func (s *session) generate(ctx context.Context, spec csc.KeySpec, id []byte, public, private []*pkcs11.Attribute) (Key, error) {
	mechanism := uint(pkcs11.CKM_EC_KEY_PAIR_GEN)
	if spec.RSA() {
		mechanism = pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN
	}
	_, handle, err := s.p11.GenerateKeyPair(s.handle, []*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, nil)}, public, private)
	var key Key
	if err == nil {
		key, err = s.inspect(spec, id, handle)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_, left := s.destroy(id)
		return Key{}, errors.Join(err, left)
	}
	return key, nil
}

// inspect reads a new key pair back.
func (s *session) inspect(spec csc.KeySpec, id []byte, private pkcs11.ObjectHandle) (Key, error) {
	attributes, err := s.attributes(private)
	if err != nil {
		return Key{}, err
	}
	want := signOnly()
	want.Modifiable = s.token.conf.Copies > 0
	if err := attributes.differ(want); err != nil {
		return Key{}, err
	}
	key, err := s.key(id)
	if err != nil {
		return Key{}, err
	}
	if key.Spec != spec {
		return Key{}, fmt.Errorf("%w: it is %s", ErrAttributes, key.Spec)
	}
	return key, nil
}

func publicTemplate(spec csc.KeySpec, id []byte, label string) []*pkcs11.Attribute {
	template := []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, false),
		pkcs11.NewAttribute(pkcs11.CKA_VERIFY, true),
		pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, false),
		pkcs11.NewAttribute(pkcs11.CKA_WRAP, false),
		pkcs11.NewAttribute(pkcs11.CKA_ID, id),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
	}
	if spec.RSA() {
		return append(template,
			pkcs11.NewAttribute(pkcs11.CKA_MODULUS_BITS, spec.Bits()),
			pkcs11.NewAttribute(pkcs11.CKA_PUBLIC_EXPONENT, []byte{1, 0, 1}))
	}
	for _, known := range specs {
		if known.spec == spec {
			template = append(template, pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, curveParams(known.oid)))
		}
	}
	return template
}

// privateTemplate asks for what inspect wants.
func (t *Token) privateTemplate(id []byte, label string) []*pkcs11.Attribute {
	return []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_MODIFIABLE, t.conf.Copies > 0),
		pkcs11.NewAttribute(pkcs11.CKA_SIGN, true),
		pkcs11.NewAttribute(pkcs11.CKA_SIGN_RECOVER, false),
		pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, false),
		pkcs11.NewAttribute(pkcs11.CKA_UNWRAP, false),
		pkcs11.NewAttribute(pkcs11.CKA_DERIVE, false),
		pkcs11.NewAttribute(pkcs11.CKA_ID, id),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
	}
}

// GenerateSecret makes an AES key of 256 bits that seals and opens (Seal,
// OpenSealed) and does nothing else, and that cannot leave the token. It gives
// the CKA_ID. What the token says of the key is read back as in Generate.
func (t *Token) GenerateSecret(ctx context.Context, label string) (id []byte, err error) {
	if label == "" {
		return nil, errors.New("generate secret key: a key needs a label")
	}
	id = newID()
	_, err = change(ctx, t, errand{"generate", secretKey(id)}, func(s *session) (struct{}, error) {
		return struct{}{}, s.generateSecret(ctx, id, label)
	})
	if err != nil {
		return nil, fmt.Errorf("generate secret key %q: %w", label, err)
	}
	return id, nil
}

func (s *session) generateSecret(ctx context.Context, id []byte, label string) error {
	mechanism := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_GEN, nil)}
	handle, err := s.p11.GenerateKey(s.handle, mechanism, secretTemplate(id, label))
	if err == nil {
		var attributes Attributes
		if attributes, err = s.attributes(handle); err == nil {
			err = attributes.differ(sealOnly())
		}
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_, left := s.destroy(id)
		return errors.Join(err, left)
	}
	return nil
}

// secretTemplate asks for what sealOnly wants.
func secretTemplate(id []byte, label string) []*pkcs11.Attribute {
	return []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_MODIFIABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true),
		pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true),
		pkcs11.NewAttribute(pkcs11.CKA_SIGN, false),
		pkcs11.NewAttribute(pkcs11.CKA_VERIFY, false),
		pkcs11.NewAttribute(pkcs11.CKA_WRAP, false),
		pkcs11.NewAttribute(pkcs11.CKA_UNWRAP, false),
		pkcs11.NewAttribute(pkcs11.CKA_DERIVE, false),
		pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, 32),
		pkcs11.NewAttribute(pkcs11.CKA_ID, id),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
	}
}
