package login

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/oauth"
)

// shown is the SHA-256 of what the consent page shows for the interaction and
// the credential of each of its parts, whatever its language. Everything is
// written with its length before it, so that nothing can be moved from one field
// to the next:
//
//	"pecete consent 3"
//	client ID, client name, 1 if it registered itself or 0
//	user ID
//	description
//	number of parts, and of each:
//		credential ID, description, SHA-256 of the certificate (hex)
//		number of signatures, hash algorithm OID
//		number of documents, and of each: digest, label, kind
//
// and if all of it is of files that the signer brought to pages of this service:
//
//	"brought", number of files, SHA-256 of each (hex)
//
// A text is its length in bytes and its bytes; lengths and numbers have eight
// bytes, the highest first.
func shown(i oauth.Interaction, chosen []credentials.Credential, files []string) []byte {
	var w writer
	w.text("pecete consent 3")
	w.text(i.Client.ID)
	w.text(i.Client.Name)
	w.yes(i.Client.SelfRegistered())
	w.text(i.UserID)
	w.text(i.Description)
	w.number(len(i.Details))
	for n, d := range i.Details {
		w.part(d, chosen[n])
	}
	if len(files) > 0 {
		w.text("brought")
		w.number(len(files))
		for _, file := range files {
			w.text(file)
		}
	}
	return w.sum()
}

// A writer writes what a digest is of.
type writer struct{ bytes.Buffer }

func (w *writer) number(n int) { w.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) }

func (w *writer) yes(is bool) {
	if is {
		w.number(1)
		return
	}
	w.number(0)
}

func (w *writer) sum() []byte {
	sum := sha256.Sum256(w.Bytes())
	return sum[:]
}

func (w *writer) text(s string) { w.number(len(s)); w.WriteString(s) }

func (w *writer) part(d oauth.Detail, c credentials.Credential) {
	w.text(c.ID)
	w.text(c.Description)
	w.text(c.Fingerprint())
	w.number(d.Count)
	w.text(d.HashOID)
	w.number(len(d.Digests))
	for _, one := range d.Digests {
		w.text(string(one.Digest))
		w.text(one.Label)
		w.text(string(one.Kind))
	}
}
