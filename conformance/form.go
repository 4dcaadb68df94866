package conformance

import (
	"html"
	"maps"
	"net/url"
	"regexp"
	"strings"
)

// A form is the first form of a page that is sent by POST, as it stands.
type form struct {
	action  string
	fields  url.Values      // what its inputs hold
	offered map[string]bool // names and, of buttons, name=value
}

var (
	tag      = regexp.MustCompile(`(?s)<(/?[a-zA-Z]+)((?:\s+[^\s"'<>/=]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+))?)*)\s*/?>`)
	property = regexp.MustCompile(`(?s)([^\s"'<>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'<>]+))?`)
	comment  = regexp.MustCompile(`(?s)<!--.*?-->|<script.*?</script>`)
)

// readForm reads a well-formed page; nil if there is no such form in it.
func readForm(page []byte) *form {
	var f *form
	for _, m := range tag.FindAllStringSubmatch(comment.ReplaceAllString(string(page), ""), -1) {
		a := attributes(m[2])
		switch name := strings.ToLower(m[1]); {
		case name == "form" && strings.EqualFold(a["method"], "post"):
			f = &form{action: a["action"], fields: url.Values{}, offered: map[string]bool{}}
		case f == nil:
		case name == "/form":
			return f
		case name == "input":
			f.offered[a["name"]] = true
			f.hold(a)
		case name == "button":
			f.offered[a["name"]+"="+a["value"]] = true
		}
	}
	return f
}

// hold takes the value of an input that has one by itself.
func (f *form) hold(a map[string]string) {
	switch _, checked := a["checked"]; strings.ToLower(a["type"]) {
	case "submit", "button", "image", "reset", "file":
		f.offered[a["name"]+"="+a["value"]] = true
	case "checkbox", "radio":
		if checked {
			f.fields.Add(a["name"], a["value"])
		}
	default:
		f.fields.Add(a["name"], a["value"])
	}
}

// filled is what is sent when a person puts these in.
func (f *form) filled(in map[string]string) url.Values {
	out := maps.Clone(f.fields)
	for name, value := range in {
		out.Set(name, value)
	}
	return out
}

func attributes(text string) map[string]string {
	all := map[string]string{}
	for _, m := range property.FindAllStringSubmatch(text, -1) {
		value := m[2]
		if len(value) > 1 && (value[0] == '"' || value[0] == '\'') {
			value = value[1 : len(value)-1]
		}
		all[strings.ToLower(m[1])] = html.UnescapeString(value)
	}
	return all
}

// language is the lang attribute of a page's html element.
func language(page []byte) string {
	for _, m := range tag.FindAllStringSubmatch(string(page), -1) {
		if strings.EqualFold(m[1], "html") {
			return attributes(m[2])["lang"]
		}
	}
	return ""
}
