package login_test

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/page/pagetest"
)

var (
	markup   = regexp.MustCompile(`<[a-zA-Z/!?][^>]*>?`)
	markSpan = regexp.MustCompile(`<span class="mark" dir="ltr">([^<]*)</span>`)
	isolated = regexp.MustCompile(`(?s)<bdi>(.*?)</bdi>`)
	digits   = regexp.MustCompile(`value="[^"]*"`)
)

// elements are the tags of a page without its marks, with their attributes.
func elements(page string) []string {
	tags := markup.FindAllString(markSpan.ReplaceAllString(page, "$1"), -1)
	for n, tag := range tags {
		tags[n] = digits.ReplaceAllString(tag, "")
	}
	return tags
}

// shownTexts are the strangers' texts of a page, as they are read.
func shownTexts(page string) []string {
	var texts []string
	for _, m := range isolated.FindAllStringSubmatch(page, -1) {
		texts = append(texts, html.UnescapeString(markSpan.ReplaceAllString(m[1], "$1")))
	}
	return texts
}

// Whatever an application writes is text: the page has the same elements as one
// with harmless texts, and shows what is expected in each of the places.
func TestHostileLabels(t *testing.T) {
	h := newHouse(t)
	h.credential("c_1")
	page := func(text string) string {
		h.ask([]string{text}, func(i *oauth.Interaction) { i.Client.Name, i.Description = text, text })
		_, consent := h.get("/consent?i=one")
		h.ask([]string{text}, loggedOut, func(i *oauth.Interaction) { i.Client.Name = text })
		_, login := h.get("/login?i=one")
		return consent + login
	}
	harmless, mixed := elements(page("a.pdf")), elements(page("\u0430b.pdf"))
	for _, l := range pagetest.Labels(t) {
		if l.Label == "" {
			continue // nothing to show: the label has other words, the description no line
		}
		got := page(l.Label)
		if tags := elements(got); !slices.Equal(tags, harmless) && !slices.Equal(tags, mixed) {
			t.Errorf("%s: %+q changes the page", l.Family, l.Label)
		}
		times := 0
		for _, text := range shownTexts(got) {
			if text == l.Seen {
				times++
			}
		}
		if times != 4 { // client twice, description, label
			t.Errorf("%s: %+q is seen %d times as %+q", l.Family, l.Label, times, l.Seen)
		}
		if strings.ContainsAny(got, "\u202e\u202d\u200b\x1b\r\x00") {
			t.Errorf("%s: %+q is on the page as it is", l.Family, l.Label)
		}
	}
}
