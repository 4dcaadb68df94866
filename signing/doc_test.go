package signing_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/internal/hostilepdf"
	"github.com/pecete/pecete/internal/samplepdf"
	"github.com/pecete/pecete/sandbox"
	"github.com/pecete/pecete/sandbox/pdf"
	"github.com/pecete/pecete/signing/ades/adestest"
)

// The test's own program is the child that reads documents.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "child" {
		if err := sandbox.Serve(os.Stdin, os.Stdout, pdf.Works()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func newBox(t *testing.T) *sandbox.Box {
	t.Helper()
	program, err := os.Executable()
	must(t, err)
	return &sandbox.Box{Program: program, Args: []string{"child"}, Limits: sandbox.Limits{Wall: time.Minute}}
}

const ecdsaSHA256 = "1.2.840.10045.4.3.2"

// how is a signature of a kind by ECDSA and SHA-256.
func how(format, envelope string) (csc.AdESParameters, csc.SigningAlgorithm) {
	return csc.AdESParameters{SignatureFormat: format, SignedEnvelopeProperty: envelope}, csc.SigningAlgorithm{SignAlgo: ecdsaSHA256}
}

func document(content []byte, format, envelope string) csc.Document {
	kind, algorithm := how(format, envelope)
	return csc.Document{Document: content, AdESParameters: kind, SigningAlgorithm: algorithm}
}

func hashes(format string, all ...csc.Digest) csc.DocumentDigests {
	kind, algorithm := how(format, "")
	return csc.DocumentDigests{Hashes: all, AdESParameters: kind, SigningAlgorithm: algorithm}
}

func sumOf(content []byte) csc.Digest {
	sum := sha256.Sum256(content)
	return sum[:]
}

// agree has the signer agree to so many signatures, over hashes of a kind if
// there are any.
func (h *house) agree(n int, kind csc.HashKind, oid string, hashes ...csc.Digest) string {
	h.t.Helper()
	_, id := sad.New()
	g := sad.Grant{
		ID: id, UserID: h.credential.UserID, ClientID: h.who.ClientID, CredentialID: h.credential.ID,
		Expires: h.now.Add(5 * time.Minute), Count: n, Left: n,
	}
	for _, d := range hashes {
		g.Bound, g.HashOID = true, oid
		g.Hashes = append(g.Hashes, sad.Agreed{Digest: d, Kind: kind})
	}
	must(h.t, h.grants.Put(h.t.Context(), g))
	return id
}

func (h *house) signDoc(grant string, req csc.SignDocRequest) (csc.SignDocResponse, error) {
	if req.CredentialID == "" && req.SignatureQualifier == "" {
		req.CredentialID = h.credential.ID
	}
	return h.signer.SignDoc(h.t.Context(), h.who, grant, req)
}

var (
	contract = []byte("what is agreed\n")
	paper    = samplepdf.New("A contract", "between two parties")
)

// Each way to sign a document, judged by programs of others.
func TestDocumentsAreSigned(t *testing.T) {
	h := newHouse(t, csc.P256)
	h.signer.Documents = newBox(t)
	cert, err := x509.ParseCertificate(h.credential.Certificates[0])
	must(t, err)
	pem := adestest.PEM(t, cert)
	verify := func(t *testing.T, cms []byte, more ...string) {
		t.Helper()
		args := append([]string{"cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", adestest.File(t, "cms", cms),
			"-CAfile", pem, "-purpose", "any", "-partial_chain", "-no_check_time"}, more...)
		if out, code := adestest.Run(t, "openssl", args...); code != 0 || !strings.Contains(out, "CAdES Verification successful") {
			t.Errorf("openssl: %s", out)
		}
	}
	pdf := func(t *testing.T, signed []byte, certified bool) {
		t.Helper()
		if !bytes.HasPrefix(signed, paper) || bytes.Contains(signed, []byte("/DocMDP")) != certified {
			t.Error("the document is not what was signed, or not certified as it should be")
		}
		out, _ := adestest.Run(t, "pdfsig", "-nocert", adestest.File(t, "pdf", signed))
		if !strings.Contains(out, "Signature is Valid") || !strings.Contains(out, "Total document signed") {
			t.Errorf("pdfsig: %s", out)
		}
	}
	content := adestest.File(t, "content", contract)
	tests := []struct {
		says    string
		agreed  []csc.Digest
		request csc.SignDocRequest
		judge   func(t *testing.T, answer csc.SignDocResponse)
	}{
		{"CAdES beside a document", []csc.Digest{sumOf(contract)}, csc.SignDocRequest{Documents: []csc.Document{document(contract, "C", "Detached")}},
			func(t *testing.T, a csc.SignDocResponse) { verify(t, a.SignatureObject[0], "-content", content) }},
		{"CAdES with the document in it, as it is if nothing is said", []csc.Digest{sumOf(contract)}, csc.SignDocRequest{Documents: []csc.Document{document(contract, "C", "")}},
			func(t *testing.T, a csc.SignDocResponse) { verify(t, a.DocumentWithSignature[0]) }},
		{"CAdES of a hash", []csc.Digest{sumOf(contract)}, csc.SignDocRequest{DocumentDigests: []csc.DocumentDigests{hashes("C", sumOf(contract))}},
			func(t *testing.T, a csc.SignDocResponse) { verify(t, a.SignatureObject[0], "-content", content) }},
		{"a PAdES signature of a hash", []csc.Digest{sumOf(contract)}, csc.SignDocRequest{DocumentDigests: []csc.DocumentDigests{hashes("P", sumOf(contract))}},
			func(t *testing.T, a csc.SignDocResponse) { verify(t, a.SignatureObject[0], "-content", content) }},
		{"a PDF, certified if nothing is said", []csc.Digest{sumOf(paper)}, csc.SignDocRequest{Documents: []csc.Document{document(paper, "P", "")}},
			func(t *testing.T, a csc.SignDocResponse) { pdf(t, a.DocumentWithSignature[0], true) }},
		{"a PDF in a revision", []csc.Digest{sumOf(paper)}, csc.SignDocRequest{Documents: []csc.Document{document(paper, "P", "Revision")}},
			func(t *testing.T, a csc.SignDocResponse) { pdf(t, a.DocumentWithSignature[0], false) }},
		{"several at once, each in its order", []csc.Digest{sumOf(paper), sumOf(contract), sumOf([]byte("b"))}, csc.SignDocRequest{Documents: []csc.Document{
			document(contract, "C", "Detached"), document(paper, "P", "Revision"), document([]byte("b"), "C", "Detached"),
		}}, func(t *testing.T, a csc.SignDocResponse) {
			verify(t, a.SignatureObject[0], "-content", content)
			verify(t, a.SignatureObject[1], "-content", adestest.File(t, "b", []byte("b")))
			pdf(t, a.DocumentWithSignature[0], false)
		}},
		{"several hashes of one kind", []csc.Digest{sumOf(contract), sumOf([]byte("b"))}, csc.SignDocRequest{DocumentDigests: []csc.DocumentDigests{hashes("C", sumOf([]byte("b")), sumOf(contract))}},
			func(t *testing.T, a csc.SignDocResponse) {
				verify(t, a.SignatureObject[0], "-content", adestest.File(t, "b", []byte("b")))
				verify(t, a.SignatureObject[1], "-content", content)
			}},
		{"in the form of 2.2", []csc.Digest{sumOf(contract)}, csc.SignDocRequest{SignatureCreationRequest: &csc.SignatureCreationRequest{
			Document: contract, AdES: &csc.AdESParameters{SignatureFormat: "C", SignedEnvelopeProperty: "Detached"}, Algorithm: &csc.SigningAlgorithm{SignAlgo: ecdsaSHA256},
		}}, func(t *testing.T, a csc.SignDocResponse) { verify(t, a.SignatureObject[0], "-content", content) }},
	}
	for _, test := range tests {
		t.Run(test.says, func(t *testing.T) {
			grant := h.agree(len(test.agreed), csc.SDR, csc.OIDSHA256, test.agreed...)
			answer, err := h.signDoc(grant, test.request)
			must(t, err)
			test.judge(t, answer)
			if left := h.left(grant); left != 0 {
				t.Errorf("%d left", left)
			}
		})
	}
}

// The audit log has what was agreed to, and beside it what the key signed.
func TestIntentOfADocument(t *testing.T) {
	h := newHouse(t, csc.P256)
	_, err := h.signDoc(h.agree(1, csc.SDR, csc.OIDSHA256, sumOf(contract)), csc.SignDocRequest{Documents: []csc.Document{document(contract, "C", "")}})
	must(t, err)
	intent := h.log.Records(t)[0]
	if intent.Event != audit.SignIntent || intent.Hashes[0] != sumOf(contract).String() || len(intent.Signs) != 1 || intent.Signs[0] == intent.Hashes[0] || intent.HashOID != csc.OIDSHA256 {
		t.Errorf("%+v", intent.Entry)
	}
}

// A document is held against what was agreed to by the function that was agreed
// to, whatever it is signed with.
func TestDocumentsByTheAgreedFunction(t *testing.T) {
	h := newHouse(t, csc.P256)
	sum := sha512.Sum512(contract)
	grant := h.agree(1, "", csc.OIDSHA512, sum[:])
	if _, err := h.signDoc(grant, csc.SignDocRequest{Documents: []csc.Document{document(contract, "C", "")}}); err != nil {
		t.Error(err)
	}
}

// Each rule of a document, and what it costs: nothing.
func TestDocumentRules(t *testing.T) {
	one := func(content []byte, format, envelope string) csc.SignDocRequest {
		return csc.SignDocRequest{Documents: []csc.Document{document(content, format, envelope)}}
	}
	props := func(format string, all ...csc.SignedProperty) csc.SignDocRequest {
		req := one(paper, format, "")
		req.Documents[0].SignedProps = all
		return req
	}
	digest := func(change func(d *csc.DocumentDigests)) csc.SignDocRequest {
		d := hashes("C", sumOf(contract))
		change(&d)
		return csc.SignDocRequest{DocumentDigests: []csc.DocumentDigests{d}}
	}
	tests := []struct {
		says    string
		request csc.SignDocRequest
		want    string
		events  []audit.Event
	}{
		{"neither", csc.SignDocRequest{}, "Empty documentDigests and documents objects", nil},
		{"both", csc.SignDocRequest{Documents: one(contract, "C", "").Documents, DocumentDigests: []csc.DocumentDigests{hashes("C", sumOf(contract))}},
			"Both documentDigests and documents parameters passed", nil},
		{"an empty document", one(nil, "C", ""), "Invalid Base64 documents string parameter", nil},
		{"another document", one([]byte("another"), "C", ""), "Document or documentDigest does not match authroized hash", []audit.Event{audit.GrantRefused}},
		{"one byte changed", one(append(bytes.Clone(contract), ' '), "C", ""), "Document or documentDigest does not match authroized hash", []audit.Event{audit.GrantRefused}},
		{"the same twice", csc.SignDocRequest{Documents: append(one(contract, "C", "").Documents, one(contract, "C", "").Documents...)},
			"Document or documentDigest does not match authroized hash", []audit.Event{audit.GrantRefused}},
		{"a format of another envelope", one(paper, "P", "Detached"), "Invalid parameter signed_envelope_property", nil},
		{"an envelope of another format", one(contract, "C", "Revision"), "Invalid parameter signed_envelope_property", nil},
		{"a hash in an envelope", digest(func(d *csc.DocumentDigests) { d.SignedEnvelopeProperty = "Attached" }), "Invalid parameter signed_envelope_property", nil},
		{"a hash of another length", digest(func(d *csc.DocumentDigests) { d.Hashes[0] = d.Hashes[0][:20] }), "Invalid digest value length", nil},
		{"two functions", digest(func(d *csc.DocumentDigests) { d.HashAlgorithmOID = csc.OIDSHA512 }), "String parameter hashAlgorithmOID contradicts with signAlgo parameter", nil},
		{"an unknown function", digest(func(d *csc.DocumentDigests) { d.HashAlgorithmOID = "1.2.3" }), "Invalid parameter hashAlgorithmOID", nil},
		{"no function", digest(func(d *csc.DocumentDigests) { d.SignAlgo = csc.OIDECPublicKey }), "Missing (or invalid type) string parameter hashAlgorithmOID", nil},
		{"an algorithm of another key", digest(func(d *csc.DocumentDigests) { d.SignAlgo = csc.OIDRSASSAPSS }), "Invalid parameter signAlgo", nil},
		{"a property nobody knows", props("P", csc.SignedProperty{Name: "x"}), "Invalid parameter signed_props (x)", nil},
		{"several bad ones", props("P", csc.SignedProperty{Name: "mime-type", Value: []byte{0x0c, 1, 'x'}}, csc.SignedProperty{Name: "Reason"}), "Invalid parameter signed_props (mime-type, Reason)", nil},
		{"a property twice", props("P", csc.SignedProperty{Name: "Reason", Value: []byte("a")}, csc.SignedProperty{Name: "Reason", Value: []byte("b")}), "Invalid parameter signed_props (Reason)", nil},
		{"a PDF that is none", one(contract, "P", ""), "Invalid array parameter documents", nil},
		{"another kind of signature", csc.SignDocRequest{SignatureQualifier: "eu_eidas_qes", Documents: one(contract, "C", "").Documents}, "Invalid parameter signatureQualifier", nil},
	}
	for _, test := range tests {
		t.Run(test.says, func(t *testing.T) {
			h := newHouse(t, csc.P256)
			h.signer.Documents = newBox(t)
			grant := h.agree(2, csc.SDR, csc.OIDSHA256, sumOf(contract), sumOf(paper))
			_, err := h.signDoc(grant, test.request)
			if told, ok := errors.AsType[*csc.Error](err); !ok || told.Description != test.want {
				t.Errorf("%v, want %q", err, test.want)
			}
			if diff := cmp.Diff(test.events, h.events()); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
			if left := h.left(grant); left != 2 || h.keys.signed != 0 {
				t.Errorf("%d left of the grant and %d signed", left, h.keys.signed)
			}
		})
	}
}

// What was agreed to as the hash of a document is not signed as a hash, nor the
// other way round; what was agreed to without a word is either.
func TestKindsOfHashes(t *testing.T) {
	for _, test := range []struct {
		kind      csc.HashKind
		doc, hash bool
	}{{csc.SDR, true, false}, {csc.DTBSR, false, true}, {"", true, true}} {
		h := newHouse(t, csc.P256)
		digest := sumOf(contract)
		_, err := h.signDoc(h.agree(1, test.kind, csc.OIDSHA256, digest), csc.SignDocRequest{Documents: []csc.Document{document(contract, "C", "")}})
		if (err == nil) != test.doc {
			t.Errorf("kind %q, as a document: %v", test.kind, err)
		}
		_, err = h.sign(h.agree(1, test.kind, csc.OIDSHA256, digest), h.request(digest))
		if (err == nil) != test.hash {
			t.Errorf("kind %q, as a hash: %v", test.kind, err)
		}
	}
}

func TestSADOfADocument(t *testing.T) {
	h := newHouse(t, csc.P256)
	request := csc.SignDocRequest{Documents: []csc.Document{document(contract, "C", "")}}
	for says, test := range map[string]struct {
		grant func() string
		want  string
	}{
		"unknown":      {func() string { return "none" }, "Invalid parameter SAD"},
		"of too few":   {func() string { return h.agree(1, "", "") }, "documentDigests or documents are not authorized by the SAD."},
		"of another":   {func() string { id := h.agree(2, "", ""); h.who.ClientID = "a_other"; return id }, "Invalid parameter SAD"},
		"that expired": {func() string { id := h.agree(2, "", ""); h.now = h.now.Add(5 * time.Minute); return id }, "SAD expired"},
	} {
		t.Run(says, func(t *testing.T) {
			before, who := h.now, h.who
			defer func() { h.now, h.who = before, who }()
			two := request
			two.Documents = append(two.Documents, document([]byte("b"), "C", ""))
			_, err := h.signDoc(test.grant(), two)
			if told, ok := errors.AsType[*csc.Error](err); !ok || told.Description != test.want {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

// Whatever a document does to whoever reads it, the server goes on: each of them
// is refused in the words there are, and between them a good one is signed.
func TestHostileDocuments(t *testing.T) {
	h := newHouse(t, csc.P256)
	h.signer.Documents = &sandbox.Box{
		Program: program(t), Args: []string{"sandbox"}, Limits: sandbox.Limits{CPU: 5 * time.Second, Memory: 512 << 20, Wall: time.Minute},
	}
	files := hostilepdf.Files()
	if len(files) < 60 {
		t.Errorf("only %d files", len(files))
	}
	for i, file := range files {
		if len(file.PDF) == 0 {
			continue // refused before it is read
		}
		grant := h.agree(1, "", "")
		answer, err := h.signDoc(grant, csc.SignDocRequest{Documents: []csc.Document{document(file.PDF, "P", "Revision")}})
		told, ok := errors.AsType[*csc.Error](err)
		switch {
		case err == nil && bytes.HasPrefix(answer.DocumentWithSignature[0], file.PDF): // it only looked bad
		case !ok || told.Description != "Invalid array parameter documents":
			t.Errorf("%s: %v", file.Name, err)
		case h.left(grant) != 1:
			t.Errorf("%s: it was spent", file.Name)
		}
		if i%20 == 0 {
			_, err := h.signDoc(h.agree(1, "", ""), csc.SignDocRequest{Documents: []csc.Document{document(paper, "P", "")}})
			must(t, err)
		}
	}
}

// program is pecete as it is delivered: the race detector would take ten times as
// long with files that are made to take long.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pecete")
	if out, err := exec.Command("go", "build", "-tags", "nomsgpack", "-o", path, "../cmd/pecete").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}
