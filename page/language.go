package page

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/text/language"
)

// languageCookie keeps what was chosen with the switch, for the next page.
const languageCookie = "__Host-pecete-lang"

// A Tongue is a language that says things. Its texts are formats of package fmt.
type Tongue struct {
	Tag    string // RFC 5646
	Name   string // in itself
	frame  map[string]string
	texts  map[string]string
	plural func(n int) string // the form that n takes: one, few or other
	months [12]string
	stamp  func(day int, month string, year int, clock string) string
}

// tongues are all languages there are.
func tongues() []Tongue { return []Tongue{english(), romanian()} }

// Texts are those that every book can say beside its own, by language and key.
func Texts() map[string]map[string]string {
	return map[string]map[string]string{"en": englishFrame, "ro": romanianFrame}
}

// In is the tongue that a signer reads, RFC 5646, for what is said to him elsewhere
// than on pages, with the texts that it has there; English if there is none such.
func In(locale string, texts map[string]map[string]string) Tongue {
	list := tongues()
	tags := make([]language.Tag, len(list))
	for n, t := range list {
		tags[n] = language.Make(t.Tag)
	}
	_, n, sure := language.NewMatcher(tags).Match(language.Make(locale))
	if sure == language.No {
		n = 0
	}
	list[n].texts = texts[list[n].Tag]
	return list[n]
}

// offered are the languages of these pages.
func (b *Book) offered() []Tongue {
	var list []Tongue
	for _, tag := range b.Languages {
		for _, t := range tongues() {
			if t.Tag == tag {
				list = append(list, t)
			}
		}
	}
	if len(list) == 0 {
		list = tongues()
	}
	for n := range list {
		list[n].texts = b.texts[list[n].Tag]
	}
	return list
}

// Tongue is what the switch says, now or lately; else what was asked for, RFC
// 5646 tags or ""; else what the browser asks for.
func (b *Book) Tongue(w http.ResponseWriter, r *http.Request, asked string) Tongue {
	for _, t := range b.offered() {
		if t.Tag == r.URL.Query().Get("lang") {
			SetCookie(w, languageCookie, t.Tag, 600)
			return t
		}
	}
	return b.Speak(r, asked)
}

// Speak is Tongue on a page that has no switch.
func (b *Book) Speak(r *http.Request, asked string) Tongue {
	list := b.offered()
	if cookie, err := r.Cookie(languageCookie); err == nil {
		if n := slices.IndexFunc(list, func(t Tongue) bool { return t.Tag == cookie.Value }); n >= 0 {
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
func (t Tongue) Say(key string, args ...any) (string, error) {
	text, ok := t.texts[key]
	if !ok {
		text, ok = t.frame[key]
	}
	if !ok {
		return "", fmt.Errorf("no text %q in %s", key, t.Tag)
	}
	if len(args) == 0 {
		return text, nil
	}
	return fmt.Sprintf(text, args...), nil
}

// Count is the text of key in the form that n takes, with n in it.
func (t Tongue) Count(key string, n int) (string, error) {
	return t.Say(key+"."+t.plural(n), n)
}

// Date is a day and the time of it, in UTC.
func (t Tongue) Date(at time.Time) string {
	at = at.UTC()
	return t.stamp(at.Day(), t.months[at.Month()-1], at.Year(), at.Format("15:04"))
}

// Clock is a time of day, in UTC.
func (t Tongue) Clock(at time.Time) string { return at.UTC().Format("15:04") + " UTC" }
