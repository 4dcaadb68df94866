package soak_test

import (
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/internal/failpoint"
	"github.com/pecete/pecete/internal/soak"
)

var (
	kills = flag.Int("kills", 0, "kill this many times at random; 0: once at each point")
	ways  = flag.String("ways", "", "kill only in the ways whose names have this in them")
)

// A campaign kills a town again and again, and judges what came of it.
type campaign struct {
	*town
	judge  judge
	rows   *rows
	round  int
	guests []*visitor
	later  []func() // what waits for a signer's next code
}

// A deed is one way to kill: it has p die, repeats the call that died with it,
// and judges.
type deed struct {
	fault string // for the table
	do    func(c *campaign, p *process)
	often int // how much of a long campaign
}

// deeds are all ways to kill one process. What is killed is told in the words
// of package failpoint.
func deeds() []deed {
	all := append(jobDeeds(), []deed{
		{"nothing is spent yet (before-reserve)", signing(failpoint.BeforeReserve, 1, "200"), 8},
		{"spent, nothing recorded (after-reserve)", signing(failpoint.AfterReserve, 0, dead), 8},
		{"intent on the disk (intent-written)", signing(failpoint.IntentWritten, 0, dead), 8},
		{"before the device is asked (before-sign)", signing(failpoint.BeforeSign, 0, dead), 8},
		{"the device has signed (after-sign)", signing(failpoint.AfterSign, 1, dead), 8},
		{"outcome on the disk, nothing sent (before-answer)", signing(failpoint.BeforeAnswer, 1, dead), 8},
		{"half of the answer sent (half-answer)", signing(failpoint.HalfAnswer, 1, dead), 8},
		{"some of a batch are signed (after-sign)", (*campaign).batch, 8},
		{"a process at any moment under load", (*campaign).underLoad, 24},
		{"code used, nothing recorded (step-used)", authorizing(failpoint.StepUsed), 2},
		{"grant recorded, not kept (grant-recorded)", authorizing(failpoint.GrantRecorded), 2},
		{"grant kept, SAD unknown to all (grant-kept)", authorizing(failpoint.GrantKept), 2},
		{"OAuth code spent, no token (code-redeemed)", redeeming(failpoint.CodeRedeemed), 2},
		{"credential token's grant recorded, not kept (grant-recorded)", redeeming(failpoint.GrantRecorded), 1},
		{"token kept, its client not told (token-kept)", redeeming(failpoint.TokenKept), 2},
		{"refresh token replaced, nobody told (refresh-swapped)", (*campaign).refreshing, 2},
		{"revocation recorded, not done (revocation-recorded)", (*campaign).revoking, 1},
		{"key made, no credential (key-generated)", enrolling(failpoint.KeyGenerated), 2},
		{"certificate signed, nobody has it (certificate-signed)", enrolling(failpoint.CertificateSigned), 1},
		{"credential recorded, not kept (credential-recorded)", enrolling(failpoint.CredentialRecorded), 1},
		{"head of the audit log signed, not written (head-signed)", stopping(failpoint.HeadSigned), 1},
		{"head of the audit log written, not kept (head-written)", stopping(failpoint.HeadWritten), 1},
		{"redis-server killed under load", (*campaign).redisKilled, 3},
		{"PostgreSQL killed under load", (*campaign).postgresKilled, 3},
	}...)
	return slices.DeleteFunc(all, func(d deed) bool { return !strings.Contains(d.fault, *ways) })
}

// dead is what a SAD answers that was spent.
const dead = "400 Invalid parameter SAD"

// The server is killed where it hurts most, on Redis with both ways of keeping
// its file, and the same client repeats the same call with the same SAD at both
// processes. No signature is made that nobody agreed to, whatever was lost.
func TestKilledAtEveryPoint(t *testing.T) {
	r := &rows{group: "crash"}
	for _, policy := range []string{"always", "everysec"} {
		t.Run(policy, func(t *testing.T) {
			c := &campaign{town: settle(t, settling{
				redis: []string{"--appendfsync", policy}, signers: signersFor(*kills / 2),
			}), rows: r}
			todo := shuffled(*kills / 2)
			if *kills == 0 {
				todo = once(policy)
			}
			for _, d := range todo {
				c.kill(d, policy)
				if t.Failed() {
					t.Fatalf("after %d kills, at: %s", c.round, d.fault)
				}
			}
			c.end(t)
		})
	}
	record(t, r.all()...)
}

// once is the short campaign. What the way of keeping the file cannot change is
// done with one of them.
func once(policy string) (todo []deed) {
	for _, d := range deeds() {
		store := strings.Contains(d.fault, "killed under load")
		if load := strings.Contains(d.fault, "under load"); store == (policy == "everysec") || load && !store {
			todo = append(todo, d)
		}
	}
	return todo
}

// shuffled is a long campaign.
func shuffled(n int) (todo []deed) {
	var urn []deed
	for _, d := range deeds() {
		for range d.often {
			urn = append(urn, d)
		}
	}
	todo = append(todo, deeds()...)
	for len(todo) < n {
		todo = append(todo, urn[rand.IntN(len(urn))])
	}
	return todo[:n]
}

// signersFor is how many signers agree often enough.
func signersFor(kills int) int {
	if kills == 0 {
		return 30
	}
	return 200
}

func (c *campaign) kill(d deed, policy string) {
	c.t.Helper()
	c.round++
	c.rows.begin(d.fault)
	d.do(c, c.two[rand.IntN(2)])
	c.rows.now.row.Excess += c.judge.read(c.t, c.town).excess
	if c.round%50 == 0 {
		c.whole()
		c.t.Logf("appendfsync %s: %d kills", policy, c.round)
	}
}

// signer is one who can agree now.
func (c *campaign) signer() *signer {
	c.t.Helper()
	s := c.crowd.take()
	if s == nil {
		c.t.Fatal("no signer can agree any more")
	}
	return s
}

// end judges all of it once more.
func (c *campaign) end(t *testing.T) {
	t.Helper()
	for _, do := range c.later {
		do()
	}
	v := c.judge.read(t, c.town)
	c.close()
	if lost := c.orphans(); len(lost) > 0 {
		t.Errorf("keys that no credential has: %v", lost)
	}
	t.Logf("%d kills, %d agreements, %d signatures, %d too many", c.round, len(c.judge.all), v.sum, v.excess)
}

// rows gather what was seen, by fault.
type rows struct {
	group string
	order []string
	of    map[string]*seen
	now   *seen
}

type seen struct {
	row       soak.Row
	saw, lost []string
}

func (r *rows) begin(fault string) {
	if r.of == nil {
		r.of = map[string]*seen{}
	}
	if r.of[fault] == nil {
		r.order = append(r.order, fault)
		r.of[fault] = &seen{row: soak.Row{Group: r.group, Fault: fault}}
	}
	r.now = r.of[fault]
	r.now.row.Tries++
}

// note is what came of the fault that was begun last.
func (r *rows) note(recovered time.Duration, lost string, saw ...string) {
	r.now.saw = sorted(append(r.now.saw, saw...))
	r.now.lost = sorted(append(r.now.lost, lost))
	r.now.row.Recovered = max(r.now.row.Recovered, recovered)
}

func (r *rows) all() (list []soak.Row) {
	for _, fault := range r.order {
		s := r.of[fault]
		s.row.Saw, s.row.Lost = strings.Join(s.saw, "; "), strings.Join(s.lost, "; ")
		list = append(list, s.row)
	}
	return list
}

// then is what a client saw first, and what at the repeats.
func then(first error, repeats ...error) string {
	var words []string
	for _, err := range repeats {
		words = append(words, outcome(err))
	}
	return outcome(first) + ", then " + strings.Join(slices.Compact(words), ", then ")
}
