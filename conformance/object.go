package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
)

// An Object is a JSON object, its names taken letter by letter: an answer that
// spells one in another case does not have it.
type Object map[string]any

// parseObject reads text as one JSON object. Numbers stay json.Number.
func parseObject(text []byte) (Object, error) {
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	var v any
	if err := in.Decode(&v); err != nil {
		return nil, errors.New("the body is not JSON")
	}
	if _, err := in.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON value")
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("the JSON value is not an object")
	}
	return o, nil
}

// object is the member name as an object, nil if it is none.
func (o Object) object(name string) Object {
	v, _ := o[name].(map[string]any)
	return v
}

func (o Object) has(name string) bool { _, ok := o[name]; return ok }

func (o Object) str(name string) (string, bool) {
	s, ok := o[name].(string)
	return s, ok
}

// integer is the member name as a whole number.
func (o Object) integer(name string) (int64, bool) {
	n, ok := o[name].(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return i, err == nil
}

// strings is the member name as an array of strings.
func (o Object) strings(name string) ([]string, bool) {
	list, ok := o[name].([]any)
	if !ok {
		return nil, false
	}
	all := make([]string, len(list))
	for i, v := range list {
		if all[i], ok = v.(string); !ok {
			return nil, false
		}
	}
	return all, true
}

// objects is the member name as an array of objects.
func (o Object) objects(name string) ([]Object, bool) {
	list, ok := o[name].([]any)
	if !ok {
		return nil, false
	}
	all := make([]Object, len(list))
	for i, v := range list {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		all[i] = m
	}
	return all, true
}

// A change alters a request body, usually into one that must be refused.
type change func(Object)

func with(name string, value any) change { return func(o Object) { o[name] = value } }

func without(name string) change { return func(o Object) { delete(o, name) } }

// but is a copy of o with the changes.
func (o Object) but(changes ...change) Object {
	altered := maps.Clone(o)
	for _, c := range changes {
		c(altered)
	}
	return altered
}
