package soak

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pecete/pecete/csc"
)

// Redis loses the spending of a grant: its file is cut back to before it, as
// after a power cut that took its last second. The SAD stays refused, whether it
// was spent as a whole or in part.
func TestRewoundRedisRevivesNothing(t *testing.T) {
	w := build(t, plan{stores: true, signers: max(4, *rounds/3+1)})
	v := &watch{w: w, stop: make(chan struct{})}
	refused, r := 0, row{fault: "Redis cut back to before a spend"}
	for n := range *rounds {
		r.add(w.rewind(v, n, &refused))
	}
	if refused != *rounds || r.excess != 0 {
		t.Errorf("%d of %d refused, %d signatures too many", refused, *rounds, r.excess)
	}
	w.verified()
	row := r.row()
	row.Saw = fmt.Sprintf("the spent SAD refused with 400 in %d of %d; 503 until Redis was back", refused, *rounds)
	row.Lost = "the open grants and tokens"
	must(t, Record(filepath.Join("..", "..", "build", "soak"), row))
	t.Logf("%s, the longest %v", row.Saw, row.Recovered)
}

// rewind spends one signature of a grant, of one or of three by turns, and has
// Redis forget it.
func (w *town) rewind(v *watch, n int, refused *int) row {
	w.t.Helper()
	v.renew()
	count := 1 + n%2*2
	one := w.grant(v, n, count)
	file := w.appendOnly()
	before, err := os.Stat(file)
	must(w.t, err)
	if s := v.try(signs2, one); !s.good() {
		w.t.Fatalf("round %d: %d %s %v", n, s.status, s.words, s.err)
	}
	after, err := os.Stat(file)
	must(w.t, err)
	if after.Size() <= before.Size() {
		w.t.Fatalf("round %d: the spending is not in %s", n, file)
	}
	w.redis.Kill9()
	must(w.t, os.Truncate(file, before.Size()))
	w.redis.Restart()
	back := time.Now()
	s := w.again(v, one)
	r := row{tries: 1, recovered: s.ended.Sub(back)}
	if s.status == http.StatusBadRequest && s.words == "Invalid parameter SAD" {
		*refused++
	} else {
		w.t.Errorf("round %d: the SAD was answered %d %s %v", n, s.status, s.words, s.err)
	}
	if made := w.made()[one.signer.named(one.digest)]; made != 1 {
		w.t.Errorf("round %d: %d signatures", n, made)
		r.excess = made - 1
	}
	return r
}

// again asks once more, as soon as the server can be asked, with a new token.
func (w *town) again(v *watch, one *signing) (s sight) {
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(calm) {
		v.renew()
		if s = v.try(signs2, one); !s.passes() && s.status != http.StatusUnauthorized {
			break
		}
	}
	return s
}

// grant has some signer agree to so many hashes, and returns the first.
func (w *town) grant(v *watch, n, count int) *signing {
	w.t.Helper()
	g := &granted{deed: signs2}
	code := v.turn(g)
	var digests []csc.Digest
	for i := range count {
		digest := sha256.Sum256(fmt.Append(nil, "rewound ", n, i, code))
		digests = append(digests, digest[:])
	}
	got, err := v.api().Authorize(context.Background(), csc.AuthorizeRequest{
		CredentialID: g.signer.credential, NumSignatures: count, Hashes: digests, HashAlgorithmOID: csc.OIDSHA256,
		AuthData: []csc.AuthData{{ID: "OTP", Value: code}},
	})
	must(w.t, err)
	return &signing{signer: g.signer, digest: digests[0], sad: got.SAD}
}

// appendOnly is the file that Redis adds its writes to.
func (w *town) appendOnly() string {
	w.t.Helper()
	found, err := filepath.Glob(filepath.Join(w.redis.Dir, "appendonlydir", "*.incr.aof"))
	if err != nil || len(found) != 1 {
		w.t.Fatalf("the append-only files of Redis: %v, %v", found, err)
	}
	return found[0]
}
