package hsm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/pkcs11"

	"github.com/pecete/pecete/csc"
)

// A Config says which device to open and how.
type Config struct {
	Module string     // path of the PKCS#11 library
	Token  string     // label of the token
	PIN    csc.Secret // of the token's user, never the security officer
	// Sessions is how many signatures the device works on at a time. 0 is the
	// number of cores, which is what a token on this machine can use: more of
	// them only wait inside. For a device in the network it is what that can do
	// in parallel. What the token allows is obeyed.
	Sessions int
	// Queue is how many places Admit has to give. 0 is 32 for each session.
	Queue int
	// Copies is how many keys that sign often are kept as copies in a session,
	// 0 for none. A copy is a session object that cannot leave the device either,
	// which many devices sign faster with: SoftHSM a P-256 signature in three
	// quarters of the time, NSS thirty times as fast. It dies with the login, with
	// the key if that is destroyed here, and signs for at most ten seconds more if
	// the key is destroyed by another process. Since some devices, SoftHSM among
	// them, copy no key with CKA_MODIFIABLE false, keys are made without it then;
	// whoever has the PIN could change their label or what they are for. A key
	// that the device makes no copy of signs itself.
	Copies       int
	AllowRSA2048 bool         // lets Generate make RSA keys of 2048 bits
	Logger       *slog.Logger // hears of recoveries; nil is silence
	// Observe hears of each request when it has ended: what it wanted ("sign",
	// "seal", "open", "find", "generate", "destroy", "canary"), how long the
	// caller waited, and what he was told. Many call it at a time. May be nil.
	Observe func(what string, took time.Duration, err error)
	// Recovered hears of each step of a recovery ("session", "handle", "login",
	// "module") and whether it held. Many call it at a time. May be nil.
	Recovered func(step string, err error)
}

// A Token is an open token of a module. Many may use it at a time.
type Token struct {
	conf   Config
	module *module
	canary canary

	signers *queue // to the workers with read-only sessions
	makers  *queue // to the one worker that may change the token

	ill    atomic.Bool  // and looked after
	width  int          // how many workers sign
	busy   atomic.Int64 // of them
	places places

	closeOnce sync.Once
	closed    error
	workers   sync.WaitGroup

	here    atomic.Pointer[attachment] // written behind the closed gate
	logins  atomic.Uint64              // likewise
	refused atomic.Bool                // the PIN

	objects objects
	index   index
	copies  copies
}

// An epoch is the number of a login; 0 is none.
type epoch uint64

// An attachment is a login: the standing session that keeps it, and the epoch
// that handles found under it belong to.
type attachment struct {
	generation uint64 // of the module
	epoch      epoch
	slot       uint
	anchor     pkcs11.SessionHandle
	limit      int // sessions the token allows, 0 for any
}

// anchors is how many sessions there are beside those that sign: the standing
// one, and the one that changes the token.
const anchors = 2

// Open logs in to a token and proves with a signature that it works. A token
// that has no canary yet is given one. A process opens a token once: ErrInUse.
func Open(ctx context.Context, c Config) (*Token, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	m, err := acquire(c.Module)
	if err != nil {
		return nil, err
	}
	if err := m.claim(c.Token); err != nil {
		return nil, errors.Join(err, m.release(""))
	}
	t := &Token{
		conf: c, module: m,
		signers: newQueue(), makers: newQueue(),
		objects: objects{found: map[objectKey]object{}},
	}
	t.copies.open(max(0, c.Copies))
	if err := t.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open token %q: %w", c.Token, err), t.Close())
	}
	return t, nil
}

// start logs in, starts the workers, and has the canary sign.
func (t *Token) start(ctx context.Context) error {
	if err := t.attach(ctx, 0); err != nil {
		return err
	}
	n, err := t.sessions()
	if err != nil {
		return err
	}
	t.width, t.places.size = n, t.conf.Queue
	if t.places.size <= 0 {
		t.places.size = burst * n
	}
	for range n {
		t.work(t.signers, 0)
	}
	t.work(t.makers, pkcs11.CKF_RW_SESSION)
	if err := t.hatch(ctx); err != nil {
		return fmt.Errorf("canary: %w", err)
	}
	return t.Ready(ctx)
}

// sessions is how many workers sign.
func (t *Token) sessions() (int, error) {
	n := t.conf.Sessions
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	limit := t.here.Load().limit
	if limit == 0 {
		return n, nil
	}
	if limit <= anchors {
		return 0, fmt.Errorf("token allows %d sessions, %d are needed", limit, anchors+1)
	}
	return min(n, limit-anchors), nil
}

// attach begins an epoch, unless somebody has since epoch seen: all sessions of
// the token are closed, and with them every login, a standing one is opened,
// and logs in. Handles and sessions of earlier epochs are dead from then on.
func (t *Token) attach(ctx context.Context, seen epoch) error {
	return t.module.alone(ctx, func() error {
		if now := t.now(); now != 0 && now != seen {
			return nil
		}
		if t.refused.Load() {
			return ErrPIN
		}
		t.here.Store(nil)
		p11 := t.module.p11
		slot, info, err := t.module.slot(t.conf.Token)
		if err != nil {
			return err
		}
		_ = p11.CloseAllSessions(slot) // they may be closed already
		anchor, err := p11.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
		if err != nil {
			return fmt.Errorf("open session: %w", err)
		}
		if err := t.login(ctx, anchor); err != nil {
			_ = p11.CloseSession(anchor)
			return err
		}
		t.here.Store(&attachment{
			generation: t.module.generation.Load(), epoch: epoch(t.logins.Add(1)),
			slot: slot, anchor: anchor, limit: sessionLimit(info),
		})
		return nil
	})
}

// sessionLimit reads the token's figure, of which two mean that it gives none.
func sessionLimit(info pkcs11.TokenInfo) int {
	const unknown = ^uint(0)
	if info.MaxSessionCount == unknown {
		return 0
	}
	return int(info.MaxSessionCount)
}

// loginWaits are before the next tries of a login that was not judged. They are
// few: the PIN is not sent for ever.
var loginWaits = [...]time.Duration{25 * time.Millisecond, 100 * time.Millisecond}

// login sends the PIN. One that was refused is never sent again.
func (t *Token) login(ctx context.Context, anchor pkcs11.SessionHandle) error {
	send := func() error { return t.module.p11.Login(anchor, pkcs11.CKU_USER, string(t.conf.PIN)) }
	err := send()
	for _, wait := range loginWaits {
		if !leavesPIN(err) {
			break
		}
		time.Sleep(wait)
		err = send()
	}
	switch {
	case err == nil, errors.Is(err, pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN)):
		return nil
	case refusesPIN(err):
		t.refused.Store(true)
		t.conf.Logger.LogAttrs(ctx, slog.LevelError, "hsm token refused the PIN, it will not be sent again",
			slog.String("token", t.conf.Token), slog.String("code", codeOf(err)))
		return fmt.Errorf("log in: %w: %w", ErrPIN, err)
	}
	return fmt.Errorf("log in: %w", err)
}

// now is the epoch, 0 when the module was reloaded since.
func (t *Token) now() epoch {
	here := t.here.Load()
	if here == nil || here.generation != t.module.generation.Load() {
		return 0
	}
	return here.epoch
}

// closeWait bounds how long Close waits for calls that the device does not
// answer.
const closeWait = 10 * time.Second

// Close lets what has begun end, logs out and, if this was its last token,
// finalises the module. Requests that still wait for a session get ErrClosed.
// A device that does not answer is left as it is, with an error.
func (t *Token) Close() error {
	t.closeOnce.Do(func() { t.closed = t.close() })
	return t.closed
}

func (t *Token) close() error {
	t.signers.end()
	t.makers.end()
	ended := make(chan struct{})
	go func() {
		t.workers.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(closeWait):
		return unavailable(fmt.Errorf("close token %q: a call has not returned", t.conf.Token))
	}
	// Other tokens of the module may have calls that do not return.
	ctx, cancel := context.WithTimeout(context.Background(), closeWait)
	defer cancel()
	err := t.module.alone(ctx, func() error {
		if t.now() == 0 {
			return nil
		}
		_ = t.module.p11.CloseAllSessions(t.here.Swap(nil).slot) // they may be closed already
		return nil
	})
	if err != nil {
		err = fmt.Errorf("close token %q: %w", t.conf.Token, err)
	}
	return errors.Join(err, t.module.release(t.conf.Token))
}
