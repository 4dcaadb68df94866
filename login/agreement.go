package login

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/oauth"
)

// shown is the SHA-256 of what the consent page shows for the interaction and
// the credential, whatever its language. Everything is written with its length
// before it, so that nothing can be moved from one field to the next:
//
//	"pecete consent 1"
//	client ID, client name
//	user ID
//	credential ID, description, SHA-256 of the certificate (hex)
//	number of signatures, hash algorithm OID, description
//	number of documents, and of each: digest, label, kind
//
// A text is its length in bytes and its bytes; lengths and numbers have eight
// bytes, the highest first.
func shown(i oauth.Interaction, c credentials.Credential) []byte {
	var b bytes.Buffer
	number := func(n int) { b.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) }
	text := func(s string) { number(len(s)); b.WriteString(s) }
	text("pecete consent 1")
	text(i.Client.ID)
	text(i.Client.Name)
	text(i.UserID)
	text(c.ID)
	text(c.Description)
	text(c.Fingerprint())
	number(i.Detail.Count)
	text(i.Detail.HashOID)
	text(i.Detail.Description)
	number(len(i.Detail.Digests))
	for _, d := range i.Detail.Digests {
		text(string(d.Digest))
		text(d.Label)
		text(string(d.Kind))
	}
	sum := sha256.Sum256(b.Bytes())
	return sum[:]
}
