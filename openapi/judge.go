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
	if n.part != nil {
		if n.part.fault != nil {
			return r.broken(keyFormat, n.part.fault)
		}
		return nil
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
			if r.words[keyItems] == own {
				return fault
			}
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
	if p.ignored || p.unless == "" {
		return p.ignored
	}
	other := n.members[r.index[p.unless]]
	if p.is == "" {
		return other.kind != jsontext.KindTrue
	}
	if other.kind != jsontext.KindString {
		return true
	}
	text, err := jsontext.AppendUnquote(nil, other.raw)
	return err != nil || string(text) != p.is
}

// A writer writes what was judged, as JSON. What is decoded apart is "" there,
// and one of the parts in the same order.
type writer struct {
	to    []byte
	parts [][]byte
}

func (w *writer) value(r *rule, n node) {
	switch {
	case n.kind == jsontext.KindBeginArray:
		w.to = append(w.to, '[')
		for i, item := range n.items {
			if i > 0 {
				w.to = append(w.to, ',')
			}
			w.value(r.items, item)
		}
		w.to = append(w.to, ']')
	case n.kind == jsontext.KindBeginObject:
		w.object(r, n)
	case r.apart:
		w.to = append(w.to, `""`...)
		w.parts = append(w.parts, n.decoded())
	default: // a scalar, as it was sent
		w.to = append(w.to, n.raw...)
	}
}

func (w *writer) object(r *rule, n node) {
	w.to = append(w.to, '{')
	first := true
	for i, p := range r.properties {
		if n.members[i].kind == 0 || r.skips(n, p.rule) {
			continue
		}
		if !first {
			w.to = append(w.to, ',')
		}
		first = false
		w.to = append(append(w.to, p.quoted...), ':')
		w.value(p.rule, n.members[i])
	}
	w.to = append(w.to, '}')
}
