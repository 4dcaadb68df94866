package openapi

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/pecete/pecete/csc"
)

// A rule is what the contract says of one value in a request.
type rule struct {
	name       string // of the parameter, for the sentence
	kind       string // string, integer, boolean, array or object
	words      words
	ignored    bool   // never looked at
	unless     string // ignored unless this property beside it is true,
	is         string // or, if this is not "", unless that one is this
	apart      bool   // decoded apart from the rest, as it comes
	enum       []string
	pattern    *regexp.Regexp
	minLength  int // in characters
	maxLength  int // likewise
	base64     bool
	minimum    int64
	minItems   int
	items      *rule
	properties []property
	index      map[string]int // where in properties
}

// A property of an object.
type property struct {
	*rule
	required bool
	quoted   []byte // the name as it stands in JSON
}

// The keywords a request can break. An absent property breaks keyType.
const (
	keyType      = "type"
	keyEnum      = "enum"
	keyPattern   = "pattern"
	keyMinLength = "minLength"
	keyMaxLength = "maxLength"
	keyFormat    = "format"
	keyMinimum   = "minimum"
	keyMinItems  = "minItems"
	keyItems     = "items"
)

// words has the sentences of x-csc-error by keyword; that of "" is for all, and
// own of keyItems leaves it to the element.
type words map[string]string

const own = "own"

// newRule reads the rule of the parameter called name out of its schema.
func newRule(name string, ref *openapi3.SchemaRef) (*rule, error) {
	s := ref.Value
	r := &rule{name: name, maxLength: math.MaxInt, minimum: math.MinInt64}
	if err := r.readIgnored(s.Extensions[extIgnored]); err != nil || r.ignored {
		return r, err
	}
	if r.apart = s.Extensions[extApart] == true; r.apart && name != apart {
		return nil, fmt.Errorf("%s: true, and it is not called %s", extApart, apart)
	}
	if err := judged(s); err != nil {
		return nil, err
	}
	r.kind = s.Type.Slice()[0]
	r.minItems, r.minLength, r.base64 = int(s.MinItems), int(s.MinLength), s.Format == "byte"
	if s.MaxLength != nil {
		r.maxLength = int(*s.MaxLength)
	}
	if s.Min != nil {
		r.minimum = int64(*s.Min)
	}
	if s.Pattern != "" {
		r.pattern = regexp.MustCompile(s.Pattern) // compiled once already, to validate the document
	}
	for _, v := range s.Enum {
		r.enum = append(r.enum, fmt.Sprint(v))
	}
	if err := r.readWords(s.Extensions[extError]); err != nil {
		return nil, err
	}
	return r, r.readParts(s)
}

// readParts reads the rules of the elements of an array and of the properties
// of an object.
func (r *rule) readParts(s *openapi3.Schema) (err error) {
	if r.kind == openapi3.TypeArray {
		if r.items, err = newRule(r.name, s.Items); err != nil {
			return fmt.Errorf("items: %w", err)
		}
	}
	r.index = map[string]int{}
	for _, name := range inOrder(s.Properties, func(p *openapi3.SchemaRef) *openapi3.Origin { return p.Origin }) {
		p := property{required: slices.Contains(s.Required, name)}
		if p.rule, err = newRule(name, s.Properties[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if p.quoted, err = jsontext.AppendQuote(nil, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if p.unless != "" && !r.has(p.unless, p.is) {
			return fmt.Errorf("%s: ignored unless %q, which is no boolean before it, nor a text that can be %q", name, p.unless, p.is)
		}
		r.index[name] = len(r.properties)
		r.properties = append(r.properties, p)
	}
	for _, name := range s.Required {
		if _, ok := r.index[name]; !ok {
			return fmt.Errorf("requires %s, which it does not have", name)
		}
	}
	return nil
}

// has reports whether a property read before is a boolean or, if value is not
// "", a text that can be value.
func (r *rule) has(name, value string) bool {
	before, ok := r.index[name]
	if !ok {
		return false
	}
	p := r.properties[before]
	return value == "" && p.kind == openapi3.TypeBoolean || value != "" && slices.Contains(p.enum, value)
}

// The extensions that stand in a schema.
const (
	extError   = "x-csc-error"
	extIgnored = "x-csc-ignored"
	extApart   = "x-csc-apart"
)

// judged reports a rule of s that the judge would not hold requests to.
func judged(s *openapi3.Schema) error {
	kinds := []string{openapi3.TypeString, openapi3.TypeInteger, openapi3.TypeBoolean, openapi3.TypeArray, openapi3.TypeObject}
	if t := s.Type.Slice(); len(t) != 1 || !slices.Contains(kinds, t[0]) {
		return fmt.Errorf("type %q is not one the judge knows", t)
	}
	if !slices.Contains([]string{"", "byte", "password"}, s.Format) {
		return fmt.Errorf("format %q is not one the judge knows", s.Format)
	}
	if s.Min != nil && *s.Min != math.Trunc(*s.Min) {
		return errors.New("minimum is not an integer")
	}
	rest := *s
	rest.Extensions, rest.Origin = nil, nil
	rest.Title, rest.Description, rest.Default, rest.Example = "", "", nil, nil
	rest.Type, rest.Format, rest.Enum, rest.Pattern = nil, "", nil, ""
	rest.MinLength, rest.MaxLength, rest.Min = 0, nil, nil
	rest.MinItems, rest.Items, rest.Properties, rest.Required = 0, nil, nil, nil
	if !reflect.DeepEqual(rest, openapi3.Schema{}) {
		return errors.New("has a keyword the judge does not know")
	}
	if s.Extensions[extApart] != nil && s.Format != "byte" {
		return fmt.Errorf("%s of what is not Base64", extApart)
	}
	for name := range s.Extensions {
		if name != extError && name != extIgnored && name != extApart {
			return fmt.Errorf("has an extension the judge does not know: %s", name)
		}
	}
	return nil
}

func (r *rule) readIgnored(ext any) error {
	switch ext := ext.(type) {
	case nil:
		return nil
	case string:
		r.ignored = ext == "always"
	case map[string]any:
		r.unless, _ = ext["unless"].(string)
		r.is, _ = ext["is"].(string)
	}
	if !r.ignored && r.unless == "" {
		return fmt.Errorf("%s: %v", extIgnored, ext)
	}
	return nil
}

// readWords takes sentences for keywords that r has, and for no others.
func (r *rule) readWords(ext any) error {
	r.words = words{}
	has := map[string]bool{
		keyType: true, keyEnum: r.enum != nil, keyPattern: r.pattern != nil,
		keyMinLength: r.minLength > 0, keyMaxLength: r.maxLength < math.MaxInt, keyFormat: r.base64,
		keyMinimum: r.minimum > math.MinInt64, keyMinItems: r.minItems > 0, keyItems: r.kind == openapi3.TypeArray,
	}
	switch ext := ext.(type) {
	case nil:
	case string:
		r.words[""] = ext
	case map[string]any:
		for key, sentence := range ext {
			text, ok := sentence.(string)
			if !ok || !has[key] {
				return fmt.Errorf("%s: nothing to say about %s", extError, key)
			}
			r.words[key] = text
		}
	default:
		return fmt.Errorf("%s: %v", extError, ext)
	}
	return nil
}

// broken words the fault against keyword. The cause is for the log and may be
// nil; it must not have the value in it.
func (r *rule) broken(keyword string, cause error) *csc.Error {
	for _, key := range []string{keyword, ""} {
		if sentence, ok := r.words[key]; ok {
			return csc.Refused(sentence, cause)
		}
	}
	fault := csc.Invalid(r.name)
	if keyword == keyType {
		fault = csc.Missing(r.kind, r.name)
	}
	fault.Cause = cause
	return fault
}
