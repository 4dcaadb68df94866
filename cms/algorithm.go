package cms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"

	"github.com/pecete/pecete/csc"
)

// oidsBySchemeAndHash names the algorithms in a SignerInfo by the OIDs that are
// bound to a hash (RFC 5754 §3), so that nothing is left to be guessed.
var oidsBySchemeAndHash = map[csc.Scheme]map[crypto.Hash]asn1.ObjectIdentifier{
	csc.PKCS1v15: {
		crypto.SHA256: {1, 2, 840, 113549, 1, 1, 11},
		crypto.SHA384: {1, 2, 840, 113549, 1, 1, 12},
		crypto.SHA512: {1, 2, 840, 113549, 1, 1, 13},
	},
	csc.ECDSA: {
		crypto.SHA256: {1, 2, 840, 10045, 4, 3, 2},
		crypto.SHA384: {1, 2, 840, 10045, 4, 3, 3},
		crypto.SHA512: {1, 2, 840, 10045, 4, 3, 4},
	},
	csc.PSS: {
		crypto.SHA256: {1, 2, 840, 113549, 1, 1, 10},
		crypto.SHA384: {1, 2, 840, 113549, 1, 1, 10},
		crypto.SHA512: {1, 2, 840, 113549, 1, 1, 10},
	},
}

var oidsByHash = map[crypto.Hash]asn1.ObjectIdentifier{
	crypto.SHA256: {2, 16, 840, 1, 101, 3, 4, 2, 1},
	crypto.SHA384: {2, 16, 840, 1, 101, 3, 4, 2, 2},
	crypto.SHA512: {2, 16, 840, 1, 101, 3, 4, 2, 3},
}

// checkAlgorithm reports whether a is in the tables and cert's key can sign so.
func checkAlgorithm(a csc.Algorithm, cert *x509.Certificate) error {
	if _, ok := oidsBySchemeAndHash[a.Scheme][a.Hash]; !ok {
		return fmt.Errorf("%w: %s with %s", ErrAlgorithm, a.Scheme, a.Hash)
	}
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if a.Scheme == csc.ECDSA {
			return fmt.Errorf("%w: the key is RSA", ErrAlgorithm)
		}
		if a.Scheme == csc.PSS && (a.SaltLength < a.Hash.Size() || a.SaltLength > (key.N.BitLen()+6)/8-a.Hash.Size()-2) {
			return fmt.Errorf("%w: a PSS salt of %d bytes", ErrAlgorithm, a.SaltLength)
		}
	case *ecdsa.PublicKey:
		if a.Scheme != csc.ECDSA {
			return fmt.Errorf("%w: the key is ECDSA", ErrAlgorithm)
		}
	default:
		return fmt.Errorf("%w: the key is neither RSA nor ECDSA", ErrAlgorithm)
	}
	return nil
}

// signatureIdentifier is the signatureAlgorithm of a SignerInfo: NULL
// parameters for PKCS#1 v1.5, RSASSA-PSS-params for PSS, none for ECDSA.
func signatureIdentifier(a csc.Algorithm) pkix.AlgorithmIdentifier {
	id := pkix.AlgorithmIdentifier{Algorithm: oidsBySchemeAndHash[a.Scheme][a.Hash]}
	switch a.Scheme {
	case csc.PKCS1v15:
		id.Parameters = asn1.NullRawValue
	case csc.PSS:
		id.Parameters = asn1.RawValue{FullBytes: csc.MarshalPSS(a.Hash, a.SaltLength)}
	case csc.ECDSA: // RFC 5758 §3.2: absent
	}
	return id
}

// checkMade verifies signature over digest with cert's key.
func checkMade(a csc.Algorithm, cert *x509.Certificate, digest, signature []byte) error {
	var err error
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if a.Scheme == csc.PSS {
			err = rsa.VerifyPSS(key, a.Hash, digest, signature, &rsa.PSSOptions{SaltLength: a.SaltLength})
		} else {
			err = rsa.VerifyPKCS1v15(key, a.Hash, digest, signature)
		}
	case *ecdsa.PublicKey:
		if !ecdsa.VerifyASN1(key, digest, signature) {
			return ErrSignature
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}
