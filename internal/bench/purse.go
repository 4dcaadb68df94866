package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/pecete/pecete/csc"
)

// grantSize is what a signer agrees to with one code: this many hashes, each of
// them named.
const grantSize = 100

// A signer is one of the crowd.
type signer struct {
	User       string `json:"user"`
	Email      string `json:"email"`
	Credential string `json:"credential"`
	Secret     string `json:"secret"`

	step int64 // the last whose code was given
}

func readCrowd(path string) (all []*signer, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it is only read
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var s signer
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, &s)
	}
	return all, nil
}

// codeOf is what the signer's authenticator shows for a step that the signer
// has not used yet; false if there is none to be had now. A server takes the
// codes of three steps, those about now, and each step once.
func (s *signer) code(now time.Time) (csc.Secret, bool, error) {
	const period, drift = 30, 1
	// The oldest may be over by the time it arrives.
	step := max(s.step+1, now.Add(3*time.Second).Unix()/period-drift)
	if step > now.Unix()/period+drift {
		return "", false, nil
	}
	s.step = step
	code, err := hotp.GenerateCodeCustom(s.Secret, uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	return csc.Secret(code), true, err
}

// A grant is an authorization that was given, and how much of it is spent.
type grant struct {
	credential string
	sad        csc.Secret
	hashes     []string // Base64
	spent      int
	given      time.Time
}

// life is how long a grant is used at most. The servers are told to let it live
// longer.
const life = 10 * time.Minute

// left is how many of its hashes can be spent, so many at a time, for some time.
func (g *grant) left(batch int) int {
	if time.Since(g.given) > life {
		return 0
	}
	return (len(g.hashes) - g.spent) / batch * batch
}

// A purse has the authorizations that one server gave for a crowd.
type purse struct {
	server  *server
	signers *crowd

	mu     sync.Mutex
	grants []*grant
	made   uint64 // hashes
}

// A crowd hands out signers in turn, each to one purse at a time.
type crowd struct {
	mu   sync.Mutex
	all  []*signer
	next int
}

// take is a signer with a code for now; false if nobody has one.
func (c *crowd) take(now time.Time) (*signer, csc.Secret, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range c.all {
		s := c.all[c.next%len(c.all)]
		c.next++
		if code, ok, err := s.code(now); ok || err != nil {
			return s, code, ok, err
		}
	}
	return nil, "", false, nil
}

// wait is take once somebody has a code; waited says that nobody had.
func (c *crowd) wait(ctx context.Context) (s *signer, code csc.Secret, waited bool, err error) {
	for {
		s, code, ok, err := c.take(time.Now())
		if ok || err != nil {
			return s, code, waited, err
		}
		waited = true
		select {
		case <-time.After(100 * time.Millisecond): // until a step begins
		case <-ctx.Done():
			return nil, "", waited, ctx.Err()
		}
	}
}

// take takes a grant out of the purse, nil if it is empty.
func (p *purse) take() *grant {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.grants) == 0 {
		return nil
	}
	g := p.grants[len(p.grants)-1]
	p.grants = p.grants[:len(p.grants)-1]
	return g
}

// put gives back what is left of a grant.
func (p *purse) put(g *grant) {
	if g == nil || g.spent == len(g.hashes) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.grants = append(p.grants, g)
}

// fill sees to it that a load finds a grant for each of its connections, and so
// many hashes in all of them. What it cannot use is thrown away.
func (p *purse) fill(ctx context.Context, l load, hashes int) error {
	p.mu.Lock()
	usable, left := p.grants[:0], 0
	for _, g := range p.grants {
		if n := g.left(l.batch); n > 0 {
			usable, left = append(usable, g), left+n
		}
	}
	p.grants = usable
	missing := max(l.conns-len(usable), (hashes-left+grantSize-1)/grantSize)
	p.mu.Unlock()
	if missing <= 0 {
		return nil
	}
	const atOnce = 8
	var all sync.WaitGroup
	faults := make([]error, atOnce)
	for i := range atOnce {
		share := missing / atOnce
		if i < missing%atOnce {
			share++
		}
		all.Go(func() { faults[i] = p.earn(ctx, share) })
	}
	all.Wait()
	return errors.Join(faults...)
}

// prime signs once with the key of each signer: the first signature with a key
// has to find it in the token, which is no part of any case.
func (p *purse) prime(ctx context.Context, l load, signers int) error {
	if err := p.fill(ctx, l, signers*grantSize); err != nil {
		return err
	}
	w, err := p.server.dial(ctx)
	if err != nil {
		return err
	}
	defer w.close()
	for _, g := range p.grants {
		body := l.body(nil, g, g.hashes[:1])
		g.spent++
		status, reply, err := w.post(csc.BasePath+"/"+string(csc.MethodSignHash), body)
		if err != nil || status != 200 {
			return fmt.Errorf("signHash: %d %s, %w", status, reply, err)
		}
	}
	return nil
}

// earn has n grants given, over a connection that is opened anew when there was
// a wait for codes: the server does not keep idle ones for long.
func (p *purse) earn(ctx context.Context, n int) (err error) {
	var w *wire
	for range n {
		s, code, waited, err := p.signers.wait(ctx)
		if err != nil {
			return err
		}
		if waited && w != nil {
			w.close()
			w = nil
		}
		if w == nil {
			if w, err = p.server.dial(ctx); err != nil {
				return err
			}
			defer w.close()
		}
		g, err := p.agree(w, s, code)
		if err != nil {
			return err
		}
		p.put(g)
	}
	return nil
}

// agree calls credentials/authorize.
func (p *purse) agree(w *wire, s *signer, code csc.Secret) (*grant, error) {
	g := &grant{credential: s.Credential, hashes: p.digests(grantSize), given: time.Now()}
	body, err := json.Marshal(map[string]any{
		"credentialID": s.Credential, "numSignatures": len(g.hashes), "hashes": g.hashes,
		"hashAlgorithmOID": csc.OIDSHA256,
		"authData":         []map[string]any{{"id": "OTP", "value": string(code)}},
	})
	if err != nil {
		return nil, err
	}
	status, reply, err := w.post(csc.BasePath+"/"+string(csc.MethodAuthorize), body)
	if err != nil || status != 200 {
		return nil, fmt.Errorf("authorize: %d %s, %w", status, reply, err)
	}
	var answer csc.AuthorizeResponse
	if err := json.Unmarshal(reply, &answer); err != nil {
		return nil, err
	}
	g.sad = answer.SAD
	return g, nil
}

// digests are n that nobody has agreed to before.
func (p *purse) digests(n int) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for range n {
		p.made++
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, p.made))
		all = append(all, base64.StdEncoding.EncodeToString(sum[:]))
	}
	return all
}
