package signing_test

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

// With a credential for logins hashes are signed for a client that may, and documents
// for nobody, also where somebody has agreed to them.
func TestLoginsSignNoDocuments(t *testing.T) {
	h := newHouse(t, csc.P256)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, h.keys.key.Public(), h.keys.key)
	must(t, err)
	h.credential = credentials.Credential{
		ID: "c_login", UserID: h.credential.UserID, KeyID: []byte{4}, Key: csc.P256, Certificates: [][]byte{der},
		SCAL: csc.SCAL1, Multisign: 10, Mode: csc.Explicit, Created: noon,
	}
	must(t, h.registry.AddCredential(t.Context(), h.credential))
	refused := func(says string, err error) {
		t.Helper()
		var told *csc.Error
		if !errors.As(err, &told) || told.Description != "Invalid parameter credentialID" || h.keys.signed > 0 {
			t.Errorf("%s: %v, %d signatures", says, err, h.keys.signed)
		}
	}
	request := func() csc.SignHashRequest {
		r := h.request(digest(1))
		r.CredentialID = h.credential.ID
		return r
	}
	doc := csc.SignDocRequest{CredentialID: h.credential.ID, Documents: []csc.Document{document(contract, "C", "Detached")}}
	for _, may := range []bool{false, true} {
		h.who.Logins = may
		grant := h.agree(1, csc.SDR, csc.OIDSHA256, sumOf(contract))
		_, err := h.signDoc(grant, doc)
		refused("a document", err)
		if !may {
			_, err = h.sign(h.grant(1), request())
			refused("a hash, for a client that may not", err)
		}
	}
	grant := h.grant(1)
	if signatures, err := h.sign(grant, request()); err != nil || len(signatures) != 1 {
		t.Errorf("a hash, for a client that may: %v", err)
	}
}
