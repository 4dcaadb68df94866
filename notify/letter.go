package notify

import (
	"fmt"
	"html/template"
	"strings"
)

// A Letter is what is to be said, in one language.
type Letter struct {
	Lang    string // RFC 5646
	From    string // what the service calls itself
	Subject string
	Says    []string // paragraphs
	// Code stands alone after the paragraphs, to be read and typed; "" for none.
	Code string
	// Link is an https URL under Do, what one does there; "" for none.
	Link, Do string
	// Beside is another https URL, under BesideDo; "" for none.
	Beside, BesideDo string
	Adds             []string // paragraphs in small print
	// Short is all of it in an SMS.
	Short string
}

// Mail is the letter as a mail.
func (l Letter) Mail(to string) (Message, error) {
	var html strings.Builder
	if err := frame.Execute(&html, l); err != nil {
		return Message{}, fmt.Errorf("write letter: %w", err)
	}
	return Message{To: to, Subject: l.Subject, Text: l.text(), HTML: html.String()}, nil
}

// SMS is the letter as an SMS.
func (l Letter) SMS(to string) Message { return Message{To: to, Text: l.Short} }

func (l Letter) text() string {
	parts := append([]string{}, l.Says...)
	if l.Code != "" {
		parts = append(parts, "    "+l.Code)
	}
	if l.Link != "" {
		parts = append(parts, l.Do+":\n"+l.Link)
	}
	if l.Beside != "" {
		parts = append(parts, l.BesideDo+":\n"+l.Beside)
	}
	parts = append(parts, l.Adds...)
	return strings.Join(append(parts, "-- \n"+l.From), "\n\n") + "\n"
}

// Plural is the form that a number takes in a language: one, few or other. In
// Romanian it is 1 oră, 2 ore, 24 de ore, 101 ore.
func Plural(lang string, n int) string {
	switch {
	case n == 1:
		return "one"
	case lang == "ro" && (n == 0 || n%100 >= 1 && n%100 <= 19):
		return "few"
	}
	return "other"
}

// frame has its styles at each element, since that is all that programs for mail
// keep, and loads nothing.
var frame = template.Must(template.New("letter").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Subject}}</title></head>
<body style="margin:0;padding:24px;background:#f4f4f5;color:#18181b;font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif">
<div style="max-width:32em;margin:0 auto;padding:24px;background:#fff;border-radius:8px">
{{- range .Says}}
<p style="margin:0 0 16px">{{.}}</p>
{{- end}}
{{- if .Code}}
<p style="margin:24px 0;font:700 28px/1.2 ui-monospace,Menlo,Consolas,monospace;letter-spacing:.15em">{{.Code}}</p>
{{- end}}
{{- if .Link}}
<p style="margin:24px 0"><a href="{{.Link}}" style="display:inline-block;padding:12px 20px;background:#1d4ed8;color:#fff;text-decoration:none;border-radius:6px">{{.Do}}</a></p>
{{- end}}
{{- if .Beside}}
<p style="margin:0 0 16px"><a href="{{.Beside}}" style="color:#1d4ed8">{{.BesideDo}}</a></p>
{{- end}}
{{- range .Adds}}
<p style="margin:0 0 12px;color:#52525b;font-size:14px">{{.}}</p>
{{- end}}
</div>
<p style="max-width:32em;margin:16px auto 0;color:#52525b;font-size:14px;text-align:center">{{.From}}</p>
</body>
</html>
`))
