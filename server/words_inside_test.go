package server

import (
	"strings"
	"testing"
)

// A sentence in another language says as many numbers.
func TestSentences(t *testing.T) {
	for english, others := range sentences {
		if len(others) != 1 || others["ro"] == "" || others["ro"] == english {
			t.Errorf("%q is told as %v", english, others)
		}
		for lang, words := range others {
			if strings.Count(words, "%d") != strings.Count(english, "%d") || strings.ContainsAny(words, "şţŞŢ") {
				t.Errorf("%q in %s is %q", english, lang, words)
			}
		}
	}
}
