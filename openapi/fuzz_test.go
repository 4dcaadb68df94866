package openapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pecete/pecete/csc"
)

// strict is the format byte as the contract means it.
type strict struct{}

func (strict) Validate(s string) error { _, err := csc.DecodeBase64(s); return err }

// FuzzCheck: the judge never panics and says the same twice; what it hands on
// decodes into the method's type, passes again unchanged, and fits the schema
// in the eyes of another validator; and what it refuses that validator refuses
// as well, but for JSON and integers, where we are stricter.
func FuzzCheck(f *testing.F) {
	c, doc := contract(f), document(f)
	methods := c.Methods()
	for i, m := range methods {
		f.Add(uint8(i), []byte(full[m].String()))
		f.Add(uint8(i), []byte(`{}`))
		for _, fd := range fields {
			if fd.method != m {
				continue
			}
			f.Add(uint8(i), []byte(full[m].without(fd.name).String()))
			for value := range fd.bad {
				if len(value) < 1000 {
					f.Add(uint8(i), []byte(full[m].with(fd.name, value).String()))
				}
			}
		}
	}
	for _, test := range malformed {
		if len(test.body) < 1000 {
			f.Add(uint8(4), []byte(strings.ReplaceAll(test.body, "%s", strings.Trim(full[csc.MethodSignHash].String(), "{}"))))
		}
	}
	f.Fuzz(func(t *testing.T, n uint8, body []byte) {
		m := methods[int(n)%len(methods)]
		before := bytes.Clone(body)
		got, err := c.Check(m, body)
		again, errAgain := c.Check(m, body)
		if !bytes.Equal(body, before) {
			t.Fatalf("%q became %q", before, body)
		}
		if !bytes.Equal(got, again) || (err == nil) != (errAgain == nil) || err != nil && err.Error() != errAgain.Error() {
			t.Fatalf("%s: first %s, %v, then %s, %v", m, got, err, again, errAgain)
		}
		schema := requestSchema(t, doc, m)
		if err != nil {
			checkRefusal(t, schema, body, err)
			return
		}
		if _, err := types[m].decode(got); err != nil {
			t.Fatalf("%s: %s: %v", m, got, err)
		}
		if m == csc.MethodSignDoc { // its documents are not in it any more
			return
		}
		if twice, err := c.Check(m, got); err != nil || !bytes.Equal(twice, got) {
			t.Fatalf("%s: %s came to %s, %v", m, got, twice, err)
		}
		if err := visit(schema, got); err != nil {
			t.Fatalf("%s: %s: %v", m, got, err)
		}
	})
}

func visit(schema *openapi3.Schema, body []byte) error {
	var v any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		return err
	}
	return schema.VisitJSON(withoutNulls(v), openapi3.WithStringFormatValidator("byte", strict{}))
}

// withoutNulls leaves out the members that are null, at every depth.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if member == nil {
				delete(v, name)
			} else {
				v[name] = withoutNulls(member)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutNulls(v[i])
		}
	}
	return v
}

func checkRefusal(t *testing.T, schema *openapi3.Schema, body []byte, err error) {
	t.Helper()
	refusal, ok := errors.AsType[*csc.Error](err)
	if !ok || refusal.Code != csc.InvalidRequest || refusal.Description == "" {
		t.Fatalf("%q: %v", body, err)
	}
	malformed := refusal.Description == csc.InvalidRequest.Description()
	integer := refusal.Description == noNumber || refusal.Description == badValidity
	if !malformed && !integer && visit(schema, body) == nil {
		t.Fatalf("%q: %v, though it fits the schema", body, err)
	}
}
