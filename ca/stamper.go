package ca

import (
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"time"
)

// oidTimeStamping is id-kp-timeStamping (RFC 3161 §2.3).
var oidTimeStamping = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}

// A StamperRequest asks for the certificate of a time-stamping authority. Its
// name is under the rules of authorities' names.
type StamperRequest struct {
	Public    crypto.PublicKey // *rsa.PublicKey or *ecdsa.PublicKey
	Name      pkix.Name
	Profile   Profile
	NotBefore time.Time // fractions of a second are cut off
	NotAfter  time.Time // the last second of validity
}

// IssueStamper certifies the key of a time-stamping authority, for time-stamps
// and for nothing else (RFC 3161 §2.3), and returns the chain as Issue does.
func (l *Local) IssueStamper(ctx context.Context, r StamperRequest) ([][]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	template, err := l.stamperTemplate(r)
	if err != nil {
		return nil, err
	}
	f := frame{parent: l.Certificate, rules: stamperRules, asked: r.Profile, kind: stamps, intend: l.noting(ctx)}
	der, err := f.certify(template, r.Public, l.Signer)
	if err != nil {
		return nil, fmt.Errorf("certify %q: %w", r.Name.CommonName, err)
	}
	return [][]byte{der, l.Certificate.Raw}, nil
}

func (l *Local) stamperTemplate(r StamperRequest) (*x509.Certificate, error) {
	if err := checkKey(r.Public); err != nil {
		return nil, err
	}
	name, err := authorityName(r.Name)
	if err != nil {
		return nil, err
	}
	policies, err := r.Profile.policies()
	if err != nil {
		return nil, err
	}
	notBefore, notAfter, err := l.validity(Request{NotBefore: r.NotBefore, NotAfter: r.NotAfter})
	if err != nil {
		return nil, err
	}
	if r.Profile.Notice != "" || r.Profile.Use != Signing {
		return nil, fmt.Errorf("%w: notices and uses are of signers", ErrProfile)
	}
	purpose, err := asn1.Marshal([]asn1.ObjectIdentifier{oidTimeStamping})
	if err != nil {
		return nil, fmt.Errorf("encode extended key usage: %w", err)
	}
	return &x509.Certificate{
		RawSubject: name, NotBefore: notBefore, NotAfter: notAfter,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		Policies:              policies,
		// The library writes this one without the mark that it is critical.
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: purpose}},
	}, nil
}
