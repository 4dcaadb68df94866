package server

import (
	"fmt"
	"net/http"
	"slices"

	"golang.org/x/text/language"

	"github.com/pecete/pecete/csc"
)

// sentences are the error_descriptions of this package that no text prescribes,
// in the languages beside English. They are about what is refused before a body
// is read, and its lang with it, so that the header says which one is wanted.
var sentences = map[string]map[string]string{
	sayMedia:    {"ro": "Corpul cererii trebuie să fie application/json"},
	sayLarge:    {"ro": "Corpul cererii are mai mult de %d octeți"},
	sayLarger:   {"ro": "Corpul cererii are mai mult de %d octeți pe lângă documente"},
	sayVerb:     {"ro": "Metoda HTTP nu este permisă aici"},
	sayNoMethod: {"ro": "Metoda nu este implementată"},
	sayNothing:  {"ro": "Aici nu este nimic"},
	sayOften:    {"ro": "Prea multe cereri"},
	sayStranger: {"ro": "Prea multe cereri de la această adresă"},
}

const (
	sayMedia    = "The body must be application/json"
	sayLarge    = "The body is larger than %d bytes"
	sayLarger   = "The body is larger than %d bytes beside its documents"
	sayVerb     = "The HTTP method is not allowed here"
	sayNoMethod = "The method is not implemented"
	sayNothing  = "There is nothing here"
	sayOften    = "Too many requests"
	sayStranger = "Too many requests from this address"
)

// refuse makes a refusal of one of the sentences.
func refuse(status int, cause error, sentence string, args ...any) *refusal {
	return &refusal{status: status, told: csc.Refused(fmt.Sprintf(sentence, args...), cause), sentence: sentence, args: args}
}

// in is what is told of a refusal in a language: what a text prescribes is told
// as it stands there, and so is what there is no other sentence for.
func (r *refusal) in(lang string) (told *csc.Error, translated bool) {
	words, ok := sentences[r.sentence][lang]
	if !ok {
		return r.told, false
	}
	other := *r.told
	other.Description = fmt.Sprintf(words, r.args...)
	return &other, true
}

// wanted is the language that the client asks for by Accept-Language, "" if it is
// none of ours.
func (s *Server) wanted(r *http.Request) string {
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		return ""
	}
	for _, tag := range tags {
		if base, _ := tag.Base(); slices.Contains(s.About.Languages, base.String()) {
			return base.String()
		}
	}
	return ""
}
