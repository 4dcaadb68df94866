package csc_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
)

// constants lists the values of the string constants of a type, in the order
// of the file.
func constants(t *testing.T, file, typeName string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); ok && of.Name == typeName {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
		return true
	})
	if len(values) == 0 {
		t.Fatalf("%s has no constants of type %s", file, typeName)
	}
	return values
}

// The methods, in the order of v2.2 and with both clauses, typed from the
// texts.
var chapter11 = []struct{ method, v20, v22 string }{
	{"info", "11.1", "11.1"},
	{"auth/login", "11.2", "11.2"},
	{"auth/revoke", "11.3", "11.3"},
	{"credentials/create", "", "11.4"},
	{"credentials/delete", "", "11.5"},
	{"credentials/list", "11.4", "11.6"},
	{"credentials/info", "11.5", "11.7"},
	{"credentials/authorize", "11.6", "11.8"},
	{"credentials/authorizeCheck", "11.7", "11.9"},
	{"credentials/getChallenge", "11.8", "11.10"},
	{"credentials/extendTransaction", "11.9", "11.11"},
	{"credentials/sendOTP", "", "11.12"},
	{"signatures/signHash", "11.10", "11.13"},
	{"signatures/signDoc", "11.11", "11.14"},
	{"signatures/signPolling", "11.12", "11.15"},
	{"signatures/timestamp", "11.13", "11.16"},
}

func TestMethods(t *testing.T) {
	var want []string
	for _, row := range chapter11 {
		want = append(want, row.method)
		m := csc.Method(row.method)
		if !m.Known() {
			t.Errorf("%s is not known", m)
		}
		if got := csc.Clauses[m]; got != (csc.Clause{V20: row.v20, V22: row.v22}) {
			t.Errorf("%s stands in %+v, want %s and %s", m, got, row.v20, row.v22)
		}
	}
	if diff := cmp.Diff(want, constants(t, "method.go", "Method")); diff != "" {
		t.Errorf("the constants (-want +got):\n%s", diff)
	}
	if len(csc.Clauses) != len(chapter11) {
		t.Errorf("%d clauses for %d methods", len(csc.Clauses), len(chapter11))
	}
	for _, m := range []csc.Method{"", "Info", "/info", "info/", "credentials", "signatures/signhash", "oauth2/token"} {
		if m.Known() {
			t.Errorf("%q is known", m)
		}
	}
}

// In each version the clauses of chapter 11 count on without a gap.
func TestClausesCountOn(t *testing.T) {
	for version, clause := range map[string]func(csc.Clause) string{
		"2.0": func(c csc.Clause) string { return c.V20 },
		"2.2": func(c csc.Clause) string { return c.V22 },
	} {
		var got []int
		for _, m := range constants(t, "method.go", "Method") {
			if _, number, ok := strings.Cut(clause(csc.Clauses[csc.Method(m)]), "11."); ok {
				n, err := strconv.Atoi(number)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, n)
			}
		}
		for i, n := range got {
			if n != i+1 {
				t.Errorf("%s: the clauses are %v", version, got)
				break
			}
		}
	}
}

func TestVersion(t *testing.T) {
	major, _, _ := strings.Cut(csc.Version, ".")
	if !strings.HasSuffix(csc.BasePath, "/csc/v"+major) {
		t.Errorf("version %s hangs under %s", csc.Version, csc.BasePath)
	}
}

// The wire: names, order of nothing but presence, and what is left out.
func TestWire(t *testing.T) {
	objects := []csc.AuthObject{}
	tests := []struct {
		says  string
		value any
		want  string
	}{
		{"an empty list request", csc.ListRequest{}, `{}`},
		{
			"a full list request",
			csc.ListRequest{UserID: "u", CredentialInfo: true, OnlyValid: true, View: csc.View{Certificates: csc.CertificatesChain, CertInfo: true, AuthInfo: true, Lang: "ro", ClientData: "d"}},
			`{"userID":"u","credentialInfo":true,"onlyValid":true,"certificates":"chain","certInfo":true,"authInfo":true,"lang":"ro","clientData":"d"}`,
		},
		{"an info request of a credential", csc.CredentialInfoRequest{CredentialID: "c"}, `{"credentialID":"c"}`},
		{"no credentials", csc.ListResponse{CredentialIDs: []string{}}, `{"credentialIDs":[]}`},
		{
			"a credential whose factors were not asked for",
			csc.CredentialInfo{Key: csc.KeyInfo{Status: csc.KeyEnabled, Algo: []string{"1.2"}, Len: 256}, Auth: csc.AuthInfo{Mode: csc.OAuth2Code}, SCAL: csc.SCAL2, Multisign: 1},
			`{"key":{"status":"enabled","algo":["1.2"],"len":256},"cert":{},"auth":{"mode":"oauth2code"},"SCAL":"2","multisign":1}`,
		},
		{"a credential without factors", csc.AuthInfo{Mode: csc.Explicit, Objects: &objects}, `{"mode":"explicit","objects":[]}`},
		{"signatures", csc.SignHashResponse{Signatures: [][]byte{{0xfb, 0xff}}}, `{"signatures":["+/8="]}`},
		{
			"a server with little to say",
			csc.InfoResponse{Specs: csc.Version, AuthType: []string{}, SupportedHashTypes: []csc.HashKind{csc.DTBSR}, Methods: []csc.Method{csc.MethodSignHash}, SignAlgorithms: csc.SignAlgorithms{Algos: []string{}}, SignatureFormats: csc.SignatureFormats{Formats: []string{}}, ConformanceLevels: []string{}},
			`{"specs":"2.2.0.0","name":"","logo":"","region":"","lang":"","description":"","authType":[],"supportedHashTypes":["dtbsr"],"asynchronousOperationMode":false,"methods":["signatures/signHash"],"validationInfo":false,"signAlgorithms":{"algos":[]},"signature_formats":{"formats":[]},"conformance_levels":[]}`,
		},
	}
	for _, test := range tests {
		t.Run(test.says, func(t *testing.T) {
			got, err := json.Marshal(test.value)
			if err != nil || string(got) != test.want {
				t.Errorf("on the wire:\n%s, %v; want\n%s", got, err, test.want)
			}
		})
	}
}

func TestNoTwoConstantsAreOne(t *testing.T) {
	for file, types := range map[string][]string{"method.go": {"Method"}, "error.go": {"Code"}, "qualifier.go": {"SCAL", "AuthMode", "HashKind"}, "algorithm.go": {"KeySpec", "Scheme"}} {
		for _, of := range types {
			all := constants(t, file, of)
			slices.Sort(all)
			if one := slices.Compact(slices.Clone(all)); len(one) != len(all) {
				t.Errorf("%s: %v", of, all)
			}
		}
	}
}
