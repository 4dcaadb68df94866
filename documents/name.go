package documents

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is how many characters of a name are kept: as many as the page of the
// authorization server shows.
const maxName = 120

// Name is what a browser calls a file, fit to be shown, to be a label and to be a
// file's name anywhere: without a folder, and without what cannot be seen or what
// file systems do not take.
func Name(given string) string {
	name := path.Base(strings.ReplaceAll(strings.ToValidUTF8(given, ""), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.In(r, unicode.C, unicode.Zl, unicode.Zp):
			return -1
		case unicode.IsSpace(r):
			return ' '
		case strings.ContainsRune(`<>:"|?*/`, r):
			return '-'
		}
		return r
	}, name)
	name = strings.TrimRight(strings.Join(strings.Fields(name), " "), " .")
	stem := strings.Trim(cut(strings.TrimSuffix(strings.TrimSuffix(name, ".pdf"), ".PDF"), maxName-len(".pdf")), " .")
	if stem == "" || strings.Trim(stem, "-_. ") == "" {
		stem = "document"
	}
	if !strings.HasSuffix(strings.ToLower(name), ".pdf") && strings.Contains(stem, ".") {
		return stem // what it calls itself shall be seen
	}
	return stem + ".pdf"
}

// cut is the first characters of s.
func cut(s string, most int) string {
	for at := range s {
		if most--; most < 0 {
			return s[:at]
		}
	}
	return s
}

// SignedName is what the signed file is called.
func SignedName(name, suffix string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, ".pdf"), ".PDF") + "-" + suffix + ".pdf"
}
