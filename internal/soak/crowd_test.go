package soak_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/stage"
)

// A signer has an authenticator and a credential with a key of its own.
type signer struct {
	User       string `json:"user"`
	Credential string `json:"credential"`
	Secret     string `json:"secret"`

	key    string // CKA_ID in hex
	busy   bool
	last   int64 // step of the authenticator that was used
	public *ecdsa.PublicKey
}

// A crowd is the signers of a town. Each can agree three times at once, and
// then once in thirty seconds.
type crowd struct {
	t   *testing.T
	mu  sync.Mutex
	all []*signer
}

// gather makes the signers. Which key is whose stands in the operator's audit
// log.
func gather(t *testing.T, s *stage.Stage, app stage.Client, want settling) *crowd {
	t.Helper()
	file := filepath.Join(s.Folder, "crowd.json")
	_, err := s.Run(t.Context(), append([]string{
		"crowd", "--signers", strconv.Itoa(want.signers), "--client", app.ID, "--out", file,
	}, want.profile...)...)
	fine(t, err)
	keys := keysOf(t, s)
	c := &crowd{t: t}
	for _, one := range linesOf[signer](t, file) {
		one.key = keys[one.Credential]
		c.all = append(c.all, &one)
	}
	return c
}

// keysOf says which key each credential has, as the audit log tells it.
func keysOf(t *testing.T, s *stage.Stage) map[string]string {
	t.Helper()
	type line struct{ Event, Credential, Key string }
	keys := map[string]string{}
	for _, l := range linesOf[line](t, filepath.Join(s.Folder, "audit", "operator.log")) {
		if l.Event == "key.generated" {
			keys[l.Credential] = l.Key
		}
	}
	return keys
}

// add has the judge watch a signer who is never taken.
func (c *crowd) add(s *signer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.busy = true
	c.all = append(c.all, s)
}

const period = 30 // seconds

// next is the first step whose code can still be used now, 0 if there is none
// yet. A code that is nearly too old is left out, in case the server is slow.
func (s *signer) next(now time.Time) int64 {
	const margin = 10
	step := max(s.last+1, (now.Unix()+margin)/period-1)
	if step > now.Unix()/period+1 {
		return 0
	}
	return step
}

// code is what the authenticator shows in the next step, which is then used.
func (s *signer) code(t *testing.T) csc.Secret {
	t.Helper()
	for s.next(time.Now()) == 0 {
		time.Sleep(100 * time.Millisecond)
	}
	s.last = s.next(time.Now())
	return s.codeOf(t, s.last)
}

func (s *signer) codeOf(t *testing.T, step int64) csc.Secret {
	t.Helper()
	text, err := hotp.GenerateCodeCustom(s.Secret, uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	fine(t, err)
	return csc.Secret(text)
}

// take waits for a signer who can agree now, nobody else's until it is left;
// nil if there is none for long.
func (c *crowd) take() *signer {
	c.t.Helper()
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(50 * time.Millisecond) {
		if s := c.free(); s != nil {
			return s
		}
	}
	return nil
}

// free is the free signer who used the oldest code.
func (c *crowd) free() (best *signer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.all {
		if !s.busy && s.next(time.Now()) != 0 && (best == nil || s.last < best.last) {
			best = s
		}
	}
	if best != nil {
		best.busy = true
	}
	return best
}

func (c *crowd) leave(s *signer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.busy = false
}

// certificate reads the signer's public key.
func (s *signer) certificate(t *testing.T, api *client.Client) {
	t.Helper()
	info, err := api.CredentialInfo(t.Context(), csc.CredentialInfoRequest{
		CredentialID: s.Credential, View: csc.View{Certificates: csc.CertificatesSingle},
	})
	fine(t, err)
	der, err := base64.StdEncoding.DecodeString(info.Cert.Certificates[0])
	fine(t, err)
	certificate, err := x509.ParseCertificate(der)
	fine(t, err)
	public, ok := certificate.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		t.Fatalf("the key of %s is a %T", s.Credential, certificate.PublicKey)
	}
	s.public = public
}
