package hsm

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/miekg/pkcs11"
	"golang.org/x/sync/semaphore"
)

// everyone is the weight of a call that must be alone; others weigh 1.
const everyone = 1 << 30

// A module is a PKCS#11 library in this process.
type module struct {
	path string
	p11  *pkcs11.Ctx
	// crossing is the short way into the same library.
	crossing crossing
	// gate is passed with weight 1 by every call, and with the weight of
	// everyone by what ends sessions, logins or the library's life.
	gate *semaphore.Weighted
	// generation counts C_Initialize; it changes behind the closed gate.
	generation atomic.Uint64
	reloads    atomic.Uint64 // that succeeded
	rest       rest

	// Guarded by loaded.
	refs   int
	tokens map[string]bool
}

// loaded are the libraries of this process. They stay when the last token is
// closed, finalised: some do not survive being unloaded.
//
//nolint:gochecknoglobals // PKCS#11 keeps its state per process, and so must we
var loaded = struct {
	sync.Mutex
	modules map[string]*module
}{modules: map[string]*module{}}

// acquire loads and initialises the library at path, or finds it so.
func acquire(path string) (*module, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	loaded.Lock()
	defer loaded.Unlock()
	m := loaded.modules[path]
	if m == nil {
		p11 := pkcs11.New(path)
		if p11 == nil {
			return nil, fmt.Errorf("load PKCS#11 module %q: not there, or not such a library", path)
		}
		m = &module{
			path: path, p11: p11, crossing: newCrossing(path), gate: semaphore.NewWeighted(everyone), tokens: map[string]bool{},
			rest: rest{turn: make(chan struct{}, 1), pause: minRest},
		}
		loaded.modules[path] = m
	}
	if m.refs == 0 {
		if err := m.initialise(); err != nil {
			return nil, fmt.Errorf("initialise PKCS#11 module %q: %w", path, err)
		}
	}
	m.refs++
	return m, nil
}

// initialise begins a generation. A library that somebody else in the process
// has initialised cannot be ours: whoever finalises it ends the other's calls.
func (m *module) initialise() error {
	m.generation.Add(1)
	err := m.p11.Initialize()
	if errors.Is(err, pkcs11.Error(pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED)) {
		return fmt.Errorf("%w: %w", ErrInUse, err)
	}
	return err
}

// finalise ends the library's life, if it lives.
func (m *module) finalise() error {
	m.generation.Add(1)
	err := m.p11.Finalize()
	if errors.Is(err, pkcs11.Error(pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED)) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("finalise PKCS#11 module: %w", err)
	}
	return nil
}

// claim reserves a token of the module for one owner.
func (m *module) claim(label string) error {
	loaded.Lock()
	defer loaded.Unlock()
	if m.tokens[label] {
		return fmt.Errorf("token %q: %w", label, ErrInUse)
	}
	m.tokens[label] = true
	return nil
}

// release gives back a token, "" for none, and finalises the library with the
// last of its users.
func (m *module) release(label string) error {
	loaded.Lock()
	defer loaded.Unlock()
	delete(m.tokens, label)
	m.refs--
	if m.refs > 0 {
		return nil
	}
	return m.finalise()
}

// enter waits for the gate, leave lets the next pass.
func (m *module) enter(ctx context.Context, weight int64) error {
	if err := ctx.Err(); err != nil { // a request that is over never begins
		return err
	}
	return m.gate.Acquire(ctx, weight)
}

func (m *module) leave(weight int64) { m.gate.Release(weight) }

// alone runs f while no other call of the module runs.
func (m *module) alone(ctx context.Context, f func() error) error {
	if err := m.enter(ctx, everyone); err != nil {
		return err
	}
	defer m.leave(everyone)
	return f()
}

// slot finds the slot of the token with the label. The gate must be held.
func (m *module) slot(label string) (uint, pkcs11.TokenInfo, error) {
	var token pkcs11.TokenInfo
	slots, err := m.p11.GetSlotList(true)
	if err != nil {
		return 0, token, fmt.Errorf("list slots: %w", err)
	}
	var slot uint
	n := 0
	for _, s := range slots {
		info, err := m.p11.GetTokenInfo(s)
		if err != nil || info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 || info.Label != label {
			continue
		}
		slot, token, n = s, info, n+1
	}
	switch n {
	case 0:
		return 0, token, fmt.Errorf("token %q: %w", label, ErrNoToken)
	case 1:
		return slot, token, nil
	}
	return 0, token, fmt.Errorf("token %q: %d slots have one", label, n)
}
