package oauth

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"net/url"
	"strconv"
	"strings"

	"github.com/pecete/pecete/csc"
)

// A Detail is what a credential authorization asks the signer for, with one
// credential: the flat parameters (v2.0.0.2 §8.4.2), or an element of
// authorization_details. CredentialID or Qualifier is set, of an element perhaps
// both.
type Detail struct {
	Type         string // of an element; "" for the flat parameters
	CredentialID string
	Qualifier    csc.Qualifier
	Count        int              // numSignatures
	Digests      []DocumentDigest // Count of them, or none at SCAL 1
	HashOID      string
	Locations    []string // of an element: the client is told them again
}

// A DocumentDigest is one hash to be agreed to.
type DocumentDigest struct {
	Digest csc.Digest
	Label  string       // shown; "" if the request has none
	Kind   csc.HashKind // "" if the request does not say
	Said   string       // Kind as the client wrote it
}

// LogValue tells a log what may be known.
func (d Detail) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("credentialID", d.CredentialID),
		slog.String("signatureQualifier", string(d.Qualifier)),
		slog.Int("numSignatures", d.Count),
		slog.Int("hashes", len(d.Digests)),
		slog.String("hashAlgorithmOID", d.HashOID))
}

// flatParams are the parameters that scope credential has without
// authorization_details, and none has beside them.
var flatParams = []string{"credentialID", "signatureQualifier", "numSignatures", "hashes", "hashAlgorithmOID"}

// flatDetail reads the flat parameters of scope credential. What depends on the
// credential is not judged here: before the login a client learns nothing of
// the credentials there are.
func flatDetail(form url.Values) (Detail, error) {
	d := Detail{
		CredentialID: form.Get("credentialID"),
		Qualifier:    csc.Qualifier(form.Get("signatureQualifier")),
		HashOID:      form.Get("hashAlgorithmOID"),
	}
	switch {
	case d.CredentialID == "" && d.Qualifier == "":
		return d, missing("credentialID")
	case d.CredentialID != "" && d.Qualifier != "": // §8.4.2: only when credentialID is absent
		return d, csc.Invalid("signatureQualifier")
	case !plainName(d.CredentialID):
		return d, csc.Invalid("credentialID")
	case !plainName(string(d.Qualifier)):
		return d, csc.Invalid("signatureQualifier")
	}
	var err error
	if d.Count, err = signatureCount(form.Get("numSignatures")); err != nil {
		return d, err
	}
	err = d.readHashes(form.Get("hashes"))
	return d, err
}

// signatureCount reads a whole number above zero, written as numbers are.
func signatureCount(text string) (int, error) {
	if text == "" {
		return 0, missing("numSignatures")
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || strconv.Itoa(n) != text {
		return 0, csc.Refused("Invalid value for parameter numSignatures", nil)
	}
	return n, nil
}

var errHashes = errors.New("hash in neither alphabet")

// readHashes reads as many hashes as signatures, of the length the algorithm's
// hashes have.
func (d *Detail) readHashes(list string) error {
	size := 0
	if d.HashOID != "" {
		hash, ok := csc.HashByOID(d.HashOID)
		if !ok {
			return csc.Invalid("hashAlgorithmOID")
		}
		size = hash.Size()
	}
	if list == "" {
		return nil
	}
	if size == 0 {
		return missing("hashAlgorithmOID")
	}
	texts := strings.Split(list, ",")
	if len(texts) != d.Count {
		return csc.Refused("Invalid value for parameter numSignatures", nil)
	}
	for _, text := range texts {
		digest, err := decodeHash(text)
		if err != nil {
			said := csc.Invalid("hashes")
			said.Cause = err
			return said
		}
		if len(digest) != size {
			return csc.Refused("Invalid digest value length", nil)
		}
		d.Digests = append(d.Digests, DocumentDigest{Digest: digest})
	}
	return nil
}

// decodeHash reads base64url without padding, as §8.4.2 has it, or standard
// Base64, as many clients do; each strictly.
func decodeHash(text string) (csc.Digest, error) {
	if text == "" {
		return nil, errHashes
	}
	if b, err := base64.RawURLEncoding.Strict().DecodeString(text); err == nil &&
		base64.RawURLEncoding.EncodeToString(b) == text { // the decoder overlooks line breaks
		return b, nil
	}
	if b, err := csc.DecodeBase64(text); err == nil {
		return b, nil
	}
	return nil, errHashes
}

// plainName reports whether s can be an id of ours or a qualifier: letters,
// digits and few signs.
func plainName(s string) bool {
	return len(s) <= maxPlainName && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:") == ""
}

const maxPlainName = 128
