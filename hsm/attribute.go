package hsm

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/miekg/pkcs11"

	"github.com/pecete/pecete/csc"
)

// Attributes are what the token says of a private or secret key. One that the
// token does not know is false.
type Attributes struct {
	ID    []byte
	Label string
	Spec  csc.KeySpec // "" for a secret key

	Token, Private, Modifiable             bool
	Sensitive, AlwaysSensitive             bool
	Extractable, NeverExtractable          bool
	Local                                  bool // generated on the token
	Sign, SignRecover, Verify              bool
	Encrypt, Decrypt, Wrap, Unwrap, Derive bool
}

// flags are the attributes that are yes or no.
var flags = []struct {
	kind uint
	name string
	of   func(*Attributes) *bool
}{
	{pkcs11.CKA_TOKEN, "TOKEN", func(a *Attributes) *bool { return &a.Token }},
	{pkcs11.CKA_PRIVATE, "PRIVATE", func(a *Attributes) *bool { return &a.Private }},
	{pkcs11.CKA_MODIFIABLE, "MODIFIABLE", func(a *Attributes) *bool { return &a.Modifiable }},
	{pkcs11.CKA_SENSITIVE, "SENSITIVE", func(a *Attributes) *bool { return &a.Sensitive }},
	{pkcs11.CKA_ALWAYS_SENSITIVE, "ALWAYS_SENSITIVE", func(a *Attributes) *bool { return &a.AlwaysSensitive }},
	{pkcs11.CKA_EXTRACTABLE, "EXTRACTABLE", func(a *Attributes) *bool { return &a.Extractable }},
	{pkcs11.CKA_NEVER_EXTRACTABLE, "NEVER_EXTRACTABLE", func(a *Attributes) *bool { return &a.NeverExtractable }},
	{pkcs11.CKA_LOCAL, "LOCAL", func(a *Attributes) *bool { return &a.Local }},
	{pkcs11.CKA_SIGN, "SIGN", func(a *Attributes) *bool { return &a.Sign }},
	{pkcs11.CKA_SIGN_RECOVER, "SIGN_RECOVER", func(a *Attributes) *bool { return &a.SignRecover }},
	{pkcs11.CKA_VERIFY, "VERIFY", func(a *Attributes) *bool { return &a.Verify }},
	{pkcs11.CKA_ENCRYPT, "ENCRYPT", func(a *Attributes) *bool { return &a.Encrypt }},
	{pkcs11.CKA_DECRYPT, "DECRYPT", func(a *Attributes) *bool { return &a.Decrypt }},
	{pkcs11.CKA_WRAP, "WRAP", func(a *Attributes) *bool { return &a.Wrap }},
	{pkcs11.CKA_UNWRAP, "UNWRAP", func(a *Attributes) *bool { return &a.Unwrap }},
	{pkcs11.CKA_DERIVE, "DERIVE", func(a *Attributes) *bool { return &a.Derive }},
}

// guarded are the attributes of every key made here, whatever it is for.
func guarded() Attributes {
	return Attributes{
		Token: true, Private: true, Sensitive: true, AlwaysSensitive: true, NeverExtractable: true, Local: true,
	}
}

// signOnly is what a private key must be, sealOnly what a secret key must be.
func signOnly() Attributes {
	a := guarded()
	a.Sign = true
	return a
}

func sealOnly() Attributes {
	a := guarded()
	a.Encrypt, a.Decrypt = true, true
	return a
}

// differ names the flags in which the key is not as wanted.
func (a Attributes) differ(want Attributes) error {
	var faults []string
	for _, flag := range flags {
		if got := *flag.of(&a); got != *flag.of(&want) {
			faults = append(faults, fmt.Sprintf("%s is %t", flag.name, got))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrAttributes, strings.Join(faults, ", "))
}

// attributes reads them one by one, since a token that does not know one
// refuses all that were asked for with it.
func (s *session) attributes(h pkcs11.ObjectHandle) (Attributes, error) {
	var a Attributes
	for _, flag := range flags {
		value, err := s.attribute(h, flag.kind)
		if errors.Is(err, pkcs11.Error(pkcs11.CKR_ATTRIBUTE_TYPE_INVALID)) {
			continue
		}
		if err != nil {
			return a, err
		}
		*flag.of(&a) = len(value) == 1 && value[0] != 0
	}
	var err error
	if a.ID, err = s.attribute(h, pkcs11.CKA_ID); err != nil {
		return a, err
	}
	label, err := s.attribute(h, pkcs11.CKA_LABEL)
	a.Label = string(label)
	return a, err
}

// Attributes reads those of the private key with the CKA_ID, or else of the
// secret key with it: for tests and audits.
func (t *Token) Attributes(ctx context.Context, id []byte) (Attributes, error) {
	id = bytes.Clone(id)
	a, err := ask(ctx, t, errand{"find", privateKey(id)}, func(s *session) (Attributes, error) {
		private, err := s.object(privateKey(id))
		if errors.Is(err, ErrNoKey) {
			secret, other := s.object(secretKey(id))
			if other != nil {
				return Attributes{}, err
			}
			private = secret
		} else if err != nil {
			return Attributes{}, err
		}
		a, err := s.attributes(private.handle)
		a.Spec = private.spec
		return a, err
	})
	if err != nil {
		return Attributes{}, fmt.Errorf("read attributes of key %x: %w", id, err)
	}
	return a, nil
}

// ulong reads a CK_ULONG, which has the machine's width and order.
func ulong(value []byte) (uint, error) {
	switch len(value) {
	case 8:
		return uint(binary.NativeEndian.Uint64(value)), nil
	case 4:
		return uint(binary.NativeEndian.Uint32(value)), nil
	}
	return 0, fmt.Errorf("a number of %d bytes", len(value))
}
