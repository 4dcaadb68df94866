package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pecete/pecete/internal/failpoint"
)

// patience is how long a head may take to be signed and kept.
const patience = 10 * time.Second

// heads is what the log knows of its signed heads.
type heads struct {
	records int       // since a head was last asked for
	since   time.Time // of the oldest record that no kept head covers; zero if there is none
	failed  error     // of the last head that was asked for
	kept    time.Time // when one last was
}

// count counts records that were written, and asks for a head when they are
// enough. l.mu is held.
func (l *Log) count(kept []*waiting) {
	for _, w := range kept {
		if w.head != nil {
			continue
		}
		if l.heads.records++; l.heads.since.IsZero() {
			l.heads.since = l.cfg.Now()
		}
	}
	if l.heads.records >= l.cfg.Records {
		select {
		case l.due <- struct{}{}:
		default: // it was asked for
		}
	}
}

// signHeads signs heads until ctx ends.
func (l *Log) signHeads(ctx context.Context) {
	defer close(l.stopped)
	tick := time.NewTicker(l.cfg.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-l.due:
		}
		if err := l.signHead(ctx); err != nil && ctx.Err() == nil {
			l.cfg.Logger.LogAttrs(ctx, slog.LevelError, "audit head not signed",
				slog.String("log", l.id), slog.String("error", err.Error()))
		}
	}
}

// signHead signs the head of the log, writes it and has it kept. Appends go on
// meanwhile.
func (l *Log) signHead(ctx context.Context) error {
	l.mu.Lock()
	l.heads.records = 0
	taken, tail, needed := l.cfg.Now(), l.tail, !l.heads.since.IsZero()
	l.mu.Unlock()
	if !needed {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	h := Head{Log: l.id, Seq: tail.seq, Hash: tail.hash.String(), Time: tail.time}
	if now := taken.UTC().Truncate(time.Microsecond); now.After(h.Time) {
		h.Time = now
	}
	err := l.sign(ctx, &h)
	failpoint.Hit(failpoint.HeadSigned)
	if err == nil {
		err = l.writeHead(h)
	}
	failpoint.Hit(failpoint.HeadWritten)
	if err == nil {
		err = l.cfg.Keeper.KeepHead(ctx, h)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.heads.failed = err; err != nil {
		return fmt.Errorf("audit: head of record %d: %w", h.Seq, err)
	}
	l.heads.kept = l.cfg.Now()
	if l.heads.since = taken; l.tail.seq == h.Seq+1 {
		l.heads.since = time.Time{}
	}
	return nil
}

// sign has h signed. A Signer that does not come back when ctx ends is left
// alone, and asked no more before it has come back.
func (l *Log) sign(ctx context.Context, h *Head) error {
	digest, err := h.digest()
	if err != nil {
		return err
	}
	select {
	case l.signer <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("the signer is still at the head before: %w", ctx.Err())
	}
	type answer struct {
		signature []byte
		err       error
	}
	answers := make(chan answer, 1)
	go func() {
		signature, err := l.cfg.Signer.SignHead(ctx, digest)
		answers <- answer{signature, err}
		<-l.signer
	}()
	var a answer
	select {
	case a = <-answers:
	case <-ctx.Done():
		return ctx.Err()
	}
	if a.err != nil {
		return a.err
	}
	if h.Signature, err = lower(a.signature); err != nil {
		return err
	}
	if len(l.cfg.Keys) > 0 && !h.signedBy(l.cfg.Keys[:1]) {
		return errors.New("the signature is not the key's")
	}
	return nil
}

// writeHead writes the audit.head record of h.
func (l *Log) writeHead(h Head) error {
	text, err := encode(struct {
		Entry
		Head seal `json:"head"`
	}{Entry{Event: LogHead}, seal{h.Seq, h.Hash, h.Signature}})
	if err != nil {
		return err
	}
	return l.put(&waiting{entry: text, head: &h, done: make(chan error, 1)})
}
