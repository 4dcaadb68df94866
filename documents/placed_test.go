package documents_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/documents"
	"github.com/pecete/pecete/internal/samplepdf"
)

// pushedDigests are what the signer was asked to sign last.
func (s *server) pushedDigests() []csc.DocumentDigest {
	s.mu.Lock()
	defer s.mu.Unlock()
	var details []csc.AuthorizationDetail
	must(s.t, json.Unmarshal([]byte(s.pushed.Get("authorization_details")), &details))
	return details[0].DocumentDigests
}

// Of what a signer is asked to sign the desk knows the files that he brought, each by
// digest and name, as long as it waits for him.
func TestPlaced(t *testing.T) {
	h := newHouse(t)
	one, two := h.take("one.pdf", samplepdf.New("A contract")), h.take("two.pdf", samplepdf.New("Another"))
	h.take("three.pdf", samplepdf.New("A third"))
	_, back := h.asked(one, two)
	asked := h.server.pushedDigests()
	placed := func(userID string, asked ...csc.DocumentDigest) []string {
		t.Helper()
		files, err := h.desk.Placed(t.Context(), userID, asked)
		must(t, err)
		return files
	}
	if diff := cmp.Diff([]string{two.Digest, one.Digest}, placed(h.signer.ID, asked[1], asked[0])); diff != "" {
		t.Error(diff)
	}
	for says, files := range map[string][]string{
		"another signer's":      placed(h.other.ID, asked...),
		"under another's name":  placed(h.signer.ID, csc.DocumentDigest{Hash: asked[0].Hash, Label: "two.pdf"}),
		"one that is not there": placed(h.signer.ID, asked[0], csc.DocumentDigest{Hash: csc.Digest(make([]byte, 32)), Label: "three.pdf"}),
		"no hash":               placed(h.signer.ID, csc.DocumentDigest{Label: "three.pdf"}),
	} {
		if files != nil {
			t.Errorf("%s: %v", says, files)
		}
	}
	signed, err := h.desk.Return(t.Context(), h.signer.ID, back)
	if must(t, err); signed.State != documents.Done {
		t.Fatalf("%s", signed.State)
	}
	if files := placed(h.signer.ID, asked...); files != nil {
		t.Errorf("after they were signed: %v", files)
	}

	b, _ := h.asked(h.take("four.pdf", samplepdf.New("A fourth")))
	asked = h.server.pushedDigests()
	if files := placed(h.signer.ID, asked...); len(files) != 1 {
		t.Errorf("while it waits: %v", files)
	}
	must(t, h.desk.Drop(t.Context(), h.signer.ID, b.ID))
	if files := placed(h.signer.ID, asked...); files != nil {
		t.Errorf("given up: %v", files)
	}
}
