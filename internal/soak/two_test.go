package soak_test

import (
	"errors"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
)

// Two processes on the same stores are one server, whichever of the two is
// asked: nothing that matters is in one of them alone.
func TestTwoProcessesAreOneServer(t *testing.T) {
	w := settle(t, settling{signers: 12, profile: []string{"--multisign", "100"}})
	a, b := w.two[0], w.two[1]
	var j judge
	t.Run("what is authorized at one is signed at the other", func(t *testing.T) {
		for i, p := range w.two {
			s, digest := w.crowd.take(), digestOf("two %d", i)
			sad, err := p.ask(t, &j, s, digest)
			fine(t, err)
			signed, err := w.other(p).sign(t, s, sad, digest)
			fine(t, err)
			good(t, s.public, digest, signed)
			_, err = p.sign(t, s, sad, digest)
			refusedWith(t, err, 400, "Invalid parameter SAD")
		}
	})
	t.Run("a code is good once at both", func(t *testing.T) {
		s := w.crowd.take()
		code := s.code(t)
		_, err := a.api.Authorize(t.Context(), request(s, code, digestOf("once")))
		fine(t, err)
		_, err = b.api.Authorize(t.Context(), request(s, code, digestOf("once more")))
		refusedWith(t, err, 400, "The authentication data is invalid")
	})
	t.Run("failures are counted across both", func(t *testing.T) { w.countsFailures(t) })
	t.Run("a code flow goes on wherever it comes by", func(t *testing.T) { w.flowAcross(t, &j) })
	t.Run("a token that one revoked is dead at the other", func(t *testing.T) { w.revokedAcross(t) })
	t.Run("a client that was disabled is refused at both", func(t *testing.T) { w.disabledAcross(t) })
	t.Run("one stops and the other goes on", func(t *testing.T) { w.stopsGracefully(t, &j) })
	if v := j.read(t, w); v.excess != 0 {
		t.Errorf("%d signatures too many", v.excess)
	}
	w.close()
}

// countsFailures has a signer fail five times, here and there, after which the
// right code is judged no more (at most 5 failures in 15 minutes).
func (w *town) countsFailures(t *testing.T) {
	s := w.crowd.take()
	right := s.code(t)
	wrong := csc.Secret("000000")
	if right == wrong {
		wrong = "000001"
	}
	for i := range 5 {
		_, err := w.two[i%2].api.Authorize(t.Context(), request(s, wrong, digestOf("failure %d", i)))
		refusedWith(t, err, 400, "The authentication data is invalid")
	}
	for _, p := range w.two {
		_, err := p.api.Authorize(t.Context(), request(s, right, digestOf("too late")))
		refusedWith(t, err, 400, "Credential locked")
	}
}

// flowAcross has each request of a code flow answered by the process that did
// not answer the one before.
func (w *town) flowAcross(t *testing.T, j *judge) {
	a, b := w.two[0], w.two[1]
	v, digest := w.visitor("across"), digestOf("across")
	code := v.authorize(v.toSign(digest), a, b)
	j.agree(v.signer, 1, digest)
	got, err := v.redeem(b, code)
	fine(t, err)
	signed, err := v.api(a, got.Access).SignHash(t.Context(), hashes(v.signer, "", digest))
	fine(t, err)
	v.certificate(t, v.api(a, v.seeing(a, b).Access))
	good(t, v.public, digest, signed.Signatures[0])
	_, err = v.api(b, got.Access).SignHash(t.Context(), hashes(v.signer, "", digest))
	refusedWith(t, err, 401, csc.InvalidToken.Description())
}

// seeing are the tokens of a visitor who logged in.
func (v *visitor) seeing(at ...*process) tokens {
	v.t.Helper()
	got, err := v.redeem(at[0], v.authorize(v.toSee(), at...))
	fine(v.t, err)
	return got
}

func (w *town) revokedAcross(t *testing.T) {
	a, b := w.two[0], w.two[1]
	v := w.visitor("revoked")
	got := v.seeing(a, b)
	list := func(p *process) error {
		_, err := v.api(p, got.Access).List(t.Context(), csc.ListRequest{})
		return err
	}
	fine(t, errors.Join(list(a), list(b)))
	fine(t, v.revoke(a, got.Access))
	refusedWith(t, list(b), 401, csc.InvalidToken.Description())
	next, err := v.refresh(a, got.Refresh)
	fine(t, err)
	fine(t, v.revoke(b, next.Refresh))
	_, err = v.refresh(a, next.Refresh)
	refusedWith(t, err, 400, "Invalid parameter refresh_token")
	got.Access = next.Access // it came of the token that was revoked
	refusedWith(t, list(a), 401, csc.InvalidToken.Description())
}

func (w *town) disabledAcross(t *testing.T) {
	added, err := w.two[0].AddClient(t.Context(), "Another Application", w.crowd.all[0].User)
	fine(t, err)
	api := &client.Client{
		BaseURL: w.two[1].URL + csc.BasePath, HTTP: w.two[1].api.HTTP, ID: added.ID, Secret: csc.Secret(added.Secret),
	}
	list := func() error {
		_, err := api.List(t.Context(), csc.ListRequest{UserID: w.crowd.all[0].User})
		return err
	}
	fine(t, list())
	_, err = w.two[0].Run(t.Context(), "client", "disable", added.ID)
	fine(t, err)
	var told *client.Error
	if err := list(); !errors.As(err, &told) || told.Status < 400 || told.Status >= 500 {
		t.Errorf("a disabled client: %v", err)
	}
	_, err = w.two[0].Run(t.Context(), "client", "enable", added.ID)
	fine(t, err)
	fine(t, list())
}

// stopsGracefully lets one process end while several clients sign. Each asks the
// other when the first takes no more; a request that was sent is answered.
func (w *town) stopsGracefully(t *testing.T, j *judge) {
	a, b := w.two[0], w.two[1]
	var signed atomic.Int64
	warm, stopped := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	const clients = 4
	var begun sync.WaitGroup
	begun.Add(clients)
	for n := range clients {
		all.Go(func() {
			s := w.crowd.take()
			const hundred = 100
			var digests []csc.Digest
			for i := range hundred {
				digests = append(digests, digestOf("graceful %d %d", n, i))
			}
			sad, err := b.ask(t, j, s, digests...)
			begun.Done()
			if err != nil {
				t.Error(err)
				return
			}
			<-warm
			for i, digest := range digests {
				if i == hundred*3/4 {
					<-stopped // the last quarter is the other's alone
				}
				if err := w.signAtEither(t, s, sad, digest); err != nil {
					t.Errorf("signature %d of client %d: %v", i, n, err)
					return
				}
				signed.Add(1)
			}
		})
	}
	begun.Wait()
	close(warm)
	for signed.Load() < 20 && !t.Failed() {
		a.ready(t)
	}
	fine(t, a.Stop())
	close(stopped)
	all.Wait()
	if got := signed.Load(); got != clients*100 {
		t.Errorf("%d signatures, want %d", got, clients*100)
	}
	a.again(t)
}

// signAtEither asks the first process, and the second if the first was not
// there to be asked.
func (w *town) signAtEither(t *testing.T, s *signer, sad csc.Secret, digest csc.Digest) error {
	t.Helper()
	var sent atomic.Bool
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		WroteRequest: func(info httptrace.WroteRequestInfo) { sent.Store(sent.Load() || info.Err == nil) },
	})
	answer, err := w.two[0].api.SignHash(ctx, hashes(s, sad, digest))
	if err != nil && (!sent.Load() || errors.Is(err, syscall.ECONNREFUSED)) {
		answer, err = w.two[1].api.SignHash(t.Context(), hashes(s, sad, digest))
	}
	if err != nil {
		return err
	}
	good(t, s.public, digest, answer.Signatures[0])
	return nil
}

// ask has a signer agree to the digests.
func (p *process) ask(t *testing.T, j *judge, s *signer, digests ...csc.Digest) (csc.Secret, error) {
	t.Helper()
	j.agree(s, len(digests), digests...)
	got, err := p.api.Authorize(t.Context(), request(s, s.code(t), digests...))
	return got.SAD, err
}

// request is one to agree to the digests.
func request(s *signer, code csc.Secret, digests ...csc.Digest) csc.AuthorizeRequest {
	return csc.AuthorizeRequest{
		CredentialID: s.Credential, NumSignatures: len(digests), Hashes: digests, HashAlgorithmOID: csc.OIDSHA256,
		AuthData: []csc.AuthData{{ID: "OTP", Value: code}},
	}
}

// hashes is a request to sign.
func hashes(s *signer, sad csc.Secret, digests ...csc.Digest) csc.SignHashRequest {
	return csc.SignHashRequest{CredentialID: s.Credential, SAD: sad, Hashes: digests, SignAlgo: ecdsaSHA256}
}

// sign signs one digest at a process.
func (p *process) sign(t *testing.T, s *signer, sad csc.Secret, digest csc.Digest) ([]byte, error) {
	t.Helper()
	answer, err := p.api.SignHash(t.Context(), hashes(s, sad, digest))
	if err != nil {
		return nil, err
	}
	return answer.Signatures[0], nil
}

// refusedWith demands an answer of this status and these words.
func refusedWith(t *testing.T, err error, status int, words string) {
	t.Helper()
	var told *client.Error
	if !errors.As(err, &told) || told.Status != status || told.Description != words {
		t.Errorf("got %v, want %d %s", err, status, words)
	}
}
