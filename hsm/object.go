package hsm

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"sync"

	"github.com/miekg/pkcs11"

	"github.com/pecete/pecete/csc"
)

// A Key is a key pair on the token.
type Key struct {
	ID     []byte // CKA_ID
	Spec   csc.KeySpec
	Public crypto.PublicKey // *rsa.PublicKey or *ecdsa.PublicKey
}

// specs are the keys that may be on a token, as the token describes them.
var specs = []struct {
	spec  csc.KeySpec
	curve elliptic.Curve
	oid   asn1.ObjectIdentifier
}{
	{csc.RSA2048, nil, nil},
	{csc.RSA3072, nil, nil},
	{csc.RSA4096, nil, nil},
	{csc.P256, elliptic.P256(), asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}},
	{csc.P384, elliptic.P384(), asn1.ObjectIdentifier{1, 3, 132, 0, 34}},
	{csc.P521, elliptic.P521(), asn1.ObjectIdentifier{1, 3, 132, 0, 35}},
}

func curveOf(k csc.KeySpec) elliptic.Curve {
	for _, s := range specs {
		if s.spec == k {
			return s.curve
		}
	}
	return nil
}

// An objectKey is what an object is found by.
type objectKey struct {
	class uint
	id    string // CKA_ID
}

func privateKey(id []byte) objectKey { return objectKey{pkcs11.CKO_PRIVATE_KEY, string(id)} }
func publicKey(id []byte) objectKey  { return objectKey{pkcs11.CKO_PUBLIC_KEY, string(id)} }
func secretKey(id []byte) objectKey  { return objectKey{pkcs11.CKO_SECRET_KEY, string(id)} }

// An object is a handle, worth something in its epoch only, and what the key
// is good for.
type object struct {
	handle pkcs11.ObjectHandle
	epoch  epoch
	spec   csc.KeySpec // of a private key
}

// objects are the handles that were found so far. An entry of an earlier epoch
// is of no use but to know that there was such a key.
type objects struct {
	mu    sync.RWMutex
	found map[objectKey]object
}

func (o *objects) get(k objectKey) (object, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	got, ok := o.found[k]
	return got, ok
}

func (o *objects) put(k objectKey, found object) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.found[k] = found
}

// doubt has k searched for anew.
func (o *objects) doubt(k objectKey) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if got, ok := o.found[k]; ok {
		got.epoch = 0
		o.found[k] = got
	}
}

// forget gives k up if that is what err says.
func (o *objects) forget(k objectKey, err error) {
	if !errors.Is(err, ErrNoKey) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.found, k)
}

// object is the handle of k in this session's epoch. It is searched for once
// an epoch: a search reads the whole token.
func (s *session) object(k objectKey) (object, error) {
	known, ok := s.token.objects.get(k)
	if ok && known.epoch == s.epoch {
		return known, nil
	}
	handle, err := s.only(k)
	if ok && errors.Is(err, ErrNoKey) {
		return object{}, errVanished
	}
	if err != nil {
		return object{}, err
	}
	found := object{handle: handle, epoch: s.epoch}
	if k.class == pkcs11.CKO_PRIVATE_KEY {
		if found.spec, err = s.spec(handle); err != nil {
			return object{}, err
		}
	}
	s.token.objects.put(k, found)
	return found, nil
}

// only finds the one object that k names, and makes sure that it is it.
func (s *session) only(k objectKey) (pkcs11.ObjectHandle, error) {
	if k.id == "" {
		return 0, ErrNoKey // an empty CKA_ID would match every key that has none
	}
	handles, err := s.search([]*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, k.class),
		pkcs11.NewAttribute(pkcs11.CKA_ID, []byte(k.id)),
	})
	if err != nil {
		return 0, err
	}
	switch len(handles) {
	case 0:
		return 0, ErrNoKey
	case 1:
	default:
		return 0, fmt.Errorf("%w with CKA_ID %x", errDuplicate, k.id)
	}
	id, err := s.attribute(handles[0], pkcs11.CKA_ID)
	if err == nil && string(id) != k.id {
		err = fmt.Errorf("asked for key %x, the token found %x", k.id, id)
	}
	return handles[0], err
}

// search finds every object that matches.
func (s *session) search(template []*pkcs11.Attribute) (found []pkcs11.ObjectHandle, err error) {
	if err := s.p11.FindObjectsInit(s.handle, template); err != nil {
		return nil, fmt.Errorf("find objects: %w", err)
	}
	defer func() {
		if final := s.p11.FindObjectsFinal(s.handle); final != nil {
			s.broken = true // the search is still open
			err = errors.Join(err, final)
		}
	}()
	for {
		handles, _, err := s.p11.FindObjects(s.handle, 64)
		if err != nil {
			return nil, fmt.Errorf("find objects: %w", err)
		}
		if len(handles) == 0 {
			return found, nil
		}
		found = append(found, handles...)
	}
}

// attribute reads one attribute.
func (s *session) attribute(h pkcs11.ObjectHandle, kind uint) ([]byte, error) {
	got, err := s.p11.GetAttributeValue(s.handle, h, []*pkcs11.Attribute{pkcs11.NewAttribute(kind, nil)})
	if err != nil {
		return nil, fmt.Errorf("read attribute %#x: %w", kind, err)
	}
	return got[0].Value, nil
}

// number reads an attribute that is a CK_ULONG.
func (s *session) number(h pkcs11.ObjectHandle, kind uint) (uint, error) {
	value, err := s.attribute(h, kind)
	if err != nil {
		return 0, err
	}
	return ulong(value)
}

// spec says what kind of key the private or public key h is.
func (s *session) spec(h pkcs11.ObjectHandle) (csc.KeySpec, error) {
	kind, err := s.number(h, pkcs11.CKA_KEY_TYPE)
	if err != nil {
		return "", err
	}
	switch kind {
	case pkcs11.CKK_RSA:
		modulus, err := s.attribute(h, pkcs11.CKA_MODULUS)
		if err != nil {
			return "", err
		}
		return specOfModulus(new(big.Int).SetBytes(modulus))
	case pkcs11.CKK_EC:
		params, err := s.attribute(h, pkcs11.CKA_EC_PARAMS)
		if err != nil {
			return "", err
		}
		return specOfCurve(params)
	}
	return "", fmt.Errorf("key of type %#x: %w", kind, ErrAlgorithm)
}

func specOfModulus(n *big.Int) (csc.KeySpec, error) {
	for _, s := range specs {
		if s.curve == nil && s.spec.Bits() == n.BitLen() {
			return s.spec, nil
		}
	}
	return "", fmt.Errorf("modulus of %d bits: %w", n.BitLen(), ErrAlgorithm)
}

func specOfCurve(params []byte) (csc.KeySpec, error) {
	for _, s := range specs {
		if s.curve != nil && bytes.Equal(params, curveParams(s.oid)) {
			return s.spec, nil
		}
	}
	return "", fmt.Errorf("curve with parameters %x: %w", params, ErrAlgorithm)
}

func curveParams(oid asn1.ObjectIdentifier) []byte {
	der, err := asn1.Marshal(oid)
	if err != nil {
		panic(err) // the table above is wrong
	}
	return der
}

// public reads the public key h.
func (s *session) public(h pkcs11.ObjectHandle) (csc.KeySpec, crypto.PublicKey, error) {
	spec, err := s.spec(h)
	if err != nil {
		return "", nil, err
	}
	if !spec.RSA() {
		point, err := s.attribute(h, pkcs11.CKA_EC_POINT)
		if err != nil {
			return "", nil, err
		}
		public, err := parsePoint(curveOf(spec), point)
		return spec, public, err
	}
	modulus, err := s.attribute(h, pkcs11.CKA_MODULUS)
	if err != nil {
		return "", nil, err
	}
	exponent, err := s.attribute(h, pkcs11.CKA_PUBLIC_EXPONENT)
	if err != nil {
		return "", nil, err
	}
	e := new(big.Int).SetBytes(exponent)
	if e.Cmp(big.NewInt(publicExponent)) != 0 {
		return "", nil, fmt.Errorf("public exponent %v, want %d", e, publicExponent)
	}
	return spec, &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: publicExponent}, nil
}

// parsePoint reads CKA_EC_POINT: a point in a DER OCTET STRING (PKCS#11 v2.40
// §2.3.3), although some modules leave the wrapping out.
func parsePoint(curve elliptic.Curve, value []byte) (*ecdsa.PublicKey, error) {
	var point []byte
	if rest, err := asn1.Unmarshal(value, &point); err != nil || len(rest) > 0 {
		point = value
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil, fmt.Errorf("read public point: %w", err)
	}
	return public, nil
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

// Find is the key pair with the label, ErrNoKey if there is none. Two with the
// same label are an error.
func (t *Token) Find(ctx context.Context, label string) (Key, error) {
	key, err := ask(ctx, t, objectKey{}, func(s *session) (Key, error) {
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
	key, err := ask(ctx, t, privateKey(id), func(s *session) (Key, error) { return s.key(id) })
	if err != nil {
		return Key{}, fmt.Errorf("find key %x: %w", id, err)
	}
	return key, nil
}

// FindSecret is the CKA_ID of the secret key with the label, ErrNoKey if there
// is none.
func (t *Token) FindSecret(ctx context.Context, label string) ([]byte, error) {
	id, err := ask(ctx, t, objectKey{}, func(s *session) ([]byte, error) {
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
	_, err := change(ctx, t, privateKey(id), func(s *session) (struct{}, error) {
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

// destroy removes every key with the id, and says how many it removed.
func (s *session) destroy(id []byte) (n int, err error) {
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
