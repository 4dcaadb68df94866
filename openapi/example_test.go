package openapi_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/openapi"
)

// Every example is what it says: requests pass and decode into their type
// without loss, answers pass.
func TestExamples(t *testing.T) {
	holdExamples(t, contract(t), types)
	holdExamples(t, contractV1(t), typesV1)
}

func holdExamples(t *testing.T, c *openapi.Contract, types map[csc.Method]pairing) {
	doc := documentOf(t, c)
	for _, m := range c.Methods() {
		op := operation(t, doc, m)
		for name, example := range examples(t, op.RequestBody.Value.Content) {
			checked, documents, err := c.CheckFrom(m, bytes.NewReader(example), 1<<20)
			if err != nil {
				t.Errorf("%s, %q: %v", m, name, err)
				continue
			}
			decoded, err := types[m].decode(checked, documents...)
			if err != nil {
				t.Errorf("%s, %q: %v", m, name, err)
				continue
			}
			back, err := json.Marshal(decoded)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tree(t, example), tree(t, back)); diff != "" {
				t.Errorf("%s, %q: through %T (-example +back):\n%s", m, name, decoded, diff)
			}
		}
		for status, response := range op.Responses.Map() {
			code := 503
			if status != "default" {
				var err error
				if code, err = strconv.Atoi(status); err != nil {
					t.Fatal(err)
				}
			}
			for name, example := range examples(t, response.Value.Content) {
				if err := c.CheckResponse(m, code, example); err != nil {
					t.Errorf("%s, %q: %v", m, name, err)
				}
			}
		}
	}
}

func examples(t *testing.T, content openapi3.Content) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	if len(content) == 0 {
		return all // an answer without a body
	}
	for name, example := range content.Get("application/json").Examples {
		text, err := json.Marshal(example.Value.Value)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = text
	}
	if len(all) == 0 {
		t.Error("there is no example")
	}
	return all
}

func tree(t *testing.T, text []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// An error that an example shows for a fault of the request is one the judge
// gives, in the same words.
func TestExamplesOfFaults(t *testing.T) {
	holdFaults(t, contract(t), fields)
	holdFaults(t, contractV1(t), fieldsV1(), "Malformed authroization header.", "Missing (or invalid type) string parameter hashAlgo",
		"Invalid parameter pageToken", "Invalid parameter hashAlgo", "Missing (or invalid type) array parameter hash",
		"The PIN is invalid", "The OTP is invalid", "PIN locked", "OTP locked", "Invalid parameter hash")
}

func holdFaults(t *testing.T, c *openapi.Contract, fields []field, more ...string) {
	told := map[csc.Method]map[string]bool{}
	for _, f := range fields {
		if told[f.method] == nil {
			told[f.method] = map[string]bool{}
		}
		told[f.method][f.absent], told[f.method][f.wrong] = true, true
		for _, s := range f.bad {
			told[f.method][s] = true
		}
	}
	elsewhere := append(more, []string{ // told by the method, not by the judge
		"userID parameter MUST be null", "Malformed authorization header.", "Numbers of signatures is too high",
		"The credential identified by credentialID is disabled", "The authentication data is invalid", "Credential locked",
		"Invalid digest value length", "Hash is not authorized by the SAD.", "Invalid parameter SAD", "SAD expired",
		"Empty documentDigests and documents objects", "Both documentDigests and documents parameters passed",
		"String parameter hashAlgorithmOID contradicts with signAlgo parameter", "documentDigests or documents are not authorized by the SAD.",
		"userID parameter SHALL be null", "An error occurred during authentication process", "Malformed username-password.", "Invalid refresh_token",
		csc.AccessDenied.Description(), "The signer has as many credentials as there may be",
		"Invalid parameter hashes", "The authorizations of the credential identified by credentialID cannot be extended",
	}...)
	doc := documentOf(t, c)
	for _, m := range c.Methods() {
		for name, example := range examples(t, operation(t, doc, m).Responses.Value("400").Value.Content) {
			var shown csc.Error
			if err := json.Unmarshal(example, &shown); err != nil {
				t.Fatal(err)
			}
			if !told[m][shown.Description] && !slices.Contains(elsewhere, shown.Description) {
				t.Errorf("%s, %q: nobody says %q", m, name, shown.Description)
			}
		}
	}
}

// The signature in the examples is a signature: over the hash of the request,
// by the certificate of the credential, which is as it is described.
func TestExamplesAreTrue(t *testing.T) {
	doc := document(t)
	var info csc.CredentialInfo
	var sign csc.SignHashRequest
	var signed csc.SignHashResponse
	read := func(content openapi3.Content, name string, into any) {
		t.Helper()
		if err := json.Unmarshal(examples(t, content)[name], into); err != nil {
			t.Fatal(err)
		}
	}
	signHash := operation(t, doc, csc.MethodSignHash)
	read(operation(t, doc, csc.MethodCredentialInfo).Responses.Value("200").Value.Content, "P-256", &info)
	read(signHash.RequestBody.Value.Content, "ECDSA", &sign)
	read(signHash.Responses.Value("200").Value.Content, "ECDSA", &signed)
	der, err := base64.StdEncoding.DecodeString(info.Cert.Certificates[0])
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if digest := sha256.Sum256([]byte("abc")); !bytes.Equal(sign.Hashes[0], digest[:]) {
		t.Errorf("the hash is %v", sign.Hashes[0])
	}
	if err := cert.CheckSignature(x509.ECDSAWithSHA256, []byte("abc"), signed.Signatures[0]); err != nil {
		t.Error(err)
	}
	const layout = "20060102150405Z"
	want := csc.CertInfo{
		Status: csc.CertValid, Certificates: info.Cert.Certificates, IssuerDN: cert.Issuer.String(), SubjectDN: cert.Subject.String(),
		SerialNumber: cert.SerialNumber.Text(16), ValidFrom: cert.NotBefore.UTC().Format(layout), ValidTo: cert.NotAfter.UTC().Format(layout),
	}
	if diff := cmp.Diff(want, info.Cert); diff != "" {
		t.Errorf("the certificate (-itself +described):\n%s", diff)
	}
	if diff := cmp.Diff(csc.P256.SignAlgos(false), info.Key.Algo); diff != "" {
		t.Errorf("the algorithms (-csc +example):\n%s", diff)
	}
}
