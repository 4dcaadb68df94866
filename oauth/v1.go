package oauth

import (
	"maps"
	"net/url"
	"strings"

	"github.com/pecete/pecete/csc"
)

// ofV1 is the form of a credential authorization of v1.0.4.0 §8.3.2 in the words
// of today: its hashes are called hash, and their algorithm is not said but shows
// in their length.
func ofV1(form url.Values) (url.Values, error) {
	list := form.Get("hash")
	if list == "" {
		return form, nil
	}
	if form.Get("hashes") != "" {
		return nil, csc.Invalid("hash")
	}
	form = maps.Clone(form)
	form.Set("hashes", list)
	if form.Get("hashAlgorithmOID") != "" {
		return form, nil
	}
	first, _, _ := strings.Cut(list, ",")
	digest, err := decodeHash(first)
	if err != nil {
		said := csc.Invalid("hash")
		said.Cause = err
		return nil, said
	}
	oid := csc.OIDOfSize(len(digest))
	if oid == "" {
		return nil, csc.Refused("Invalid digest value length", nil)
	}
	form.Set("hashAlgorithmOID", oid)
	return form, nil
}
