package server_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

// noHashes are names of hashes that are too weak, not ours, or no names: what
// looks like one of ours is none either.
var noHashes = []string{
	"1.2.840.113549.2.2", "1.2.840.113549.2.4", "1.2.840.113549.2.5", // MD2, MD4, MD5
	"1.3.14.3.2.18", "1.3.14.3.2.26", "1.3.14.3.2.29", // SHA-0, SHA-1, SHA-1 with RSA
	"1.3.36.3.2.1", "1.3.36.3.2.2", "2.16.840.1.101.3.4.2.4", // RIPEMD-160, RIPEMD-128, SHA-224
	"2.16.840.1.101.3.4.2.5", "2.16.840.1.101.3.4.2.6", "2.16.840.1.101.3.4.2.7", "2.16.840.1.101.3.4.2.8", // SHA-512/224, SHA-512/256, SHA3-224, SHA3-256
	"1.2.643.7.1.1.2.2", "1.2.156.10197.1.401", // Streebog, SM3
	"SHA-256", "sha256", "S256", "http://www.w3.org/2001/04/xmlenc#sha256", "urn:oid:2.16.840.1.101.3.4.2.1",
	"2.16.840.1.101.3.4.2.1 ", " 2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.01", "2.16.840.1.101.3.4.2.1.", "2.16.840.1.101.3.4.2", "2.16.840.1.101.3.4.2.1\x00",
	"2,16,840,1,101,3,4,2,1", "２.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11", "0",
}

func TestWeakHashes(t *testing.T) {
	t.Parallel()
	r, n := newTrial(t), 0
	const hashOID = "Invalid parameter hashAlgorithmOID"
	alike := `"signature_format":"C","signAlgo":"1.2.840.10045.2.1"`
	for _, place := range []struct {
		says   string
		method csc.Method
		body   string // %s is the name, as JSON
		told   string
	}{
		{"agreed to", csc.MethodAuthorize, fmt.Sprintf(`{"credentialID":%q,"numSignatures":1,"hashes":[%q],"authData":[{"id":"OTP","value":%q}],"hashAlgorithmOID":%%s}`,
			r.credentials[csc.P256].ID, stampHash, r.code()), hashOID},
		{"signed with RSA", csc.MethodSignHash, `{` + r.asks(csc.RSA3072) + `,"hashes":["` + stampHash + `"],"signAlgo":"1.2.840.113549.1.1.1","hashAlgorithmOID":%s}`, hashOID},
		{"signed with ECDSA", csc.MethodSignHash, `{` + r.asks(csc.P521) + `,"hashes":["` + stampHash + `"],"signAlgo":"1.2.840.10045.2.1","hashAlgorithmOID":%s}`, hashOID},
		{"beside an algorithm that names another", csc.MethodSignHash, `{` + r.asks(csc.P521) + `,"hashes":["` + stampHash + `"],"signAlgo":"1.2.840.10045.4.3.2","hashAlgorithmOID":%s}`, hashOID},
		{"of a document", csc.MethodSignDoc, `{` + r.asks(csc.P256) + `,"documentDigests":[{"hashes":["` + stampHash + `"],` + alike + `,"hashAlgorithmOID":%s}]}`, hashOID},
		{"of a document in the form of v2.2", csc.MethodSignDoc, `{` + r.asks(csc.P256) + `,"signatureCreationRequest":{"hashes":["` + stampHash + `"],` + alike + `,"hashAlgorithmOID":%s}}`, hashOID},
		{"stamped", csc.MethodTimestamp, `{"hash":"` + stampHash + `","hashAlgo":%s}`, "Invalid parameter hashAlgo"},
	} {
		for _, name := range noHashes {
			n++
			t.Run(place.says+" "+name, func(t *testing.T) {
				r.bad(t, r.call(place.method, fmt.Sprintf(place.body, quoted(t, name))), place.told)
			})
		}
	}
	counted(t, "weak hashes", n, 200)
}

func TestWeakAlgorithmsForDocuments(t *testing.T) {
	t.Parallel()
	r, n := newTrial(t), 0
	for _, algo := range append([]string{"1.2.3", "SHA256withRSA", "RS256", "ES256", "1.2.840.10045.4.3.2 ", "1.2.840.10045.4.3.02"}, mayNot...) {
		for _, key := range []csc.KeySpec{csc.RSA3072, csc.P256} {
			for _, body := range []string{
				`{%s,"documentDigests":[{"hashes":["` + stampHash + `"],"signature_format":"C","signAlgo":%s}]}`,
				`{%s,"documents":[{"document":"YWJj","signature_format":"C","signAlgo":%s}]}`,
				`{%s,"signatureCreationRequest":{"document":"YWJj","adesParameters":{"signature_format":"C"},"signingAlgorithm":{"signAlgo":%s}}}`,
			} {
				n++
				t.Run(fmt.Sprintf("%s %q", key, algo), func(t *testing.T) {
					r.bad(t, r.call(csc.MethodSignDoc, fmt.Sprintf(body, r.asks(key), quoted(t, algo))), "Invalid parameter signAlgo")
				})
			}
		}
	}
	counted(t, "weak algorithms for documents", n, 100)
}

// A credential that must not sign does not, also if somebody has an
// authorization for it from when it might.
func TestRetiredCredentials(t *testing.T) {
	t.Parallel()
	r, n := newTrial(t), 0
	const named = "Signing certificate 'O=Demo,CN=Demo Signer' is "
	for _, row := range []struct {
		says   string
		change func(*credentials.Profile)
		retire func(id string) error
		told   string
	}{
		{says: "expired a second ago", change: func(p *credentials.Profile) { p.NotAfter = noon.Add(-time.Second) }, told: named + "expired."},
		{says: "expired a year ago", change: func(p *credentials.Profile) {
			p.NotBefore, p.NotAfter = noon.AddDate(-2, 0, 0), noon.AddDate(-1, 0, 0)
		}, told: named + "expired."},
		{says: "valid in a second", change: func(p *credentials.Profile) { p.NotBefore = noon.Add(time.Second) }, told: named + "not yet valid."},
		{says: "valid next year", change: func(p *credentials.Profile) {
			p.NotBefore, p.NotAfter = noon.AddDate(1, 0, 0), noon.AddDate(2, 0, 0)
		}, told: named + "not yet valid."},
		{says: "revoked", retire: func(id string) error { return r.registry.RevokeCredential(t.Context(), id, noon, 0) }, told: named + "revoked."},
		{says: "suspended", retire: func(id string) error { return r.registry.SuspendCredential(t.Context(), id, noon) }, told: named + "suspended."},
		{
			says: "disabled", retire: func(id string) error { return r.registry.SetCredentialDisabled(t.Context(), id, true) },
			told: "The credential identified by credentialID is disabled",
		},
		{
			says: "disabled and revoked", retire: func(id string) error {
				return errors.Join(r.registry.SetCredentialDisabled(t.Context(), id, true), r.registry.RevokeCredential(t.Context(), id, noon, 0))
			},
			told: "The credential identified by credentialID is disabled",
		},
		{ // of all credentials of the signer, so it is the last one
			says: "of a signer who comes back, and signs in a second", retire: func(string) error {
				return r.registry.SetSignsFrom(t.Context(), r.signer.ID, noon.Add(time.Second), r.signer.Stamp)
			},
			told: "The credential identified by credentialID is disabled",
		},
	} {
		for _, key := range []csc.KeySpec{csc.P256, csc.P384} {
			c := r.credential(r.signer, key, func(p *credentials.Profile) {
				p.SCAL, p.Multisign = csc.SCAL1, credentials.MaxMultisign
				if row.change != nil {
					row.change(p)
				}
			})
			asks := fmt.Sprintf(`"credentialID":%q,"SAD":%q`, c.ID, r.lend(c))
			if row.retire != nil {
				must(t, row.retire(c.ID))
			}
			r.before = r.state(r.watched)
			sign := `,"hashes":["` + stampHash + `"],"signAlgo":"1.2.840.10045.4.3.2"`
			alike := `"signature_format":"C","signAlgo":"1.2.840.10045.4.3.2"`
			for method, bodies := range map[csc.Method][]string{
				csc.MethodAuthorize: {
					fmt.Sprintf(`{"credentialID":%q,"numSignatures":1,"authData":[{"id":"OTP","value":%q}]}`, c.ID, r.code()),
					fmt.Sprintf(`{"credentialID":%q,"numSignatures":1,"hashes":[%q],"hashAlgorithmOID":%q,"authData":[{"id":"OTP","value":%q}]}`, c.ID, stampHash, csc.OIDSHA256, r.code()),
				},
				csc.MethodSignHash: {"{" + asks + sign + "}", "{" + asks + sign + `,"operationMode":"S"}`},
				csc.MethodSignDoc: {
					"{" + asks + `,"documentDigests":[{"hashes":["` + stampHash + `"],` + alike + `}]}`, "{" + asks + `,"documents":[{"document":"YWJj",` + alike + `}]}`,
				},
			} {
				for _, body := range bodies {
					n++
					t.Run(fmt.Sprintf("%s %s, %s", key, row.says, method), func(t *testing.T) { r.bad(t, r.call(method, body), row.told) })
				}
			}
		}
	}
	counted(t, "retired credentials", n, 80)
}

// No key is made of a kind that is too weak or that is not ours.
func TestWeakKeys(t *testing.T) {
	t.Parallel()
	r := newTrial(t)
	enroller := credentials.Enroller{Device: r.keys, Issuer: r.keys, Store: r.registry, Audit: r.auditLog, Now: r.clock.Now}
	for _, key := range []csc.KeySpec{
		"", "RSA", "RSA-512", "RSA-1024", "RSA-1536", "RSA-2047", "RSA-3071", "RSA-16384", "rsa-3072", "RSA-3072 ", "RSA3072", "P-192", "P-224", "p-256", "P-256\x00",
		"secp256k1", "brainpoolP256r1", "sect163k1", "Ed25519", "X25519", "DSA-2048", "SM2", "EC",
	} {
		_, err := enroller.Enroll(t.Context(), r.signer, credentials.Profile{
			Key: key, SCAL: csc.SCAL2, Multisign: 1, Mode: csc.Explicit, NotBefore: noon, NotAfter: noon.AddDate(1, 0, 0),
		})
		if err == nil {
			t.Errorf("a key of kind %q was made", key)
		}
		r.unchanged(t)
	}
	if len(r.keys.keys) != 4 {
		t.Errorf("%d keys", len(r.keys.keys))
	}
}
