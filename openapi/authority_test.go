package openapi_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/openapi"
)

// The document of registration authorities is one, with examples that fit it, and
// has the methods that are not only looked at.
func TestAuthorityDocument(t *testing.T) {
	contract, err := openapi.LoadRA()
	if err != nil {
		t.Fatal(err)
	}
	doc := documentOf(t, contract)
	want := []csc.Method{"enrolments", "enrolments/{enrolmentID}/cancel", "enrolments/{enrolmentID}/resend"}
	if diff := cmp.Diff(want, contract.Methods()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, m := range want {
		for name, example := range doc.Paths.Value("/" + string(m)).Post.RequestBody.Value.Content.Get("application/json").Examples {
			text, err := json.Marshal(example.Value.Value)
			if err == nil {
				_, err = contract.Check(m, text)
			}
			if err != nil {
				t.Errorf("%s, example %s: %v", m, name, err)
			}
		}
	}
	if err := contract.CheckResponse("GET enrolments", 200, []byte(`{"enrolments":[{"enrolmentID":"e"}],"more":false}`)); err == nil {
		t.Error("an enrolment without its members is taken")
	}
}
