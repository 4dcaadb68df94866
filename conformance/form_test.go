package conformance

import (
	"slices"
	"testing"
)

const consentPage = `<!DOCTYPE html>
<!-- <form method="post" action="/nowhere"><input name="no"></form> -->
<html lang="ro" class=dark><head><script>document.write('<form method="post">')</script></head><body>
<form action="/search"><input name="q" value="not this one"></form>
<form class="agree" method="POST" action="/consent?i=1&amp;lang=ro">
<input type="hidden" name="token" value="a&quot;b">
<input type='hidden' name='shown' value='x > y'/>
<input name=code required autofocus>
<input type="checkbox" name="one" value="1" checked><input type="checkbox" name="two" value="2">
<button type="submit" name="decision" value="sign">Sign</button>
<button name="decision" value="decline" formnovalidate>Decline</button>
</form><form method="post"><input name="late"></form></body></html>`

func TestReadForm(t *testing.T) {
	f := readForm([]byte(consentPage))
	if f == nil {
		t.Fatal("no form")
	}
	if f.action != "/consent?i=1&lang=ro" {
		t.Errorf("action %q", f.action)
	}
	for _, name := range []string{"token", "shown", "code", "one", "two", "decision=sign", "decision=decline"} {
		if !f.offered[name] {
			t.Errorf("%s is not offered", name)
		}
	}
	if f.offered["late"] || f.offered["q"] || f.offered["no"] {
		t.Errorf("another form is read: %v", f.offered)
	}
	const want = "code=123456&decision=sign&one=1&shown=x+%3E+y&token=a%22b"
	if got := f.filled(map[string]string{"code": "123456", "decision": "sign"}).Encode(); got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
	if f.fields.Has("decision") || f.fields.Get("code") != "" {
		t.Errorf("filling in changed the form: %v", f.fields)
	}
	if got := language([]byte(consentPage)); got != "ro" {
		t.Errorf("language %q", got)
	}
}

func TestNoForm(t *testing.T) {
	for _, page := range []string{"", "<p>text", `<form action="/search"><input name="q"></form>`, `{"error":"invalid_request"}`, "<form method=post"} {
		if f := readForm([]byte(page)); f != nil {
			t.Errorf("%s: a form: %v", page, f)
		}
	}
}

func FuzzReadForm(f *testing.F) {
	f.Add([]byte(consentPage))
	f.Add([]byte("<form method=post><input name='a' value=\"b"))
	f.Fuzz(func(t *testing.T, page []byte) {
		form := readForm(page)
		if form == nil {
			return
		}
		for name, values := range form.filled(map[string]string{"code": "1"}) {
			if name != "code" && !slices.Equal(values, form.fields[name]) {
				t.Errorf("%q is sent as %q, and was %q", name, values, form.fields[name])
			}
		}
	})
}
