package sad_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/onetime"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func digest(s string) csc.Digest {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

var a, b, c = digest("a"), digest("b"), digest("c")

// a grant of a minute, of client, user and credential 1.
func grant(count int) sad.Grant {
	return sad.Grant{
		ID: "1", UserID: "u1", ClientID: "app1", CredentialID: "c1",
		Issued: noon, Expires: noon.Add(time.Minute), Count: count, Left: count,
	}
}

func only(digests ...csc.Digest) sad.Grant {
	g := grant(len(digests))
	g.Bound, g.HashOID = true, csc.OIDSHA256
	for _, d := range digests {
		g.Hashes = append(g.Hashes, sad.Agreed{Digest: d})
	}
	return g
}

func as(kind csc.HashKind, d csc.Digest) sad.Grant {
	g := only(d)
	g.Hashes[0].Kind = kind
	return g
}

func agreedTo(hashOID string) sad.Grant {
	g := grant(1)
	g.HashOID = hashOID
	return g
}

func use(digests ...csc.Digest) sad.Use {
	return sad.Use{
		UserID: "u1", ClientID: "app1", CredentialID: "c1",
		Kind: csc.DTBSR, Hashes: digests, HashOID: csc.OIDSHA256,
	}
}

func with(u sad.Use, change func(*sad.Use)) sad.Use {
	change(&u)
	return u
}

func TestSpend(t *testing.T) {
	foreignUser := with(use(a), func(u *sad.Use) { u.UserID = "u2" })
	foreignClient := with(use(a), func(u *sad.Use) { u.ClientID = "app2" })
	machine := with(use(a), func(u *sad.Use) { u.UserID = "" })
	otherCredential := with(use(a), func(u *sad.Use) { u.CredentialID = "c2" })
	otherHash := with(use(a), func(u *sad.Use) { u.HashOID = csc.OIDSHA512 })
	other := with(use(a), func(u *sad.Use) { u.Standing = "another" })
	agreed := grant(1)
	agreed.Standing = "another"
	held := only(a)
	held.Holder = "jkt 1"
	by := func(holder string) sad.Use { return with(use(a), func(u *sad.Use) { u.Holder = holder }) }
	document := with(use(a), func(u *sad.Use) { u.Kind = csc.SDR })
	tests := []struct {
		name  string
		grant sad.Grant
		use   sad.Use
		after time.Duration
		want  error
		left  int
	}{
		{"one hash agreed to", only(a), use(a), 0, nil, 0},
		{"two hashes in another order", only(a, b), use(b, a), 0, nil, 0},
		{"one of two hashes", only(a, b), use(b), 0, nil, 1},
		{"a hash not agreed to", only(a), use(b), 0, sad.ErrHash, 1},
		{"one hash agreed to and one not", only(a, b), use(a, c), 0, sad.ErrHash, 2},
		{"a hash twice, agreed to once", only(a, b), use(a, a), 0, sad.ErrHash, 2},
		{"a hash twice, agreed to twice", only(a, a), use(a, a), 0, nil, 0},
		{"a hash thrice, agreed to twice", only(a, a), use(a, a, a), 0, sad.ErrHash, 2},
		{"any hash of a bare number", grant(1), use(a), 0, nil, 0},
		{"the same hash twice of a bare number", grant(2), use(a, a), 0, nil, 0},
		{"one more than a bare number", grant(2), use(a, b, c), 0, sad.ErrSpent, 2},
		{"no hash at all", grant(2), use(), 0, sad.ErrSpent, 2},
		{"another user's grant", only(a), foreignUser, 0, sad.ErrForeign, 1},
		{"another client's grant", only(a), foreignClient, 0, sad.ErrForeign, 1},
		{"a client acting for its signer", only(a), machine, 0, nil, 0},
		{"a grant that is held, by who holds it", held, by("jkt 1"), 0, nil, 0},
		{"a grant that is held, by who holds another key", held, by("jkt 2"), 0, sad.ErrHolder, 1},
		{"a grant that is held, by who holds nothing", held, use(a), 0, sad.ErrHolder, 1},
		{"a grant that nobody holds, by who holds a key", only(a), by("jkt 1"), 0, nil, 0},
		{"another credential", only(a), otherCredential, 0, sad.ErrCredential, 1},
		{"a signer who does not stand by it any more", only(a), other, 0, sad.ErrOver, 1},
		{"a signer who stands by it", agreed, other, 0, nil, 0},
		{"of a signer who is not asked whether he stands by it", agreed, use(a), 0, sad.ErrOver, 1},
		{"another hash algorithm", only(a), otherHash, 0, sad.ErrAlgorithm, 1},
		{"another hash algorithm where none was agreed", grant(1), otherHash, 0, nil, 0},
		{"another hash algorithm than agreed without hashes", agreedTo(csc.OIDSHA256), otherHash, 0, sad.ErrAlgorithm, 1},
		{"the hash algorithm agreed without hashes", agreedTo(csc.OIDSHA256), use(a), 0, nil, 0},
		{"a document's hash signed as a document", as(csc.SDR, a), document, 0, nil, 0},
		{"a document's hash signed as it is", as(csc.SDR, a), use(a), 0, sad.ErrHash, 1},
		{"a prepared hash signed as a document", as(csc.DTBSR, a), document, 0, sad.ErrHash, 1},
		{"a prepared hash signed as it is", as(csc.DTBSR, a), use(a), 0, nil, 0},
		{"an unstated hash signed as a document", only(a), document, 0, nil, 0},
		{"one moment before the end", grant(1), use(a), time.Minute - 1, nil, 0},
		{"at the very end", grant(1), use(a), time.Minute, sad.ErrExpired, 1},
		{"by a clock that is a little behind", grant(1), use(a), -sad.Skew, nil, 0},
		{"by a clock that went back", grant(1), use(a), -sad.Skew - 1, sad.ErrExpired, 1},
		{"by a clock that went back an hour", grant(1), use(a), time.Minute - time.Hour, sad.ErrExpired, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := tt.grant
			before.Hashes = append([]sad.Agreed(nil), tt.grant.Hashes...)
			rest, err := tt.grant.Spend(tt.use, noon.Add(tt.after))
			if !errors.Is(err, tt.want) {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			if rest.Left != tt.left {
				t.Errorf("left %d, want %d", rest.Left, tt.left)
			}
			if diff := cmp.Diff(before, tt.grant); diff != "" {
				t.Errorf("the grant itself changed (-before +after):\n%s", diff)
			}
		})
	}
}

// Every way to agree to up to four hashes of three, spent in every way of up to
// four: what a model that counts occurrences allows, and nothing else.
func TestSpendAgainstModel(t *testing.T) {
	kinds := []csc.Digest{a, b, c}
	var ways [][]csc.Digest
	var grow func(prefix []csc.Digest)
	grow = func(prefix []csc.Digest) {
		if len(prefix) > 0 {
			ways = append(ways, prefix)
		}
		if len(prefix) == 4 {
			return
		}
		for _, d := range kinds {
			grow(append(append([]csc.Digest(nil), prefix...), d))
		}
	}
	grow(nil)
	count := func(ds []csc.Digest, d csc.Digest) (n int) {
		for _, x := range ds {
			if string(x) == string(d) {
				n++
			}
		}
		return n
	}
	for _, agreed := range ways {
		for _, spent := range ways {
			allowed := true
			for _, d := range kinds {
				allowed = allowed && count(spent, d) <= count(agreed, d)
			}
			rest, err := only(agreed...).Spend(use(spent...), noon)
			if (err == nil) != allowed {
				t.Fatalf("agreed %v spent %v: error %v, allowed %v", agreed, spent, err, allowed)
			}
			if err == nil && (rest.Left != len(agreed)-len(spent) || len(rest.Hashes) != rest.Left) {
				t.Fatalf("agreed %v spent %v: left %d with %d hashes", agreed, spent, rest.Left, len(rest.Hashes))
			}
		}
	}
}

func TestNewIsKnownOnlyByItsHash(t *testing.T) {
	value, id := sad.New()
	if sad.ID(value) != id || len(id) != 64 || len(string(value)) != 43 {
		t.Errorf("SAD of %d characters has id %q", len(string(value)), id)
	}
	if other, _ := sad.New(); other == value {
		t.Error("two SADs are alike")
	}
	if s := fmt.Sprint(value); s == string(value) {
		t.Error("a SAD prints itself")
	}
}

// A SAD of several grants: each is for one credential, and a name of one is no
// SHA-256 of anything.
func TestParts(t *testing.T) {
	_, id := sad.New()
	if diff := cmp.Diff([]string{id}, sad.Parts(id, []string{"c1"})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{id + ".c1", id + ".c2"}, sad.Parts(id, []string{"c1", "c2"})); diff != "" {
		t.Error(diff)
	}
	if all := sad.Parts(id, nil); len(all) != 0 {
		t.Errorf("of no credential %q", all)
	}
}

// Of two grants of one SAD each is spent for its own credential, by as many as
// it was agreed to, however many ask at once for either.
func TestSpendRaceOfParts(t *testing.T) {
	store := sad.Grants{Store: onetime.NewMemory(func() time.Time { return noon }), Now: func() time.Time { return noon }}
	_, id := sad.New()
	for n, credentialID := range []string{"c1", "c2"} {
		g := grant(3 + n)
		g.ID, g.CredentialID = sad.Part(id, credentialID), credentialID
		if err := store.Put(t.Context(), g); err != nil {
			t.Fatal(err)
		}
	}
	var won [2]atomic.Int64
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			u := use(a)
			u.CredentialID = []string{"c1", "c2"}[i%2]
			rest, err := sad.Spend(t.Context(), store, id, u, noon)
			switch {
			case err == nil && rest.ID == sad.Part(id, u.CredentialID):
				won[i%2].Add(1)
			case !errors.Is(err, sad.ErrUnknown):
				t.Errorf("%+v, %v", rest, err)
			}
		})
	}
	all.Wait()
	if won[0].Load() != 3 || won[1].Load() != 4 {
		t.Errorf("spent %d and %d times", won[0].Load(), won[1].Load())
	}
	for _, id := range []string{id, sad.Part(id, "c3")} {
		if _, err := sad.Spend(t.Context(), store, id, use(a), noon); err != sad.ErrUnknown {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// A rival is a store in which somebody else is quicker, once: between the look at a
// grant and its swap.
type rival struct {
	sad.Grants
	quicker func()
}

func (r *rival) Swap(ctx context.Context, old, rest sad.Grant) (bool, error) {
	if quicker := r.quicker; quicker != nil {
		r.quicker = nil
		quicker()
	}
	return r.Grants.Swap(ctx, old, rest)
}

// Whoever was not the quickest looks again, and has what is left or nothing.
func TestNotTheQuickest(t *testing.T) {
	now := func() time.Time { return noon }
	spend := func(s sad.Store) (sad.Grant, error) { return sad.Spend(t.Context(), s, "1", use(a), noon) }
	extend := func(s sad.Store) (sad.Grant, error) {
		_, next, err := sad.Extend(t.Context(), s, "1", use(), time.Minute, "2", noon)
		return next, err
	}
	for says, test := range map[string]struct {
		agreed         int
		quicker, later func(sad.Store) (sad.Grant, error)
		left           int
		err            error
	}{
		"one for two who spend":        {1, spend, spend, 0, sad.ErrUnknown},
		"two for two who spend":        {2, spend, spend, 0, nil},
		"three for two who spend":      {3, spend, spend, 1, nil},
		"extended before it was spent": {3, extend, spend, 0, sad.ErrUnknown},
		"spent before it was extended": {3, spend, extend, 2, nil},
		"all spent before":             {1, spend, extend, 0, sad.ErrUnknown},
		"extended twice":               {3, extend, extend, 0, sad.ErrUnknown},
	} {
		t.Run(says, func(t *testing.T) {
			store := &rival{Grants: sad.Grants{Store: onetime.NewMemory(now), Now: now}}
			if err := store.Put(t.Context(), grant(test.agreed)); err != nil {
				t.Fatal(err)
			}
			store.quicker = func() {
				if _, err := test.quicker(store.Grants); err != nil {
					t.Error(err)
				}
			}
			left, err := test.later(store)
			if !errors.Is(err, test.err) || err == nil && left.Left != test.left {
				t.Errorf("%d left, %v; want %d, %v", left.Left, err, test.left, test.err)
			}
		})
	}
}

// A seal's ten thousand hashes are each spent once, in whatever order and in
// whatever parts, in a time that nobody notices.
func TestSpendThousands(t *testing.T) {
	const many = 10_000
	var all []csc.Digest
	for n := range many {
		all = append(all, digest(fmt.Sprint(n)))
	}
	backwards := slices.Clone(all)
	slices.Reverse(backwards)
	shuffled := slices.Clone(all)
	rand.Shuffle(many, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for name, order := range map[string][]csc.Digest{"as agreed": all, "backwards": backwards, "shuffled": shuffled} {
		g := only(all...)
		begun := time.Now()
		for part := range slices.Chunk(order, many/4) {
			var err error
			if g, err = g.Spend(use(part...), noon); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, err := g.Spend(use(part[0]), noon); !errors.Is(err, sad.ErrHash) {
				t.Errorf("%s: a hash twice: %v", name, err)
			}
		}
		if took := time.Since(begun); g.Left != 0 || len(g.Hashes) != 0 || took > 20*time.Second {
			t.Errorf("%s: %d left, %d hashes, after %v", name, g.Left, len(g.Hashes), took)
		}
	}
	if _, err := only(all...).Spend(use(append(slices.Clone(all), all[0])...), noon); !errors.Is(err, sad.ErrHash) {
		t.Errorf("one more than was agreed to: %v", err)
	}
}
