package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pecete/pecete/csc"
)

// A Description is the contract for people: what a page about it shows.
type Description struct {
	Title, Version, Text string
	Base                 string // what the methods hang under
	Operations           []Operation
}

// An Operation is a method as the contract describes it, or an endpoint of the
// authorization server.
type Operation struct {
	Method        csc.Method
	Verb, Path    string
	Summary, Text string
	Open          bool // to everybody, without a token
	Password      bool // opened by a name and a password
	Form          bool // of the authorization server, which takes no JSON
	Request       []Member
	Examples      []Example
	Answers       []Reply
}

// A Reply is one kind of answer. Status is a number or "default".
type Reply struct {
	Status, Text string
	Members      []Member // nil without a body
	Examples     []Example
}

// A Member is a member of a JSON object. Facts are what it can be, beside its
// Type; Members are those of the object it is, or is an array of.
type Member struct {
	Name, Type, Text string
	Required         bool
	Facts            []string
	Members          []Member
}

// An Example is a body, as indented JSON in the order of the contract.
type Example struct{ Name, JSON string }

// Describe returns the contract for people: the methods, and after them the
// authorization server.
func (c *Contract) Describe() Description {
	d := Description{Title: c.about.Title, Version: c.about.Version, Text: c.about.Description, Base: c.base}
	for _, m := range c.order {
		op := c.calls[m].operation
		described := describe(m, c.base+"/"+string(m), "POST", op)
		described.Open = op.Security != nil && len(*op.Security) == 0
		described.Password = op.Security != nil && slices.ContainsFunc(*op.Security, func(one openapi3.SecurityRequirement) bool { return one["basic"] != nil })
		described.Request = membersOf(op.RequestBody.Value.Content.Get(mediaJSON).Schema.Value)
		described.Examples = examplesOf(op.RequestBody.Value.Content)
		d.Operations = append(d.Operations, described)
	}
	for _, f := range c.forms {
		for verb, op := range f.item.Operations() { // one each
			described := describe(csc.Method(f.path[1:]), f.path, verb, op)
			described.Form = true
			for _, p := range op.Parameters {
				m := memberOf(p.Value.Name, p.Value.Schema.Value, p.Value.Required)
				m.Text = p.Value.Description
				described.Request = append(described.Request, m)
			}
			if op.RequestBody != nil {
				described.Request = membersOf(op.RequestBody.Value.Content.Get(mediaForm).Schema.Value)
			}
			d.Operations = append(d.Operations, described)
		}
	}
	return d
}

func describe(m csc.Method, path, verb string, op *openapi3.Operation) Operation {
	return Operation{Method: m, Verb: verb, Path: path, Summary: op.Summary, Text: op.Description, Answers: repliesOf(op.Responses)}
}

func repliesOf(all *openapi3.Responses) (replies []Reply) {
	for _, status := range slices.Sorted(maps.Keys(all.Map())) { // "default" comes last
		response := all.Value(status).Value
		r := Reply{Status: status, Examples: examplesOf(response.Content)}
		if response.Description != nil {
			r.Text = *response.Description
		}
		if media := response.Content.Get(mediaJSON); media != nil {
			r.Members = membersOf(media.Schema.Value)
		}
		replies = append(replies, r)
	}
	return replies
}

func membersOf(s *openapi3.Schema) (members []Member) {
	for _, name := range inOrder(s.Properties, func(p *openapi3.SchemaRef) *openapi3.Origin { return p.Origin }) {
		members = append(members, memberOf(name, s.Properties[name].Value, slices.Contains(s.Required, name)))
	}
	return members
}

func memberOf(name string, s *openapi3.Schema, required bool) Member {
	m := Member{Name: name, Type: typeOf(s), Text: s.Description, Required: required, Facts: factsOf(s)}
	if inner := innermost(s); inner.Type.Is(openapi3.TypeObject) {
		m.Members = membersOf(inner)
	}
	return m
}

// innermost is what an array is of, and any other schema itself.
func innermost(s *openapi3.Schema) *openapi3.Schema {
	for s.Items != nil {
		s = s.Items.Value
	}
	return s
}

func typeOf(s *openapi3.Schema) string {
	if s.Items != nil {
		return "array of " + typeOf(s.Items.Value)
	}
	if s.Format == "byte" {
		return "Base64"
	}
	return s.Type.Slice()[0]
}

// factsOf are the rules of a schema and the sentences for who breaks them.
func factsOf(s *openapi3.Schema) (facts []string) {
	say := func(format string, args ...any) { facts = append(facts, fmt.Sprintf(format, args...)) }
	inner := innermost(s)
	if len(inner.Enum) > 0 {
		texts := make([]string, len(inner.Enum))
		for i, v := range inner.Enum {
			texts[i] = fmt.Sprint(v)
		}
		say("one of %s", strings.Join(texts, ", "))
	}
	if s.Default != nil {
		say("default %v", s.Default)
	}
	if s.MinItems > 0 {
		say("at least %d", s.MinItems)
	}
	if s.Min != nil {
		say("at least %s", strconv.FormatFloat(*s.Min, 'f', -1, 64))
	}
	if s.MaxLength != nil {
		say("at most %d characters", *s.MaxLength)
	}
	return facts
}

const (
	mediaJSON = "application/json"
	mediaForm = "application/x-www-form-urlencoded"
)

func examplesOf(content openapi3.Content) (examples []Example) {
	media := content.Get(mediaJSON)
	if media == nil {
		return nil
	}
	for _, name := range inOrder(media.Examples, func(e *openapi3.ExampleRef) *openapi3.Origin { return e.Value.Origin }) {
		var text, indented bytes.Buffer
		writeJSON(&text, media.Examples[name].Value.Value, media.Schema.Value)
		if json.Indent(&indented, text.Bytes(), "", "  ") != nil {
			continue // cannot be: it was just written
		}
		examples = append(examples, Example{name, indented.String()})
	}
	return examples
}

// writeJSON writes a value with its members in the order of the schema.
func writeJSON(to *bytes.Buffer, value any, s *openapi3.Schema) {
	switch v := value.(type) {
	case map[string]any:
		comma := byte('{')
		for _, name := range inOrder(s.Properties, func(p *openapi3.SchemaRef) *openapi3.Origin { return p.Origin }) {
			if member, there := v[name]; there {
				to.WriteByte(comma)
				fmt.Fprintf(to, "%q:", name)
				writeJSON(to, member, s.Properties[name].Value)
				comma = ','
			}
		}
		if comma == '{' {
			to.WriteByte('{')
		}
		to.WriteByte('}')
	case []any:
		to.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				to.WriteByte(',')
			}
			writeJSON(to, item, s.Items.Value)
		}
		to.WriteByte(']')
	default:
		text, _ := json.Marshal(v) // a scalar of a YAML document
		to.Write(text)
	}
}
