package conformance

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" // for the hash that RFC 3161 names certificates by
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"

	"github.com/smallstep/pkcs7"
)

// A timeToken is a TimeStampToken (RFC 3161 §2.4.2).
type timeToken struct {
	cms  *pkcs7.PKCS7
	info tstInfo
}

// A tstInfo is what the token says.
type tstInfo struct {
	Version int
	Policy  asn1.ObjectIdentifier
	Imprint struct {
		Algorithm pkix.AlgorithmIdentifier
		Hash      []byte
	}
	Serial   *big.Int
	Time     asn1.RawValue // a GeneralizedTime that may have fractions
	Accuracy struct {
		Seconds int `asn1:"optional"`
		Millis  int `asn1:"optional,tag:0"`
		Micros  int `asn1:"optional,tag:1"`
	} `asn1:"optional"`
	Ordering   bool          `asn1:"optional"`
	Nonce      *big.Int      `asn1:"optional"`
	Name       asn1.RawValue `asn1:"optional,tag:0"`
	Extensions asn1.RawValue `asn1:"optional,tag:1"`
}

var (
	oidTSTInfo       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidSigningCert   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidSigningCertV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidPurposes      = asn1.ObjectIdentifier{2, 5, 29, 37}
)

// readTimeToken reads a token, which is not yet said to be good.
func readTimeToken(der []byte) (*timeToken, error) {
	cms, err := pkcs7.Parse(der)
	if err != nil {
		return nil, unmet("timestamp is no CMS: %v", err)
	}
	token := &timeToken{cms: cms}
	rest, err := asn1.Unmarshal(cms.Content, &token.info)
	if err != nil || len(rest) > 0 || token.info.Version != 1 {
		return nil, unmet("the content of timestamp is no TSTInfo of version 1")
	}
	if token.info.Time.Tag != asn1.TagGeneralizedTime {
		return nil, unmet("genTime is no GeneralizedTime")
	}
	return token, nil
}

// covers is nil if the time-stamp is of the SHA-256 hash.
func (k *timeToken) covers(hash []byte) error {
	if algorithm := k.info.Imprint.Algorithm.Algorithm.String(); algorithm != oidSHA256 {
		return unmet("the message imprint is by %s, asked was %s", algorithm, oidSHA256)
	}
	if !bytes.Equal(k.info.Imprint.Hash, hash) {
		return unmet("the message imprint is %x, the hash was %x", k.info.Imprint.Hash, hash)
	}
	return nil
}

// verify is nil if the token is signed as RFC 3161 §2.3 and §2.4.2 and RFC 5816
// have it, by the key of the certificate it brings along.
func (k *timeToken) verify() error {
	signer := k.cms.GetOnlySigner()
	if signer == nil {
		return unmet("timestamp brings no certificate of its one signer along")
	}
	if err := k.cms.Verify(); err != nil {
		return unmet("timestamp does not verify: %v", err)
	}
	var kind asn1.ObjectIdentifier
	if err := k.cms.UnmarshalSignedAttribute(oidContentType, &kind); err != nil || !kind.Equal(oidTSTInfo) {
		return unmet("what is signed is of type %v, not a TSTInfo", kind)
	}
	if err := k.names(signer); err != nil {
		return err
	}
	return stamps(signer)
}

// An essCertID begins an ESSCertID or ESSCertIDv2.
type essCertID struct {
	Algorithm pkix.AlgorithmIdentifier `asn1:"optional"`
	Hash      []byte
	Issuer    asn1.RawValue `asn1:"optional"`
}

// names is nil if the signer's certificate stands in what is signed, by SHA-1 (RFC
// 3161) or another hash (RFC 5816).
func (k *timeToken) names(signer *x509.Certificate) error {
	for _, kind := range []struct {
		oid   asn1.ObjectIdentifier
		usual string
	}{{oidSigningCert, oidSHA1}, {oidSigningCertV2, oidSHA256}} {
		var named struct {
			Certs    []essCertID
			Policies asn1.RawValue `asn1:"optional"`
		}
		if k.cms.UnmarshalSignedAttribute(kind.oid, &named) != nil || len(named.Certs) == 0 {
			continue
		}
		first, algorithm := named.Certs[0], kind.usual
		if first.Algorithm.Algorithm != nil {
			algorithm = first.Algorithm.Algorithm.String()
		}
		if hash, ok := certificateHashes[algorithm]; ok {
			state := hash.New()
			state.Write(signer.Raw)
			if bytes.Equal(state.Sum(nil), first.Hash) {
				return nil
			}
		}
	}
	return unmet("no ESSCertID in what is signed names the certificate that timestamp brings along")
}

// certificateHashes are what certificates are named by.
var certificateHashes = map[string]crypto.Hash{
	oidSHA1: crypto.SHA1, oidSHA256: crypto.SHA256, oidSHA384: crypto.SHA384, oidSHA512: crypto.SHA512,
}

// stamps is nil if the certificate is for time-stamps and nothing else.
func stamps(cert *x509.Certificate) error {
	critical := false
	for _, e := range cert.Extensions {
		critical = critical || e.Id.Equal(oidPurposes) && e.Critical
	}
	if len(cert.ExtKeyUsage) != 1 || cert.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(cert.UnknownExtKeyUsage) > 0 || !critical {
		return unmet("the certificate's extended key usage is not time-stamping alone, and critical")
	}
	return nil
}
