package hsm

import (
	"sync"

	"github.com/miekg/pkcs11"
)

// indexAfter is how many private keys are searched for one by one before all of
// them are listed. A search reads the whole token: SoftHSM takes 36 ms for one
// among a thousand keys, and not four times that to list them all with their
// ids, so that no order of requests costs much more than what they need.
const indexAfter = 4

// An index is where private keys were when they were listed, for the first use
// of each in an epoch. It is a hint: the key is asked for its id before it is
// believed, and one that is not in it is searched for.
type index struct {
	mu      sync.Mutex
	epoch   epoch
	misses  int // since the epoch began or the keys were listed
	handles map[string]pkcs11.ObjectHandle
}

// locate finds a private key in the index, or says that it has to be searched
// for.
func (s *session) locate(id string) (pkcs11.ObjectHandle, bool) {
	ix := &s.token.index
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if ix.epoch != s.epoch {
		ix.epoch, ix.misses, ix.handles = s.epoch, 0, nil
	}
	if _, ok := ix.handles[id]; !ok {
		if ix.misses++; ix.misses <= indexAfter {
			return 0, false
		}
		handles, err := s.listed()
		if err != nil {
			return 0, false // the search meets it again
		}
		ix.misses, ix.handles = 0, handles
	}
	handle, ok := ix.handles[id]
	delete(ix.handles, id) // if it is no good the next one searches
	if !ok {
		return 0, false
	}
	found, err := s.attribute(handle, pkcs11.CKA_ID)
	return handle, err == nil && string(found) == id
}

// listed reads the ids of all private keys of the token. One that two keys have
// is left out.
func (s *session) listed() (map[string]pkcs11.ObjectHandle, error) {
	handles, err := s.search([]*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY),
	})
	if err != nil {
		return nil, err
	}
	seen := map[string]int{}
	found := make(map[string]pkcs11.ObjectHandle, len(handles))
	for _, h := range handles {
		id, err := s.attribute(h, pkcs11.CKA_ID)
		if err != nil {
			continue // destroyed meanwhile
		}
		seen[string(id)]++
		found[string(id)] = h
	}
	for id, n := range seen {
		if n > 1 {
			delete(found, id)
		}
	}
	return found, nil
}
