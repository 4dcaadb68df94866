package tsa_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/audit/audittest"
	"github.com/pecete/pecete/cms/cmstest"
	"github.com/pecete/pecete/signing/ades/adestest"
	"github.com/pecete/pecete/tsa"
)

// A bad is a way for another authority, or whoever is between, to answer wrongly.
type bad struct {
	says   string
	change func(*answer)
	want   string // in the error
}

var at = func(d time.Duration) []byte { return generalized(time.Now().UTC().Add(d).Format(timeLayout)) }

func infoFaults() []bad {
	return []bad{
		{"another nonce", func(a *answer) { a.nonce = cmstest.DER(big.NewInt(1)) }, "nonce"},
		{"no nonce", func(a *answer) { a.nonce = nil }, "nonce"},
		{"the nonce negated", func(a *answer) { a.nonce = cmstest.DER(new(big.Int).Neg(a.asked.Nonce)) }, "nonce"},
		{"the nonce and a zero before it", func(a *answer) {
			a.nonce = slices.Concat([]byte{2, 10, 0, 0}, a.asked.Nonce.FillBytes(make([]byte, 8)))
		}, "TSTInfo"},
		{"another digest", func(a *answer) {
			a.imprint = imprint(hashIDs[a.asked.Hash], null, make([]byte, a.asked.Hash.Size()))
		}, "another digest"},
		{"another hash", func(a *answer) {
			other := crypto.SHA256 + crypto.SHA512 - a.asked.Hash
			if a.asked.Hash == crypto.SHA384 {
				other = crypto.SHA512
			}
			a.imprint = imprint(hashIDs[other], null, make([]byte, other.Size()))
		}, "another digest"},
		{"the digest under SHA-1", func(a *answer) { a.imprint = imprint(cmstest.SHA1, null, a.asked.Digest[:20]) }, "TSTInfo"},
		{"the digest cut off", func(a *answer) { a.imprint = imprint(hashIDs[a.asked.Hash], null, a.asked.Digest[:31]) }, "TSTInfo"},
		{"an hour ahead", func(a *answer) { a.time = at(time.Hour) }, "time"},
		{"five minutes ahead", func(a *answer) { a.time = at(5 * time.Minute) }, "time"},
		{"an hour ago", func(a *answer) { a.time = at(-time.Hour) }, "time"},
		{"in another century", func(a *answer) { a.time = generalized("21260101000000Z") }, "time"},
		{"in 1970", func(a *answer) { a.time = generalized("19700101000000Z") }, "time"},
		{"a month of thirteen", func(a *answer) { a.time = generalized("20261301000000Z") }, "TSTInfo"},
		{"no Z behind the time", func(a *answer) { a.time = generalized("20261201000000") }, "TSTInfo"},
		{"a time zone", func(a *answer) { a.time = generalized("20261201000000+0200") }, "TSTInfo"},
		{"a time without seconds", func(a *answer) { a.time = generalized("202612010000Z") }, "TSTInfo"},
		{"an UTCTime", func(a *answer) { a.time = cmstest.DER(time.Now().UTC()) }, "TSTInfo"},
		{"no time", func(a *answer) { a.time = nil }, "TSTInfo"},
		{"version 2", func(a *answer) { a.version = cmstest.DER(2) }, "TSTInfo"},
		{"no version", func(a *answer) { a.version = nil }, "TSTInfo"},
		{"no policy", func(a *answer) { a.policy = nil }, "TSTInfo"},
		{"a policy that is no OID", func(a *answer) { a.policy = []byte{6, 1, 0x80} }, "TSTInfo"},
		{"no serial number", func(a *answer) { a.serial = nil }, "TSTInfo"},
		{"a serial number of nothing", func(a *answer) { a.serial = []byte{2, 0} }, "TSTInfo"},
		{"an accuracy of 1000 ms", func(a *answer) {
			a.accuracy = cmstest.Seq(cmstest.Wrap(asn1.ClassContextSpecific, 0), []byte{0x80, 2, 3, 0xe8})
		}, "TSTInfo"},
		{"a negative accuracy", func(a *answer) { a.accuracy = cmstest.Seq(cmstest.DER(-1)) }, "TSTInfo"},
		{"ordering of 2", func(a *answer) { a.ordering = []byte{1, 1, 2} }, "TSTInfo"},
		{"a critical extension", func(a *answer) {
			a.extensions = cmstest.Context(1, cmstest.Seq(cmstest.DER(asn1.ObjectIdentifier{1, 2, 3}), derTrue, cmstest.DER([]byte{5, 0})))
		}, "critical extension"},
		{"an extension that is none", func(a *answer) { a.extensions = cmstest.Context(1, cmstest.Seq(cmstest.DER(1))) }, "TSTInfo"},
		{"something unknown", func(a *answer) { a.extensions = cmstest.Context(2) }, "TSTInfo"},
		{"JSON inside", func(a *answer) { a.content = []byte(`{}`) }, "TSTInfo"},
		{"something behind the TSTInfo", func(a *answer) {
			a.content = append(cmstest.Seq(a.version, a.policy, a.imprint, a.serial, a.time, a.nonce), 0)
		}, "TSTInfo"},
	}
}

func signatureFaults(f *foreign) []bad {
	t := f.t
	other := f.ca.Signer(t, adestest.ECDSA(), forStamps)
	stranger := adestest.NewCA(t).Signer(t, adestest.ECDSA(), forStamps)
	swapped := f.ca.Reissue(t, f.signer, forStamps)
	with := func(change func(*x509.Certificate)) func(*answer) {
		signer := f.ca.Signer(t, adestest.ECDSA(), change)
		return func(a *answer) { a.signer = signer }
	}
	stamping, server := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
	anything := asn1.ObjectIdentifier{2, 5, 29, 37, 0}
	purpose := func(critical bool, oids ...asn1.ObjectIdentifier) func(*answer) {
		return with(func(c *x509.Certificate) {
			forStamps(c)
			c.ExtraExtensions[0] = purposes(critical, oids...)
		})
	}
	forged := func(change func(*cmstest.Forge)) func(*answer) { return func(a *answer) { a.forge = change } }
	return []bad{
		{"no purpose", with(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }), "not for time-stamps alone"},
		{"a purpose that is not critical", purpose(false, stamping), "not for time-stamps alone"},
		{"the purpose of a server", purpose(true, server), "not for time-stamps alone"},
		{"two purposes", purpose(true, stamping, server), "not for time-stamps alone"},
		{"any purpose", purpose(true, anything), "not for time-stamps alone"},
		{"an unknown purpose too", purpose(true, stamping, asn1.ObjectIdentifier{1, 2, 3}), "not for time-stamps alone"},
		{"a key for certificates", with(func(c *x509.Certificate) { forStamps(c); c.KeyUsage = x509.KeyUsageCertSign }), "not for signing"},
		{"a key for encryption too", with(func(c *x509.Certificate) { forStamps(c); c.KeyUsage |= x509.KeyUsageKeyEncipherment }), "not for signing"},
		{"an unknown root", func(a *answer) { a.signer = stranger }, "unknown authority"},
		{"a signature by another key", forged(func(f *cmstest.Forge) { f.Key = other.Key }), "not made by the key"},
		{"another certificate of the key", forged(func(f *cmstest.Forge) { f.Certificates = [][]byte{swapped.Raw} }), "names another certificate"},
		{"no certificate", forged(func(f *cmstest.Forge) { f.Certificates = nil }), "does not carry the certificate"},
		{"another's certificate", forged(func(f *cmstest.Forge) { f.Certificates = [][]byte{other.Cert.Raw} }), "does not carry the certificate"},
		{"a certificate that is none", forged(func(f *cmstest.Forge) { f.Certificates = [][]byte{cmstest.Seq()} }), "cannot be read"},
		{"no certificate named", forged(func(f *cmstest.Forge) { f.Attributes = f.Attributes[:2] }), "does not name the certificate"},
		{"another certificate named", forged(func(f *cmstest.Forge) {
			f.Attributes[2] = cmstest.Attr(cmstest.Certificate, cmstest.ESSCert(other.Cert, crypto.SHA256))
		}), "names another certificate"},
		{"another certificate named by SHA-1", forged(func(f *cmstest.Forge) { f.Attributes[2] = oldESS(t, other.Cert) }), "names another certificate"},
		{"the right one by SHA-1, another beside it", forged(func(f *cmstest.Forge) {
			f.Attributes[2] = cmstest.Attr(cmstest.Certificate, cmstest.ESSCert(other.Cert, crypto.SHA256))
			f.Attributes = append(f.Attributes, oldESS(t, a(f).signer.Cert))
		}), "names another certificate"},
		{"content of no type", forged(func(f *cmstest.Forge) { typeOf(f, cmstest.Data) }), "not a TSTInfo"},
		{"content of another type than signed", forged(func(f *cmstest.Forge) {
			f.Attributes[0] = cmstest.Attr(cmstest.ContentType, cmstest.DER(cmstest.Data))
		}), "another type"},
		{"no content", forged(func(f *cmstest.Forge) { f.Content = nil }), "not a TSTInfo"},
		{"content that was changed", forged(func(f *cmstest.Forge) { f.Content = append(slices.Clone(f.Content), 0) }), "changed"},
		{"no digest", forged(func(f *cmstest.Forge) { f.Attributes = slices.Delete(f.Attributes, 1, 2) }), "does not hold the digest"},
		{"no signed attributes", forged(func(f *cmstest.Forge) { f.Bare = true }), "no signed attributes"},
		{"two signers", forged(func(f *cmstest.Forge) { f.Signers = 2 }), "exactly one signer"},
		{"no signer", forged(func(f *cmstest.Forge) { f.Signers = 0 }), "exactly one signer"},
		{"SHA-1", forged(func(f *cmstest.Forge) {
			f.Hashes[0].Algorithm, f.Digest.Algorithm = cmstest.SHA1, cmstest.SHA1
		}), "no longer safe"},
		{"an unknown version of CMS", forged(func(f *cmstest.Forge) { f.Version = 5 }), "unknown version"},
		{"a bit of the signature turned", func(a *answer) { a.token = func(der []byte) []byte { der[len(der)-1] ^= 1; return der } }, "not made by the key"},
		{"something behind the token", func(a *answer) { a.token = func(der []byte) []byte { return append(der, 5, 0) } }, "TimeStampResp"},
	}
}

// a is there to name the signer inside of a forgery.
func a(f *cmstest.Forge) struct {
	signer struct{ Cert *x509.Certificate }
} {
	cert, err := x509.ParseCertificate(f.Certificates[0])
	if err != nil {
		panic(err)
	}
	var s struct {
		signer struct{ Cert *x509.Certificate }
	}
	s.signer.Cert = cert
	return s
}

func replyFaults() []bad {
	status := func(info ...[]byte) func(*answer) { return func(a *answer) { a.status = cmstest.Seq(info...) } }
	refused := func(code int, bits ...byte) func(*answer) {
		return func(a *answer) {
			a.bare, a.status = true, cmstest.Seq(cmstest.DER(code), cmstest.Seq(cmstest.DER(asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte("no\x1b[2J")})), cmstest.Wrap(0, 3, nil)[:0])
			if bits != nil {
				a.status = cmstest.Seq(cmstest.DER(code), cmstest.DER(asn1.BitString{Bytes: bits, BitLength: 8 * len(bits)}))
			}
		}
	}
	return []bad{
		{"a rejection", refused(2), "no[2J"},
		{"a rejection for its algorithm", refused(2, 0x80), "badAlg"},
		{"a rejection for its policy", refused(2, 0, 1), "unacceptedPolicy"},
		{"a rejection with a token", status(cmstest.DER(2)), "no reason given"},
		{"waiting", refused(3), "refused"},
		{"a warning", status(cmstest.DER(4)), "refused"},
		{"an unknown status", status(cmstest.DER(99)), "refused"},
		{"a negative status", status(cmstest.DER(-1)), "refused"},
		{"a status that is text", status(cmstest.DER("0")), "TimeStampResp"},
		{"no status", func(a *answer) { a.status = nil }, "TimeStampResp"},
		{"granted, and no token", func(a *answer) { a.bare = true }, "TimeStampResp"},
		{"a token that is a number", func(a *answer) { a.token = func([]byte) []byte { return cmstest.DER(1) } }, "TimeStampResp"},
		{"a token that is empty", func(a *answer) { a.token = func([]byte) []byte { return cmstest.Seq() } }, "well-formed"},
		{"nothing", func(a *answer) { a.reply = func([]byte) []byte { return nil } }, "TimeStampResp"},
		{"half of it", func(a *answer) { a.reply = func(der []byte) []byte { return der[:len(der)/2] } }, "TimeStampResp"},
		{"something behind it", func(a *answer) { a.reply = func(der []byte) []byte { return append(der, 0) } }, "TimeStampResp"},
		{"itself twice", func(a *answer) { a.reply = func(der []byte) []byte { return append(der, der...) } }, "TimeStampResp"},
		{"a page", func(a *answer) { a.reply = func([]byte) []byte { return []byte("<html>") } }, "TimeStampResp"},
		{"as long as it may be, and one more", func(a *answer) {
			a.reply = func(der []byte) []byte { return append(der, make([]byte, tsa.MostReply+1-len(der))...) }
		}, "longer than"},
	}
}

func httpFaults() []bad {
	code := func(code int) func(*answer) { return func(a *answer) { a.code = code } }
	media := func(values ...string) func(*answer) { return func(a *answer) { a.header["Content-Type"] = values } }
	to := func(code int) func(*answer) {
		return func(a *answer) { a.code = code; a.header.Set("Location", a.foreign.url+"/other") }
	}
	faults := []bad{
		{"a page's type", media("text/html"), "not of the type"}, {"a query's type", media(queryType), "not of the type"},
		{"no type", media(""), "not of the type"}, {"no such type", media("application/timestamp-response"), "not of the type"},
	}
	for _, c := range []int{201, 204, 304, 400, 401, 403, 404, 429, 500, 503} {
		faults = append(faults, bad{fmt.Sprint("status ", c), code(c), fmt.Sprint("HTTP status ", c)})
	}
	for _, c := range []int{301, 302, 303, 307, 308} {
		faults = append(faults, bad{fmt.Sprint("a redirect with ", c), to(c), fmt.Sprint("HTTP status ", c)})
	}
	return faults
}

// Whatever is wrong with an answer, no token comes of it, and what was asked was
// asked once.
func TestBadAnswers(t *testing.T) {
	f, log, n := newForeign(t), audittest.Open(t), 0
	u := f.upstream(log)
	for _, rows := range [][]bad{infoFaults(), signatureFaults(f), replyFaults(), httpFaults()} {
		for _, row := range rows {
			for _, h := range hashes {
				for _, nonce := range []*big.Int{nil, new(big.Int).Lsh(big.NewInt(0x5f), 56)} {
					f.change, n = row.change, n+1
					token, err := u.Stamp(t.Context(), tsa.Asker{}, request(h, func(r *tsa.Request) { r.Nonce = nonce }))
					var wrong *tsa.UpstreamError
					var refusal *tsa.Refusal
					if token != nil || !errors.As(err, &wrong) || !strings.Contains(err.Error(), row.want) || errors.As(err, &refusal) {
						t.Errorf("%s, %v, nonce %v: %d bytes, %v; want %q", row.says, h, nonce, len(token), err, row.want)
						continue
					}
					passes := slices.ContainsFunc([]string{"429", "500", "503"}, func(c string) bool { return strings.HasSuffix(row.says, c) })
					if wrong.Unavailable() != passes {
						t.Errorf("%s passes: %v", row.says, wrong.Unavailable())
					}
				}
			}
		}
	}
	if n < 300 {
		t.Errorf("%d bad answers were tried", n)
	}
	if records := log.Records(t); len(records) != n || records[0].Event != audit.StampAsked || records[0].Reason != f.url {
		t.Errorf("%d records of %d questions", len(records), n)
	}
}

// What an honest authority may do otherwise than ours.
func TestGoodAnswers(t *testing.T) {
	f := newForeign(t)
	sub := f.ca.Intermediate(t)
	below := sub.Signer(t, adestest.ECDSA(), forStamps)
	pss := f.ca.Signer(t, adestest.Algorithms()[1], forStamps)
	for says, change := range map[string]func(*answer){
		"as it should be":            func(*answer) {},
		"granted with modifications": func(a *answer) { a.status = cmstest.Seq(cmstest.DER(1)) },
		"with words beside it": func(a *answer) {
			a.status = cmstest.Seq(cmstest.DER(0), cmstest.Seq(cmstest.DER(asn1.RawValue{Tag: 12, Bytes: []byte("ok")})))
		},
		"fractions of a second": func(a *answer) { a.time = generalized(time.Now().UTC().Format("20060102150405.123456Z")) },
		"half a minute ahead":   func(a *answer) { a.time = at(30 * time.Second) },
		"half a minute behind":  func(a *answer) { a.time = at(-30 * time.Second) },
		"an accuracy": func(a *answer) {
			a.accuracy = cmstest.Seq(cmstest.DER(1), []byte{0x80, 2, 1, 0xf4}, []byte{0x81, 1, 7})
		},
		"an empty accuracy": func(a *answer) { a.accuracy = cmstest.Seq() },
		"ordered":           func(a *answer) { a.ordering = derTrue },
		"its name":          func(a *answer) { a.name = cmstest.Context(0, cmstest.Context(4, a.signer.Cert.RawSubject)) },
		"an extension": func(a *answer) {
			a.extensions = cmstest.Context(1, cmstest.Seq(cmstest.DER(asn1.ObjectIdentifier{1, 2, 3}), cmstest.DER([]byte{5, 0})))
		},
		"no parameters of the hash":      func(a *answer) { a.imprint = imprint(hashIDs[a.asked.Hash], nil, a.asked.Digest) },
		"a serial number of 160 bits":    func(a *answer) { a.serial = cmstest.DER(new(big.Int).Lsh(big.NewInt(1), 159)) },
		"its certificate named by SHA-1": func(a *answer) { a.forge = func(f *cmstest.Forge) { f.Attributes[2] = oldESS(t, a.signer.Cert) } },
		"its certificate named by SHA-512": func(a *answer) {
			a.forge = func(f *cmstest.Forge) {
				f.Attributes[2] = cmstest.Attr(cmstest.Certificate, cmstest.ESSCert(a.signer.Cert, crypto.SHA512))
			}
		},
		"its certificate named twice": func(a *answer) {
			a.forge = func(f *cmstest.Forge) { f.Attributes = append(f.Attributes, oldESS(t, a.signer.Cert)) }
		},
		"a signing-time": func(a *answer) {
			a.forge = func(f *cmstest.Forge) {
				f.Attributes = append(f.Attributes, cmstest.Attr(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}, cmstest.DER(time.Now().UTC())))
			}
		},
		"version 1 of CMS": func(a *answer) { a.forge = func(f *cmstest.Forge) { f.Version = 1 } },
		"PSS":              func(a *answer) { a.signer = pss },
		"an authority between, brought along": func(a *answer) {
			a.signer = below
			a.forge = func(f *cmstest.Forge) { f.Certificates = append(f.Certificates, sub.Cert.Raw) }
		},
		"the root brought along": func(a *answer) {
			a.forge = func(fo *cmstest.Forge) { fo.Certificates = append(fo.Certificates, f.ca.Cert.Raw) }
		},
		"parameters behind the type of the body": func(a *answer) { a.header.Set("Content-Type", "Application/Timestamp-Reply; charset=binary") },
	} {
		for _, h := range hashes {
			f.change = change
			token, err := f.ask(t, request(h))
			if err != nil {
				t.Errorf("%s, %v: %v", says, h, err)
				continue
			}
			if info, err := tsa.InfoOf(token); err != nil || !bytes.Equal(info.Digest, request(h).Digest) {
				t.Errorf("%s, %v: %+v %v", says, h, info, err)
			}
		}
	}
}

func TestWhatUpstreamIsAsked(t *testing.T) {
	f := newForeign(t)
	r := request(crypto.SHA256, func(r *tsa.Request) { r.Nonce, r.Certificates = nil, false })
	_, err := f.ask(t, r, func(u *tsa.Upstream) { u.Policy, u.User, u.Password = policy, "demo", "secret" })
	must(t, err)
	if f.asked.Nonce == nil || f.asked.Nonce.BitLen() > 64 || !f.asked.Certificates || f.asked.Policy != policy {
		t.Errorf("asked for %+v", f.asked)
	}
	request := http.Request{Header: f.header}
	if user, password, _ := request.BasicAuth(); user != "demo" || password != "secret" {
		t.Errorf("came as %q with %q", user, password)
	}
	first := f.asked.Nonce
	if _, err := f.ask(t, r); err != nil || f.asked.Nonce.Cmp(first) == 0 || f.asked.Policy != "" {
		t.Errorf("asked again for %+v, %v", f.asked, err)
	}
	var refusal *tsa.Refusal
	r.Policy = policy + ".2"
	if _, err := f.ask(t, r, func(u *tsa.Upstream) { u.Policy = policy }); !errors.As(err, &refusal) {
		t.Errorf("another policy: %v", err)
	}
	f.change = func(a *answer) { a.policy = cmstest.DER(asn1.ObjectIdentifier{1, 2, 3}) }
	if _, err := f.ask(t, request0(), func(u *tsa.Upstream) { u.Policy = policy }); !errors.Is(err, tsa.ErrToken) {
		t.Errorf("a time-stamp under another policy: %v", err)
	}
}

func request0() tsa.Request { return request(crypto.SHA256) }

// An answer that comes drop by drop, or never, does not hold anybody for long; the
// other end learns that nobody waits any more.
func TestSlowUpstream(t *testing.T) {
	for says, body := range map[string]func(gone <-chan struct{}, w http.ResponseWriter, der []byte){
		"drop by drop": func(gone <-chan struct{}, w http.ResponseWriter, der []byte) {
			for _, b := range der {
				if _, err := w.Write([]byte{b}); err != nil || http.NewResponseController(w).Flush() != nil {
					return
				}
				select {
				case <-gone:
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		},
		"never": func(gone <-chan struct{}, _ http.ResponseWriter, _ []byte) { <-gone },
		"a header and no body": func(gone <-chan struct{}, w http.ResponseWriter, _ []byte) {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-gone
		},
	} {
		f := newForeign(t)
		gone := make(chan struct{})
		f.change = func(a *answer) {
			a.body = func(w http.ResponseWriter, der []byte) { body(gone, w, der) }
		}
		_, err := f.ask(t, request0(), func(u *tsa.Upstream) { u.Patience = 200 * time.Millisecond })
		close(gone)
		var away interface{ Unavailable() bool }
		if !errors.As(err, &away) || !away.Unavailable() || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

// Nobody there, and a body that is cut off.
func TestBrokenUpstream(t *testing.T) {
	f := newForeign(t)
	f.change = func(a *answer) {
		a.body = func(w http.ResponseWriter, der []byte) {
			w.Header().Set("Content-Length", fmt.Sprint(len(der)))
			_, _ = w.Write(der[:len(der)/2])
			panic(http.ErrAbortHandler)
		}
	}
	for says, change := range map[string]func(*tsa.Upstream){
		"cut off":      func(*tsa.Upstream) {},
		"nobody there": func(u *tsa.Upstream) { u.URL = "http://127.0.0.1:1/" },
	} {
		_, err := f.ask(t, request0(), change)
		var away interface{ Unavailable() bool }
		if !errors.As(err, &away) || !away.Unavailable() {
			t.Errorf("%s: %v", says, err)
		}
	}
}

// Without a record nobody is asked.
func TestNoAuditNoQuestion(t *testing.T) {
	f, log := newForeign(t), audittest.Open(t)
	must(t, log.Close(t.Context()))
	if _, err := f.upstream(log).Stamp(t.Context(), tsa.Asker{}, request0()); err == nil || f.header != nil {
		t.Errorf("%v, asked with %v", err, f.header)
	}
}

// openssl as the other authority.
func TestUpstreamIsOpenSSL(t *testing.T) {
	f := newForeign(t)
	folder := t.TempDir()
	write := func(name string, text []byte) string {
		path := filepath.Join(folder, name)
		must(t, os.WriteFile(path, text, 0o600))
		return path
	}
	key, err := x509.MarshalPKCS8PrivateKey(f.signer.Key)
	must(t, err)
	keyFile := write("key.der", key)
	pemKey := filepath.Join(folder, "key.pem")
	if out, ok := openssl(t, "pkey", "-inform", "DER", "-in", keyFile, "-out", pemKey); !ok {
		t.Fatal(out)
	}
	conf := write("tsa.cnf", []byte(fmt.Sprintf(`[tsa]
default_tsa = one
[one]
serial = %s
signer_digest = sha256
default_policy = %s
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
`, write("serial", []byte("01\n")), policy)))
	cert := adestest.PEM(t, f.signer.Cert)
	f.change = func(a *answer) {
		der, err := tsa.Query(a.asked)
		must(t, err)
		reply := filepath.Join(folder, "reply")
		if out, ok := openssl(t, "ts", "-reply", "-config", conf, "-section", "one", "-queryfile", write("query", der), "-inkey", pemKey,
			"-signer", cert, "-out", reply); !ok {
			t.Errorf("openssl: %s", out)
		}
		a.reply = func([]byte) []byte { text, _ := os.ReadFile(reply); return text }
	}
	for _, h := range hashes {
		token, err := f.ask(t, request(h))
		must(t, err)
		out, ok := openssl(t, "ts", "-verify", "-token_in", "-in", adestest.File(t, "token", token), "-data", adestest.File(t, "document", document),
			"-CAfile", adestest.PEM(t, f.ca.Cert))
		if !ok {
			t.Errorf("%v: %s", h, out)
		}
	}
}

// FuzzReply: whatever comes, no panic, and no token that the authority did not
// make for this very request.
func FuzzReply(f *testing.F) {
	other := newForeign(f)
	asked := request0()
	honest := other.honest(asked)
	f.Add(honest.der())
	for _, rows := range [][]bad{infoFaults(), replyFaults()} {
		for _, row := range rows {
			a := other.honest(asked)
			row.change(a)
			if der := a.der(); len(der) < 1<<12 {
				f.Add(der)
			}
		}
	}
	good, err := tsa.TokenOf(honest.der())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, reply []byte) {
		token, err := tsa.TokenOf(reply)
		if err != nil {
			return
		}
		info, err := tsa.Judge(token, asked, other.ca.Roots())
		if err == nil && !bytes.Equal(info.Digest, asked.Digest) {
			t.Errorf("%x was taken, which is not %x", token, good)
		}
	})
}
