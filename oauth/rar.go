package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pecete/pecete/csc"
)

// What authorization_details may be at most.
const (
	maxDetails   = 48 << 10 // bytes
	maxNesting   = 8        // arrays and objects in each other
	maxElements  = 16
	maxLabel     = 255 // characters
	maxLocations = 16
	maxLocation  = 2048 // bytes
)

// A detailType is what elements of one type of authorization_details are.
type detailType struct {
	scope string // of a token that comes of one
	// read or change reads the members beside type.
	read   func(*element) (Detail, error)
	change func(*element) (Change, error)
}

// detailTypes are the types there are.
var detailTypes = map[string]detailType{
	csc.DetailCredential:     {scope: csc.ScopeCredential, read: signatureDetail},
	csc.DetailCredential2025: {scope: csc.ScopeCredential, read: signatureDetail},
	csc.DetailCreation:       {scope: csc.ScopeCreation, change: creationChange},
	csc.DetailCreation2025:   {scope: csc.ScopeCreation, change: creationChange},
	csc.DetailDeletion:       {scope: csc.ScopeDeletion, change: deletionChange},
	csc.DetailDeletion2025:   {scope: csc.ScopeDeletion, change: deletionChange},
}

// detailTypes are the types of authorization_details that are understood here.
func (p *Provider) detailTypes() []string {
	all := make([]string, 0, len(detailTypes))
	for name, kind := range detailTypes {
		if kind.change == nil || p.Changing != nil {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// readDetails reads authorization_details (RFC 9396 §2): an array of objects
// that have every member they must and none that is not known. All are of types
// whose token has the same scope, which it returns; no two name the same
// credential, since a signature finds its grant by that. One that asks for a Change
// stands alone.
func readDetails(text []byte) (all []Detail, change *Change, scope string, err error) {
	elements, err := readElements(text)
	if err != nil {
		return nil, nil, "", err
	}
	for _, e := range elements {
		kind, known := detailTypes[e.kind]
		switch {
		case !known:
			return nil, nil, "", e.invalid("type", nil)
		case scope != "" && scope != kind.scope:
			return nil, nil, "", e.invalid("type", errTwoScopes)
		case kind.change != nil && len(elements) > 1:
			return nil, nil, "", e.invalid("type", errAlone)
		case kind.change != nil:
			c, err := kind.change(e)
			c.Type = e.kind
			return nil, &c, kind.scope, err
		}
		d, err := kind.read(e)
		if err != nil {
			return nil, nil, "", err
		}
		if slices.ContainsFunc(all, func(o Detail) bool { return o.CredentialID != "" && o.CredentialID == d.CredentialID }) {
			return nil, nil, "", e.invalid("credentialID", errOneCredential)
		}
		d.Type, scope = e.kind, kind.scope
		all = append(all, d)
	}
	return all, nil, scope, nil
}

var (
	errTwoScopes     = errors.New("its tokens are of another scope")
	errOneCredential = errors.New("credential of another element")
)

// signatureDetail reads an element that asks for signatures (v2.0.0.2 §8.4.2,
// v2.2 §8.2.2). Its documents are named, at SCAL 1 too.
func signatureDetail(e *element) (Detail, error) {
	e.knows("type", "credentialID", "signatureQualifier", "numSignatures", "documentDigests", "hashAlgorithmOID", "locations")
	d := Detail{
		CredentialID: e.name("credentialID"),
		Qualifier:    csc.Qualifier(e.name("signatureQualifier")),
		HashOID:      e.text("hashAlgorithmOID", 64),
		Locations:    e.texts("locations", maxLocations, maxLocation),
	}
	digests := e.objects("documentDigests")
	d.Count = e.count("numSignatures", len(digests))
	hash, known := csc.HashByOID(d.HashOID)
	switch {
	case e.err != nil:
		return d, e.err
	case d.CredentialID == "" && d.Qualifier == "":
		return d, e.missing("credentialID")
	case d.HashOID == "":
		return d, e.missing("hashAlgorithmOID")
	case !known:
		return d, e.invalid("hashAlgorithmOID", nil)
	case len(digests) == 0:
		return d, e.missing("documentDigests")
	case d.Count != len(digests):
		return d, e.invalid("numSignatures", errHowMany)
	}
	for _, o := range digests {
		one, err := documentDigest(o, hash.Size())
		if err != nil {
			return d, err
		}
		d.Digests = append(d.Digests, one)
	}
	return d, nil
}

var (
	errHowMany = errors.New("not as many as documentDigests")
	errLength  = errors.New("not of the length of hashAlgorithmOID")
)

// documentDigest reads a member of documentDigests. The kind in hashType is of
// v2.2, in any case: clients write DTBSR.
func documentDigest(e *element, size int) (DocumentDigest, error) {
	e.knows("hash", "label", "hashType")
	hash := e.text("hash", 128)
	one := DocumentDigest{Label: e.text("label", 4*maxLabel), Said: e.text("hashType", 16)}
	one.Kind = csc.HashKind(strings.ToLower(one.Said))
	digest, err := csc.DecodeBase64(hash)
	switch {
	case e.err != nil:
		return one, e.err
	case hash == "":
		return one, e.missing("hash")
	case err != nil:
		return one, e.invalid("hash", err)
	case len(digest) != size:
		return one, e.invalid("hash", errLength)
	case utf8.RuneCountInString(one.Label) > maxLabel:
		return one, e.invalid("label", nil)
	case one.Kind != "" && one.Kind != csc.DTBSR && one.Kind != csc.SDR:
		return one, e.invalid("hashType", nil)
	}
	one.Digest = digest
	return one, nil
}

// granted is a detail as the client is told that it was granted (RFC 9396 §7):
// as it was sent, with the credential in place of the qualifier it was found by.
func (d Detail) granted(credentialID string) csc.AuthorizationDetail {
	told := csc.AuthorizationDetail{
		Type: d.Type, CredentialID: credentialID, NumSignatures: d.Count,
		HashAlgorithmOID: d.HashOID, Locations: d.Locations,
	}
	if d.CredentialID != "" {
		told.SignatureQualifier = d.Qualifier
	}
	for _, one := range d.Digests {
		told.DocumentDigests = append(told.DocumentDigests, csc.DocumentDigest{Hash: one.Digest, Label: one.Label, HashType: one.Said})
	}
	return told
}

// repeated refuses unless a token request has the authorization_details of the
// request its code is of, which §8.4.4 wants there again: neither more, nor less,
// nor others. How they are written in JSON does not matter.
func (q request) repeated(text string) error {
	switch asked := q.detailed(); {
	case text == "" && asked:
		return missing("authorization_details")
	case text == "":
		return nil
	case !asked:
		return errDetails("Invalid parameter authorization_details", errNotAsked)
	}
	var again request
	var err error
	if again.Details, again.Change, _, err = readDetails([]byte(text)); err != nil {
		return err
	}
	is, err := json.Marshal([]any{again.Details, again.Change})
	if err != nil {
		return fmt.Errorf("encode details: %w", err)
	}
	was, err := json.Marshal([]any{q.Details, q.Change})
	if err != nil {
		return fmt.Errorf("encode details: %w", err)
	}
	if string(is) != string(was) {
		return errDetails("authorization_details parameter does not match authorization_details parameter of authorization request", nil)
	}
	return nil
}

var errNotAsked = errors.New("not of a request with authorization_details")

// detailed reports whether q came with authorization_details.
func (q request) detailed() bool {
	return len(q.Details) > 0 && q.Details[0].Type != "" || q.Change != nil && q.Change.Type != ""
}

// errDetails is the answer to authorization_details that are not good (RFC 9396
// §5).
func errDetails(sentence string, cause error) *csc.Error {
	return &csc.Error{Code: csc.InvalidAuthorizationDetails, Description: sentence, Cause: cause}
}
