package main

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
)

// own are the addresses of the server that was asked.
var own = regexp.MustCompile(`localhost:\d+`)

// An example is the last thing asked in a case that passed, and its answer.
type example struct {
	Request string `json:"request"`
	Body    string `json:"body,omitempty"`
	Status  int    `json:"status"`
	Answer  string `json:"answer,omitempty"`
}

// most is how many bytes of a body make an example.
const most = 500

// writeExamples writes the examples of reports, by case; a later report's if
// several have one.
func writeExamples(to string, reports ...string) error {
	all := map[string]example{}
	for _, path := range reports {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var r struct {
			Results []struct {
				ID, Outcome string
				Exchanges   []example
			}
		}
		if err := json.Unmarshal(text, &r); err != nil {
			return err
		}
		for _, one := range r.Results {
			if one.Outcome != "pass" || len(one.Exchanges) == 0 {
				continue
			}
			x := one.Exchanges[len(one.Exchanges)-1]
			for _, text := range []*string{&x.Request, &x.Body, &x.Answer} {
				if *text = own.ReplaceAllString(*text, "host"); len(*text) > most {
					*text = strings.ToValidUTF8((*text)[:most], "") + "…"
				}
			}
			all[one.ID] = x
		}
	}
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	if err := out.Encode(all); err != nil {
		return err
	}
	return os.WriteFile(to, text.Bytes(), 0o644)
}
