package login

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/text/language"
)

// languageCookie keeps what was chosen with the switch, for the next page.
const languageCookie = "__Host-pecete-lang"

// A tongue is a language that says things. Its texts are formats of package fmt.
type tongue struct {
	Tag    string // RFC 5646
	Name   string // in itself
	texts  map[string]string
	plural func(n int) string // the form that n takes: one, few or other
	months [12]string
	stamp  func(day int, month string, year int, clock string) string
}

// tongues are all languages there are.
func tongues() []tongue { return []tongue{english(), romanian()} }

// offered are the languages of these pages.
func (p *Pages) offered() []tongue {
	var list []tongue
	for _, tag := range p.Languages {
		for _, t := range tongues() {
			if t.Tag == tag {
				list = append(list, t)
			}
		}
	}
	if len(list) == 0 {
		return tongues()
	}
	return list
}

// tongue is what the switch says, now or lately; else what the client asked
// for; else what the browser asks for.
func (p *Pages) tongue(w http.ResponseWriter, r *http.Request, asked string) tongue {
	list := p.offered()
	find := func(tag string) int {
		return slices.IndexFunc(list, func(t tongue) bool { return t.Tag == tag })
	}
	if n := find(r.URL.Query().Get("lang")); n >= 0 {
		setCookie(w, languageCookie, list[n].Tag, 600)
		return list[n]
	}
	if cookie, err := r.Cookie(languageCookie); err == nil {
		if n := find(cookie.Value); n >= 0 {
			return list[n]
		}
	}
	tags := make([]language.Tag, len(list))
	for n, t := range list {
		tags[n] = language.Make(t.Tag)
	}
	matcher := language.NewMatcher(tags)
	for _, wish := range []string{asked, r.Header.Get("Accept-Language")} {
		wanted, _, err := language.ParseAcceptLanguage(wish)
		if err != nil || len(wanted) == 0 {
			continue
		}
		if _, n, sure := matcher.Match(wanted...); sure > language.No {
			return list[n]
		}
	}
	return list[0]
}

// Say is the text of key.
func (t tongue) Say(key string, args ...any) (string, error) {
	text, ok := t.texts[key]
	if !ok {
		return "", fmt.Errorf("no text %q in %s", key, t.Tag)
	}
	if len(args) == 0 {
		return text, nil
	}
	return fmt.Sprintf(text, args...), nil
}

// Count is the text of key in the form that n takes, with n in it.
func (t tongue) Count(key string, n int) (string, error) {
	return t.Say(key+"."+t.plural(n), n)
}

// Date is a day and the time of it, in UTC.
func (t tongue) Date(at time.Time) string {
	at = at.UTC()
	return t.stamp(at.Day(), t.months[at.Month()-1], at.Year(), at.Format("15:04"))
}

// Clock is a time of day, in UTC.
func (t tongue) Clock(at time.Time) string { return at.UTC().Format("15:04") + " UTC" }
