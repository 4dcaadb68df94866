// Package openapi is the contract and its judge. The contract is csc-v2.yaml,
// our own text of the API, and csc-v1.yaml for its version 1: a request is taken if it says so, and a refusal is
// worded by it, because the sentences of the CSC text that no rule gives stand
// beside the properties they are about (x-csc-error). So no method checks a
// field by hand, and what clients read is what the server does.
//
// The judge is stricter than JSON and than OpenAPI. A name twice, also when one
// is escaped, trailing data, a byte order mark, text that is not UTF-8, half a
// surrogate pair and deep nesting are refused as malformed: what two readers
// understand differently is an attack, not a request. null is the same as
// absence; unknown members and other spellings of known ones are ignored; an
// integer has neither fraction nor exponent. Base64 is csc.DecodeBase64's.
//
// Of several faults the client is told one, and for the same body always the
// same: the one whose property comes first in the contract.
package openapi

import (
	"bytes"
	"cmp"
	_ "embed" // the contract
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pecete/pecete/csc"
)

//go:embed csc-v2.yaml
var document []byte

//go:embed enrolment.yaml
var documentRA []byte

//go:embed csc-v1.yaml
var documentV1 []byte

// A Contract is one of the documents, read. It is safe for concurrent use.
type Contract struct {
	text  []byte
	base  string // what the methods hang under
	about *openapi3.Info
	order []csc.Method
	calls map[csc.Method]call
	forms []form
}

// A form is an endpoint of the authorization server, which judges what it is
// sent itself.
type form struct {
	path string
	item *openapi3.PathItem
}

// authorizationServer is what its endpoints hang under.
const authorizationServer = "/oauth2/"

// A call is what the contract says of one method.
type call struct {
	request   *rule
	optional  bool // the body may be empty
	operation *openapi3.Operation
}

// Load reads the contract that is built in. An error is a fault of the
// document: it is no OpenAPI, or it states a rule the judge does not have.
func Load() (*Contract, error) { return load(document) }

// LoadV1 is Load for the contract of v1.0.4.0.
func LoadV1() (*Contract, error) { return load(documentV1) }

// LoadRA is Load for the API of registration authorities, whose methods are called
// by their paths, those that are a GET with that before it.
func LoadRA() (*Contract, error) { return loadWith(documentRA, true) }

func load(yaml []byte) (*Contract, error) { return loadWith(yaml, false) }

// loadWith reads a document that may, if it is not of the CSC text, have any
// methods.
func loadWith(yaml []byte, others bool) (*Contract, error) {
	loader := openapi3.NewLoader()
	loader.IncludeOrigin = true // the order of properties is not in its maps
	doc, err := loader.LoadFromData(yaml)
	if err != nil {
		return nil, fmt.Errorf("read contract: %w", err)
	}
	if err := doc.Validate(loader.Context); err != nil {
		return nil, fmt.Errorf("validate contract: %w", err)
	}
	c := &Contract{text: yaml, about: doc.Info, calls: map[csc.Method]call{}}
	if len(doc.Servers) > 0 {
		c.base = doc.Servers[0].URL
	}
	paths := doc.Paths.Map()
	for _, path := range inOrder(paths, func(p *openapi3.PathItem) *openapi3.Origin { return p.Origin }) {
		if strings.HasPrefix(path, authorizationServer) {
			c.forms = append(c.forms, form{path, paths[path]})
			continue
		}
		m := csc.Method(strings.TrimPrefix(path, "/"))
		if !others && !m.Known() {
			return nil, fmt.Errorf("contract of %s: no method of the API", m)
		}
		if get := paths[path].Get; others && get != nil {
			c.calls["GET "+m] = call{operation: get}
			if paths[path].Post == nil {
				continue
			}
		}
		if c.calls[m], err = newCall(paths[path]); err != nil {
			return nil, fmt.Errorf("contract of %s: %w", m, err)
		}
		c.order = append(c.order, m)
	}
	return c, nil
}

func newCall(path *openapi3.PathItem) (call, error) {
	if path.Post == nil || path.Post.RequestBody == nil {
		return call{}, errors.New("no POST with a body")
	}
	body := path.Post.RequestBody.Value
	media := body.Content.Get(mediaJSON)
	if media == nil || media.Schema == nil || !media.Schema.Value.Type.Is(openapi3.TypeObject) {
		return call{}, errors.New("the body is no JSON object")
	}
	request, err := newRule("", media.Schema)
	return call{request: request, optional: !body.Required, operation: path.Post}, err
}

// inOrder gives the keys of m as they stand in the document.
func inOrder[V any](m map[string]V, origin func(V) *openapi3.Origin) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		at, bt := origin(m[a]).Key, origin(m[b]).Key
		return cmp.Or(cmp.Compare(at.Line, bt.Line), cmp.Compare(at.Column, bt.Column))
	})
}

// Methods lists the methods of the contract in the order of the CSC text.
func (c *Contract) Methods() []csc.Method { return slices.Clone(c.order) }

// YAML is the document itself, for those who want to read it.
func (c *Contract) YAML() []byte { return bytes.Clone(c.text) }

// Check judges the body of a request for m and returns what of it is to be
// decoded: the members that count, in the order of the contract, without nulls.
// A fault of the body is a *csc.Error; any other error is ours.
//
// An empty body stands for {} where the contract has the body optional, which
// is in info and auth/login only.
func (c *Contract) Check(m csc.Method, body []byte) ([]byte, error) {
	checked, _, err := c.check(m, body, nil)
	return checked, err
}

// CheckFrom is Check for a body that has documents in it. They are decoded as
// they come and are no part of what is to be decoded, where "" stands in their
// stead: they are returned apart, in the order of the contract. What is left of
// the body has at most so many bytes; more is a *TooLargeError.
func (c *Contract) CheckFrom(m csc.Method, body io.Reader, most int) (checked []byte, documents [][]byte, err error) {
	rest, parts, err := lift(body, most)
	if err != nil {
		return nil, nil, err
	}
	return c.check(m, rest, parts)
}

func (c *Contract) check(m csc.Method, body []byte, parts map[int]*part) ([]byte, [][]byte, error) {
	call, ok := c.calls[m]
	if !ok {
		return nil, nil, fmt.Errorf("check request: the contract has no method %q", m)
	}
	if len(body) == 0 && call.optional {
		body = []byte("{}")
	}
	request, err := read(body, parts, call.request)
	if err != nil {
		return nil, nil, csc.Malformed(err)
	}
	if request.kind != '{' {
		return nil, nil, csc.Malformed(errNotObject)
	}
	if fault := call.request.judge(request); fault != nil {
		return nil, nil, fault
	}
	w := writer{to: make([]byte, 0, len(body))}
	w.value(call.request, request)
	return w.to, w.parts, nil
}
