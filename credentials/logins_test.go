package credentials_test

import (
	"errors"
	"testing"

	"github.com/pecete/pecete/credentials"
)

// A credential for logins is made where there are such, by who certifies those,
// and of a person.
func TestLogins(t *testing.T) {
	h := newHouse(t)
	e := h.creator.Enroller
	p := h.creator.Profile(h.now())
	p.Login = true
	if _, err := e.Enroll(t.Context(), h.signer, p); !errors.Is(err, credentials.ErrNoLogins) || len(h.device.keys(t)) != 0 {
		t.Errorf("where there are none: %v, %d keys", err, len(h.device.keys(t)))
	}
	e.Logins, e.Issuer = e.Issuer, nil
	c, err := e.Enroll(t.Context(), h.signer, p)
	if err != nil || len(c.Certificates) != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	p.Qualifier = "eu_eidas_aes"
	if p.Check(false) == nil {
		t.Error("a login claims to sign")
	}
	p.Qualifier, p.Mode, p.Factors = "", "explicit", "PIN"
	if p.Check(true) == nil {
		t.Error("an organization logs in")
	}
}
