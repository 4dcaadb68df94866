package openapi_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/csc/v1"
	"github.com/pecete/pecete/openapi"
)

func contractV1(t testing.TB) *openapi.Contract {
	t.Helper()
	c, err := openapi.LoadV1()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// typesV1 pairs what the contract of v1 says with what the server speaks.
var typesV1 = map[csc.Method]pairing{
	csc.MethodInfo:              pair[csc.InfoRequest, v1.InfoResponse](),
	csc.MethodAuthLogin:         pair[csc.LoginRequest, csc.LoginResponse](),
	csc.MethodAuthRevoke:        pair[csc.RevokeRequest, csc.RevokeResponse](),
	csc.MethodList:              pair[v1.ListRequest, v1.ListResponse](),
	csc.MethodCredentialInfo:    pair[csc.CredentialInfoRequest, v1.CredentialInfo](),
	csc.MethodAuthorize:         pair[v1.AuthorizeRequest, csc.AuthorizeResponse](),
	csc.MethodExtendTransaction: pair[v1.ExtendRequest, csc.AuthorizeResponse](),
	csc.MethodSendOTP:           pair[v1.SendOTPRequest, v1.SendOTPResponse](),
	csc.MethodSignHash:          pair[v1.SignHashRequest, v1.SignHashResponse](),
	csc.MethodTimestamp:         pair[csc.TimestampRequest, csc.TimestampResponse](),
}

func TestV1Types(t *testing.T) { holdTypes(t, contractV1(t), typesV1) }

// The methods stand in the order of the text, each with its clause, told to
// machines and to people.
func TestV1Methods(t *testing.T) {
	c, doc := contractV1(t), documentOf(t, contractV1(t))
	want := []csc.Method{"info", "auth/login", "auth/revoke", "credentials/list", "credentials/info", "credentials/authorize", "credentials/extendTransaction", "credentials/sendOTP", "signatures/signHash", "signatures/timestamp"}
	if diff := cmp.Diff(want, c.Methods()); diff != "" {
		t.Errorf("the methods (-want +got):\n%s", diff)
	}
	if len(doc.Paths.Map()) != len(want) || len(typesV1) != len(want) {
		t.Errorf("%d paths and %d pairs of types", len(doc.Paths.Map()), len(typesV1))
	}
	if doc.Info.Version != v1.Version || len(doc.Servers) != 1 || doc.Servers[0].URL != v1.BasePath {
		t.Errorf("version %s under %v", doc.Info.Version, doc.Servers)
	}
	for _, m := range c.Methods() {
		op := operation(t, doc, m)
		if diff := cmp.Diff(map[string]any{"v1.0": v1.Clauses[m]}, op.Extensions["x-csc-clause"]); diff != "" {
			t.Errorf("%s (-v1 +contract):\n%s", m, diff)
		}
		if want := fmt.Sprintf("Section %s. ", v1.Clauses[m]); !strings.HasPrefix(op.Description, want) || op.OperationID == "" || op.Summary == "" {
			t.Errorf("%s: %q, %q, %q", m, op.OperationID, op.Summary, op.Description)
		}
		if open := op.Security != nil && len(*op.Security) == 0; open != (m == csc.MethodInfo) {
			t.Errorf("%s asks for %v", m, op.Security)
		}
	}
}

// What v1 calls otherwise; "" for what it does not have.
var renamed = map[csc.Method]map[string]string{
	csc.MethodAuthorize:         {"hashes": "hash", "hashAlgorithmOID": "", "authData": ""},
	csc.MethodExtendTransaction: {"hashes": "hash", "hashAlgorithmOID": ""},
	csc.MethodSignHash:          {"hashes": "hash", "hashAlgorithmOID": "hashAlgo", "operationMode": "", "validity_period": "", "response_uri": ""},
}

// fullV1 has every parameter of every method of v1, each right.
func fullV1() map[csc.Method]body {
	all := map[csc.Method]body{
		csc.MethodList:    {{"userID", `"u_1"`}, {"maxResults", `20`}, {"pageToken", `"c_1"`}, {"clientData", `"order 1"`}},
		csc.MethodSendOTP: {{"credentialID", credID}, {"clientData", `"order 1"`}},
	}
	for _, m := range []csc.Method{
		csc.MethodInfo, csc.MethodAuthLogin, csc.MethodAuthRevoke, csc.MethodCredentialInfo, csc.MethodAuthorize, csc.MethodExtendTransaction,
		csc.MethodSignHash, csc.MethodTimestamp,
	} {
		for _, one := range full[m] {
			name, other := renamed[m][one.name]
			switch {
			case !other:
				all[m] = append(all[m], one)
			case name != "":
				all[m] = append(all[m], member{name, one.value})
			}
		}
	}
	all[csc.MethodAuthorize] = append(all[csc.MethodAuthorize], member{"PIN", `"270391"`}, member{"OTP", `"123456"`})
	return all
}

// fieldsV1 are the parameters of v1 and every sentence they can bring about.
func fieldsV1() []field {
	const badResults, badPage = "Invalid parameter maxResults", "Invalid parameter pageToken"
	all := []field{
		{method: csc.MethodList, name: "maxResults", takes: "integer", wrong: badResults, bad: map[string]string{
			`0`: badResults, `-1`: badResults, `1.0`: badResults, `1e9`: badResults, `9007199254740992`: badResults,
		}, good: []string{`1`, `1000000000`}},
		{method: csc.MethodList, name: "pageToken", takes: "string", wrong: badPage, bad: badNames(badPage)},
		{method: csc.MethodAuthorize, name: "PIN", takes: "string", wrong: "Missing (or invalid type) string parameter PIN", good: goodTexts},
		{method: csc.MethodAuthorize, name: "OTP", takes: "string", wrong: "Missing (or invalid type) string parameter OTP", good: goodTexts},
		{method: csc.MethodSendOTP, name: "credentialID", takes: "string", absent: noCredentialID, wrong: noCredentialID, bad: badNames(badCredential)},
		{method: csc.MethodSendOTP, name: "clientData", takes: "string", wrong: badClientData, good: goodTexts},
	}
	for _, f := range fields {
		name, other := renamed[f.method][f.name]
		switch _, has := typesV1[f.method]; {
		case !has, other && name == "", f.method == csc.MethodList && f.name != "userID" && f.name != "clientData":
			continue
		case f.method == csc.MethodSignHash && f.name == "SAD": // which v1 wants in any case
			f.absent = noSAD
		case (f.method == csc.MethodAuthorize || f.method == csc.MethodExtendTransaction) && f.name == "hashes":
			f.wrong = noHash
		case f.method == csc.MethodSignHash && f.name == "hashAlgorithmOID":
			f.wrong = "Missing (or invalid type) string parameter hashAlgo"
		}
		if other {
			f.name = name
		}
		all = append(all, f)
	}
	return all
}

// A Secret is a password in the contract, and nothing else is.
func TestV1Passwords(t *testing.T) {
	for name, schema := range documentOf(t, contractV1(t)).Components.Schemas {
		for property, p := range schema.Value.Properties {
			secret := property == "SAD" || strings.HasSuffix(property, "token") || name == "AuthorizeRequest" && (property == "PIN" || property == "OTP")
			if (p.Value.Format == "password") != secret {
				t.Errorf("%s/%s has format %q", name, property, p.Value.Format)
			}
		}
	}
}

// What v2 calls otherwise is not known to v1, and what it has beside is ignored.
func TestV2NamesOnV1(t *testing.T) {
	c := contractV1(t)
	if _, err := c.Check(csc.MethodSignHash, []byte(full[csc.MethodSignHash].String())); sentence(t, err) != noHash {
		t.Errorf("got %v, want %s", err, noHash)
	}
	both := fullV1()[csc.MethodSignHash].with("operationMode", `"A"`).with("hashes", `5`)
	if got, err := c.Check(csc.MethodSignHash, []byte(both.String())); err != nil || bytes.Contains(got, []byte("operationMode")) {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := c.Check(csc.MethodSignDoc, []byte(`{}`)); err == nil {
		t.Error("v1 has signDoc")
	} else if _, told := errors.AsType[*csc.Error](err); told {
		t.Errorf("%v is not ours", err)
	}
}

// FuzzCheckV1: what the judge hands on decodes into the method's type and passes
// again unchanged, and it says the same twice.
func FuzzCheckV1(f *testing.F) {
	c := contractV1(f)
	methods := c.Methods()
	for i, m := range methods {
		f.Add(uint8(i), []byte(fullV1()[m].String()))
		for _, one := range fieldsV1() {
			if one.method == m {
				f.Add(uint8(i), []byte(fullV1()[m].without(one.name).String()))
			}
		}
	}
	f.Fuzz(func(t *testing.T, n uint8, text []byte) {
		m := methods[int(n)%len(methods)]
		got, err := c.Check(m, slices.Clone(text))
		again, errAgain := c.Check(m, text)
		if !bytes.Equal(got, again) || (err == nil) != (errAgain == nil) || err != nil && err.Error() != errAgain.Error() {
			t.Fatalf("%s: first %s, %v, then %s, %v", m, got, err, again, errAgain)
		}
		if err != nil {
			if _, told := errors.AsType[*csc.Error](err); !told {
				t.Fatalf("%s: %q: %v", m, text, err)
			}
			return
		}
		if _, err := typesV1[m].decode(got); err != nil {
			t.Fatalf("%s: %s: %v", m, got, err)
		}
		if twice, err := c.Check(m, got); err != nil || !bytes.Equal(twice, got) {
			t.Fatalf("%s: %s came to %s, %v", m, got, twice, err)
		}
	})
}
