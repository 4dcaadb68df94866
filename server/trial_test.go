package server_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
)

// A trial is a house in which all that is refused would be done if it were not:
// for each kind of key there is an authorization of SCAL 1, for more signatures
// than any family of bad requests has members. After each request the whole
// state is compared with that before it, byte for byte: the rows of the
// registry, what was changed in the one-time store, the records of the audit log
// and the device's count of signatures.
type trial struct {
	*house
	watched     *watched
	stamps      *stamper
	credentials map[csc.KeySpec]credentials.Credential
	sads        map[csc.KeySpec]string
	before      state
}

func newTrial(t *testing.T) *trial {
	r := &trial{watched: &watched{}, stamps: &stamper{}, credentials: map[csc.KeySpec]credentials.Credential{}, sads: map[csc.KeySpec]string{}}
	r.house = newHouse(t, func(h *house) {
		r.watched.Store, h.tickets = h.tickets, r.watched
		h.stamper = r.stamps
	})
	for _, key := range []csc.KeySpec{csc.RSA3072, csc.P256, csc.P384, csc.P521} {
		c := r.credential(r.signer, key, func(p *credentials.Profile) { p.SCAL, p.Multisign = csc.SCAL1, credentials.MaxMultisign })
		r.credentials[key], r.sads[key] = c, r.lend(c)
	}
	r.before = r.state(r.watched)
	return r
}

// lend makes an authorization of a credential for whatever it is asked to sign.
func (r *trial) lend(c credentials.Credential) string {
	value, id := sad.New()
	const plenty = 100_000
	must(r.t, r.api.Signer.Grants.Put(r.t.Context(), sad.Grant{
		ID: id, UserID: r.signer.ID, ClientID: r.app.id, CredentialID: c.ID, Standing: r.signer.Stamp,
		Issued: r.clock.Now(), Expires: r.clock.Now().Add(sad.DefaultLife), Count: plenty, Left: plenty,
	}))
	return string(value)
}

// asks is the beginning of a request with a credential and the SAD for it.
func (r *trial) asks(key csc.KeySpec) string {
	return fmt.Sprintf(`"credentialID":%q,"SAD":%q`, r.credentials[key].ID, r.sads[key])
}

// refused demands that a request was refused in these words, and changed
// nothing.
func (r *trial) refused(t *testing.T, a answer, status int, code, text string) {
	t.Helper()
	wantRefusal(t, a, status, code, text)
	r.unchanged(t)
}

// bad is refused for what is usual: an invalid_request.
func (r *trial) bad(t *testing.T, a answer, text string) {
	t.Helper()
	r.refused(t, a, 400, "invalid_request", text)
}

// unchanged demands that nothing has changed since it was asked the last time.
func (r *trial) unchanged(t *testing.T) {
	t.Helper()
	if len(r.stamps.asked) > 0 {
		t.Errorf("somebody was asked for a time-stamp: %v", r.stamps.asked)
		r.stamps.asked = nil
	}
	after := r.state(r.watched)
	onlyRecorded(t, r.before, after, nil)
	r.before = after
}

// quoted is a text as JSON has it.
func quoted(t *testing.T, text string) string {
	t.Helper()
	value, err := json.Marshal(text)
	must(t, err)
	return string(value)
}

// counted demands that a family has as many members as it says.
func counted(t *testing.T, family string, n, least int) {
	t.Helper()
	t.Logf("%s: %d requests", family, n)
	if n < least {
		t.Errorf("%s: %d requests, want %d", family, n, least)
	}
}
