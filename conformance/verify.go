package conformance

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// decode reads Base64 as §5.2 has it: standard alphabet, padded, no spare
// bits, no line breaks.
func decode(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("Base64 with line breaks")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errors.New("not Base64 in the standard alphabet with padding")
	}
	return raw, nil
}

// certificates are those of a credential's description.
func certificates(description Object) ([]*x509.Certificate, error) {
	texts, ok := description.object("cert").strings("certificates")
	if !ok {
		return nil, unmet("cert.certificates is not an array of strings")
	}
	all := make([]*x509.Certificate, len(texts))
	for i, text := range texts {
		der, err := decode(text)
		if err != nil {
			return nil, unmet("cert.certificates[%d]: %v", i, err)
		}
		if all[i], err = x509.ParseCertificate(der); err != nil {
			return nil, unmet("cert.certificates[%d] is not a certificate: %v", i, err)
		}
		if all[i].Version != 3 {
			return nil, unmet("cert.certificates[%d] is X.509 v%d", i, all[i].Version)
		}
	}
	return all, nil
}

// chained is nil if each certificate is signed by the next, the end entity
// first.
func chained(all []*x509.Certificate) error {
	if len(all) == 0 {
		return unmet("cert.certificates is empty")
	}
	if all[0].IsCA {
		return unmet("the first certificate is an authority's, not the signer's")
	}
	for i := 1; i < len(all); i++ {
		if err := all[i-1].CheckSignatureFrom(all[i]); err != nil {
			return unmet("certificate %d is not signed by certificate %d: %v", i-1, i, err)
		}
	}
	return nil
}

// A scheme is how a signature over a digest is to be checked.
type scheme struct {
	hash crypto.Hash
	// salt is the length of a PSS salt; -1 for PKCS #1 v1.5. ECDSA has neither.
	salt int
}

// plainSHA256 is PKCS #1 v1.5, or ECDSA.
func plainSHA256() scheme { return scheme{crypto.SHA256, -1} }

func pssSHA256() scheme { return scheme{crypto.SHA256, 32} }

// verify is nil if signature is key's over digest.
func (s scheme) verify(key any, digest, signature []byte) error {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if s.salt < 0 {
			return rsa.VerifyPKCS1v15(key, s.hash, digest, signature)
		}
		return rsa.VerifyPSS(key, s.hash, digest, signature, &rsa.PSSOptions{SaltLength: s.salt, Hash: s.hash})
	case *ecdsa.PublicKey:
		r, v, err := parseECDSA(signature)
		if err != nil {
			// Some deployments put r and s side by side: right numbers, wrong
			// envelope. signHash/ecdsa-der is the case about that.
			if r, v, err = splitECDSA(key, signature); err != nil {
				return err
			}
		}
		if !ecdsa.Verify(key, digest, r, v) {
			return errors.New("ECDSA verification error")
		}
		return nil
	}
	return fmt.Errorf("keys of type %T are beyond the suite", key)
}

// parseECDSA reads an ECDSA-Sig-Value: SEQUENCE { r, s } and nothing after it.
func parseECDSA(signature []byte) (r, s *big.Int, err error) {
	var v struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(signature, &v)
	if err != nil || len(rest) > 0 {
		return nil, nil, errors.New("not a DER sequence of two integers")
	}
	again, err := asn1.Marshal(v)
	if err != nil || !bytes.Equal(again, signature) {
		return nil, nil, errors.New("not in DER")
	}
	return v.R, v.S, nil
}

func splitECDSA(key *ecdsa.PublicKey, signature []byte) (r, s *big.Int, err error) {
	n := (key.Curve.Params().BitSize + 7) / 8
	if len(signature) != 2*n {
		return nil, nil, errors.New("neither a DER sequence of two integers nor two integers side by side")
	}
	return new(big.Int).SetBytes(signature[:n]), new(big.Int).SetBytes(signature[n:]), nil
}
