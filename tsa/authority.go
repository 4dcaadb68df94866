package tsa

import (
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/cms"
	"github.com/pecete/pecete/csc"
)

// An Authority makes time-stamps with a key of its own.
type Authority struct {
	Keys  Keys
	KeyID []byte
	// Chain is the certificate of the key, as RFC 3161 §2.3 wants it, and those
	// above it. The last one is what the tokens lead to.
	Chain    []*x509.Certificate
	Policy   string        // OID
	Accuracy time.Duration // how far off our clock may be, and a second for the fraction
	Serials  Serials
	Audit    Log
	Now      func() time.Time
	// Patience bounds what follows the taking of a serial number, which no client
	// that hangs up can interrupt. 10 s if zero.
	Patience time.Duration
}

var _ Stamper = (*Authority)(nil)

var (
	// ErrAuthority says that an Authority is not put together right.
	ErrAuthority = errors.New("tsa: not a time-stamping authority")
	// ErrExpired says that the authority's certificate is not valid now.
	ErrExpired = errors.New("tsa: the time-stamping certificate is not valid now")
)

// Check says whether the authority can give good time-stamps at all.
func (a *Authority) Check() error {
	if len(a.Chain) == 0 {
		return fmt.Errorf("%w: no certificate", ErrAuthority)
	}
	if err := checkPurpose(a.Chain[0]); err != nil {
		return fmt.Errorf("%w: %w", ErrAuthority, err)
	}
	if oid, err := x509.ParseOID(a.Policy); err != nil || oid.String() != a.Policy {
		return fmt.Errorf("%w: the policy %q is not an OID", ErrAuthority, a.Policy)
	}
	if a.Accuracy < time.Second {
		return fmt.Errorf("%w: an accuracy of %v: times are in whole seconds", ErrAuthority, a.Accuracy)
	}
	if _, err := a.algorithm(); err != nil {
		return err
	}
	_, err := a.judge(a.Chain[0].NotAfter).checkChain(&cms.SignedData{Signer: a.Chain[0]}, a.Chain[0].NotAfter)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAuthority, err)
	}
	return nil
}

// algorithm is how the key signs: with the hash that is as strong as it is.
func (a *Authority) algorithm() (csc.Algorithm, error) {
	switch key := a.Chain[0].PublicKey.(type) {
	case *rsa.PublicKey:
		return csc.Algorithm{OID: "1.2.840.113549.1.1.11", Scheme: csc.PKCS1v15, Hash: crypto.SHA256}, nil
	case *ecdsa.PublicKey:
		switch key.Curve.Params().BitSize {
		case csc.P256.Bits():
			return csc.Algorithm{OID: "1.2.840.10045.4.3.2", Scheme: csc.ECDSA, Hash: crypto.SHA256}, nil
		case csc.P384.Bits():
			return csc.Algorithm{OID: "1.2.840.10045.4.3.3", Scheme: csc.ECDSA, Hash: crypto.SHA384}, nil
		case csc.P521.Bits():
			return csc.Algorithm{OID: "1.2.840.10045.4.3.4", Scheme: csc.ECDSA, Hash: crypto.SHA512}, nil
		}
	}
	return csc.Algorithm{}, fmt.Errorf("%w: its key is neither RSA nor of a known curve", ErrAuthority)
}

// Stamp makes a token. What can be refused is, before anything is taken; then the
// device is asked for room, a serial number is taken, the intent is recorded, the
// device signs, the token is judged as its reader will judge it, the outcome is
// recorded, and only then does it leave.
func (a *Authority) Stamp(ctx context.Context, who Asker, r Request) ([]byte, error) {
	if r.Policy != "" && r.Policy != a.Policy {
		return nil, refuse(UnacceptedPolicy, "the policy here is "+a.Policy)
	}
	if err := a.Audit.Able(); err != nil {
		return nil, err
	}
	release, err := a.Keys.Admit(1)
	if err != nil {
		return nil, fmt.Errorf("time-stamp: %w", err)
	}
	defer release()
	ctx, cancel := a.patience(ctx)
	defer cancel()
	return a.stamp(ctx, who, r)
}

func (a *Authority) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), cmp.Or(a.Patience, 10*time.Second))
}

func (a *Authority) stamp(ctx context.Context, who Asker, r Request) ([]byte, error) {
	info, prepared, err := a.prepare(ctx, r)
	if err != nil {
		return nil, err
	}
	record := audit.Entry{
		Event: audit.StampIntent, Client: who.ClientID, User: who.UserID,
		Certificate: fingerprint(a.Chain[0].Raw), Key: hex.EncodeToString(a.KeyID), Serial: info.Serial.Text(16),
		Hashes: csc.Hex([]csc.Digest{r.Digest}), HashOID: csc.OIDOfHash(r.Hash),
	}
	if err := a.Audit.Append(ctx, record); err != nil {
		return nil, err
	}
	token, err := a.release(ctx, r, info, prepared)
	if err != nil {
		record.Event, record.Reason = audit.StampFailed, err.Error()
		ctx, cancel := a.patience(ctx) // the device may have had all the time there was
		defer cancel()
		return nil, errors.Join(err, a.Audit.Append(ctx, record))
	}
	record.Event, record.Signatures = audit.StampDone, []string{fingerprint(token)}
	if err := a.Audit.Append(ctx, record); err != nil {
		return nil, err
	}
	return token, nil
}

// prepare decides what the token says. Its time is that of now, which is not
// before the request came.
func (a *Authority) prepare(ctx context.Context, r Request) (Info, *cms.Prepared, error) {
	now := a.Now().UTC().Truncate(time.Second)
	if now.Before(a.Chain[0].NotBefore) || now.After(a.Chain[0].NotAfter) {
		return Info{}, nil, ErrExpired
	}
	algorithm, err := a.algorithm()
	if err != nil {
		return Info{}, nil, err
	}
	serial, err := a.serial(ctx)
	if err != nil {
		return Info{}, nil, fmt.Errorf("serial number of a time-stamp: %w", err)
	}
	info := Info{
		Policy: a.Policy, Hash: r.Hash, Digest: r.Digest, Serial: serial,
		Time: now, Accuracy: a.Accuracy, Nonce: r.Nonce,
	}
	content, err := info.marshal()
	if err != nil {
		return info, nil, err
	}
	params := cms.Params{Algorithm: algorithm, ContentType: oidTSTInfo, Content: content, Bare: !r.Certificates}
	for _, cert := range a.Chain {
		params.Certificates = append(params.Certificates, cert.Raw)
	}
	prepared, err := cms.Prepare(params)
	return info, prepared, err
}

// serial is a number that the store has counted, and behind it 64 random bits:
// the count never comes twice from one store, and the rest keeps apart what two
// stores count that were one, of which one is a copy.
func (a *Authority) serial(ctx context.Context) (*big.Int, error) {
	n, err := a.Serials.NextSerial(ctx)
	if err != nil {
		return nil, err
	}
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	serial := new(big.Int).Lsh(big.NewInt(n), 64)
	return serial.Or(serial, new(big.Int).SetBytes(random[:])), nil
}

// release has the device sign, and judges the token as its reader will.
func (a *Authority) release(ctx context.Context, r Request, info Info, prepared *cms.Prepared) ([]byte, error) {
	algorithm, err := a.algorithm()
	if err != nil {
		return nil, err
	}
	signature, err := a.Keys.Sign(ctx, a.KeyID, algorithm, prepared.Digest())
	if err != nil {
		return nil, fmt.Errorf("sign time-stamp with key %x: %w", a.KeyID, err)
	}
	token, err := prepared.Finish(signature)
	if err != nil {
		return nil, fmt.Errorf("time-stamp with key %x: %w", a.KeyID, err)
	}
	if _, err := a.judge(info.Time).check(token, r); err != nil {
		return nil, err
	}
	return token, nil
}

// judge is who reads a token of this authority of that time.
func (a *Authority) judge(at time.Time) judge {
	roots := x509.NewCertPool()
	roots.AddCert(a.Chain[len(a.Chain)-1])
	return judge{roots: roots, known: a.Chain, policy: a.Policy, from: at, to: at}
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}
