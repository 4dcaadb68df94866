package openapi

import (
	"strings"
	"testing"
)

// A contract the judge could not hold requests to is refused when it is read,
// not when a request comes.
func TestLoadRefuses(t *testing.T) {
	tests := []struct {
		says     string
		old, new string // what is changed in the document
		want     string
	}{
		{"YAML that is none", "openapi: 3.0.3", "openapi: [", "read contract"},
		{"a reference to nowhere", "schemas/InfoRequest'", "schemas/Nothing'", "read contract"},
		{"an example that is none", "value: {lang: ro}", "value: {lang: 5}", "validate contract"},
		{"a path of no method", "\n  /info:\n", "\n  /inform:\n", "no method of the API"},
		{"a GET", "\n    post:\n      operationId: info\n", "\n    get:\n      operationId: info\n", "no POST with a body"},
		{"a body that is a form", "application/json:\n            schema: {$ref: '#/components/schemas/InfoRequest'}", "application/x-www-form-urlencoded:\n            schema: {$ref: '#/components/schemas/InfoRequest'}", "no JSON object"},
		{"a number", "type: integer\n          minimum: 1\n          x-csc", "type: number\n          minimum: 1\n          x-csc", `type ["number"]`},
		{"a type that is not told", "type: integer\n          minimum: 1\n          x-csc", "minimum: 1\n          x-csc", "type []"},
		{"a fraction for a minimum", "minimum: 1\n          x-csc", "minimum: 0.5\n          x-csc", "minimum is not an integer"},
		{"a format", "items: {type: string, format: byte}\n          x-csc-error: {", "items: {type: string, format: uuid}\n          x-csc-error: {", `format "uuid"`},
		{"a keyword", "maxLength: 500", "maxLength: 500\n          nullable: true", "a keyword the judge does not know"},
		{"a keyword of arrays", "minItems: 1\n          items: {type: string, format: byte}\n          x-csc-error: {", "uniqueItems: true\n          items: {type: string, format: byte}\n          x-csc-error: {", "a keyword the judge does not know"},
		{"a keyword deep inside", "description: The factor,", "nullable: true\n          description: The factor,", "authData: items: id: has a keyword"},
		{"members that may be anything", "InfoRequest:\n      type: object", "InfoRequest:\n      type: object\n      additionalProperties: false", "a keyword the judge does not know"},
		{"an extension", "maxLength: 500", "maxLength: 500\n          x-csc-eror: oops", "x-csc-eror"},
		{"a sentence about a keyword that is not there", "{minimum: Invalid value", "{minItems: Invalid value", "nothing to say about minItems"},
		{"a sentence that is none", "x-csc-error: {minimum: Invalid value for parameter numSignatures}", "x-csc-error: {minimum: 5}", "nothing to say about minimum"},
		{"a list of sentences", "x-csc-error: {minimum: Invalid value for parameter numSignatures}", "x-csc-error: [a]", "x-csc-error: [a]"},
		{"ignored, but when?", "x-csc-ignored: {unless: credentialInfo}", "x-csc-ignored: sometimes", "x-csc-ignored: sometimes"},
		{"ignored unless a text that cannot be", "x-csc-ignored: {unless: operationMode, is: A}", "x-csc-ignored: {unless: operationMode, is: B}", `a text that can be "B"`},
		{"decoded apart, and no Base64", "format: byte\n      x-csc-apart: true", "x-csc-apart: true", "x-csc-apart of what is not Base64"},
		{"decoded apart under another name", "document: {$ref: '#/components/schemas/DocumentContent'}\n        signature_format", "paper: {$ref: '#/components/schemas/DocumentContent'}\n        signature_format", "not called document"},
		{"ignored unless nothing", "x-csc-ignored: {unless: credentialInfo}", "x-csc-ignored: {unless: nothing}", `ignored unless "nothing"`},
		{"ignored unless what comes later", "x-csc-ignored: {unless: credentialInfo}", "x-csc-ignored: {unless: onlyValid}", `ignored unless "onlyValid"`},
		{"ignored unless a string", "x-csc-ignored: {unless: credentialInfo}", "x-csc-ignored: {unless: userID}", `ignored unless "userID"`},
		{"a required property that is not there", "required: [credentialID, numSignatures]", "required: [credentialID, numSignature]", "numSignature"},
	}
	for _, test := range tests {
		t.Run(test.says, func(t *testing.T) {
			changed := strings.Replace(string(document), test.old, test.new, 1)
			if changed == string(document) {
				t.Fatalf("%q is not in the document", test.old)
			}
			if _, err := load([]byte(changed)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want a word about %s", err, test.want)
			}
		})
	}
}

// The order of faults is that of the document, also where it is written in one
// line or by reference.
func TestOrderOfTheDocument(t *testing.T) {
	yaml := `
openapi: 3.0.3
info: {title: t, version: "1"}
paths:
  /info:
    post:
      responses: {'200': {description: d}}
      requestBody:
        content:
          application/json:
            schema: {type: object, required: [z, y, a, m], properties: {z: {type: string}, m: {$ref: '#/components/schemas/S'}, a: {type: integer}, y: {$ref: '#/components/schemas/S'}}}
components: {schemas: {S: {type: boolean}}}
`
	for range 20 {
		c, err := load([]byte(yaml))
		if err != nil {
			t.Fatal(err)
		}
		body := ""
		for _, missing := range []struct{ name, sentence, value string }{
			{"z", "string parameter z", `""`}, {"m", "boolean parameter m", `true`}, {"a", "integer parameter a", `1`}, {"y", "boolean parameter y", `true`},
		} {
			_, err := c.Check("info", []byte(`{`+strings.TrimSuffix(body, ",")+`}`))
			if err == nil || !strings.HasSuffix(err.Error(), missing.sentence) {
				t.Fatalf("{%s}: %v; want %s to be missed", body, err, missing.name)
			}
			body = `"` + missing.name + `":` + missing.value + `,` + body
		}
	}
}
