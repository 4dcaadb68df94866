package hsm

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/miekg/pkcs11"

	"github.com/pecete/pecete/csc"
)

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
	fate   *fate       // likewise
}

// A fate is what became of a key in its epoch.
type fate struct {
	uses   atomic.Int32 // signatures without a copy
	single atomic.Bool  // the device makes no copy of it
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
	handle, err := s.find(k)
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
		found.fate = &fate{}
	}
	s.token.objects.put(k, found)
	return found, nil
}

// find finds the one object that k names, by the index if it may.
func (s *session) find(k objectKey) (pkcs11.ObjectHandle, error) {
	if k.class == pkcs11.CKO_PRIVATE_KEY && k.id != "" {
		if handle, ok := s.locate(k.id); ok {
			return handle, nil
		}
	}
	return s.only(k)
}

// only finds the one object that k names, and makes sure that it is it.
func (s *session) only(k objectKey) (pkcs11.ObjectHandle, error) {
	if k.id == "" {
		return 0, ErrNoKey // an empty CKA_ID would match every key that has none
	}
	template := []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true), // and no copy
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, k.class),
		pkcs11.NewAttribute(pkcs11.CKA_ID, []byte(k.id)),
	}
	handles, err := s.search(template)
	if len(handles) > 1 { // SoftHSM shows a copy as its original while it is being made
		s.token.copies.making.Lock()
		handles, err = s.search(template)
		s.token.copies.making.Unlock()
	}
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
