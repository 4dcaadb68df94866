package openapi_test

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/openapi"
)

// document is the contract as anybody reads it who fetches it.
func document(t testing.TB) *openapi3.T { t.Helper(); return documentOf(t, contract(t)) }

func documentOf(t testing.TB, c *openapi.Contract) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(c.YAML())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		t.Fatal(err)
	}
	return doc
}

// Whoever writes a client of any of the documents is told how each call can be
// refused.
func TestRefusalsAreDescribed(t *testing.T) {
	for name, load := range map[string]func() (*openapi.Contract, error){
		"v2": openapi.Load, "v1": openapi.LoadV1, "registration authorities": openapi.LoadRA,
	} {
		c, err := load()
		if err != nil {
			t.Fatal(err)
		}
		for path, item := range documentOf(t, c).Paths.Map() {
			for verb, op := range item.Operations() {
				statuses := slices.Collect(maps.Keys(op.Responses.Map()))
				if !slices.ContainsFunc(statuses, func(s string) bool { return strings.HasPrefix(s, "4") }) {
					t.Errorf("%s: %s %s is refused with none of %v", name, verb, path, statuses)
				}
			}
		}
	}
}

func operation(t testing.TB, doc *openapi3.T, m csc.Method) *openapi3.Operation {
	t.Helper()
	path := doc.Paths.Value("/" + string(m))
	if path == nil || path.Post == nil || len(path.Operations()) != 1 {
		t.Fatalf("%s is not one POST", m)
	}
	return path.Post
}

func requestSchema(t testing.TB, doc *openapi3.T, m csc.Method) *openapi3.Schema {
	t.Helper()
	return operation(t, doc, m).RequestBody.Value.Content.Get("application/json").Schema.Value
}

// requestProperties lists, sorted, the parameters of every method.
func requestProperties(t *testing.T, c *openapi.Contract) map[csc.Method][]string {
	doc := documentOf(t, c)
	all := map[csc.Method][]string{}
	for _, m := range c.Methods() {
		all[m] = slices.Sorted(maps.Keys(requestSchema(t, doc, m).Properties))
	}
	return all
}

// A pairing is what a method's bodies are in Go.
type pairing struct {
	request, response reflect.Type
	decode            func(body []byte, documents ...[]byte) (any, error)
}

// types pairs what the contract says with what the server speaks.
var types = map[csc.Method]pairing{
	csc.MethodInfo:              pair[csc.InfoRequest, csc.InfoResponse](),
	csc.MethodAuthLogin:         pair[csc.LoginRequest, csc.LoginResponse](),
	csc.MethodAuthRevoke:        pair[csc.RevokeRequest, csc.RevokeResponse](),
	csc.MethodCreate:            pair[csc.CreateRequest, csc.CreateResponse](),
	csc.MethodDelete:            pair[csc.DeleteRequest, csc.DeleteResponse](),
	csc.MethodList:              pair[csc.ListRequest, csc.ListResponse](),
	csc.MethodCredentialInfo:    pair[csc.CredentialInfoRequest, csc.CredentialInfo](),
	csc.MethodAuthorize:         pair[csc.AuthorizeRequest, csc.AuthorizeResponse](),
	csc.MethodAuthorizeCheck:    pair[csc.AuthorizeCheckRequest, csc.AuthorizeResponse](),
	csc.MethodGetChallenge:      pair[csc.ChallengeRequest, csc.ChallengeResponse](),
	csc.MethodExtendTransaction: pair[csc.ExtendRequest, csc.AuthorizeResponse](),
	csc.MethodSignHash:          pair[csc.SignHashRequest, csc.SignHashResponse](),
	csc.MethodSignDoc:           pair[csc.SignDocRequest, csc.SignDocResponse](),
	csc.MethodSignPolling:       pair[csc.SignPollingRequest, csc.SignPollingResponse](),
	csc.MethodTimestamp:         pair[csc.TimestampRequest, csc.TimestampResponse](),
}

func pair[Req, Resp any]() (p pairing) {
	p.request, p.response = reflect.TypeFor[Req](), reflect.TypeFor[Resp]()
	p.decode = func(body []byte, documents ...[]byte) (any, error) {
		req, err := openapi.Decode[Req](body)
		if into, ok := any(&req).(interface{ SetDocuments(documents [][]byte) }); ok {
			into.SetDocuments(documents)
		}
		return req, err
	}
	return p
}

func TestMethodsInOrder(t *testing.T) {
	want := []csc.Method{"info", "auth/login", "auth/revoke", "credentials/create", "credentials/delete", "credentials/list", "credentials/info", "credentials/authorize", "credentials/authorizeCheck", "credentials/getChallenge", "credentials/extendTransaction", "signatures/signHash", "signatures/signDoc", "signatures/signPolling", "signatures/timestamp"}
	c := contract(t)
	if diff := cmp.Diff(want, c.Methods()); diff != "" {
		t.Errorf("the methods (-want +got):\n%s", diff)
	}
	c.Methods()[0] = "x"
	if c.Methods()[0] != "info" {
		t.Error("the list of methods can be written to")
	}
	if len(types) != len(want) {
		t.Errorf("%d pairs of types for %d methods", len(types), len(want))
	}
	doc := document(t)
	paths := slices.DeleteFunc(slices.Collect(maps.Keys(doc.Paths.Map())), func(path string) bool { return strings.HasPrefix(path, "/oauth2/") })
	if len(paths) != len(want) {
		t.Errorf("the contract has the paths %v", paths)
	}
	if doc.Info.Version != csc.Version {
		t.Errorf("the contract is of version %s", doc.Info.Version)
	}
	if len(doc.Servers) != 1 || doc.Servers[0].URL != csc.BasePath {
		t.Errorf("the contract hangs under %v", doc.Servers)
	}
}

func TestYAMLIsACopy(t *testing.T) {
	c := contract(t)
	c.YAML()[0] = 'X'
	if !bytes.HasPrefix(c.YAML(), []byte("# The contract")) {
		t.Error("the document can be written to")
	}
}

// The clause of a method is told twice, to machines and to people.
func TestClauses(t *testing.T) {
	doc := document(t)
	for _, m := range contract(t).Methods() {
		op, clause := operation(t, doc, m), csc.Clauses[m]
		both := map[string]any{"v2.0": clause.V20, "v2.2": clause.V22}
		if diff := cmp.Diff(both, op.Extensions["x-csc-clause"]); diff != "" {
			t.Errorf("%s (-csc +contract):\n%s", m, diff)
		}
		want := fmt.Sprintf("Section %s (2.2: %s). ", clause.V20, clause.V22)
		if clause.V20 == "" {
			want = fmt.Sprintf("Version 2.2, section %s. ", clause.V22)
		}
		if !strings.HasPrefix(op.Description, want) {
			t.Errorf("%s is described as %q, which does not begin with %q", m, op.Description, want)
		}
		if op.OperationID == "" || op.Summary == "" {
			t.Errorf("%s has no operationId or no summary", m)
		}
	}
}

// info is open, auth/login asks for a password or for nothing; everything else
// asks for a bearer.
func TestSecurity(t *testing.T) {
	doc := document(t)
	bearer := doc.Components.SecuritySchemes["bearer"].Value
	if bearer.Type != "http" || bearer.Scheme != "bearer" {
		t.Errorf("bearer is %s %s", bearer.Type, bearer.Scheme)
	}
	if _, ok := doc.Security[0]["bearer"]; !ok || len(doc.Security) != 1 {
		t.Errorf("the contract asks for %v", doc.Security)
	}
	for _, m := range contract(t).Methods() {
		own := operation(t, doc, m).Security
		if m == csc.MethodAuthLogin {
			if diff := cmp.Diff(&openapi3.SecurityRequirements{{"basic": {}}, {}}, own); diff != "" {
				t.Errorf("%s: %s", m, diff)
			}
		} else if open := own != nil && len(*own) == 0; open != (m == csc.MethodInfo) || own != nil && !open {
			t.Errorf("%s asks for %v", m, own)
		}
		if _, has401 := operation(t, doc, m).Responses.Map()["401"]; has401 != (m != csc.MethodInfo) {
			t.Errorf("%s has 401: %v", m, has401)
		}
	}
}

// A fieldOf is a member of a type on the wire.
type fieldOf struct {
	of       reflect.Type
	optional bool
}

// membersOf reads the members of a struct as encoding/json does.
func membersOf(t *testing.T, of reflect.Type) map[string]fieldOf {
	t.Helper()
	all := map[string]fieldOf{}
	for f := range of.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case f.Anonymous && name == "":
			maps.Copy(all, membersOf(t, f.Type))
		case !f.IsExported() || name == "":
			t.Errorf("%v.%s has no name on the wire", of, f.Name)
		default:
			all[name] = fieldOf{f.Type, options == "omitempty"}
		}
	}
	return all
}

// TestTypes holds the types of csc to the contract and back: names, types,
// formats, and what may be left out.
func TestTypes(t *testing.T) { holdTypes(t, contract(t), types) }

// goodAnswer is that with a body, nil if there is none.
func goodAnswer(op *openapi3.Operation) *openapi3.ResponseRef {
	if made := op.Responses.Value("201"); made != nil {
		return made
	}
	return op.Responses.Value("200")
}

func holdTypes(t *testing.T, c *openapi.Contract, types map[csc.Method]pairing) {
	doc := documentOf(t, c)
	for _, m := range c.Methods() {
		compare(t, string(m)+" request", types[m].request, requestSchema(t, doc, m))
		switch ok := goodAnswer(operation(t, doc, m)); {
		case ok != nil:
			compare(t, string(m)+" answer", types[m].response, ok.Value.Content.Get("application/json").Schema.Value)
		case types[m].response.NumField() > 0 || operation(t, doc, m).Responses.Value("204") == nil:
			t.Errorf("%s has no good answer, or not that of %v", m, types[m].response)
		}
		for status, response := range operation(t, doc, m).Responses.Map() {
			switch media := response.Value.Content.Get("application/json"); {
			case status == "200" || status == "201":
			case status == "202" && (m == csc.MethodAuthorize || m == csc.MethodAuthorizeCheck):
				compare(t, string(m)+" "+status, reflect.TypeFor[csc.PendingResponse](), media.Schema.Value)
			case status == "204":
				if len(response.Value.Content) > 0 {
					t.Errorf("%s 204 has a body", m)
				}
			default:
				compare(t, string(m)+" "+status, reflect.TypeFor[csc.Error](), media.Schema.Value)
			}
		}
	}
}

// differences that are meant: what the contract says and no type can.
var differences = map[string]string{
	// one type for two methods; credentials/info leaves the name out
	"credentials/info answer/credentialID":                   "not in the contract",
	"credentials/list answer/credentialInfos[]/credentialID": "required in the contract",
}

func compare(t *testing.T, at string, of reflect.Type, s *openapi3.Schema) {
	t.Helper()
	if got := s.Type.Slice(); len(got) != 1 || got[0] != wireType(of) {
		t.Errorf("%s is %v in Go and %v in the contract", at, of, got)
		return
	}
	if base64 := of == reflect.TypeFor[csc.Digest]() || of == reflect.TypeFor[[]byte](); base64 && s.Format != "byte" {
		t.Errorf("%s is bytes in Go and format %q in the contract", at, s.Format)
	}
	switch s.Type.Slice()[0] {
	case "array":
		compare(t, at+"[]", indirect(of).Elem(), s.Items.Value)
	case "object":
		compareMembers(t, at, indirect(of), s)
	}
}

func compareMembers(t *testing.T, at string, of reflect.Type, s *openapi3.Schema) {
	t.Helper()
	members := membersOf(t, of)
	for name, f := range members {
		place := at + "/" + name
		p, ok := s.Properties[name]
		if !ok {
			if differences[place] != "not in the contract" {
				t.Errorf("%s is in Go only", place)
			}
			continue
		}
		required := slices.Contains(s.Required, name)
		if required == f.optional && differences[place] != "required in the contract" {
			t.Errorf("%s: required %v in the contract, omitempty %v in Go", place, required, f.optional)
		}
		compare(t, place, f.of, p.Value)
	}
	for name, p := range s.Properties {
		if _, ok := members[name]; !ok && p.Value.Extensions["x-csc-ignored"] != "always" {
			t.Errorf("%s/%s is in the contract only", at, name)
		}
	}
}

func indirect(of reflect.Type) reflect.Type {
	if of.Kind() == reflect.Pointer {
		return of.Elem()
	}
	return of
}

// wireType is what the contract should call a Go type.
func wireType(of reflect.Type) string {
	of = indirect(of)
	if of == reflect.TypeFor[csc.Digest]() || of == reflect.TypeFor[[]byte]() {
		return "string"
	}
	return map[reflect.Kind]string{
		reflect.String: "string", reflect.Int: "integer", reflect.Bool: "boolean", reflect.Slice: "array", reflect.Struct: "object",
	}[of.Kind()]
}

// A Secret is a password in the contract, and nothing else is.
func TestPasswords(t *testing.T) {
	doc := document(t)
	for name, schema := range doc.Components.Schemas {
		for property, p := range schema.Value.Properties {
			secret := property == "SAD" || property == "challenge" || property == "handle" || strings.HasSuffix(property, "token") || name == "AuthData" && property == "value"
			if (p.Value.Format == "password") != secret {
				t.Errorf("%s/%s has format %q", name, property, p.Value.Format)
			}
		}
	}
}

// The codes of the contract are those of csc.
func TestErrorCodes(t *testing.T) {
	parsed, err := parser.ParseFile(token.NewFileSet(), "../csc/error.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var want []any
	ast.Inspect(parsed, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if of, ok := spec.Type.(*ast.Ident); ok && of.Name == "Code" {
				code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, code)
			}
		}
		return true
	})
	if diff := cmp.Diff(want, document(t).Components.Schemas["Error"].Value.Properties["error"].Value.Enum); diff != "" {
		t.Errorf("codes (-csc +contract):\n%s", diff)
	}
}

// Every sentence that the contract has for one of its own faults is told by
// some row of the field table.
func TestSentencesAreTold(t *testing.T) {
	holdSentences(t, contract(t), fields)
	holdSentences(t, contractV1(t), fieldsV1())
}

func holdSentences(t *testing.T, c *openapi.Contract, fields []field) {
	told := map[string]bool{}
	for _, f := range fields {
		told[f.absent], told[f.wrong] = true, true
		for _, s := range f.bad {
			told[s] = true
		}
	}
	for name, schema := range documentOf(t, c).Components.Schemas {
		for property, p := range schema.Value.Properties {
			for _, said := range sentences(p.Value.Extensions["x-csc-error"]) {
				if !told[said] {
					t.Errorf("%s/%s: no test is told %q", name, property, said)
				}
			}
		}
	}
}

func sentences(ext any) []string {
	switch ext := ext.(type) {
	case string:
		return []string{ext}
	case map[string]any:
		var all []string
		for _, s := range ext {
			if s != "own" { // the element's
				all = append(all, s.(string))
			}
		}
		return all
	}
	return nil
}

func TestDecodeDrift(t *testing.T) {
	if got, err := openapi.Decode[csc.ListRequest]([]byte(`{"userID":"u","certInfo":true}`)); err != nil || got.UserID != "u" || !got.CertInfo {
		t.Errorf("%+v, %v", got, err)
	}
	for _, body := range []string{`{"credentialId":"c"}`, `{"x":1}`, `{"credentialID":5}`, `{"credentialID":"a","credentialID":"a"}`, `{"credentialID":"a"}x`, `[]`, ``} {
		if got, err := openapi.Decode[csc.CredentialInfoRequest]([]byte(body)); err == nil || got != (csc.CredentialInfoRequest{}) {
			t.Errorf("%s = %+v, %v", body, got, err)
		}
	}
}
