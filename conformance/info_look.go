package conformance

import (
	"bytes"
	"context"
	"image"
	_ "image/jpeg" // the formats a logo may have
	_ "image/png"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

var (
	specsForm = regexp.MustCompile(`^\d+\.\d+\.\d+\.\d+$`)
	// langForm is the shape of RFC 5646 §2.1, without its registry.
	langForm = regexp.MustCompile(`^(?i:[a-z]{2,3}(-[a-z]{3}){0,3}|[a-z]{4,8})(-[A-Za-z]{4})?(-([A-Za-z]{2}|\d{3}))?(-([A-Za-z0-9]{5,8}|\d[A-Za-z0-9]{3}))*(-[A-WY-Za-wy-z0-9](-[A-Za-z0-9]{2,8})+)*(-x(-[A-Za-z0-9]{1,8})+)?$`)
)

// inspect looks at the one answer of info all such cases share.
func inspect(look func(Object) error) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		o, err := t.info(ctx).WantOK()
		if err != nil {
			return err
		}
		return look(o)
	}
}

func matches(name string, form *regexp.Regexp) func(Object) error {
	return func(o Object) error {
		if s, _ := o.str(name); !form.MatchString(s) {
			return unmet("%s is %v", name, o[name])
		}
		return nil
	}
}

func shortText(name string) func(Object) error {
	return func(o Object) error {
		s, ok := o.str(name)
		if n := utf8.RuneCountInString(s); !ok || n == 0 || n > 255 {
			return unmet("%s is not a string of 1 to 255 characters", name)
		}
		return nil
	}
}

func boolean(name string) func(Object) error {
	return func(o Object) error {
		if _, ok := o[name].(bool); o.has(name) && !ok {
			return unmet("%s is %v", name, o[name])
		}
		return nil
	}
}

// onlyOf wants an array of known strings; fold, if not nil, is what the
// comparison does not look at.
func onlyOf(o Object, name string, known []string, fold func(string) string) error {
	values, ok := o.strings(name)
	if !ok {
		return unmet("%s is not an array of strings: %v", name, o[name])
	}
	for _, v := range values {
		folded, all := v, known
		if fold != nil {
			folded, all = fold(v), mapped(known, fold)
		}
		if !contains(all, folded) {
			return unmet("%s has %q", name, v)
		}
	}
	return nil
}

// someOf is onlyOf for an array that must not be empty.
func someOf(o Object, name string, known []string, fold func(string) string) error {
	if values, ok := o.strings(name); ok && len(values) == 0 {
		return unmet("%s is empty", name)
	}
	return onlyOf(o, name, known, fold)
}

// locators are the members that say where the authorization server is.
func locators(o Object) []string {
	var there []string
	for _, name := range []string{"oauth2", "oauth2Issuer", "oauth2Servers"} {
		if o.has(name) {
			there = append(there, name)
		}
	}
	return there
}

// servers checks oauth2Servers and returns the OAuth types they serve.
func servers(o Object) (covered []string, err error) {
	all, ok := o.objects("oauth2Servers")
	if !ok || len(all) == 0 {
		return nil, unmet("oauth2Servers is not an array of objects")
	}
	for i, s := range all {
		if err := someOf(s, "authType", oauthTypes, nil); err != nil {
			return nil, unmet("oauth2Servers[%d].%v", i, err)
		}
		if s.has("baseUri") == s.has("issuerIdentifier") {
			return nil, unmet("oauth2Servers[%d] does not have one of baseUri and issuerIdentifier", i)
		}
		covered = append(covered, must(s.strings("authType"))...)
	}
	return covered, nil
}

func logoIsThere(ctx context.Context, t *Target) error {
	o, err := t.info(ctx).WantOK()
	if err != nil {
		return err
	}
	logo, _ := o.str("logo")
	a := t.do(ctx, call{verb: http.MethodGet, method: "the logo", url: logo})
	if err := a.WantStatus(200); err != nil {
		return err
	}
	picture, form, err := image.DecodeConfig(bytes.NewReader(a.Body))
	if err != nil || !contains([]string{"image/jpeg", "image/png"}, a.contentType()) {
		return unmet("the logo is not a JPEG or PNG: Content-Type %q", a.Header.Get("Content-Type"))
	}
	if picture.Width > 256 || picture.Height > 256 {
		return unmet("the logo, a %s, has %d by %d pixels", form, picture.Width, picture.Height)
	}
	return nil
}

func issuerResolves(ctx context.Context, t *Target) error {
	o, err := t.info(ctx).WantOK()
	if err != nil {
		return err
	}
	issuer, _ := o.str("oauth2Issuer")
	m, err := t.metadata(ctx, issuer)
	if err != nil {
		return err
	}
	if m["issuer"] != issuer {
		return unmet("the metadata names the issuer %v, info %q", m["issuer"], issuer)
	}
	for _, name := range []string{"authorization_endpoint", "token_endpoint"} {
		if v, _ := m.str(name); v == "" {
			return unmet("the metadata has no %s", name)
		}
	}
	return nil
}

func methodsAnswer(ctx context.Context, t *Target) error {
	methods, _ := t.claims(ctx).strings("methods")
	for _, m := range methods {
		if m == methodInfo || strings.HasPrefix(m, "oauth2/") {
			continue // those are not called with a JSON body and a token
		}
		if a := t.ask(ctx, m, Object{}); a.err != nil || a.Status == 404 || a.Status >= 500 {
			return a.unlike("an answer of the method")
		}
	}
	return nil
}

func othersDoNot(ctx context.Context, t *Target) error {
	methods, _ := t.claims(ctx).strings("methods")
	for _, m := range knownMethods {
		if m == methodInfo || strings.HasPrefix(m, "oauth2/") || contains(methods, m) {
			continue
		}
		if err := t.ask(ctx, m, Object{}).WantStatus(404, 501); err != nil {
			return err
		}
	}
	return nil
}

func speaks(ctx context.Context, t *Target) error {
	texts := map[string]string{}
	for _, lang := range t.Fixtures.Languages {
		a := t.post(ctx, methodInfo, "", Object{"lang": lang})
		o, err := a.WantOK()
		if err != nil {
			return err
		}
		if got, _ := o.str("lang"); !strings.HasPrefix(strings.ToLower(got), strings.ToLower(lang)) {
			return unmet("asked for %s, info answers with lang %q", lang, got)
		}
		text, _ := o.str("description")
		if other, ok := texts[text]; ok {
			return unmet("the description is the same in %s and %s", other, lang)
		}
		texts[text] = lang
	}
	return nil
}

func algoParamsFit(o Object) error {
	s := o.object("signAlgorithms")
	list, ok := s["algoParams"].([]any)
	algos, _ := s.strings("algos")
	if !s.has("algoParams") || ok && len(list) == len(algos) {
		return nil
	}
	for _, v := range list {
		text, ok := v.(string)
		if _, err := decode(text); !ok || err != nil {
			return unmet("algoParams has %d places for %d algos, and %v is not Base64", len(list), len(algos), v)
		}
	}
	if !ok {
		return unmet("algoParams is not an array")
	}
	return nil
}

func algoParamsPSS(o Object) error {
	s := o.object("signAlgorithms")
	list, _ := s["algoParams"].([]any)
	algos, _ := s.strings("algos")
	for i, v := range list {
		text, _ := v.(string)
		if len(list) == len(algos) && algos[i] != oidPSS || text == "" {
			continue
		}
		if err := checkPSS(text); err != nil {
			return unmet("algoParams[%d]: %v", i, err)
		}
	}
	return nil
}

// envelopeNames are the values of signed_envelope_property of each format
// (§11.11).
var envelopeNames = map[string][]string{
	"C": {"Detached", "Attached", "Parallel"},
	"P": {"Certification", "Revision"},
	"X": {"Enveloped", "Enveloping", "Detached"},
	"J": {"Detached", "Attached", "Parallel"},
}

func envelopes(o Object) (names []string, properties [][]string, err error) {
	f := o.object("signature_formats")
	names, _ = f.strings("formats")
	if !f.has("envelope_properties") {
		return names, nil, nil
	}
	list, ok := f["envelope_properties"].([]any)
	if !ok || len(list) != len(names) {
		return nil, nil, unmet("envelope_properties has %d places for %d formats", len(list), len(names))
	}
	for i := range list {
		inner, ok := Object{"": list[i]}.strings("")
		if !ok {
			return nil, nil, unmet("envelope_properties[%d] is not an array of strings", i)
		}
		properties = append(properties, inner)
	}
	return names, properties, nil
}

func envelopesFit(o Object) error {
	names, properties, err := envelopes(o)
	for i, inner := range properties {
		for _, p := range inner {
			if !contains(envelopeNames[names[i]], p) {
				return unmet("envelope_properties has %s for format %s", p, names[i])
			}
		}
	}
	return err
}

// must is a value without the word on whether it is one: nil if not.
func must[T any](v T, _ bool) T { return v }

func contains(list []string, s string) bool { return slices.Contains(list, s) }

func containsAny(list, some []string) bool {
	return slices.ContainsFunc(some, func(s string) bool { return contains(list, s) })
}

func mapped(list []string, f func(string) string) []string {
	all := make([]string, len(list))
	for i, s := range list {
		all[i] = f(s)
	}
	return all
}
