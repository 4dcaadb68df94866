package hsm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// A ladder is how far one request's recovery has come. No rung is tried twice.
type ladder struct {
	last   rung
	sure   bool  // the request was tried again after the canary had signed
	others int   // times that it was tried again after others' recoveries
	unwell bool  // the canary did not sign
	failed error // of the last rung that did not hold
}

// maxOthers bounds how often a request is tried again without doing anything
// for it.
const maxOthers = 16

// run does a job, and what is needed for it to succeed.
func (w *worker) run(j *job) error {
	var l ladder
	for {
		at, err := w.once(j.ctx, j.do)
		if err == nil {
			if l.last == newModule {
				w.token.module.rest.helped()
			}
			return nil
		}
		if err := w.climb(j, &l, at, err); err != nil {
			return err
		}
	}
}

// climb recovers from fault, met in epoch at, as far as the job may be tried
// again; or it says how the job ends.
func (w *worker) climb(j *job, l *ladder, at epoch, fault error) error {
	if over(j.ctx, fault) {
		return unavailable(fault)
	}
	next := firstRung(fault)
	if next == noRung {
		return final(fault)
	}
	for next = max(next, l.last+1); ; next++ {
		if next >= newLogin {
			switch w.judge(j, l, at, fault) {
			case goOn:
				l.unwell = true
			case tryAgain:
				return nil
			case giveUp:
				w.token.objects.forget(j.key, fault)
				w.token.copies.drop(j.key)
				return final(fault)
			case seeAgain:
				next = newModule
			}
		}
		if next > newModule {
			return w.ill(l, fault, l.failed)
		}
		l.last = next
		err := w.step(j, next, at)
		w.note(j.ctx, next, fault, err)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, ErrPIN):
			w.token.ails(err)
			return unavailable(err)
		case over(j.ctx, err):
			return unavailable(err)
		case errors.Is(err, errResting):
			return w.ill(l, fault, err)
		}
		l.failed = err
	}
}

// ill is what the caller of a token that could not be healed is told. Whether
// there is a key cannot be known then, whatever the token says.
func (w *worker) ill(l *ladder, fault, failed error) error {
	if l.unwell {
		w.token.ails(fault)
	}
	if failed != nil {
		fault = fmt.Errorf("%w (recovery: %w)", fault, failed)
	}
	if errors.Is(fault, ErrNoKey) {
		fault = errors.New(fault.Error())
	}
	return unavailable(fault)
}

// A verdict is what the canary's signature means for a request that failed.
type verdict int

const (
	goOn     verdict = iota // the token is ill
	tryAgain                // it is well now
	giveUp                  // it is well, the request is not
	seeAgain                // it is well, but a key it had cannot be seen
)

// judge asks the canary. A token that signs is well: what still fails after
// another try is the request's own fault, or its key is gone. Only a key that
// was there before is worth a reload, since some modules lose sight of a key
// whose file they could not open for a moment; an unknown key is not.
func (w *worker) judge(j *job, l *ladder, at epoch, fault error) verdict {
	if w.token.now() != at && l.others < maxOthers {
		l.others++
		return tryAgain
	}
	asked, err := w.sing(j.ctx)
	switch {
	case err != nil:
		return goOn
	case asked != at && l.others < maxOthers:
		l.others++
		return tryAgain
	case !l.sure:
		l.sure = true
		return tryAgain
	case errors.Is(fault, errVanished) && l.last < newModule:
		return seeAgain
	}
	return giveUp
}

// final is a fault as the caller is told it.
func final(fault error) error {
	if passing(fault) {
		return unavailable(fault)
	}
	return fault
}

// step does what a rung is.
func (w *worker) step(j *job, r rung, at epoch) error {
	switch r {
	case noRung:
	case newSession:
		return w.renew(j.ctx)
	case newHandle:
		w.token.objects.doubt(j.key)
		w.token.copies.drop(j.key)
		return nil
	case newLogin:
		return w.token.attach(j.ctx, at)
	case newModule:
		return w.revive(j.ctx)
	}
	return fmt.Errorf("no rung %d", r)
}

// revive reloads the module until the canary signs, as often as the pauses
// between reloads allow: a library that is loaded at the wrong moment finds the
// token, or half of its keys, missing. Others who want the same wait for the one
// who does it.
func (w *worker) revive(ctx context.Context) error {
	t := w.token
	var fault error
	for {
		err := t.module.reload(ctx, t.module.generation.Load())
		if err == nil {
			err = t.attach(ctx, 0)
		}
		if err == nil {
			_, err = w.sing(ctx)
		}
		switch {
		case err == nil, errors.Is(err, ErrPIN), over(ctx, err):
			return err
		case errors.Is(err, errResting):
			return errors.Join(fault, err)
		}
		fault = err
	}
}

// note tells the log of a step.
func (w *worker) note(ctx context.Context, r rung, fault, err error) {
	if w.token.conf.Recovered != nil {
		w.token.conf.Recovered(r.String(), err)
	}
	attrs := []slog.Attr{
		slog.String("token", w.token.conf.Token), slog.String("step", r.String()), slog.String("code", codeOf(fault)),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	w.token.conf.Logger.LogAttrs(ctx, slog.LevelWarn, "hsm recovery", attrs...)
}

// sing signs with the canary and verifies it, on a session and with a handle
// that may be new, and says in which epoch.
func (w *worker) sing(ctx context.Context) (epoch, error) {
	at, err := w.once(ctx, w.token.canary.sing)
	if err == nil || errors.Is(err, errDetached) || over(ctx, err) {
		return at, err
	}
	w.token.objects.doubt(w.token.canary.key())
	if err := w.renew(ctx); err != nil {
		return at, err
	}
	return w.once(ctx, w.token.canary.sing)
}
