package openapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/pecete/pecete/csc"
)

// maxDepth is how deep arrays and objects may nest; the contract needs three.
const maxDepth = 32

// Why a body is malformed. The reader's own errors quote what they stumbled
// over, which can be part of a SAD, so they are not passed on.
var (
	errSyntax    = errors.New("not JSON in UTF-8")
	errDuplicate = errors.New("a name twice in an object")
	errCut       = errors.New("ends too early")
	errTrailing  = errors.New("goes on after its end")
	errDepth     = errors.New("nested too deep")
	errNotObject = errors.New("not an object")
)

// A node is a value that was read. Of an object only the members that a rule
// is about are kept, each at the place its property has in the rule.
type node struct {
	kind    jsontext.Kind // 0 if there is none
	raw     []byte        // strings, numbers, booleans and null as they were sent
	items   []node
	members []node
	part    *part // what was taken out of the body, if it was
}

// decoded is what the Base64 of a text stands for, which was judged.
func (n node) decoded() []byte {
	if n.part != nil {
		return n.part.data
	}
	text, err := jsontext.AppendUnquote(nil, n.raw)
	if err != nil {
		return nil // cannot be: it was read before
	}
	data, _ := csc.DecodeBase64(string(text))
	return data
}

// read reads body, the whole of it, keeping what r is about. parts were taken
// out of it.
func read(body []byte, parts map[int]*part, r *rule) (node, error) {
	in := reader{body: body, parts: parts, dec: jsontext.NewDecoder(bytes.NewBuffer(body))}
	n, err := in.value(r)
	if err == nil {
		if _, end := in.dec.ReadToken(); !errors.Is(end, io.EOF) {
			return node{}, in.at(errTrailing)
		}
		return n, nil
	}
	switch {
	case errors.Is(err, errDepth):
		return node{}, in.at(errDepth)
	case errors.Is(err, jsontext.ErrDuplicateName):
		return node{}, in.at(errDuplicate)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return node{}, in.at(errCut)
	}
	return node{}, in.at(errSyntax)
}

type reader struct {
	body  []byte
	parts map[int]*part // by where they would begin
	dec   *jsontext.Decoder
}

func (in reader) at(err error) error {
	return fmt.Errorf("body, after byte %d: %w", in.dec.InputOffset(), err)
}

// value reads the next value. A nil rule keeps nothing of what is inside it.
func (in reader) value(r *rule) (node, error) {
	kind := in.dec.PeekKind()
	if kind != jsontext.KindBeginObject && kind != jsontext.KindBeginArray {
		return in.scalar(kind)
	}
	if in.dec.StackDepth() == maxDepth {
		return node{}, errDepth
	}
	if _, err := in.dec.ReadToken(); err != nil {
		return node{}, err
	}
	if kind == jsontext.KindBeginArray {
		return in.array(r)
	}
	return in.object(r)
}

// scalar reads a value that holds no others, or finds that there is none.
func (in reader) scalar(kind jsontext.Kind) (node, error) {
	v, err := in.dec.ReadValue()
	if err != nil {
		return node{}, err
	}
	end := int(in.dec.InputOffset()) // v itself is good until the next read only
	return node{kind: kind, raw: in.body[end-len(v) : end], part: in.parts[end-len(v)]}, nil
}

func (in reader) array(r *rule) (node, error) {
	n := node{kind: jsontext.KindBeginArray}
	var of *rule
	if r != nil {
		of = r.items
	}
	for in.dec.PeekKind() != jsontext.KindEndArray {
		item, err := in.value(of)
		if err != nil {
			return node{}, err
		}
		if of != nil {
			n.items = append(n.items, item)
		}
	}
	_, err := in.dec.ReadToken()
	return n, err
}

func (in reader) object(r *rule) (node, error) {
	n := node{kind: jsontext.KindBeginObject}
	if r != nil {
		n.members = make([]node, len(r.properties))
	}
	for in.dec.PeekKind() != jsontext.KindEndObject {
		name, err := in.dec.ReadToken()
		if err != nil {
			return node{}, err
		}
		var of *rule
		i, known := -1, false
		if r != nil {
			if i, known = r.index[name.String()]; known {
				of = r.properties[i].rule
			}
		}
		member, err := in.value(of)
		if err != nil {
			return node{}, err
		}
		if known && member.kind != jsontext.KindNull {
			n.members[i] = member
		}
	}
	_, err := in.dec.ReadToken()
	return n, err
}
