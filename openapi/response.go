package openapi

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"

	"github.com/pecete/pecete/csc"
)

// CheckResponse holds an answer of m to the contract, for tests: the status is
// one the method has, the body fits it, and has no member that the contract
// does not name. The error quotes the answer, so it is not for a log.
func (c *Contract) CheckResponse(m csc.Method, status int, body []byte) error {
	schema, err := c.answer(m, status)
	if err != nil {
		return err
	}
	if schema == nil {
		if len(body) > 0 {
			return fmt.Errorf("%s, %d: the contract has no body", m, status)
		}
		return nil
	}
	v, err := decodeAny(body)
	if err != nil {
		return fmt.Errorf("%s, %d: %w", m, status, err)
	}
	if err := schema.VisitJSON(v, openapi3.WithStringFormatValidator("byte", base64Format{})); err != nil {
		return fmt.Errorf("%s, %d: %w", m, status, err)
	}
	if place := unnamed("", schema, v); place != "" {
		return fmt.Errorf("%s, %d: the contract does not name %s", m, status, place)
	}
	return nil
}

// answer finds the schema of what m answers with status, nil if that is nothing.
func (c *Contract) answer(m csc.Method, status int) (*openapi3.Schema, error) {
	call, ok := c.calls[m]
	if !ok {
		return nil, fmt.Errorf("check answer: the contract has no method %q", m)
	}
	ref := call.operation.Responses.Value(strconv.Itoa(status))
	if ref == nil && status >= 400 {
		ref = call.operation.Responses.Default()
	}
	if ref == nil {
		return nil, fmt.Errorf("%s: the contract has no status %d", m, status)
	}
	if len(ref.Value.Content) == 0 {
		return nil, nil
	}
	media := ref.Value.Content.Get(mediaJSON)
	if media == nil || media.Schema == nil {
		return nil, fmt.Errorf("%s, %d: the contract has no JSON", m, status)
	}
	return media.Schema.Value, nil
}

// unnamed finds a member of v that s has no property for.
func unnamed(at string, s *openapi3.Schema, v any) string {
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			if place := unnamed(fmt.Sprintf("%s/%d", at, i), s.Items.Value, item); place != "" {
				return place
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			p, ok := s.Properties[name]
			if !ok {
				return at + "/" + name
			}
			if place := unnamed(at+"/"+name, p.Value, v[name]); place != "" {
				return place
			}
		}
	}
	return ""
}

// decodeAny reads body, strictly, into maps, slices and scalars.
func decodeAny(body []byte) (any, error) {
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return nil, fmt.Errorf("answer: %w", errSyntax)
	}
	return v, nil
}

// base64Format holds answers to the same Base64 as requests.
type base64Format struct{}

// Validate implements the format "byte".
func (base64Format) Validate(s string) error {
	_, err := csc.DecodeBase64(s)
	return err
}
