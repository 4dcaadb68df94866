package soak

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
)

// The server's clock is set an hour forward, back, and an hour back, each time
// with open grants and tokens. What was issued before is over, or lives no longer
// than it would have; no code is good twice; and whoever did not use a code of a
// later time can sign at once.
func TestClockSteps(t *testing.T) {
	for name, p := range map[string]plan{
		"memory and SQLite":    {signers: 10},
		"Redis and PostgreSQL": {stores: true, signers: 10},
	} {
		if p.stores && !*long {
			continue
		}
		t.Run(name, func(t *testing.T) {
			w := build(t, p)
			for _, to := range []time.Duration{time.Hour, 0, -time.Hour, 0} {
				w.step(to, name)
			}
			w.verified()
		})
	}
}

// step sets the clock to be wrong by so much.
func (w *town) step(to time.Duration, stores string) {
	t := w.t
	t.Helper()
	v := &watch{w: w, stop: make(chan struct{})}
	v.renew()
	old := &granted{deed: signs2}
	if !v.agree(old) {
		t.Fatalf("before a step to %v: %v", to, v.complaints(time.Time{}))
	}
	if s := v.try(signs2, old.left[0]); !s.good() {
		t.Fatalf("before a step to %v: %d %s %v", to, s.status, s.words, s.err)
	}
	from := w.wrong
	w.setClock(to)
	begun := time.Now()
	if s := v.try(signs2, old.left[1]); s.status != http.StatusUnauthorized {
		t.Errorf("a token from before a step from %v to %v: %d %s %v", from, to, s.status, s.words, s.err)
	}
	v.renew()
	if s := v.try(signs2, old.left[2]); s.status != http.StatusBadRequest {
		t.Errorf("a SAD from before a step from %v to %v: %d %s %v", from, to, s.status, s.words, s.err)
	}
	again := &granted{deed: signs2}
	if !v.agree(again) {
		t.Fatalf("after a step from %v to %v: %v", from, to, v.complaints(begun))
	}
	if s := v.try(signs2, again.left[0]); !s.good() {
		t.Errorf("after a step from %v to %v: %d %s %v", from, to, s.status, s.words, s.err)
	}
	took := time.Since(begun)
	for _, g := range []*granted{old, again} {
		w.cannotReuse(v, g.signer)
	}
	must(t, Record(filepath.Join("..", "..", "build", "soak"), Row{
		Group: "loss", Fault: fmt.Sprintf("the clock set from %v to %v (%s)", from, to, stores), Tries: 1,
		Saw: "401 with the old token, 400 with the old SAD; new ones at once", Recovered: took,
		Lost: "the open grants and tokens", Excess: w.excess("clock", v.signings),
	}))
}

// cannotReuse has a signer agree once more with the code that was used last.
func (w *town) cannotReuse(v *watch, s *signer) {
	w.t.Helper()
	digest := sha256.Sum256([]byte("again"))
	_, err := v.api().Authorize(context.Background(), csc.AuthorizeRequest{
		CredentialID: s.credential, NumSignatures: 1, Hashes: []csc.Digest{digest[:]}, HashAlgorithmOID: csc.OIDSHA256,
		AuthData: []csc.AuthData{{ID: "OTP", Value: s.codeOf(s.last)}},
	})
	if e := told(err); e == nil || e.Status != http.StatusBadRequest {
		w.t.Errorf("a code was good twice: %v", err)
	}
}

// setClock has the server's clock be wrong by so much. A signer goes by the same
// clock, and is out of the town if he used a code of a later time.
func (w *town) setClock(by time.Duration) {
	w.t.Helper()
	must(w.t, os.WriteFile(w.clock+".new", []byte(strconv.Itoa(int(by.Seconds()))), 0o600))
	must(w.t, os.Rename(w.clock+".new", w.clock))
	w.wrong = by
}
