package documents_test

import "testing"

// Of a signer's credentials those for logins sign no documents.
func TestLoginsAreForNoDocuments(t *testing.T) {
	h := newHouse(t)
	usable, err := h.desk.Usable(t.Context(), h.signer.ID)
	must(t, err)
	if len(usable) != 1 || usable[0].ID != "c_1" {
		t.Errorf("documents can be signed with %+v", usable)
	}
	all, err := h.store.CredentialsOf(t.Context(), h.signer.ID)
	must(t, err)
	if len(all) != 2 {
		t.Errorf("the signer has %d credentials", len(all))
	}
}
