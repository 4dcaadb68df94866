package credentials

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// An Expression says which authentication objects together are a proof
// (auth/expression, v2.0.0.2 §11.4). The text has no grammar; ours is
//
//	expression = xor { "OR" xor }
//	xor        = and { "XOR" and }
//	and        = part { "AND" part }
//	part       = "(" expression ")" | id
//
// with operators in capitals and parted by blanks or brackets. An id is the
// longest of the declared ones that stands at its place, since one may have
// blanks in it, and words like the operators. XOR is exactly one of its parts,
// however many they are.
type Expression struct {
	root term
	ids  []string
}

// A term is an id, or an operation on terms.
type term struct {
	id    string // "" for an operation
	how   operator
	parts []term
}

type operator string

const (
	opOr  operator = "OR"
	opXor operator = "XOR"
	opAnd operator = "AND"
)

// ErrExpression says that a text is no expression over the declared ids; what
// is wrong stands behind it.
var ErrExpression = errors.New("credentials: not an expression")

// The bounds of an expression.
const (
	maxExpression = 500 // bytes
	maxDepth      = 32  // brackets within brackets
)

// ParseExpression reads an expression over the declared ids.
func ParseExpression(text string, ids []string) (Expression, error) {
	if len(text) > maxExpression {
		return Expression{}, fmt.Errorf("%w: longer than %d bytes", ErrExpression, maxExpression)
	}
	p := parser{rest: text, ids: slices.Clone(ids)}
	slices.SortFunc(p.ids, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	root, err := p.operation(opOr)
	if err == nil && p.rest != "" {
		err = fmt.Errorf("%w: %q follows its end", ErrExpression, p.rest)
	}
	if err != nil {
		return Expression{}, err
	}
	return Expression{root: root, ids: root.mentioned(nil)}, nil
}

// IDs are those that the expression mentions, each once, as they come in it.
func (e Expression) IDs() []string { return slices.Clone(e.ids) }

// String is the expression with one blank between its words, and brackets where
// one operation is part of another.
func (e Expression) String() string { return e.root.text(false) }

// Satisfied reports whether the given objects, and nothing beside them, are a
// proof.
func (e Expression) Satisfied(given []string) bool { return e.root.holds(given) }

// Possible reports whether any objects are a proof: none are for A XOR A.
func (e Expression) Possible() bool {
	return slices.ContainsFunc(subsets(e.ids), e.Satisfied)
}

// Needs reports whether there is no proof without the object id.
func (e Expression) Needs(id string) bool {
	return !slices.ContainsFunc(subsets(e.ids), func(given []string) bool {
		return !slices.Contains(given, id) && e.Satisfied(given)
	})
}

// subsets are all of them. There are never many ids: those of Objects.
func subsets(ids []string) [][]string {
	all := [][]string{nil}
	for _, id := range ids {
		for _, set := range all {
			all = append(all, append(slices.Clone(set), id))
		}
	}
	return all
}

func (t term) holds(given []string) bool {
	if t.id != "" {
		return slices.Contains(given, t.id)
	}
	n := 0
	for _, part := range t.parts {
		if part.holds(given) {
			n++
		}
	}
	switch t.how {
	case opAnd:
		return n == len(t.parts)
	case opXor:
		return n == 1
	default:
		return n > 0
	}
}

func (t term) mentioned(before []string) []string {
	if t.id != "" && !slices.Contains(before, t.id) {
		return append(before, t.id)
	}
	for _, part := range t.parts {
		before = part.mentioned(before)
	}
	return before
}

func (t term) text(inside bool) string {
	if t.id != "" {
		return t.id
	}
	var parts []string
	for _, part := range t.parts {
		parts = append(parts, part.text(true))
	}
	text := strings.Join(parts, " "+string(t.how)+" ")
	if inside {
		return "(" + text + ")"
	}
	return text
}

// A parser reads an expression from the left.
type parser struct {
	rest  string
	ids   []string // longest first
	depth int
}

// operation reads parts that are joined by one operator.
func (p *parser) operation(how operator) (term, error) {
	next := map[operator]func() (term, error){
		opOr:  func() (term, error) { return p.operation(opXor) },
		opXor: func() (term, error) { return p.operation(opAnd) },
		opAnd: p.part,
	}[how]
	joined := term{how: how}
	for {
		part, err := next()
		if err != nil {
			return term{}, err
		}
		joined.parts = append(joined.parts, part)
		if !p.word(string(how)) {
			break
		}
	}
	if len(joined.parts) == 1 {
		return joined.parts[0], nil
	}
	return joined, nil
}

func (p *parser) part() (term, error) {
	p.blank()
	if strings.HasPrefix(p.rest, "(") {
		return p.bracket()
	}
	for _, id := range p.ids {
		if id != "" && p.word(id) {
			return term{id: id}, nil
		}
	}
	if p.rest == "" {
		return term{}, fmt.Errorf("%w: something is missing at its end", ErrExpression)
	}
	return term{}, fmt.Errorf("%w: no object is called what %q begins with", ErrExpression, p.rest)
}

func (p *parser) bracket() (term, error) {
	if p.depth++; p.depth > maxDepth {
		return term{}, fmt.Errorf("%w: more than %d brackets within each other", ErrExpression, maxDepth)
	}
	defer func() { p.depth-- }()
	p.rest = p.rest[1:]
	inside, err := p.operation(opOr)
	if err != nil {
		return term{}, err
	}
	if !strings.HasPrefix(p.rest, ")") {
		return term{}, fmt.Errorf("%w: a bracket is not closed", ErrExpression)
	}
	p.rest = p.rest[1:]
	p.blank()
	return inside, nil
}

// word takes a word that ends where a blank or a bracket begins, and the blanks
// behind it.
func (p *parser) word(w string) bool {
	rest, found := strings.CutPrefix(p.rest, w)
	if !found || rest != "" && !strings.ContainsAny(rest[:1], " ()") {
		return false
	}
	p.rest = rest
	p.blank()
	return true
}

func (p *parser) blank() { p.rest = strings.TrimLeft(p.rest, " ") }
