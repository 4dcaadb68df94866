package csc_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/pecete/pecete/csc"
)

// FuzzDigest: a digest read from JSON is the bytes that the standard library
// reads, if it is one, and is written again as the text it was; not everything
// that the library takes is one.
func FuzzDigest(f *testing.F) {
	for _, text := range []string{
		`"YQ=="`, `"YQ"`, `"YR=="`, `"YQ==\n"`, `"YQ\u003d="`, `"-_=="`, `""`, `null`, `5`, `["YQ=="]`, `"\ud800"`, `"YWJj"`, `" YQ=="`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var d csc.Digest
		var loose []byte
		var plain string
		if json.Unmarshal(text, &d) != nil || string(bytes.TrimSpace(text)) == "null" {
			return
		}
		if err := json.Unmarshal(text, &loose); err != nil || !bytes.Equal(loose, d) {
			t.Fatalf("%q is %x, and by the library %x, %v", text, d, loose, err)
		}
		again, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var written string
		if json.Unmarshal(text, &plain) != nil || json.Unmarshal(again, &written) != nil || plain != written {
			t.Fatalf("%q is written as %q", text, again)
		}
	})
}

// FuzzCreationRequest: the parameters of a signature stand beside the document or
// in objects of their own, and not half here and half there.
func FuzzCreationRequest(f *testing.F) {
	for _, text := range []string{
		`{"document":"YWJj","signature_format":"C","signAlgo":"1.2.3"}`, `{"adesParameters":{"signature_format":"C"},"signingAlgorithm":{"signAlgo":"1.2.3"}}`,
		`{"adesParameters":{"signature_format":"C"},"signature_format":"P"}`, `{"adesParameters":{}}`, `{"signed_props":[],"adesParameters":{"signature_format":"C"}}`, `{}`,
		`{"signAlgoParams":"x","signingAlgorithm":{"signAlgo":"1.2.3"}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var r csc.SignatureCreationRequest
		if json.Unmarshal(text, &r) != nil {
			return
		}
		kind, asked, err := r.Parameters()
		if err != nil {
			if _, told := err.(*csc.Error); !told { //nolint:errorlint // it must be one, and not have one inside
				t.Fatalf("%s: %v", text, err)
			}
			return
		}
		if kind.SignatureFormat == "" || asked.SignAlgo == "" {
			t.Fatalf("%s: %+v, %+v", text, kind, asked)
		}
		if r.AdES != nil && (r.SignatureFormat != "" || r.SignedProps != nil) || r.Algorithm != nil && r.SignAlgo != "" {
			t.Fatalf("%s: said twice and taken", text)
		}
	})
}
