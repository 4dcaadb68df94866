package hsm

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/miekg/pkcs11"
)

// An errand is what a caller wants, and which key it is about, if it is about
// one.
type errand struct {
	what string
	key  objectKey
}

// ask has one of the workers that sign run do, and waits for its result as long
// as ctx lasts. A request whose ctx ends before its turn is never begun; one
// whose ctx ends later is left behind.
func ask[T any](ctx context.Context, t *Token, e errand, do func(*session) (T, error)) (T, error) {
	return submit(ctx, t, t.signers, e, do, true)
}

// change has the worker that may change the token run do. What it has begun is
// waited for, however long: half a key must not be left behind.
func change[T any](ctx context.Context, t *Token, e errand, do func(*session) (T, error)) (T, error) {
	return submit(ctx, t, t.makers, e, do, false)
}

func submit[T any](ctx context.Context, t *Token, to *queue, e errand, do func(*session) (T, error), leave bool) (result T, err error) {
	if t.conf.Observe != nil {
		defer func(begun time.Time) { t.conf.Observe(e.what, time.Since(begun), err) }(time.Now())
	}
	var made T
	j := &job{errand: e, ctx: ctx, done: make(chan error, 1), do: func(s *session) (err error) {
		made, err = do(s)
		return err
	}}
	if err := to.put(j); err != nil {
		return result, err
	}
	if err := j.wait(leave); err != nil {
		return result, err
	}
	return made, nil
}

// A worker owns a session and nobody else ever uses it.
type worker struct {
	token *Token
	flags uint // of its sessions

	handle pkcs11.SessionHandle
	epoch  epoch // of handle, 0 for none
	broken bool  // the session is in a state nobody knows
	direct bool  // the module's crossing leads to handle
	order  order
}

// A session is a worker's session while the gate is passed: its epoch is the
// token's until it is given back.
type session struct {
	token  *Token
	p11    *pkcs11.Ctx
	handle pkcs11.SessionHandle
	epoch  epoch
	broken bool
	direct bool
	order  *order // the worker's
}

// work starts a worker. Three things that look good were measured and left out,
// by CPU time of a signature on SoftHSM: keeping a worker to one thread (P-256
// 5 to 10 % more, RSA the same), more threads of Go than cores (P-256 8 to 15 %
// more, RSA the same), and handing several jobs over at once (passing the gate
// costs a tenth of a microsecond; what is handed over but not begun waits for
// one worker while the other may be idle).
func (t *Token) work(jobs *queue, flags uint) {
	w := &worker{token: t, flags: flags | pkcs11.CKF_SERIAL_SESSION}
	t.workers.Go(func() {
		for j := jobs.take(); j != nil; j = jobs.take() {
			w.serve(j)
		}
	})
}

// serve does a job.
func (w *worker) serve(j *job) {
	signs := int64(0)
	if w.flags&pkcs11.CKF_RW_SESSION == 0 {
		signs = 1
	}
	w.token.busy.Add(signs)
	err := w.run(j)
	w.token.busy.Add(-signs)
	j.done <- err
	// Whoever waited runs now, on this thread, and not on another that has to be
	// woken once this one is in the device: 5 to 10 % of a signature's CPU time.
	runtime.Gosched()
}

// once tries do on the worker's session and says in which epoch.
func (w *worker) once(ctx context.Context, do func(*session) error) (epoch, error) {
	t := w.token
	if w.broken {
		if err := w.renew(ctx); err != nil {
			return t.now(), err
		}
	}
	if err := t.module.enter(ctx, 1); err != nil {
		return t.now(), err
	}
	defer t.module.leave(1)
	now := t.now()
	if now == 0 {
		return 0, errDetached
	}
	if w.epoch != now {
		handle, err := t.module.p11.OpenSession(t.here.Load().slot, w.flags)
		if err != nil {
			return now, fmt.Errorf("open session: %w", err)
		}
		w.handle, w.epoch, w.direct = handle, now, t.module.crossing.leadsTo(handle)
	}
	s := &session{token: t, p11: t.module.p11, handle: w.handle, epoch: now, direct: w.direct, order: &w.order}
	err := do(s)
	w.broken = s.broken
	return now, err
}

// renew gives up the worker's session; once opens another.
func (w *worker) renew(ctx context.Context) error {
	t := w.token
	return t.module.alone(ctx, func() error {
		if w.epoch != 0 && w.epoch == t.now() {
			_ = t.module.p11.CloseSession(w.handle) // it may be closed already
		}
		w.epoch, w.broken = 0, false
		return nil
	})
}
