package openapi_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/openapi"
)

// What a server serves is a contract too: with its URL, and its methods alone.
func TestServed(t *testing.T) {
	const url = "https://sign.example.org:8443"
	c := contract(t)
	all := c.Served(url, func(csc.Method) bool { return true })
	want := bytes.Replace(c.YAML(), []byte("- url: /csc/v2\n"), []byte("- url: "+url+"/csc/v2\n"), 1)
	want = bytes.ReplaceAll(want, []byte("servers: [{url: /}]"), []byte("servers: [{url: "+url+"}]"))
	if !bytes.Equal(want, all) {
		t.Error("more than the URL differs from the document")
	}
	for _, without := range append(c.Methods(), "") {
		served := c.Served(url, func(m csc.Method) bool { return m != without })
		doc, err := openapi3.NewLoader().LoadFromData(served)
		if err != nil {
			t.Fatalf("without %s: %v", without, err)
		}
		if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
			t.Errorf("without %s: %v", without, err)
		}
		want := []string{"/oauth2/authorize", "/oauth2/pushed_authorize", "/oauth2/revoke", "/oauth2/token"}
		for _, m := range c.Methods() {
			if m != without {
				want = append(want, "/"+string(m))
			}
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(doc.Paths.Map()))); diff != "" {
			t.Errorf("without %s (-want +got):\n%s", without, diff)
		}
		if len(doc.Servers) != 1 || doc.Servers[0].URL != url+csc.BasePath || len(doc.Components.Schemas) == 0 {
			t.Errorf("without %s: the servers are %v", without, doc.Servers)
		}
	}
}

// The description has everything of the contract, in its order.
func TestDescribe(t *testing.T) {
	c := contract(t)
	d := c.Describe()
	if d.Version != csc.Version || d.Title == "" || !strings.Contains(d.Text, "* null") {
		t.Errorf("it is of %q %q", d.Title, d.Version)
	}
	var methods []csc.Method
	var forms []string
	properties := requestProperties(t, c)
	for _, op := range d.Operations {
		if op.Summary == "" || op.Text == "" || len(op.Request) == 0 || len(op.Answers) < 3 {
			t.Errorf("%s: %+v", op.Method, op)
		}
		if op.Form {
			forms = append(forms, op.Verb+" "+op.Path)
			continue
		}
		methods = append(methods, op.Method)
		if op.Open != (op.Method == csc.MethodInfo) || op.Password != (op.Method == csc.MethodAuthLogin) || op.Verb != "POST" || op.Path != csc.BasePath+"/"+string(op.Method) {
			t.Errorf("%s: %+v", op.Method, op)
		}
		var names []string
		for _, m := range op.Request {
			names = append(names, m.Name)
			if m.Type == "" {
				t.Errorf("%s: %s has no type", op.Method, m.Name)
			}
		}
		slices.Sort(names)
		if diff := cmp.Diff(properties[op.Method], names); diff != "" {
			t.Errorf("%s (-contract +described):\n%s", op.Method, diff)
		}
		for _, e := range op.Examples {
			if _, _, err := c.CheckFrom(op.Method, strings.NewReader(e.JSON), 1<<20); err != nil {
				t.Errorf("%s, %q: %v", op.Method, e.Name, err)
			}
		}
		if len(op.Examples) == 0 || op.Answers[len(op.Answers)-1].Status != "default" {
			t.Errorf("%s has %d examples, and the answers %v", op.Method, len(op.Examples), op.Answers)
		}
	}
	want := []string{"GET /oauth2/authorize", "POST /oauth2/pushed_authorize", "POST /oauth2/token", "POST /oauth2/revoke"}
	if diff := cmp.Diff(want, forms); diff != "" {
		t.Errorf("the authorization server (-want +described):\n%s", diff)
	}
	if diff := cmp.Diff(c.Methods(), methods); diff != "" {
		t.Errorf("(-contract +described):\n%s", diff)
	}
}

// Examples are told in the order of the contract, also deep inside.
func TestExamplesInOrder(t *testing.T) {
	for _, op := range contract(t).Describe().Operations {
		if op.Method != csc.MethodSignDoc {
			continue
		}
		i := slices.IndexFunc(op.Request, func(m openapi.Member) bool { return m.Name == "documentDigests" })
		if m := op.Request[i]; m.Type != "array of object" || len(m.Members) == 0 || m.Members[0].Name != "hashes" || !m.Members[0].Required {
			t.Errorf("documentDigests is %+v", m)
		}
		text := op.Examples[0].JSON
		last := -1
		for _, name := range []string{`"credentialID"`, `"SAD"`, `"documentDigests"`, `"hashes"`, `"hashAlgorithmOID"`, `"signature_format"`, `"signAlgo"`, `"clientData"`} {
			at := strings.Index(text, name)
			if at <= last {
				t.Errorf("%s stands at %d, behind %d:\n%s", name, at, last, text)
			}
			last = at
		}
		return
	}
	t.Error("there is no signDoc")
}
