package ca

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"math/big"
	"testing"

	"golang.org/x/crypto/ocsp"
)

// requestWith is an OCSP request for the certificates with these numbers.
func requestWith(t testing.TB, issuer *x509.Certificate, change func(*ocspRequestDER), serials ...int64) []byte {
	t.Helper()
	var in ocspRequestDER
	for _, n := range serials {
		der, err := ocsp.CreateRequest(&x509.Certificate{SerialNumber: big.NewInt(n)}, issuer, &ocsp.RequestOptions{Hash: crypto.SHA256})
		if err != nil {
			t.Fatal(err)
		}
		var one ocspRequestDER
		if _, err := asn1.Unmarshal(der, &one); err != nil {
			t.Fatal(err)
		}
		in.Body.List = append(in.Body.List, one.Body.List...)
	}
	if change != nil {
		change(&in)
	}
	der, err := asn1.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// withNonce adds an extension with that value, wrapped as RFC 9654 wants it.
func withNonce(value []byte) func(*ocspRequestDER) {
	return func(in *ocspRequestDER) {
		der, err := asn1.Marshal(value)
		if err != nil {
			panic(err)
		}
		in.Body.Extensions = append(in.Body.Extensions, pkix.Extension{Id: oidOCSPNonce, Value: der})
	}
}

func TestParseOCSPRequest(t *testing.T) {
	t.Parallel()
	issuer := authority(t, ec(t, elliptic.P256())).Certificate
	ask := func(change func(*ocspRequestDER), serials ...int64) []byte {
		return requestWith(t, issuer, change, serials...)
	}
	other := pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 32473, 9}, Critical: true, Value: []byte{5, 0}}
	many := make([]int64, maxOCSPAsked)
	for _, tt := range []struct {
		says  string
		der   []byte
		certs int // 0: refused
		nonce int
	}{
		{"one certificate", ask(nil, 1), 1, 0},
		{"as many as may be", ask(nil, many...), maxOCSPAsked, 0},
		{"one more", ask(nil, append(many, 1)...), 0, 0},
		{"none", ask(nil), 0, 0},
		{"a nonce of one byte", ask(withNonce([]byte{1}), 1), 1, 1},
		{"a nonce of 32 bytes", ask(withNonce(make([]byte, 32)), 1), 1, 32},
		{"the longest nonce", ask(withNonce(make([]byte, maxNonce)), 1), 1, maxNonce},
		{"a longer one", ask(withNonce(make([]byte, maxNonce+1)), 1), 0, 0},
		{"an empty nonce", ask(withNonce(nil), 1), 0, 0},
		{"two nonces", ask(func(in *ocspRequestDER) { withNonce([]byte{1})(in); withNonce([]byte{2})(in) }, 1), 0, 0},
		{"a nonce that is not wrapped", ask(func(in *ocspRequestDER) {
			in.Body.Extensions = []pkix.Extension{{Id: oidOCSPNonce, Value: []byte{1, 2, 3}}}
		}, 1), 0, 0},
		{"what must be understood", ask(func(in *ocspRequestDER) { in.Body.Extensions = []pkix.Extension{other} }, 1), 0, 0},
		{"the same of one certificate", ask(func(in *ocspRequestDER) { in.Body.List[0].Extensions = []pkix.Extension{other} }, 1), 0, 0},
		{"what need not be", ask(func(in *ocspRequestDER) {
			in.Body.Extensions = []pkix.Extension{{Id: other.Id, Value: other.Value}}
		}, 1), 1, 0},
		{"another version", ask(func(in *ocspRequestDER) { in.Body.Version = 1 }, 1), 0, 0},
		{"something behind it", append(ask(nil, 1), 0), 0, 0},
		{"half of one", ask(nil, 1)[:40], 0, 0},
		{"nothing", nil, 0, 0},
		{"a certificate", issuer.Raw, 0, 0},
	} {
		got, err := parseOCSPRequest(tt.der)
		if (err == nil) != (tt.certs > 0) || err != nil && !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v", tt.says, err)
		}
		var nonce []byte
		_, _ = asn1.Unmarshal(got.nonce, &nonce)
		if err == nil && (len(got.certs) != tt.certs || len(nonce) != tt.nonce || !got.certs[0].issuedBy(issuer)) {
			t.Errorf("%s: %d certificates, nonce of %d bytes, ours %t", tt.says, len(got.certs), len(nonce), got.certs[0].issuedBy(issuer))
		}
	}
}

// FuzzOCSPRequest holds against any bytes that they are refused or understood as
// another parser understands them, and that what is answered can be read.
func FuzzOCSPRequest(f *testing.F) {
	key := ec(f, elliptic.P256())
	l := authority(f, ec(f, elliptic.P384()))
	der, err := l.issueResponder(f.Context(), key.Public(), noon)
	if err != nil {
		f.Fatal(err)
	}
	responder, err := x509.ParseCertificate(der)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(requestWith(f, l.Certificate, nil, 1))
	f.Add(requestWith(f, l.Certificate, withNonce([]byte("0123456789abcdef")), 1, -1, 0))
	if old, err := hex.DecodeString("304e304c304a30483046300906052b0e03021a05000414"); err == nil {
		f.Add(old)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		asked, err := parseOCSPRequest(der)
		if err != nil {
			if !errors.Is(err, errMalformed) {
				t.Errorf("neither refused nor understood: %v", err)
			}
			return
		}
		if theirs, err := ocsp.ParseRequest(der); err == nil && theirs.SerialNumber.Cmp(asked.certs[0].Serial) != 0 {
			t.Errorf("number %v, another parser reads %v", asked.certs[0].Serial, theirs.SerialNumber)
		}
		unknown, err := certStatus(Status{}, false)
		if err != nil {
			t.Fatal(err)
		}
		data := responseData{Responder: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: responder.RawSubject}, ProducedAt: noon}
		for _, id := range asked.certs {
			id.issuedBy(l.Certificate)
			data.Responses = append(data.Responses, singleResponse{Cert: asn1.RawValue{FullBytes: id.Raw}, Status: unknown, ThisUpdate: noon, NextUpdate: noon})
		}
		answer, err := signOCSP(data, responder, key)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(answer, asked.certs[0].Raw) {
			t.Error("it is not about what was asked")
		}
		var out ocspResponse
		if rest, err := asn1.Unmarshal(answer, &out); err != nil || len(rest) > 0 {
			t.Errorf("the answer cannot be read: %v", err)
		}
	})
}
