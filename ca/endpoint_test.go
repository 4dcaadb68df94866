package ca_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/ca"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/quota"
	"github.com/pecete/pecete/registry"
	"github.com/pecete/pecete/users"
)

// A house is an authority that answers over HTTP about the certificates of a
// registry.
type house struct {
	t        *testing.T
	local    *ca.Local
	registry *registry.Registry
	endpoint *ca.Endpoint
	log      *records
	url      string
	n        int

	mu    sync.Mutex
	later time.Duration // that the clock is ahead
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, log: &records{}}
	key := ec(t, elliptic.P384())
	root, err := ca.SelfSign(key, pkix.Name{CommonName: "Demo CA, no legal value", Country: []string{"RO"}}, time.Now().AddDate(-1, 0, 0), time.Now().AddDate(9, 0, 0))
	must(t, err)
	h.registry, err = registry.Open(t.Context(), registry.Config{URL: filepath.Join(t.TempDir(), "registry.db")})
	must(t, err)
	t.Cleanup(func() { _ = h.registry.Close() })
	must(t, h.registry.AddUser(t.Context(), users.User{ID: "u_demo", Email: "demo.signer@example.org", Created: time.Now()}))
	h.local = &ca.Local{Signer: key, Certificate: root, Now: h.now, Ledger: h.registry}
	h.endpoint = &ca.Endpoint{
		Lists:     &ca.Lists{Authority: h.local, Register: h.registry, Audit: h.log},
		Responder: &ca.Responder{Authority: h.local, Signer: ec(t, elliptic.P256()), Register: h.registry, Audit: h.log},
		Logger:    slog.New(slog.DiscardHandler),
	}
	server := httptest.NewServer(h.endpoint)
	t.Cleanup(server.Close)
	h.url = server.URL
	h.local.URL = server.URL
	return h
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.later)
}

func (h *house) wait(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.later += d
}

// issue makes a credential and returns its ID and certificate.
func (h *house) issue() (string, *x509.Certificate) {
	h.t.Helper()
	h.n++
	chain, err := h.local.Issue(h.t.Context(), ca.Request{
		Public:    ec(h.t, elliptic.P256()).Public(),
		Subject:   ca.Subject{GivenName: "Demo", FamilyName: "Signer", CommonName: "Demo Signer", Country: "RO"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		Intend: func(context.Context, *big.Int) error { return nil },
	})
	must(h.t, err)
	id := fmt.Sprintf("c_%d", h.n)
	must(h.t, h.registry.AddCredential(h.t.Context(), credentials.Credential{
		ID: id, UserID: "u_demo", KeyID: []byte(id), Key: csc.P256, Certificates: chain, Created: time.Now(),
	}))
	cert, err := x509.ParseCertificate(chain[0])
	must(h.t, err)
	return id, cert
}

type records struct {
	mu  sync.Mutex
	all []audit.Entry
	err error
}

func (r *records) Append(_ context.Context, e audit.Entry) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.all = append(r.all, e)
	}
	return r.err
}

func ec(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	must(t, err)
	return key
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ask makes a request and returns the answer and its body.
func (h *house) ask(method, path, media string, body []byte) (*http.Response, []byte) {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, bytes.NewReader(body))
	must(h.t, err)
	if media != "" {
		request.Header.Set("Content-Type", media)
	}
	resp, err := http.DefaultClient.Do(request)
	must(h.t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	must(h.t, err)
	return resp, answer
}

// crl is the list as it is now, verified.
func (h *house) crl() (*x509.RevocationList, *http.Response) {
	h.t.Helper()
	h.wait(time.Second) // after which the registry is asked again
	resp, der := h.ask("GET", "/ca/crl", "", nil)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/pkix-crl" {
		h.t.Fatalf("%s, %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	list, err := x509.ParseRevocationList(der)
	must(h.t, err)
	must(h.t, list.CheckSignatureFrom(h.local.Certificate))
	return list, resp
}

// file writes something where other programs can read it.
func file(t *testing.T, kind string, der ...[]byte) string {
	t.Helper()
	var text []byte
	for _, one := range der {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: one})...)
	}
	path := filepath.Join(t.TempDir(), "file.pem")
	must(t, os.WriteFile(path, text, 0o600))
	return path
}

func openssl(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatal("this test needs openssl: install it")
	}
	out, _ := exec.Command("openssl", args...).CombinedOutput() // what it says is what counts
	return string(out)
}

// status is what openssl, and another implementation asked by GET, say of a
// certificate.
func (h *house) status(cert *x509.Certificate) string {
	h.t.Helper()
	root := file(h.t, "CERTIFICATE", h.local.Certificate.Raw)
	out := openssl(h.t, "ocsp", "-issuer", root, "-cert", file(h.t, "CERTIFICATE", cert.Raw), "-CAfile", root, "-url", h.url+"/ca/ocsp")
	if !strings.Contains(out, "Response verify OK") || strings.Contains(out, "WARNING") {
		h.t.Errorf("openssl: %s", out)
	}
	query, err := ocsp.CreateRequest(cert, h.local.Certificate, &ocsp.RequestOptions{Hash: crypto.SHA256})
	must(h.t, err)
	resp, der := h.ask("GET", "/ca/ocsp/"+url.PathEscape(base64.StdEncoding.EncodeToString(query)), "", nil)
	answer, err := ocsp.ParseResponseForCert(der, cert, h.local.Certificate)
	must(h.t, err)
	said := map[int]string{ocsp.Good: "good", ocsp.Revoked: "revoked", ocsp.Unknown: "unknown"}[answer.Status]
	if answer.Status == ocsp.Revoked {
		said += fmt.Sprintf(" %d", answer.RevocationReason)
	}
	_, theirs, _ := strings.Cut(out, ".pem: ")
	theirs, rest, _ := strings.Cut(theirs, "\n")
	for reason, code := range map[string]int{"keyCompromise": 1, "superseded": 4, "certificateHold": 6} {
		if strings.Contains(rest, "Reason: "+reason) {
			theirs += fmt.Sprintf(" %d", code)
		}
	}
	if theirs != said {
		h.t.Errorf("openssl says %q, by GET it is %q", theirs, said)
	}
	if cached := strings.HasPrefix(resp.Header.Get("Cache-Control"), "public, max-age="); cached != (answer.Status != ocsp.Unknown) {
		h.t.Errorf("%s: Cache-Control %q", said, resp.Header.Get("Cache-Control"))
	}
	return said
}

// What happens to a certificate shows at once, the same wherever one asks.
func TestStatus(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, cert := h.issue()
	other, left := h.issue()
	ctx := t.Context()
	del := func(id string, revoked bool) error {
		return h.registry.DeleteCredential(ctx, id, credentials.Deletion{At: time.Now(), Revoked: revoked, Reason: 4})
	}
	root, leaf := file(t, "CERTIFICATE", h.local.Certificate.Raw), file(t, "CERTIFICATE", cert.Raw)
	for _, step := range []struct {
		says string
		do   func() error
		want string
		n    int // on the CRL
	}{
		{"nothing happened", func() error { return nil }, "good", 0},
		{"it is disabled, which is nobody else's business", func() error { return h.registry.SetCredentialDisabled(ctx, id, true) }, "good", 0},
		{"it is suspended", func() error { return h.registry.SuspendCredential(ctx, id, time.Now()) }, "revoked 6", 1},
		{"it is resumed", func() error { return h.registry.ResumeCredential(ctx, id, time.Now()) }, "good", 0},
		{"another is deleted with its certificate", func() error { return del(other, true) }, "good", 1},
		{"it is revoked", func() error { return h.registry.RevokeCredential(ctx, id, time.Now(), 1) }, "revoked 1", 2},
		{"and its credential deleted", func() error { return del(id, true) }, "revoked 1", 2},
	} {
		must(t, step.do())
		if got := h.status(cert); got != step.want {
			t.Errorf("%s: %s, want %s", step.says, got, step.want)
		}
		list, _ := h.crl()
		if len(list.RevokedCertificateEntries) != step.n {
			t.Errorf("%s: %d on the CRL, want %d", step.says, len(list.RevokedCertificateEntries), step.n)
		}
		onList := "good"
		for _, entry := range list.RevokedCertificateEntries {
			if entry.SerialNumber.Cmp(cert.SerialNumber) == 0 {
				onList = fmt.Sprintf("revoked %d", entry.ReasonCode)
			}
		}
		if onList != step.want {
			t.Errorf("%s: on the CRL it is %s, want %s", step.says, onList, step.want)
		}
		out := openssl(t, "verify", "-crl_check", "-attime", fmt.Sprint(h.now().Unix()), "-CAfile", root, "-CRLfile", file(t, "X509 CRL", list.Raw), leaf)
		good := strings.HasSuffix(out, ": OK\n")
		if good != (step.want == "good") || !good && !strings.Contains(out, "certificate revoked") {
			t.Errorf("%s: openssl verify: %s", step.says, out)
		}
	}
	if got := h.status(left); got != "revoked 4" {
		t.Errorf("the deleted one: %s", got)
	}
	last, last2 := h.issue()
	must(t, del(last, false))
	if got := h.status(last2); got != "good" {
		t.Errorf("one that was deleted, and not revoked: %s", got)
	}
	strange, err := ca.SelfSign(ec(t, elliptic.P256()), pkix.Name{CommonName: "Another CA"}, time.Now().AddDate(-1, 0, 0), time.Now().AddDate(1, 0, 0))
	must(t, err)
	if got := h.unknown(last2, strange); got != ocsp.Unknown {
		t.Errorf("the same number of another authority: %d", got)
	}
	stranger := &x509.Certificate{Raw: cert.Raw, SerialNumber: big.NewInt(77), RawIssuer: cert.RawIssuer}
	if got := h.unknown(stranger, h.local.Certificate); got != ocsp.Unknown {
		t.Errorf("a number that nobody has: %d", got)
	}
}

// Whatever the authority signed it knows, whoever it is of; and nothing else.
func TestStatusOfOthers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, cert := h.issue()
	stamper := func(local *ca.Local) *x509.Certificate {
		chain, err := local.IssueStamper(t.Context(), ca.StamperRequest{
			Public: ec(t, elliptic.P256()).Public(), Name: pkix.Name{CommonName: "Demo TSA, no legal value"},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		})
		must(t, err)
		return parsed(t, chain[0])
	}
	query, err := ocsp.CreateRequest(cert, h.local.Certificate, nil)
	must(t, err)
	_, der := h.ask("POST", "/ca/ocsp", "application/ocsp-request", query)
	answer, err := ocsp.ParseResponse(der, h.local.Certificate)
	must(t, err)
	early := *h.local
	early.Ledger = nil
	adopted := stamper(&early)
	must(t, h.local.Adopt(t.Context(), adopted))
	another := newHouse(t)
	strange := stamper(another.local)
	must(t, h.local.Adopt(t.Context(), strange))
	for _, row := range []struct {
		says string
		cert *x509.Certificate
		want string
	}{
		{"the time-stamping authority's", stamper(h.local), "good"},
		{"one from before there was a ledger", adopted, "good"},
		{"the responder's own", answer.Certificate, "good"},
		{"the authority's own", h.local.Certificate, "good"},
		{"one that nobody noted", stamper(&early), "unknown"},
		{"another authority's of the same name", strange, "unknown"},
	} {
		if got := h.status(row.cert); got != row.want {
			t.Errorf("%s: %s, want %s", row.says, got, row.want)
		}
	}
	must(t, h.registry.Close())
	if chain, err := h.local.IssueStamper(t.Context(), ca.StamperRequest{
		Public: ec(t, elliptic.P256()).Public(), Name: pkix.Name{CommonName: "Demo TSA, no legal value"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
	}); err == nil {
		t.Errorf("%d certificates that cannot be noted are handed out", len(chain))
	}
}

func parsed(t *testing.T, der []byte) *x509.Certificate {
	t.Helper()
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return cert
}

// unknown is what is answered to a POST about the number of cert and an issuer.
func (h *house) unknown(cert, issuer *x509.Certificate) int {
	h.t.Helper()
	query, err := ocsp.CreateRequest(cert, issuer, nil)
	must(h.t, err)
	resp, der := h.ask("POST", "/ca/ocsp", "application/ocsp-request", query)
	if got := resp.Header.Get("Cache-Control"); got != "no-store" {
		h.t.Errorf("a proxy may keep it: %q", got)
	}
	answer, err := ocsp.ParseResponse(der, h.local.Certificate)
	must(h.t, err)
	return answer.Status
}

// CRLs are numbered upwards; as long as nothing happens one is made an hour.
func TestLists(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, cert := h.issue()
	first, resp := h.crl()
	if again, _ := h.crl(); again.Number.Cmp(first.Number) != 0 || len(h.log.all) != 1 {
		t.Errorf("made anew for nothing: %v, %v", first.Number, again.Number)
	}
	if first.Number.Int64() < time.Now().Add(-time.Minute).Unix() || first.NextUpdate.Sub(first.ThisUpdate) != 24*time.Hour {
		t.Errorf("number %v, for %v", first.Number, first.NextUpdate.Sub(first.ThisUpdate))
	}
	request, err := http.NewRequestWithContext(t.Context(), "GET", h.url+"/ca/crl", nil)
	must(t, err)
	request.Header.Set("If-None-Match", resp.Header.Get("ETag"))
	same, err := http.DefaultClient.Do(request)
	must(t, err)
	must(t, same.Body.Close())
	if same.StatusCode != http.StatusNotModified || !strings.HasPrefix(resp.Header.Get("Cache-Control"), "public, max-age=300") {
		t.Errorf("the same list again: %s; %q", same.Status, resp.Header.Get("Cache-Control"))
	}
	at := time.Now().Add(-time.Minute).Truncate(time.Second)
	must(t, h.registry.SuspendCredential(t.Context(), id, at))
	must(t, h.registry.RevokeCredential(t.Context(), id, time.Now(), 1))
	second, _ := h.crl()
	entry := second.RevokedCertificateEntries[0]
	if second.Number.Cmp(first.Number) <= 0 || entry.SerialNumber.Cmp(cert.SerialNumber) != 0 || !entry.RevocationTime.Equal(at) || entry.ReasonCode != 1 {
		t.Errorf("number %v after %v, %+v", second.Number, first.Number, entry)
	}
	h.wait(time.Hour)
	third, _ := h.crl()
	if third.Number.Cmp(second.Number) <= 0 {
		t.Errorf("an hour later: %v after %v", third.Number, second.Number)
	}
	h.endpoint.Lists = &ca.Lists{Authority: h.local, Register: h.registry, Audit: h.log} // another process
	if fourth, _ := h.crl(); fourth.Number.Cmp(third.Number) <= 0 {
		t.Errorf("by another process: %v after %v", fourth.Number, third.Number)
	}
	h.endpoint.Lists = &ca.Lists{Authority: h.local, Register: h.registry, Audit: h.log}
	h.log.err = errors.New("the disk is full")
	if resp, _ := h.ask("GET", "/ca/crl", "", nil); resp.StatusCode != http.StatusInternalServerError {
		t.Errorf("signed without a record: %s", resp.Status)
	}
}

// away is a register that cannot be asked.
type away struct{ ca.Register }

var errAway = &registry.UnavailableError{Cause: errors.New("away")}

func (away) CertificateStatus(context.Context, *big.Int) (ca.Status, error) {
	return ca.Status{}, errAway
}
func (away) Withdrawn(context.Context) ([]ca.Status, error) { return nil, errAway }

// While the register cannot be asked nobody is told that a certificate is good,
// also not by an answer that was good a moment ago.
func TestRegisterAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, cert := h.issue()
	h.status(cert)
	h.crl()
	h.endpoint.Responder.Register, h.endpoint.Lists.Register = away{h.registry}, away{h.registry}
	h.wait(time.Second)
	query, err := ocsp.CreateRequest(cert, h.local.Certificate, nil)
	must(t, err)
	resp, der := h.ask("POST", "/ca/ocsp", "application/ocsp-request", query)
	if !bytes.Equal(der, []byte{0x30, 3, 0x0a, 1, 3}) || resp.StatusCode != http.StatusOK {
		t.Errorf("OCSP: %s, %x", resp.Status, der)
	}
	if resp, _ := h.ask("GET", "/ca/crl", "", nil); resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("CRL: %s", resp.Status)
	}
}

// slow is a register that cannot be asked and takes its time to show it.
type slow struct {
	ca.Register
	asked atomic.Int32
}

func (s *slow) Withdrawn(ctx context.Context) ([]ca.Status, error) {
	s.asked.Add(1)
	return nil, errAway
}

// Who waits while another asks in vain does not ask again.
func TestRegisterAwayForMany(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	now := time.Now()
	h.local.Now = func() time.Time { return now }
	register := &slow{Register: h.registry}
	h.endpoint.Lists.Register = register
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := h.endpoint.Lists.Current(t.Context()); !errors.Is(err, errAway) {
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
	if n := register.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	now = now.Add(time.Second)
	h.endpoint.Lists.Register = h.registry
	if crl, err := h.endpoint.Lists.Current(t.Context()); err != nil || len(crl.DER) == 0 {
		t.Errorf("a second later: %v", err)
	}
}

// A liar signs with another key than its own, as a device does that has mixed its
// handles up.
type liar struct{ crypto.Signer }

func (l liar) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	key, err := ecdsa.GenerateKey(l.Public().(*ecdsa.PublicKey).Curve, random)
	if err != nil {
		return nil, err
	}
	return key.Sign(random, digest, opts)
}

// What another key signed does not leave.
func TestWrongKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, cert := h.issue()
	must(t, h.endpoint.Responder.Ready(t.Context()))
	h.endpoint.Responder.Signer, h.local.Signer = liar{h.endpoint.Responder.Signer}, liar{h.local.Signer}
	query, err := ocsp.CreateRequest(cert, h.local.Certificate, nil)
	must(t, err)
	if _, der := h.ask("POST", "/ca/ocsp", "application/ocsp-request", query); !bytes.Equal(der, []byte{0x30, 3, 0x0a, 1, 2}) {
		t.Errorf("OCSP: %x", der)
	}
	if resp, _ := h.ask("GET", "/ca/crl", "", nil); resp.StatusCode != http.StatusInternalServerError {
		t.Errorf("CRL: %s", resp.Status)
	}
}

// A nonce comes back, an answer without one is given again for a minute, and
// several certificates are answered at once.
func TestAnswers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, one := h.issue()
	id, two := h.issue()
	must(t, h.registry.SuspendCredential(t.Context(), id, time.Now()))
	query, err := ocsp.CreateRequest(one, h.local.Certificate, nil)
	must(t, err)
	post := func() []byte {
		_, der := h.ask("POST", "/ca/ocsp", "application/ocsp-request", query)
		return der
	}
	first := post()
	h.wait(50 * time.Second)
	if !bytes.Equal(first, post()) {
		t.Error("signed twice within a minute")
	}
	h.wait(20 * time.Second)
	if bytes.Equal(first, post()) {
		t.Error("given again after a minute")
	}
	root := file(t, "CERTIFICATE", h.local.Certificate.Raw)
	out := openssl(t, "ocsp", "-issuer", root, "-cert", file(t, "CERTIFICATE", one.Raw), "-cert", file(t, "CERTIFICATE", two.Raw),
		"-CAfile", root, "-url", h.url+"/ca/ocsp", "-resp_text")
	for _, want := range []string{"Response verify OK", ": good", ": revoked", "certificateHold", "OCSP Nonce", "OCSP No Check", "OCSP Archive Cutoff"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	if strings.Contains(out, "no nonce in response") {
		t.Errorf("openssl: %s", out)
	}
}

// A responder gets a new certificate before the old one ends, each on record.
func TestResponderRenews(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, cert := h.issue()
	query, err := ocsp.CreateRequest(cert, h.local.Certificate, nil)
	must(t, err)
	serials := map[string]bool{}
	for range 4 {
		_, der := h.ask("POST", "/ca/ocsp", "application/ocsp-request", query)
		answer, err := ocsp.ParseResponse(der, h.local.Certificate)
		must(t, err)
		if answer.Certificate.NotAfter.Before(h.now().Add(6 * 24 * time.Hour)) {
			t.Errorf("it ends at %v, now it is %v", answer.Certificate.NotAfter, h.now())
		}
		serials[answer.Certificate.SerialNumber.String()] = true
		h.wait(4 * 24 * time.Hour)
	}
	if len(serials) != 2 || len(h.log.all) != 2 || h.log.all[0].Event != audit.CertificateIssued {
		t.Errorf("%d certificates, records %v", len(serials), h.log.all)
	}
}

// What is no request is told so, and nothing is signed for who asks too often.
func TestEndpointRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, cert := h.issue()
	query, err := ocsp.CreateRequest(cert, h.local.Certificate, nil)
	must(t, err)
	const media = "application/ocsp-request"
	malformed := []byte{0x30, 3, 0x0a, 1, 1}
	inPath := "/ca/ocsp/" + url.PathEscape(base64.StdEncoding.EncodeToString(query))
	for _, tt := range []struct {
		method, path, media string
		body                []byte
		status              int
		want                []byte
	}{
		{"POST", "/ca/ocsp", media, []byte("rubbish"), 200, malformed},
		{"POST", "/ca/ocsp", media, nil, 200, malformed},
		{"POST", "/ca/ocsp", media, bytes.Repeat([]byte{0x30}, 1<<20), 200, malformed},
		{"POST", "/ca/ocsp", "text/plain", query, 415, nil},
		{"POST", "/ca/ocsp", "", query, 415, nil},
		{"GET", "/ca/ocsp/rubbish!", "", nil, 200, malformed},
		{"GET", "/ca/ocsp/" + strings.Repeat("A", 20000), "", nil, 200, malformed},
		{"GET", "/ca/ocsp//", "", nil, 200, malformed},
		{"GET", "/ca/ocsp", "", nil, 405, nil},
		{"PUT", "/ca/ocsp", media, query, 405, nil},
		{"POST", inPath, media, nil, 405, nil},
		{"POST", "/ca/crl", "", nil, 405, nil},
		{"DELETE", "/ca/certificate", "", nil, 405, nil},
		{"GET", "/ca/", "", nil, 404, nil},
		{"GET", "/", "", nil, 404, nil},
		{"GET", "/csc/v2/info", "", nil, 404, nil},
		{"GET", "/ca/crl/", "", nil, 404, nil},
		{"GET", inPath, "", nil, 200, nil},
	} {
		resp, body := h.ask(tt.method, tt.path, tt.media, tt.body)
		if resp.StatusCode != tt.status || tt.want != nil && !bytes.Equal(body, tt.want) {
			t.Errorf("%s %.40s: %s, %.40x", tt.method, tt.path, resp.Status, body)
		}
	}
	resp, own := h.ask("GET", "/ca/certificate", "", nil)
	if !bytes.Equal(own, h.local.Certificate.Raw) || resp.Header.Get("Content-Type") != "application/pkix-cert" {
		t.Errorf("the authority's certificate: %s, %d bytes", resp.Status, len(own))
	}
	h.endpoint.Fresh = quota.New(3, time.Minute, h.now)
	for n := range 6 {
		resp, _ := h.ask("POST", "/ca/ocsp", media, query) // kept: costs nothing
		if resp.StatusCode != 200 {
			t.Errorf("call %d: %s", n, resp.Status)
		}
	}
	stranger, err := ocsp.CreateRequest(&x509.Certificate{SerialNumber: big.NewInt(7)}, h.local.Certificate, nil)
	must(t, err)
	for n := range 6 {
		resp, _ := h.ask("POST", "/ca/ocsp", media, stranger)
		if over := resp.StatusCode == 429; over != (n >= 3) || over && resp.Header.Get("Retry-After") == "" {
			t.Errorf("fresh call %d: %s", n, resp.Status)
		}
	}
}

// What the certificates say is where the answers are.
func TestPointers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, cert := h.issue()
	for says, got := range map[string][]string{
		"/ca/crl": cert.CRLDistributionPoints, "/ca/ocsp": cert.OCSPServer, "/ca/certificate": cert.IssuingCertificateURL,
	} {
		if len(got) != 1 || got[0] != h.url+says {
			t.Errorf("%s: %q", says, got)
		}
	}
	h.local.URL = ""
	if _, cert = h.issue(); len(cert.CRLDistributionPoints)+len(cert.OCSPServer)+len(cert.IssuingCertificateURL) != 0 {
		t.Error("a certificate says where nothing is")
	}
}
