package ca

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/pecete/pecete/audit"
)

const (
	// responderLife is how long the certificate of a responder is valid, and
	// responderRenew how long before its end it gets another. Nobody can ask
	// whether it was revoked, so it is short.
	responderLife  = 14 * 24 * time.Hour
	responderRenew = 7 * 24 * time.Hour
	// ocspLife is how long an answer may be used, and ocspKept how long it is
	// given again to others, as long as the status is the same.
	ocspLife = time.Hour
	ocspKept = time.Minute
	// mostKept is how many answers are kept.
	mostKept = 4096
)

var (
	oidNoCheck = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
)

// A Responder answers what became of certificates (RFC 6960), with a key of its
// own that the authority certifies for that and for nothing else. It is for many
// at once.
type Responder struct {
	Authority *Local
	Signer    crypto.Signer // P-256, in the device
	Register  Register
	Audit     Log

	mu          sync.Mutex
	certificate *x509.Certificate
	kept        map[string]answer
}

// An answer is one that is given again.
type answer struct {
	der    []byte
	status Status
	made   time.Time
}

// A Reply is an answer as it is handed out.
type Reply struct {
	DER   []byte
	Fresh bool // it was signed for who asks
	// Until is how long others may be given it without asking here; zero if not at
	// all.
	Until time.Time
}

// Answer answers a request. may is asked before anything is signed, and its error
// returned; an error of the register or the device is in the chain of the error.
func (r *Responder) Answer(ctx context.Context, request []byte, may func() error) (Reply, error) {
	asked, err := parseOCSPRequest(request)
	if err != nil {
		return Reply{}, err
	}
	now := r.Authority.Now()
	said := make([]asn1.RawValue, len(asked.certs))
	lasts := asked.nonce == nil && len(asked.certs) == 1
	var last Status
	for i, id := range asked.certs {
		s, known, err := r.status(ctx, id)
		if err != nil {
			return Reply{}, err
		}
		last, lasts = s, lasts && known
		if said[i], err = certStatus(s, known); err != nil {
			return Reply{}, fmt.Errorf("encode OCSP response: %w", err)
		}
	}
	key := string(asked.certs[0].Raw)
	if lasts {
		if a, found := r.find(key, last, now); found {
			return Reply{DER: a.der, Until: a.made.Add(ocspKept)}, nil
		}
	}
	if err := may(); err != nil {
		return Reply{}, err
	}
	der, err := r.sign(ctx, asked, said, now)
	if err != nil || !lasts {
		return Reply{DER: der, Fresh: true}, err
	}
	r.keep(key, answer{der, last, now})
	return Reply{DER: der, Fresh: true, Until: now.Add(ocspKept)}, nil
}

// status is that of one certificate, and whether there is one.
func (r *Responder) status(ctx context.Context, id certID) (s Status, known bool, err error) {
	if !id.issuedBy(r.Authority.Certificate) || id.Serial.Sign() <= 0 {
		return Status{}, false, nil
	}
	if id.Serial.Cmp(r.Authority.Certificate.SerialNumber) == 0 {
		return Status{Serial: id.Serial}, true, nil // its own, which it signed itself
	}
	s, err = r.Register.CertificateStatus(ctx, id.Serial)
	if errors.Is(err, ErrUnissued) {
		return Status{}, false, nil
	}
	if err != nil {
		return Status{}, false, fmt.Errorf("look up certificate %x: %w", id.Serial, err)
	}
	return s, true, nil
}

// find is a kept answer that is still true.
func (r *Responder) find(key string, s Status, now time.Time) (answer, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, found := r.kept[key]
	age := now.Sub(a.made)
	return a, found && a.status.State == s.State && a.status.At.Equal(s.At) && a.status.Reason == s.Reason &&
		age >= 0 && age < ocspKept
}

func (r *Responder) keep(key string, a answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept == nil || len(r.kept) >= mostKept {
		r.kept = map[string]answer{} // what is asked for again comes back
	}
	r.kept[key] = a
}

// sign says it of the certificates asked about.
func (r *Responder) sign(ctx context.Context, asked ocspRequest, said []asn1.RawValue, now time.Time) ([]byte, error) {
	certificate, err := r.certified(ctx, now)
	if err != nil {
		return nil, err
	}
	cutoff, err := asn1.MarshalWithParams(r.Authority.Certificate.NotBefore.UTC(), "generalized")
	if err != nil {
		return nil, fmt.Errorf("encode OCSP response: %w", err)
	}
	at := now.UTC().Truncate(time.Second)
	data := responseData{
		Responder:  asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: certificate.RawSubject},
		ProducedAt: at,
	}
	for i, id := range asked.certs {
		data.Responses = append(data.Responses, singleResponse{
			Cert: asn1.RawValue{FullBytes: id.Raw}, Status: said[i], ThisUpdate: at, NextUpdate: at.Add(ocspLife),
			Extensions: []pkix.Extension{{Id: oidOCSPCutoff, Value: cutoff}},
		})
	}
	if asked.nonce != nil {
		data.Extensions = []pkix.Extension{{Id: oidOCSPNonce, Value: asked.nonce}}
	}
	return signOCSP(data, certificate, r.Signer)
}

// certified is the responder's certificate, which it gets when it begins and again
// before that ends. The record comes before it is used.
func (r *Responder) certified(ctx context.Context, now time.Time) (*x509.Certificate, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.certificate; c != nil && !now.Before(c.NotBefore) && now.Before(c.NotAfter.Add(-responderRenew)) {
		return c, nil
	}
	der, err := r.Authority.issueResponder(context.WithoutCancel(ctx), r.Signer.Public(), now)
	if err != nil {
		return nil, fmt.Errorf("certify the OCSP responder: %w", err)
	}
	sum := sha256.Sum256(der)
	err = r.Audit.Append(context.WithoutCancel(ctx), audit.Entry{
		Event: audit.CertificateIssued, Certificate: hex.EncodeToString(sum[:]), Reason: "OCSP responder",
	})
	if err != nil {
		return nil, err
	}
	r.certificate, err = x509.ParseCertificate(der)
	r.kept = nil
	return r.certificate, err
}

// Ready makes sure that the responder can answer.
func (r *Responder) Ready(ctx context.Context) error {
	_, err := r.certified(ctx, r.Authority.Now())
	return err
}

// issueResponder certifies a key for OCSP answers and for nothing else (RFC 6960
// §4.2.2.2), without a way to ask about it (§4.2.2.2.1).
func (l *Local) issueResponder(ctx context.Context, public crypto.PublicKey, now time.Time) ([]byte, error) {
	template, err := l.responderTemplate(public, now)
	if err != nil {
		return nil, err
	}
	f := frame{parent: l.Certificate, rules: responderRules, kind: answers, intend: l.noting(ctx)}
	return f.certify(template, public, l.Signer)
}

func (l *Local) responderTemplate(public crypto.PublicKey, now time.Time) (*x509.Certificate, error) {
	if err := checkKey(public); err != nil {
		return nil, err
	}
	name, err := authorityName(responderName(l.Certificate.Subject))
	if err != nil {
		return nil, err
	}
	until := now.Add(responderLife)
	if until.After(l.Certificate.NotAfter) {
		until = l.Certificate.NotAfter
	}
	from := now.Add(-5 * time.Minute)
	if from.Before(l.Certificate.NotBefore) {
		from = l.Certificate.NotBefore
	}
	notBefore, notAfter, err := l.validity(Request{NotBefore: from, NotAfter: until})
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		RawSubject: name, NotBefore: notBefore, NotAfter: notAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning},
		BasicConstraintsValid: true,
		ExtraExtensions:       []pkix.Extension{{Id: oidNoCheck, Value: asn1.NullBytes}},
	}, nil
}

// responderName is the authority's with another common name, which has the
// authority's in it as long as there is room.
func responderName(authority pkix.Name) pkix.Name {
	name := pkix.Name{CommonName: "OCSP of " + authority.CommonName, Organization: authority.Organization, Country: authority.Country}
	if utf8.RuneCountInString(name.CommonName) > upperBound {
		name.CommonName = "OCSP responder"
	}
	return name
}
