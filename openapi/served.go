package openapi

import (
	"bytes"
	"strings"

	"github.com/pecete/pecete/csc"
)

// Served is the document as one server serves it: under its URL, and with the
// methods that it has. All else, comments too, is as in the document.
func (c *Contract) Served(url string, has func(csc.Method) bool) []byte {
	var out bytes.Buffer
	keep := true
	for line := range strings.Lines(string(c.text)) {
		switch m := methodAt(line); {
		case m != "":
			keep = has(m) || strings.HasPrefix("/"+string(m), authorizationServer)
		case !strings.HasPrefix(line, " ") && strings.TrimSpace(line) != "":
			keep = true // the paths are over
		}
		switch line {
		case "  - url: " + c.base + "\n":
			line = strings.Replace(line, c.base, url+c.base, 1)
		case otherServerLine:
			line = strings.Replace(line, "/}", url+"}", 1)
		}
		if keep {
			out.WriteString(line)
		}
	}
	return out.Bytes()
}

// otherServerLine is the line of a document that says under what a path of the
// authorization server hangs.
const otherServerLine = "    servers: [{url: /}]\n"

// methodAt is the method whose path a line of the document is, "" for none.
func methodAt(line string) csc.Method {
	path, is := strings.CutPrefix(line, "  /")
	name, colon := strings.CutSuffix(strings.TrimRight(path, "\n"), ":")
	if !is || !colon {
		return ""
	}
	return csc.Method(name)
}
