package oauth

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pecete/pecete/csc"
)

// maxDescription is the longest description, in characters (§8.4.2).
const maxDescription = 500

// A Detail is what a credential authorization asks the signer for (v2.0.0.2
// §8.4.2). Exactly one of CredentialID and Qualifier is set.
type Detail struct {
	CredentialID string
	Qualifier    csc.Qualifier
	Count        int              // numSignatures
	Digests      []DocumentDigest // Count of them, or none at SCAL 1
	HashOID      string
	Description  string // shown; at most 500 characters
	ClientData   string // neither shown nor logged
}

// A DocumentDigest is one hash to be agreed to.
type DocumentDigest struct {
	Digest csc.Digest
	Label  string       // shown; "" if the request has none
	Kind   csc.HashKind // "" if the request does not say
}

// LogValue tells a log what may be known.
func (d Detail) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("credentialID", d.CredentialID),
		slog.String("signatureQualifier", string(d.Qualifier)),
		slog.Int("numSignatures", d.Count),
		slog.Int("hashes", len(d.Digests)),
		slog.String("hashAlgorithmOID", d.HashOID),
		slog.Int("description", len(d.Description)),
		slog.Int("clientData", len(d.ClientData)))
}

// hashes are the raw digests in the request's order.
func (d *Detail) hashes() []csc.Digest {
	all := make([]csc.Digest, len(d.Digests))
	for i, one := range d.Digests {
		all[i] = one.Digest
	}
	return all
}

// flatDetail reads the flat parameters of scope credential. What depends on the
// credential is not judged here: before the login a client learns nothing of
// the credentials there are.
func flatDetail(form url.Values) (*Detail, error) {
	d := &Detail{
		CredentialID: form.Get("credentialID"),
		Qualifier:    csc.Qualifier(form.Get("signatureQualifier")),
		HashOID:      form.Get("hashAlgorithmOID"),
		Description:  form.Get("description"),
		ClientData:   form.Get("clientData"),
	}
	switch {
	case d.CredentialID == "" && d.Qualifier == "":
		return nil, missing("credentialID")
	case d.CredentialID != "" && d.Qualifier != "": // §8.4.2: only when credentialID is absent
		return nil, csc.Invalid("signatureQualifier")
	case !plainName(d.CredentialID):
		return nil, csc.Invalid("credentialID")
	case !plainName(string(d.Qualifier)):
		return nil, csc.Invalid("signatureQualifier")
	case utf8.RuneCountInString(d.Description) > maxDescription:
		return nil, csc.Invalid("description")
	}
	var err error
	if d.Count, err = signatureCount(form.Get("numSignatures")); err != nil {
		return nil, err
	}
	return d, d.readHashes(form.Get("hashes"))
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
	return len(s) <= 128 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:") == ""
}
