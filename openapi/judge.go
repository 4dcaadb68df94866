package openapi

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/pecete/pecete/csc"
)

// judge finds the first fault of n against r, or nil.
func (r *rule) judge(n node) *csc.Error {
	switch r.kind {
	case openapi3.TypeString:
		return r.judgeString(n)
	case openapi3.TypeInteger:
		return r.judgeInteger(n)
	case openapi3.TypeBoolean:
		if n.kind != jsontext.KindTrue && n.kind != jsontext.KindFalse {
			return r.broken(keyType, nil)
		}
		return nil
	case openapi3.TypeArray:
		return r.judgeArray(n)
	}
	return r.judgeObject(n)
}

func (r *rule) judgeString(n node) *csc.Error {
	if n.kind != jsontext.KindString {
		return r.broken(keyType, nil)
	}
	if r.enum == nil && r.pattern == nil && r.minLength == 0 && len(n.raw) <= r.maxLength && !r.base64 {
		return nil
	}
	text, err := jsontext.AppendUnquote(nil, n.raw)
	if err != nil {
		return r.broken(keyType, nil) // cannot be: it was read before
	}
	switch {
	case r.enum != nil && !slices.Contains(r.enum, string(text)):
		return r.broken(keyEnum, nil)
	case utf8.RuneCount(text) < r.minLength:
		return r.broken(keyMinLength, nil)
	case utf8.RuneCount(text) > r.maxLength:
		return r.broken(keyMaxLength, nil)
	case r.pattern != nil && !r.pattern.Match(text):
		return r.broken(keyPattern, nil)
	case r.base64:
		if _, err := csc.DecodeBase64(string(text)); err != nil {
			return r.broken(keyFormat, err)
		}
	}
	return nil
}

// judgeInteger takes an integer written as one, of a size that every reader of
// JSON has exactly (RFC 8259 §6).
func (r *rule) judgeInteger(n node) *csc.Error {
	if n.kind != jsontext.KindNumber {
		return r.broken(keyType, nil)
	}
	v, err := strconv.ParseInt(string(n.raw), 10, 64)
	if err != nil || v >= 1<<53 || v <= -1<<53 {
		return r.broken(keyType, nil)
	}
	if v < r.minimum {
		return r.broken(keyMinimum, nil)
	}
	return nil
}

func (r *rule) judgeArray(n node) *csc.Error {
	if n.kind != jsontext.KindBeginArray {
		return r.broken(keyType, nil)
	}
	if len(n.items) < r.minItems {
		return r.broken(keyMinItems, nil)
	}
	for i, item := range n.items {
		if fault := r.items.judge(item); fault != nil {
			return r.broken(keyItems, fmt.Errorf("element %d: %w", i, fault))
		}
	}
	return nil
}

func (r *rule) judgeObject(n node) *csc.Error {
	if n.kind != jsontext.KindBeginObject {
		return r.broken(keyType, nil)
	}
	for i, p := range r.properties {
		if r.skips(n, p.rule) {
			continue
		}
		switch member := n.members[i]; {
		case member.kind != 0:
			if fault := p.judge(member); fault != nil {
				return fault
			}
		case p.required:
			return p.broken(keyType, nil)
		}
	}
	return nil
}

// skips reports whether p, a property of r, is ignored in the object n.
func (r *rule) skips(n node, p *rule) bool {
	return p.ignored || p.unless != "" && n.members[r.index[p.unless]].kind != jsontext.KindTrue
}

// write appends n, which r has judged, as JSON.
func (r *rule) write(to []byte, n node) []byte {
	switch n.kind {
	case jsontext.KindBeginArray:
		to = append(to, '[')
		for i, item := range n.items {
			if i > 0 {
				to = append(to, ',')
			}
			to = r.items.write(to, item)
		}
		return append(to, ']')
	case jsontext.KindBeginObject:
		return r.writeObject(to, n)
	default: // a scalar, as it was sent
		return append(to, n.raw...)
	}
}

func (r *rule) writeObject(to []byte, n node) []byte {
	to = append(to, '{')
	first := true
	for i, p := range r.properties {
		if n.members[i].kind == 0 || r.skips(n, p.rule) {
			continue
		}
		if !first {
			to = append(to, ',')
		}
		first = false
		to = append(append(to, p.quoted...), ':')
		to = p.write(to, n.members[i])
	}
	return append(to, '}')
}
