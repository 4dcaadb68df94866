package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// An element is an object within authorization_details that is being read. Its
// readers note the first fault; what they return beside one means nothing.
// Members that are null are absent.
type element struct {
	place   string // authorization_details[0].documentDigests[2]
	kind    string // the member type
	members map[string]json.RawMessage
	err     error
}

var (
	errTooDeep  = errors.New("nested too deep")
	errNoArray  = errors.New("not an array of objects, and of few")
	errUnknown  = errors.New("a member that is not known")
	errBadText  = errors.New("not a text, too long, or with what is no character")
	errBadCount = errors.New("not a whole number above zero")
)

// readElements reads an array of objects that have a type.
func readElements(text []byte) ([]*element, error) {
	const name = "authorization_details"
	root := &element{place: name}
	switch {
	case len(text) > maxDetails:
		return nil, errDetails("Invalid parameter "+name, fmt.Errorf("longer than %d bytes", maxDetails))
	case nesting(text) > maxNesting:
		return nil, errDetails("Invalid parameter "+name, errTooDeep)
	}
	all := root.list(text, name)
	if root.err == nil && (len(all) == 0 || len(all) > maxElements) {
		root.err = errDetails("Invalid parameter "+name, errNoArray)
	}
	for _, e := range all {
		if e.kind = e.text("type", 128); e.err == nil && e.kind == "" {
			e.err = e.missing("type")
		}
		if root.err == nil {
			root.err = e.err
		}
	}
	return all, root.err
}

// nesting is how deep arrays and objects are in each other, in what may be JSON.
func nesting(text []byte) int {
	deepest, depth, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted:
		case c == '[' || c == '{':
			depth++
			deepest = max(deepest, depth)
		case c == ']' || c == '}':
			depth--
		}
	}
	return deepest
}

func (e *element) missing(member string) error {
	return errDetails("Missing parameter "+e.place+"."+member, nil)
}

func (e *element) invalid(member string, cause error) error {
	return errDetails("Invalid parameter "+e.place+"."+member, cause)
}

func (e *element) fault(err error) {
	if e.err == nil && err != nil {
		e.err = err
	}
}

// knows demands that there is no member beside these. What a stranger calls one
// is not repeated.
func (e *element) knows(names ...string) {
	for name := range e.members {
		if !slices.Contains(names, name) {
			e.fault(errDetails("Unknown member in "+e.place, errUnknown))
		}
	}
}

// value is a member as it is written, and whether it is there.
func (e *element) value(member string) (json.RawMessage, bool) {
	raw, has := e.members[member]
	return raw, has && string(raw) != "null"
}

// text is a member that is a text of so many bytes at most, "" if it is absent.
func (e *element) text(member string, most int) string {
	raw, has := e.value(member)
	if !has {
		return ""
	}
	text, ok := plainText(raw)
	if !ok || len(text) > most {
		e.fault(e.invalid(member, errBadText))
	}
	return text
}

// plainText reads a JSON text.
func plainText(raw json.RawMessage) (string, bool) {
	var text *string
	if json.Unmarshal(raw, &text) != nil || text == nil || !utf8.Valid(raw) {
		return "", false
	}
	return *text, isText(*text)
}

// isText reports whether s is UTF-8 without NUL, which stores may not like.
func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// name is a member that is an id or a qualifier, "" if it is absent.
func (e *element) name(member string) string {
	name := e.text(member, maxPlainName)
	if !plainName(name) {
		e.fault(e.invalid(member, nil))
	}
	return name
}

// count is a member that is a whole number above zero, otherwise if it is absent.
func (e *element) count(member string, otherwise int) int {
	raw, has := e.value(member)
	if !has {
		return otherwise
	}
	n, err := signatureCount(string(raw))
	if err != nil {
		e.fault(e.invalid(member, errBadCount))
	}
	return n
}

// texts is a member that is a list of texts, nil if it is absent or empty.
func (e *element) texts(member string, mostOf, most int) []string {
	raw, has := e.value(member)
	if !has {
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || len(list) > mostOf {
		e.fault(e.invalid(member, errNoArray))
		return nil
	}
	var all []string
	for _, raw := range list {
		text, ok := plainText(raw)
		if !ok || len(text) > most {
			e.fault(e.invalid(member, errBadText))
		}
		all = append(all, text)
	}
	return all
}

// objects is a member that is a list of objects, nil if it is absent.
func (e *element) objects(member string) []*element {
	raw, has := e.value(member)
	if !has {
		return nil
	}
	return e.list(raw, e.place+"."+member)
}

// object is a member that is an object, nil if it is absent.
func (e *element) object(member string) *element {
	raw, has := e.value(member)
	if !has {
		return nil
	}
	o := &element{place: e.place + "." + member}
	var err error
	if o.members, err = members(raw); err != nil {
		e.fault(e.invalid(member, err))
		return nil
	}
	return o
}

// list reads an array of objects.
func (e *element) list(text []byte, place string) []*element {
	var raw []json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil || !utf8.Valid(text) || string(text) == "null" {
		e.fault(errDetails("Invalid parameter "+place, errNoArray))
		return nil
	}
	all := make([]*element, len(raw))
	for i := range raw {
		all[i] = &element{place: fmt.Sprintf("%s[%d]", place, i)}
		var err error
		if all[i].members, err = members(raw[i]); err != nil {
			e.fault(errDetails("Invalid parameter "+all[i].place, err))
		}
	}
	return all
}
