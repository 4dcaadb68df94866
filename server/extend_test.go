package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

// extending is a house in which a credential's authorizations can be extended.
func extending(t *testing.T, change ...func(*house)) (*house, credentials.Credential) {
	h := newHouse(t, append(change, func(h *house) { h.extends = true })...)
	c := h.credential(h.signer, csc.P256, func(p *credentials.Profile) { p.SCAL = csc.SCAL1 })
	must(t, h.registry.SetCredentialExtendable(t.Context(), c.ID, true))
	return h, c
}

func extendBody(c credentials.Credential, sad string, hashes ...string) string {
	if len(hashes) == 0 {
		return fmt.Sprintf(`{"credentialID":%q,"SAD":%q}`, c.ID, sad)
	}
	return fmt.Sprintf(`{"credentialID":%q,"SAD":%q,"hashes":["%s"],"hashAlgorithmOID":%q}`, c.ID, sad, strings.Join(hashes, `","`), csc.OIDSHA256)
}

func (h *house) extend(c credentials.Credential, sad string, hashes ...string) string {
	h.t.Helper()
	return decode[struct{ SAD string }](h.t, h.call(csc.MethodExtendTransaction, extendBody(c, sad, hashes...))).SAD
}

func (h *house) sign(c credentials.Credential, sad string, hashes ...string) answer {
	h.t.Helper()
	return h.call(csc.MethodSignHash, signBody(c, sad, hashes...))
}

// Where nobody turned it on there is no such method.
func TestNoExtensionUnlessConfigured(t *testing.T) {
	h := newHouse(t)
	c := h.credential(h.signer, csc.P256, func(p *credentials.Profile) { p.SCAL = csc.SCAL1 })
	must(t, h.registry.SetCredentialExtendable(t.Context(), c.ID, true))
	if got := h.call(csc.MethodExtendTransaction, extendBody(c, "x")); got.status != http.StatusNotImplemented {
		t.Errorf("%d %s", got.status, got.body)
	}
	if slices.Contains(h.methods(), csc.MethodExtendTransaction) {
		t.Error("info has it")
	}
}

// Another SAD for what is left, for other hashes; what was before is dead, and the
// log has it so that the auditor finds nothing.
func TestExtend(t *testing.T) {
	h, c := extending(t)
	if !slices.Contains(h.methods(), csc.MethodExtendTransaction) {
		t.Error("info does not have it")
	}
	first := h.authorize(c, 3, hash("a"), hash("b"), hash("c"))
	decode[csc.SignHashResponse](t, h.sign(c, first, hash("a")))
	second := h.extend(c, first, hash("d"), hash("e"))
	wantRefusal(t, h.sign(c, first, hash("b")), 400, "invalid_request", "Invalid parameter SAD")
	wantRefusal(t, h.sign(c, second, hash("b")), 400, "invalid_request", "Hash is not authorized by the SAD.")
	decode[csc.SignHashResponse](t, h.sign(c, second, hash("e")))
	third := h.extend(c, second)
	wantRefusal(t, h.sign(c, second, hash("d")), 400, "invalid_request", "Invalid parameter SAD")
	decode[csc.SignHashResponse](t, h.sign(c, third, hash("d")))
	wantRefusal(t, h.sign(c, third, hash("d")), 400, "invalid_request", "Invalid parameter SAD")
	wantRefusal(t, h.call(csc.MethodExtendTransaction, extendBody(c, third)), 400, "invalid_request", "Invalid parameter SAD")
	if first == second || second == third || h.keys.count() != 3 {
		t.Errorf("%d signatures", h.keys.count())
	}
	var ledger audit.Ledger
	n := 0
	for _, r := range h.records() {
		ledger.Add(r)
		if r.Event == audit.GrantExtended {
			n++
		}
	}
	if all := ledger.Findings(); len(all) > 0 || n != 2 {
		t.Errorf("%d extensions, %v", n, all)
	}
	if text := h.log.String(); strings.Contains(text, first) || strings.Contains(text, second) {
		t.Error("a SAD is in the log")
	}
}

func TestExtendRefusals(t *testing.T) {
	h, c := extending(t)
	const notThis = "The authorizations of the credential identified by credentialID cannot be extended"
	scal2 := h.credential(h.signer, csc.P256, nil)
	must(t, h.registry.SetCredentialExtendable(t.Context(), scal2.ID, true))
	forbidden := h.credential(h.signer, csc.P256, func(p *credentials.Profile) { p.SCAL = csc.SCAL1 })
	strangers := h.credential(h.stranger(), csc.P256, func(p *credentials.Profile) { p.SCAL = csc.SCAL1 })
	must(t, h.registry.SetCredentialExtendable(t.Context(), strangers.ID, true))
	sad, ofSCAL2, ofForbidden := h.authorize(c, 2), h.authorize(scal2, 1, hash("a")), h.authorize(forbidden, 1)
	for _, row := range []struct{ name, body, says string }{
		{"SCAL 2", extendBody(scal2, ofSCAL2, hash("b")), notThis},
		{"SCAL 2 without hashes", extendBody(scal2, ofSCAL2), notThis},
		{"a credential it is not allowed for", extendBody(forbidden, ofForbidden), notThis},
		{"another signer's credential", extendBody(strangers, sad), "Invalid parameter credentialID"},
		{"no credential", `{"SAD":"x"}`, "Missing (or invalid type) string parameter credentialID"},
		{"no SAD", fmt.Sprintf(`{"credentialID":%q}`, c.ID), "Missing (or invalid type) string parameter SAD"},
		{"an empty SAD", extendBody(c, ""), "Invalid parameter SAD"},
		{"nobody's SAD", extendBody(c, "x"), "Invalid parameter SAD"},
		{"a SAD of another credential", extendBody(c, ofForbidden), "Invalid parameter SAD"},
		{"too few hashes", extendBody(c, sad, hash("a")), "Invalid parameter hashes"},
		{"too many", extendBody(c, sad, hash("a"), hash("b"), hash("c")), "Invalid parameter hashes"},
		{"no hash", fmt.Sprintf(`{"credentialID":%q,"SAD":%q,"hashes":[]}`, c.ID, sad), "Empty hash array"},
		{"no hash algorithm", fmt.Sprintf(`{"credentialID":%q,"SAD":%q,"hashes":[%q,%q]}`, c.ID, sad, hash("a"), hash("b")), "Missing (or invalid type) string parameter hashAlgorithmOID"},
		{"an unknown one", fmt.Sprintf(`{"credentialID":%q,"SAD":%q,"hashes":[%q],"hashAlgorithmOID":"1.2.3"}`, c.ID, sad, hash("a")), "Invalid parameter hashAlgorithmOID"},
		{"a hash of another length", fmt.Sprintf(`{"credentialID":%q,"SAD":%q,"hashes":[%q,"YQ=="],"hashAlgorithmOID":%q}`, c.ID, sad, hash("a"), csc.OIDSHA256), "Invalid digest value length"},
	} {
		t.Run(row.name, func(t *testing.T) {
			wantRefusal(t, h.call(csc.MethodExtendTransaction, row.body), 400, "invalid_request", row.says)
		})
	}
	other := h.addApp("Other", h.signer.ID)
	wantRefusal(t, h.call(csc.MethodExtendTransaction, extendBody(c, sad), "Authorization: Bearer "+other.token), 400, "invalid_request", "Invalid parameter SAD")
	must(t, h.registry.SetCredentialExtendable(t.Context(), c.ID, false))
	wantRefusal(t, h.call(csc.MethodExtendTransaction, extendBody(c, sad)), 400, "invalid_request", notThis)
	must(t, h.registry.SetCredentialExtendable(t.Context(), c.ID, true))
	decode[csc.SignHashResponse](t, h.sign(c, sad, hash("a"), hash("b"))) // nothing was lost
	late := h.authorize(c, 1)
	h.clock.advance(5 * time.Minute)
	wantRefusal(t, h.call(csc.MethodExtendTransaction, extendBody(c, late)), 400, "invalid_request", "SAD expired")
}

// Many extend one SAD at once, and others sign with it: one extends what is left.
func TestExtendAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, change func(*house)) {
		h, c := extending(t, change)
		first := h.authorize(c, 5)
		var all sync.WaitGroup
		next := make(chan string, 20)
		for i := range 20 {
			all.Go(func() {
				if i%4 == 0 {
					h.sign(c, first, hash(fmt.Sprint(i)))
					return
				}
				if got := h.call(csc.MethodExtendTransaction, extendBody(c, first)); got.status == http.StatusOK {
					var told struct{ SAD string }
					must(t, json.Unmarshal([]byte(got.body), &told))
					next <- told.SAD
				}
			})
		}
		all.Wait()
		close(next)
		if len(next) > 1 {
			t.Fatalf("%d extended it", len(next))
		}
		for sad := range next {
			for n := range 6 {
				h.sign(c, sad, hash(fmt.Sprint("later", n)))
			}
		}
		if n := h.keys.count(); n != 5 {
			t.Errorf("%d signatures of 5", n)
		}
	})
}
