package client

import (
	"errors"
	"testing"

	"github.com/pecete/pecete/csc"
)

func TestCreate(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		status int
		answer string
		good   bool
	}{
		"made":            {201, `{"credentialID":"c_1","multisign":10}`, true},
		"made, with 200":  {200, `{"credentialID":"c_1"}`, true},
		"nothing named":   {201, `{}`, false},
		"no body":         {204, ``, false},
		"another success": {202, `{"credentialID":"c_1"}`, false},
		"a refusal":       {400, `{"error":"access_denied"}`, false},
	} {
		s := serve(t)
		s.on("/csc/v2/credentials/create", raw(row.status, row.answer))
		got, err := s.client().Create(t.Context(), csc.CreateRequest{CredentialInfo: true})
		if (err == nil) != row.good || row.good && got.CredentialID != "c_1" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if sent := s.last("/csc/v2/credentials/create"); sent.body != `{"credentialInfo":true}` {
			t.Errorf("sent %s", sent.body)
		}
	}
}

// What was made is told with 201 by no other method.
func TestCreatedElsewhere(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.on("/csc/v2/credentials/list", raw(201, `{"credentialIDs":["c_1"]}`))
	var told *Error
	if _, err := s.client().List(t.Context(), csc.ListRequest{}); !errors.As(err, &told) || told.Status != 201 {
		t.Error(err)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	reason := 5
	for status, good := range map[int]bool{204: true, 200: false, 400: false} {
		s := serve(t)
		s.on("/csc/v2/credentials/delete", raw(status, ""))
		err := s.client().Delete(t.Context(), csc.DeleteRequest{Request: csc.DeletionRequest{CredentialID: "c_1", Revoke: true, RevocationReason: &reason}})
		if (err == nil) != good {
			t.Errorf("%d: %v", status, err)
		}
		if sent := s.last("/csc/v2/credentials/delete"); sent.body != `{"credentialDeletionRequest":{"credentialID":"c_1","revoke":true,"revocationReason":5}}` {
			t.Errorf("sent %s", sent.body)
		}
	}
}
