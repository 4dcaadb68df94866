package tsa_test

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/pecete/pecete/audit/audittest"
	"github.com/pecete/pecete/cms/cmstest"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/signing/ades/adestest"
	"github.com/pecete/pecete/tsa"
)

// A foreign is an authority of others, which answers as a test has it.
type foreign struct {
	t      testing.TB
	ca     *adestest.CA
	signer *adestest.Signer
	change func(*answer)
	asked  tsa.Request // last
	header http.Header // likewise
	url    string
}

// An answer is what a foreign answers, in parts that are honest until they are
// changed.
type answer struct {
	foreign *foreign
	asked   tsa.Request

	version, policy, imprint, serial, time, accuracy, ordering, nonce, name, extensions []byte // of the TSTInfo
	content                                                                             []byte // instead of it all
	forge                                                                               func(*cmstest.Forge)
	signer                                                                              *adestest.Signer
	token                                                                               func(der []byte) []byte
	status                                                                              []byte // PKIStatusInfo
	bare                                                                                bool   // without a token
	reply                                                                               func(der []byte) []byte

	code   int // of HTTP
	header http.Header
	body   func(w http.ResponseWriter, body []byte)
}

// forStamps makes a certificate one for time-stamps.
func forStamps(c *x509.Certificate) {
	c.KeyUsage = x509.KeyUsageDigitalSignature
	c.ExtraExtensions = []pkix.Extension{purposes(true, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8})}
}

func purposes(critical bool, oids ...asn1.ObjectIdentifier) pkix.Extension {
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: critical, Value: cmstest.DER(oids)}
}

func newForeign(t testing.TB) *foreign {
	f := &foreign{t: t, ca: adestest.NewCA(t)}
	f.signer = f.ca.Signer(t, adestest.ECDSA(), forStamps)
	web := httptest.NewServer(f)
	t.Cleanup(web.Close)
	f.url = web.URL
	return f
}

var hashIDs = map[crypto.Hash]asn1.ObjectIdentifier{
	crypto.SHA256: cmstest.SHA256, crypto.SHA384: {2, 16, 840, 1, 101, 3, 4, 2, 2}, crypto.SHA512: cmstest.SHA512,
}

func generalized(text string) []byte {
	return cmstest.DER(asn1.RawValue{Tag: asn1.TagGeneralizedTime, Bytes: []byte(text)})
}

const timeLayout = "20060102150405Z"

// honest is a right answer.
func (f *foreign) honest(r tsa.Request) *answer {
	a := &answer{
		foreign: f, asked: r, signer: f.signer, version: cmstest.DER(1), policy: policyOID, imprint: imprint(hashIDs[r.Hash], null, r.Digest),
		serial: cmstest.DER(big.NewInt(7)), time: generalized(time.Now().UTC().Format(timeLayout)),
		status: cmstest.Seq(cmstest.DER(0)), code: http.StatusOK, header: http.Header{"Content-Type": {replyType}},
	}
	if r.Nonce != nil {
		a.nonce = cmstest.DER(r.Nonce)
	}
	return a
}

func (a *answer) der() []byte {
	content := a.content
	if content == nil {
		content = cmstest.Seq(a.version, a.policy, a.imprint, a.serial, a.time, a.accuracy, a.ordering, a.nonce, a.name, a.extensions)
	}
	forge := cmstest.New(a.signer.Cert, a.signer.Key, a.signer.Algorithm.Scheme, content)
	typeOf(forge, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4})
	forge.Version, forge.Content = 3, content
	if a.forge != nil {
		a.forge(forge)
	}
	token := forge.Make(a.foreign.t)
	if a.token != nil {
		token = a.token(token)
	}
	if a.bare {
		token = nil
	}
	reply := cmstest.Seq(a.status, token)
	if a.reply != nil {
		reply = a.reply(reply)
	}
	return reply
}

// typeOf gives what is signed another type.
func typeOf(f *cmstest.Forge, oid asn1.ObjectIdentifier) {
	f.ContentType, f.Attributes[0] = oid, cmstest.Attr(cmstest.ContentType, cmstest.DER(oid))
}

func (f *foreign) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		f.asked, err = tsa.ParseRequest(body)
	}
	f.header = r.Header
	if err != nil {
		f.t.Errorf("asked: %v", err)
	}
	a := f.honest(f.asked)
	if f.change != nil {
		f.change(a)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if a.body != nil {
		a.body(w, a.der())
		return
	}
	w.WriteHeader(a.code)
	_, _ = w.Write(a.der())
}

// upstream asks f.
func (f *foreign) upstream(log tsa.Log, change ...func(*tsa.Upstream)) *tsa.Upstream {
	transport := tsa.NewTransport()
	f.t.Cleanup(transport.CloseIdleConnections)
	u := &tsa.Upstream{URL: f.url, Roots: f.ca.Roots(), Transport: transport, Audit: log, Now: time.Now}
	for _, c := range change {
		c(u)
	}
	return u
}

func (f *foreign) ask(t testing.TB, r tsa.Request, change ...func(*tsa.Upstream)) ([]byte, error) {
	return f.upstream(audittest.Open(t), change...).Stamp(t.Context(), tsa.Asker{ClientID: "a_demo"}, r)
}

// oldESS is the attribute signing-certificate, with SHA-1.
func oldESS(t testing.TB, cert *x509.Certificate) []byte {
	t.Helper()
	state := crypto.SHA1.New()
	state.Write(cert.Raw)
	return cmstest.Attr(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}, cmstest.Seq(cmstest.Seq(cmstest.Seq(cmstest.DER(state.Sum(nil))))))
}

var scheme = csc.PSS
