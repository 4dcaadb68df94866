package tsa_test

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"
	"testing"

	"github.com/pecete/pecete/cms/cmstest"
	"github.com/pecete/pecete/tsa"
)

// A query is a TimeStampReq in parts, so that each can be wrong.
type parts struct {
	version, imprint []byte
	rest             [][]byte
	after            []byte
}

func (p parts) der() []byte {
	return append(cmstest.Seq(append([][]byte{p.version, p.imprint}, p.rest...)...), p.after...)
}

var null = []byte{asn1.TagNull, 0}

func imprint(oid asn1.ObjectIdentifier, parameters, digest []byte) []byte {
	return cmstest.Seq(cmstest.Seq(cmstest.DER(oid), parameters), cmstest.DER(digest))
}

func goodQuery() parts {
	return parts{version: cmstest.DER(1), imprint: imprint(cmstest.SHA256, null, request(crypto.SHA256).Digest)}
}

var (
	derTrue, derFalse = cmstest.DER(true), cmstest.DER(false)
	policyOID         = cmstest.DER(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 32473, 3161, 1})
	hugeOID           = []byte{6, 12, 0x2b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}
)

func TestParseRequestRefuses(t *testing.T) {
	digest := []byte(request(crypto.SHA256).Digest)
	for _, row := range []struct {
		says   string
		change func(*parts)
		want   tsa.FailInfo
	}{
		{"version 0", func(p *parts) { p.version = cmstest.DER(0) }, tsa.BadRequest},
		{"version 2", func(p *parts) { p.version = cmstest.DER(2) }, tsa.BadRequest},
		{"version -1", func(p *parts) { p.version = cmstest.DER(-1) }, tsa.BadRequest},
		{"a version beyond all numbers", func(p *parts) { p.version = cmstest.DER(new(big.Int).Lsh(big.NewInt(1), 100)) }, tsa.BadDataFormat},
		{"a version with a zero before it", func(p *parts) { p.version = []byte{2, 2, 0, 1} }, tsa.BadDataFormat},
		{"a version that is text", func(p *parts) { p.version = cmstest.DER("1") }, tsa.BadDataFormat},
		{"no version", func(p *parts) { p.version = nil }, tsa.BadDataFormat},
		{"no imprint", func(p *parts) { p.imprint = nil }, tsa.BadDataFormat},
		{"an empty imprint", func(p *parts) { p.imprint = cmstest.Seq() }, tsa.BadDataFormat},
		{"an imprint without digest", func(p *parts) { p.imprint = cmstest.Seq(cmstest.Seq(cmstest.DER(cmstest.SHA256))) }, tsa.BadDataFormat},
		{"a digest in a bit string", func(p *parts) {
			p.imprint = cmstest.Seq(cmstest.Seq(cmstest.DER(cmstest.SHA256)), cmstest.DER(asn1.BitString{Bytes: digest, BitLength: 256}))
		}, tsa.BadDataFormat},
		{"more in the imprint", func(p *parts) {
			p.imprint = cmstest.Seq(cmstest.Seq(cmstest.DER(cmstest.SHA256)), cmstest.DER(digest), null)
		}, tsa.BadDataFormat},
		{"SHA-1", func(p *parts) { p.imprint = imprint(cmstest.SHA1, null, digest[:20]) }, tsa.BadAlg},
		{"SHA-224", func(p *parts) {
			p.imprint = imprint(asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 4}, null, digest[:28])
		}, tsa.BadAlg},
		{"SHA3-256", func(p *parts) {
			p.imprint = imprint(asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 8}, null, digest)
		}, tsa.BadAlg},
		{"MD5", func(p *parts) {
			p.imprint = imprint(asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 5}, null, digest[:16])
		}, tsa.BadAlg},
		{"a hash of endless arcs", func(p *parts) { p.imprint = cmstest.Seq(cmstest.Seq(hugeOID), cmstest.DER(digest)) }, tsa.BadAlg},
		{"a hash that is no OID", func(p *parts) { p.imprint = cmstest.Seq(cmstest.Seq([]byte{6, 1, 0x80}), cmstest.DER(digest)) }, tsa.BadAlg},
		{"parameters of a hash", func(p *parts) { p.imprint = imprint(cmstest.SHA256, cmstest.DER(7), digest) }, tsa.BadAlg},
		{"NULL twice", func(p *parts) { p.imprint = imprint(cmstest.SHA256, append(null, null...), digest) }, tsa.BadAlg},
		{"a digest of 31 bytes", func(p *parts) { p.imprint = imprint(cmstest.SHA256, null, digest[:31]) }, tsa.BadDataFormat},
		{"a digest of 33 bytes", func(p *parts) { p.imprint = imprint(cmstest.SHA256, null, append(digest[:32:32], 0)) }, tsa.BadDataFormat},
		{"a digest of none", func(p *parts) { p.imprint = imprint(cmstest.SHA256, null, nil) }, tsa.BadDataFormat},
		{"a digest of another hash", func(p *parts) { p.imprint = imprint(cmstest.SHA512, null, digest) }, tsa.BadDataFormat},
		{"a policy that is no OID", func(p *parts) { p.rest = [][]byte{{6, 1, 0x80}} }, tsa.BadDataFormat},
		{"an empty policy", func(p *parts) { p.rest = [][]byte{{6, 0}} }, tsa.BadDataFormat},
		{"a policy of a hundred bytes", func(p *parts) { p.rest = [][]byte{append([]byte{6, 100}, bytes.Repeat([]byte{0x2a}, 100)...)} }, tsa.BadDataFormat},
		{"a policy that is text", func(p *parts) { p.rest = [][]byte{cmstest.DER(policy)} }, tsa.BadDataFormat},
		{"a policy after the nonce", func(p *parts) { p.rest = [][]byte{cmstest.DER(5), policyOID} }, tsa.BadDataFormat},
		{"a nonce of 65 bytes", func(p *parts) { p.rest = [][]byte{cmstest.DER(new(big.Int).Lsh(big.NewInt(1), 512))} }, tsa.BadDataFormat},
		{"a nonce of 3 KiB", func(p *parts) { p.rest = [][]byte{cmstest.DER(new(big.Int).Lsh(big.NewInt(1), 8*3000))} }, tsa.BadDataFormat},
		{"a nonce with a zero before it", func(p *parts) { p.rest = [][]byte{{2, 2, 0, 5}} }, tsa.BadDataFormat},
		{"an empty nonce", func(p *parts) { p.rest = [][]byte{{2, 0}} }, tsa.BadDataFormat},
		{"two nonces", func(p *parts) { p.rest = [][]byte{cmstest.DER(5), cmstest.DER(6)} }, tsa.BadDataFormat},
		{"certReq of 1", func(p *parts) { p.rest = [][]byte{{1, 1, 1}} }, tsa.BadDataFormat},
		{"certReq of two bytes", func(p *parts) { p.rest = [][]byte{{1, 2, 0xff, 0xff}} }, tsa.BadDataFormat},
		{"certReq twice", func(p *parts) { p.rest = [][]byte{derTrue, derTrue} }, tsa.BadDataFormat},
		{"a nonce after certReq", func(p *parts) { p.rest = [][]byte{derTrue, cmstest.DER(5)} }, tsa.BadDataFormat},
		{"an extension", func(p *parts) {
			p.rest = [][]byte{cmstest.Context(0, cmstest.Seq(cmstest.DER(asn1.ObjectIdentifier{1, 2, 3}), cmstest.DER([]byte{5, 0})))}
		}, tsa.UnacceptedExtension},
		{"a critical extension", func(p *parts) {
			p.rest = [][]byte{derTrue, cmstest.Context(0, cmstest.Seq(cmstest.DER(asn1.ObjectIdentifier{1, 2, 3}), derTrue, cmstest.DER([]byte{5, 0})))}
		}, tsa.UnacceptedExtension},
		{"no extensions, but their place", func(p *parts) { p.rest = [][]byte{cmstest.Context(0)} }, tsa.UnacceptedExtension},
		{"something unknown", func(p *parts) { p.rest = [][]byte{cmstest.Context(1)} }, tsa.BadDataFormat},
		{"something behind it", func(p *parts) { p.after = []byte{0} }, tsa.BadDataFormat},
		{"itself again behind it", func(p *parts) { p.after = goodQuery().der() }, tsa.BadDataFormat},
	} {
		p := goodQuery()
		row.change(&p)
		refused(t, row.says, p.der(), row.want)
	}
	good := goodQuery().der()
	for says, der := range map[string][]byte{
		"nothing": nil, "a set": append([]byte{0x31}, good[1:]...), "the indefinite length of BER": slices.Concat([]byte{0x30, 0x80}, good[2:], []byte{0, 0}),
		"a long length": slices.Concat([]byte{0x30, 0x81}, good[1:]), "a length beyond the end": append([]byte{0x30, good[1] + 1}, good[2:]...),
		"4 GiB announced": {0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0}, "more than fits": append(good, make([]byte, tsa.MaxRequest)...),
		"JSON": []byte(`{"hash":"AAAA"}`), "PEM": []byte("-----BEGIN"), "a thousand sequences": bytes.Repeat([]byte{0x30, 0x80}, 1000),
	} {
		refused(t, says, der, tsa.BadDataFormat)
	}
	for n := range good {
		refused(t, "the beginning", good[:n], tsa.BadDataFormat)
	}
}

func refused(t *testing.T, says string, der []byte, want tsa.FailInfo) {
	t.Helper()
	var refusal *tsa.Refusal
	if r, err := tsa.ParseRequest(der); !errors.As(err, &refusal) || refusal.Info != want {
		t.Errorf("%s: %v, want %v; %+v", says, err, want, r)
	}
}

func TestParseRequestTakes(t *testing.T) {
	for says, change := range map[string]func(*parts){
		"no more than must be":      func(*parts) {},
		"no parameters of the hash": func(p *parts) { p.imprint = imprint(cmstest.SHA256, nil, request(crypto.SHA256).Digest) },
		"certReq that says no":      func(p *parts) { p.rest = [][]byte{derFalse} },
		"everything":                func(p *parts) { p.rest = [][]byte{policyOID, cmstest.DER(5), derTrue} },
		"a nonce of 64 bytes":       func(p *parts) { p.rest = [][]byte{cmstest.DER(new(big.Int).Lsh(big.NewInt(1), 511))} },
		"a policy of endless arcs":  func(p *parts) { p.rest = [][]byte{hugeOID} },
	} {
		p := goodQuery()
		change(&p)
		r, err := tsa.ParseRequest(p.der())
		if err != nil || r.Hash != crypto.SHA256 || !bytes.Equal(r.Digest, request(crypto.SHA256).Digest) {
			t.Errorf("%s: %+v, %v", says, r, err)
		}
	}
}

// FuzzParseRequest: whatever comes, no panic; what is taken says the same when it
// is written again.
func FuzzParseRequest(f *testing.F) {
	p := goodQuery()
	f.Add(p.der())
	p.rest = [][]byte{policyOID, cmstest.DER(5), derTrue}
	f.Add(p.der())
	f.Add(cmstest.Seq(hugeOID))
	f.Fuzz(func(t *testing.T, der []byte) {
		r, err := tsa.ParseRequest(der)
		if err != nil {
			var refusal *tsa.Refusal
			if !errors.As(err, &refusal) {
				t.Fatalf("%v is no refusal", err)
			}
			if _, err := tsa.TokenOf(refusal.Reply()); !errors.As(err, &refusal) {
				t.Errorf("the reply reads as %v", err)
			}
			return
		}
		again, err := tsa.Query(r)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := tsa.ParseRequest(again)
		if err != nil || twice.Hash != r.Hash || !bytes.Equal(twice.Digest, r.Digest) || twice.Policy != r.Policy ||
			twice.Certificates != r.Certificates || (r.Nonce == nil) != (twice.Nonce == nil) || r.Nonce != nil && r.Nonce.Cmp(twice.Nonce) != 0 {
			t.Errorf("%+v became %+v, %v", r, twice, err)
		}
	})
}

// openssl reads every reason as we do.
func TestRefusalsByOpenSSL(t *testing.T) {
	for info, says := range map[tsa.FailInfo]string{
		tsa.BadAlg: "unrecognized or unsupported algorithm identifier", tsa.BadRequest: "transaction not permitted or supported",
		tsa.BadDataFormat: "the data submitted has the wrong format", tsa.TimeNotAvailable: "the TSA's time source is not available",
		tsa.UnacceptedPolicy: "the requested TSA policy is not supported by the TSA", tsa.UnacceptedExtension: "the requested extension is not supported by the TSA",
		tsa.AddInfoNotAvailable: "the additional information requested could not be understood", tsa.SystemFailure: "the request cannot be handled due to system failure",
	} {
		refusal := &tsa.Refusal{Info: info, Text: "așa nu"}
		refusalByOpenSSL(t, refusal, says)
		var again *tsa.Refusal
		if _, err := tsa.TokenOf(refusal.Reply()); !errors.As(err, &again) || *again != *refusal {
			t.Errorf("%v reads as %v", refusal, err)
		}
	}
}
