package main

import (
	"bytes"
	"encoding/pem"
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pecete/pecete/internal/samplepdf"
	"github.com/pecete/pecete/signing/ades"
	"github.com/pecete/pecete/signing/ades/adestest"
)

// signed is a command that signs a document twice, and puts down what a script
// verifies: signed.pdf, the same with a byte changed and with one added, a detached
// signature, and the authority.
func signed(t *testing.T) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, _ []string) {
		ca := adestest.NewCA(t)
		signer := ca.Signer(t, adestest.ECDSA())
		pdf := samplepdf.New("A contract", "between two parties.")
		once := signer.SignPDF(t, pdf, ades.PDFOptions{Time: time.Unix(1e9, 0)})
		twice := signer.SignPDF(t, once, ades.PDFOptions{Time: time.Unix(1e9+60, 0)})
		content := []byte("A letter.\n")
		cms, err := ades.NewCMS(ades.CMSParams{
			Certificates: signer.Certificates, Algorithm: signer.Algorithm, ContentDigest: digestOf(signer.Algorithm.Hash.New(), content),
		})
		ts.Check(err)
		detached, err := cms.Finish(signer.Sign(t, cms.Digest()))
		ts.Check(err)
		for name, text := range map[string][]byte{
			"plain.pdf": pdf, "signed.pdf": twice, "longer.pdf": append(bytes.Clone(twice), '\n'),
			"changed.pdf": bytes.Replace(twice, []byte("two parties"), []byte("six parties"), 1),
			"letter.txt":  content, "letter.p7s": detached,
			"ca.pem":    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Cert.Raw}),
			"other.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: adestest.NewCA(t).Cert.Raw}),
		} {
			ts.Check(os.WriteFile(ts.MkAbs(name), text, 0o600))
		}
	}
}

func digestOf(state interface {
	Write([]byte) (int, error)
	Sum([]byte) []byte
}, content []byte) []byte {
	_, _ = state.Write(content) // never fails
	return state.Sum(nil)
}
