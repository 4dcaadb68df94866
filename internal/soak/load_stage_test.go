package soak_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest/count"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/stage"
)

// worth is how many signatures one authorization is good for.
const worth = 100

// A loadStage is a server with signers who have agreed to much.
type loadStage struct {
	*stage.Stage
	t      *testing.T
	api    *client.Client
	token  string
	algo   string
	keys   map[string]crypto.PublicKey // by credential
	grants []*loadGrant
	log    string // of the counting module, "" if it is not there
}

// A loadGrant is an authorization and what is left of it, as the client knows.
type loadGrant struct {
	credential string
	sad        csc.Secret
	once       sync.Once
	request    string // for a signature, but for the end

	mu       sync.Mutex
	left     int // not promised to a request
	accepted int // signatures that came
}

// take promises a signature of the grant to a request.
func (g *loadGrant) take() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.left == 0 {
		return false
	}
	g.left--
	return true
}

// put says what became of the promise.
func (g *loadGrant) put(signed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if signed {
		g.accepted++
	} else {
		g.left++
	}
}

// raiseLoad raises a server with so many signers, each with three
// authorizations. What is counted is built with the race detector, and not
// measured.
func raiseLoad(t *testing.T, key csc.KeySpec, signers int, counted bool) *loadStage {
	t.Helper()
	program, ctx := swift, t.Context()
	if counted {
		program = func(t *testing.T) string { return servertest.Tagged(t) }
	}
	s, err := stage.Raise(ctx, program(t), filepath.Join(t.TempDir(), "data"))
	fine(t, err)
	l := &loadStage{Stage: s, t: t, algo: "1.2.840.10045.4.3.2", keys: map[string]crypto.PublicKey{}}
	if key.RSA() {
		l.algo = "1.2.840.113549.1.1.11"
	}
	app, err := s.AddClient(ctx, "Load")
	fine(t, err)
	l.configure("sad_life: 300s", "sad_life: 900s", "token_life: 10m", "token_life: 1h")
	file := filepath.Join(t.TempDir(), "crowd")
	_, err = s.Run(ctx, "crowd", "--signers", strconv.Itoa(signers), "--key", string(key), "--scal", "1",
		"--multisign", strconv.Itoa(worth), "--client", app.ID, "--out", file)
	fine(t, err)
	if counted {
		l.log = filepath.Join(t.TempDir(), "signatures.log")
		real := hsm.FindSoftHSM()
		l.configure("module: "+real, "module: "+count.Build(t), "  environment:\n",
			fmt.Sprintf("  environment:\n    PECETE_COUNT_MODULE: %s\n    PECETE_COUNT_LOG: %s\n", real, l.log))
	}
	servertest.Serve(t, s)
	l.connect(ctx, app)
	l.authorizeAll(ctx, file)
	return l
}

// swift builds the program as it is for those who run it, but for the command
// that makes many signers: what is measured is measured without the race
// detector.
func swift(t *testing.T) string {
	t.Helper()
	program, err := filepath.Abs(filepath.Join("..", "..", "build", "test", "soak", "pecete-swift"))
	fine(t, err)
	build := exec.Command("go", "build", "-tags", "crowd", "-o", program, "./cmd/pecete")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build pecete: %v\n%s", err, out)
	}
	return program
}

// configure replaces texts of the configuration, in pairs.
func (l *loadStage) configure(pairs ...string) {
	l.t.Helper()
	text, err := os.ReadFile(l.Config())
	fine(l.t, err)
	for n := 0; n < len(pairs); n += 2 {
		if !strings.Contains(string(text), pairs[n]) {
			l.t.Fatalf("the configuration does not have %q", pairs[n])
		}
		text = bytes.Replace(text, []byte(pairs[n]), []byte(pairs[n+1]), 1)
	}
	fine(l.t, os.WriteFile(l.Config(), text, 0o600))
}

func (l *loadStage) connect(ctx context.Context, app stage.Client) {
	l.t.Helper()
	web, err := l.HTTP()
	fine(l.t, err)
	l.t.Cleanup(web.CloseIdleConnections)
	l.api = &client.Client{BaseURL: l.URL + csc.BasePath, HTTP: web, ID: app.ID, Secret: csc.Secret(app.Secret)}
	form := "grant_type=client_credentials&client_id=" + app.ID + "&client_secret=" + app.Secret
	resp, err := web.Post(l.URL+"/oauth2/token", "application/x-www-form-urlencoded", strings.NewReader(form))
	fine(l.t, err)
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	fine(l.t, json.NewDecoder(resp.Body).Decode(&answer))
	l.token = answer.Token
}

// authorizeAll has every signer of the file agree three times: with the codes
// of the step before, of this one and of the next.
func (l *loadStage) authorizeAll(ctx context.Context, file string) {
	l.t.Helper()
	text, err := os.Open(file)
	fine(l.t, err)
	defer text.Close()
	for lines := bufio.NewScanner(text); lines.Scan(); {
		var m struct{ User, Credential, Secret string }
		fine(l.t, json.Unmarshal(lines.Bytes(), &m))
		now := time.Now()
		for _, at := range []time.Time{now.Add(-30 * time.Second), now, now.Add(30 * time.Second)} {
			code, err := totp.GenerateCode(m.Secret, at)
			fine(l.t, err)
			granted, err := l.api.Authorize(ctx, csc.AuthorizeRequest{
				CredentialID: m.Credential, NumSignatures: worth,
				AuthData: []csc.AuthData{{ID: "OTP", Value: csc.Secret(code)}},
			})
			fine(l.t, err)
			l.grants = append(l.grants, &loadGrant{credential: m.Credential, sad: granted.SAD, left: worth})
		}
		l.keys[m.Credential] = l.key(ctx, m.Credential)
	}
}

// key is the public key of a credential's certificate.
func (l *loadStage) key(ctx context.Context, credential string) crypto.PublicKey {
	l.t.Helper()
	info, err := l.api.CredentialInfo(ctx, csc.CredentialInfoRequest{CredentialID: credential})
	fine(l.t, err)
	der, err := base64.StdEncoding.DecodeString(info.Cert.Certificates[0])
	fine(l.t, err)
	cert, err := x509.ParseCertificate(der)
	fine(l.t, err)
	return cert.PublicKey
}

// good reports whether a signature is one over the digest.
func (l *loadStage) good(credential string, digest, signature []byte) bool {
	switch key := l.keys[credential].(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest, signature)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest, signature) == nil
	}
	return false
}

// settle spends what is left of every grant and checks that it was exactly
// that, and that the device made as many signatures as were authorized.
func (l *loadStage) settle(ctx context.Context) (signatures int) {
	l.t.Helper()
	for n, g := range l.grants {
		rest := worth - g.accepted
		if rest != g.left {
			l.t.Fatalf("grant %d: the client is confused: %d and %d", n, rest, g.left)
		}
		if rest > 0 {
			l.sign(ctx, n, g, rest)
		}
		signatures += worth
		_, err := l.api.SignHash(ctx, l.request(g, 1))
		var told *client.Error
		if !errors.As(err, &told) || told.Status != http.StatusBadRequest || told.Description != "Invalid parameter SAD" {
			l.t.Errorf("grant %d, after %d signatures: %v", n, worth, err)
		}
	}
	return signatures
}

// sign spends so many of a grant's signatures at once.
func (l *loadStage) sign(ctx context.Context, n int, g *loadGrant, many int) {
	l.t.Helper()
	req := l.request(g, many)
	answer, err := l.api.SignHash(ctx, req)
	if err != nil || len(answer.Signatures) != many {
		l.t.Errorf("grant %d: the %d signatures that are left: %d, %v", n, many, len(answer.Signatures), err)
		return
	}
	for i, signature := range answer.Signatures {
		if !l.good(g.credential, req.Hashes[i], signature) {
			l.t.Errorf("grant %d: a wrong signature", n)
		}
	}
}

func (l *loadStage) request(g *loadGrant, many int) csc.SignHashRequest {
	req := csc.SignHashRequest{CredentialID: g.credential, SAD: g.sad, SignAlgo: l.algo, HashAlgorithmOID: csc.OIDSHA256}
	for range many {
		req.Hashes = append(req.Hashes, randomDigest())
	}
	return req
}

// made is how many signatures the device made with credentials' keys.
func (l *loadStage) made() (n int) {
	l.t.Helper()
	calls, err := count.Read(l.log)
	fine(l.t, err)
	ours := map[string]bool{}
	for _, key := range keysOf(l.t, l.Stage) {
		ours[key] = true
	}
	for _, call := range calls {
		if call.Signed() && ours[call.Key] {
			n++
		}
	}
	return n
}

// open is how many connections the server has open, those to databases too.
func (l *loadStage) open() (sockets int) {
	l.t.Helper()
	folder := fmt.Sprintf("/proc/%d/fd", l.PID())
	all, err := os.ReadDir(folder)
	fine(l.t, err)
	for _, one := range all {
		if to, err := os.Readlink(filepath.Join(folder, one.Name())); err == nil && strings.HasPrefix(to, "socket:") {
			sockets++
		}
	}
	return sockets
}

// memory is the server's resident memory in MiB, now and at its highest.
func (l *loadStage) memory() (now, peak int) {
	l.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", l.PID()))
	fine(l.t, err)
	for line := range strings.Lines(string(text)) {
		var kib int
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kib); n == 1 {
			now = kib >> 10
		}
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			peak = kib >> 10
		}
	}
	return now, peak
}

// cpu is the processor's time the server has used.
func (l *loadStage) cpu() time.Duration {
	l.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", l.PID()))
	fine(l.t, err)
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	user, err := strconv.Atoi(fields[11])
	fine(l.t, err)
	system, err := strconv.Atoi(fields[12])
	fine(l.t, err)
	return time.Duration(user+system) * 10 * time.Millisecond
}

func randomDigest() []byte {
	var b [32]byte
	_, _ = rand.Read(b[:])
	digest := sha256.Sum256(b[:])
	return digest[:]
}
