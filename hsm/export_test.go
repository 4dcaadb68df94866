package hsm

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/pkcs11"

	"github.com/pecete/pecete/csc"
)

// What happens to a token behind our back, at a moment when no call runs: with
// a call under way these would end the process, ours or not.

func (t *Token) behind(do func(here *attachment) error) error {
	return t.module.alone(context.Background(), func() error {
		here := t.here.Load()
		if here == nil {
			return nil // a recovery is under way
		}
		return do(here)
	})
}

func (t *Token) LogoutElsewhere() error {
	return t.behind(func(here *attachment) error {
		err := t.module.p11.Logout(here.anchor)
		if errors.Is(err, pkcs11.Error(pkcs11.CKR_USER_NOT_LOGGED_IN)) || errors.Is(err, pkcs11.Error(pkcs11.CKR_SESSION_HANDLE_INVALID)) {
			return nil // out already
		}
		return err
	})
}

func (t *Token) CloseSessionsElsewhere() error {
	return t.behind(func(here *attachment) error {
		err := t.module.p11.CloseAllSessions(here.slot)
		if errors.Is(err, pkcs11.Error(pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED)) {
			return nil
		}
		return err
	})
}

func (t *Token) FinaliseElsewhere() error {
	return t.behind(func(*attachment) error {
		err := t.module.p11.Finalize()
		if errors.Is(err, pkcs11.Error(pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED)) {
			return nil // ended already
		}
		return err
	})
}

// Reload reloads the module as a recovery would that helped.
func (t *Token) Reload(ctx context.Context) error {
	defer t.module.rest.helped()
	return errors.Join(t.module.reload(ctx, t.module.generation.Load()), t.attach(ctx, 0))
}

// Forget has the next signature with a key search for it, and the one after the
// next copy it anew.
func (t *Token) Forget(id []byte) {
	t.objects.doubt(privateKey(id))
	t.copies.drop(privateKey(id))
}

// CopyLife changes how long a copy signs without its original.
func (t *Token) CopyLife(d time.Duration) {
	t.copies.mu.Lock()
	defer t.copies.mu.Unlock()
	t.copies.life = d
}

// Copied is the handle of the key's copy in this epoch, 0 for none.
func (t *Token) Copied(id []byte) uint {
	t.copies.mu.Lock()
	defer t.copies.mu.Unlock()
	if e := t.copies.of[privateKey(id)]; e != nil && t.copies.epoch == t.now() {
		return uint(e.Value.(*duplicate).object.handle)
	}
	return 0
}

// Copies are how many there are.
func (t *Token) Copies() int {
	t.copies.mu.Lock()
	defer t.copies.mu.Unlock()
	return t.copies.recent.Len()
}

// SessionKeys is how many private keys on the token are session objects.
func (t *Token) SessionKeys(ctx context.Context) (int, error) {
	return ask(ctx, t, errand{"find", objectKey{}}, func(s *session) (int, error) {
		found, err := s.search([]*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false),
			pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY),
		})
		return len(found), err
	})
}

// CopyLate makes a copy as a worker does that saw none, but came after another one.
func (t *Token) CopyLate(ctx context.Context, id []byte) error {
	_, err := ask(ctx, t, errand{"sign", privateKey(id)}, func(s *session) (struct{}, error) {
		original, err := s.object(privateKey(id))
		if err == nil {
			s.duplicate(privateKey(id), original)
		}
		return struct{}{}, err
	})
	return err
}

// BreakCopy destroys the key's copy behind the token's back.
func (t *Token) BreakCopy(ctx context.Context, id []byte) error {
	handle := pkcs11.ObjectHandle(t.Copied(id))
	_, err := ask(ctx, t, errand{"destroy", objectKey{}}, func(s *session) (struct{}, error) {
		return struct{}{}, s.p11.DestroyObject(s.handle, handle)
	})
	return err
}

// Generation counts the times the module was initialised and finalised.
func (t *Token) Generation() uint64 { return t.module.generation.Load() }

// Epoch is the number of the login, 0 for none.
func (t *Token) Epoch() uint64 { return uint64(t.now()) }

// Handle is the number under which the key was last found.
func (t *Token) Handle(id []byte) uint {
	found, _ := t.objects.get(privateKey(id))
	return uint(found.handle)
}

// Occupy takes every signing session until release is called.
func (t *Token) Occupy() (release func(), sessions int) {
	n, _ := t.sessions()
	hold := make(chan struct{})
	var ready, ended sync.WaitGroup
	for range n {
		ready.Add(1)
		ended.Go(func() {
			_, _ = ask(context.Background(), t, errand{"occupy", objectKey{}}, func(*session) (struct{}, error) {
				ready.Done()
				<-hold
				return struct{}{}, nil
			})
		})
	}
	ready.Wait()
	return func() { close(hold); ended.Wait() }, n
}

// Indexed is how many keys are known from a listing and were not used since.
func (t *Token) Indexed() int {
	t.index.mu.Lock()
	defer t.index.mu.Unlock()
	return len(t.index.handles)
}

// Waiting is how many requests no worker has taken yet.
func (t *Token) Waiting() (n int) {
	t.signers.mu.Lock()
	defer t.signers.mu.Unlock()
	for _, l := range t.signers.lines {
		n += len(l.jobs)
	}
	return n
}

// CloseCrossing takes the short way into the module away until reopen, and
// begins an epoch, so that every worker looks for it again.
func (t *Token) CloseCrossing(ctx context.Context) (reopen func(), err error) {
	was := t.module.crossing
	change := func(c crossing) error {
		return t.module.alone(ctx, func() error {
			t.module.crossing = c
			return nil
		})
	}
	err = errors.Join(change(crossing{}), t.attach(ctx, t.now()))
	return func() { _ = change(was) }, err
}

// GenerateWith makes a key with some attributes of the template changed.
func (t *Token) GenerateWith(ctx context.Context, spec csc.KeySpec, label string, changed ...*pkcs11.Attribute) ([]byte, error) {
	id := newID()
	template := t.privateTemplate(id, label)
	for i, attribute := range template {
		for _, c := range changed {
			if c.Type == attribute.Type {
				template[i] = c
			}
		}
	}
	_, err := change(ctx, t, errand{"generate", privateKey(id)}, func(s *session) (Key, error) {
		return s.generate(ctx, spec, id, publicTemplate(spec, id, label), template)
	})
	return id, err
}

// RawLoop signs as fast as PKCS#11 can be called, on sessions of its own with a
// handle found before, until stop is set, and says how often.
func (t *Token) RawLoop(id []byte, alg csc.Algorithm, digest []byte, sessions int, stop *atomic.Bool) (int64, error) {
	here := t.here.Load()
	found, _ := t.objects.get(privateKey(id))
	block, err := prepare(found.spec, alg, digest)
	if err != nil {
		return 0, err
	}
	var (
		all    sync.WaitGroup
		n      atomic.Int64
		faults = make([]error, sessions)
	)
	for i := range sessions {
		handle, err := t.module.p11.OpenSession(here.slot, pkcs11.CKF_SERIAL_SESSION)
		if err != nil {
			return 0, err
		}
		all.Go(func() {
			for !stop.Load() {
				if faults[i] = t.module.p11.SignInit(handle, block.mechanisms(), found.handle); faults[i] != nil {
					return
				}
				if _, faults[i] = t.module.p11.Sign(handle, block.text); faults[i] != nil {
					return
				}
				n.Add(1)
			}
			faults[i] = t.module.p11.CloseSession(handle)
		})
	}
	all.Wait()
	return n.Load(), errors.Join(faults...)
}

// EncodeECDSA and MaxSalt are for tests of their own.
var (
	EncodeECDSA = encodeECDSA
	MaxSalt     = maxSalt
)

// Workers is how many sessions sign.
func (t *Token) Workers() int {
	n, _ := t.sessions()
	return n
}
