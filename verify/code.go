package verify

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pecete/pecete/cms"
	"github.com/pecete/pecete/tsa"
)

// A Code names one thing that can be found, for who has words for it. Those of
// package cms begin with "cms.", those of package tsa with "tsa.".
type Code string

// What speaks against a signature or a file.
const (
	digestOff     Code = "digest"           // what was signed is not there
	signedUnread  Code = "signed-version"   // the version that was signed cannot be read by itself
	pagesAltered  Code = "pages"            // later versions have other pages
	otherAltered  Code = "altered"          // something else is another, which may be seen
	keyOther      Code = "key"              // the signature does not verify with the certificate's key
	attached      Code = "attached"         // the signature brings what it signs
	signingTime   Code = "signing-time"     // it holds an attribute that PAdES forbids
	encodingOther Code = "subfilter"        // it is of no known kind
	fieldUnread   Code = "field"            // the field's value is no dictionary
	notInFile     Code = "object"           // the dictionary is no object of its own
	dictUnread    Code = "dictionary"       // it is not written as dictionaries are
	dictTwice     Code = "dictionary-twice" // it has an entry twice
	contentsOdd   Code = "contents"         // Contents is not one plain hexadecimal string
	byteRangeOdd  Code = "byte-range"       // ByteRange is not four numbers
	gapOdd        Code = "gap"              // ByteRange leaves out something else than Contents
	endsElsewhere Code = "version-end"      // it ends where no version does
	formless      Code = "hidden"           // a signature is in no form field
	uncovered     Code = "uncovered"        // how many bytes at the end are covered by no intact signature
	wrongUse      Code = "usage"            // the certificate is not for signing
	noChain       Code = "chain"            // the signer's certificate leads to no root; why
	noStampChain  Code = "stamp-chain"      // nor does that of the time-stamp's authority; why
	documentStale Code = "document-stamp"   // the time-stamp over the document is not good; why
	documentAhead Code = "document-stamp-future"
	revoked       Code = "revoked" // at a time
	suspended     Code = "suspended"
)

// What a careful reader wants to know.
const (
	listsUnread    Code = "lists"     // the signature carries revocation lists
	signedUnseen   Code = "attribute" // it has a signed attribute that nobody knows, with this OID
	unsignedUnseen Code = "unsigned"  // it has unsigned ones
	nameless       Code = "unnamed"   // it does not name its certificate
	coversFirst    Code = "covers"    // how many bytes it covers, and how many came later
	noClaim        Code = "no-time"
	claimUnread    Code = "time-unread"
	stampBad       Code = "stamp" // the time-stamp in it is not good; why
	stampAhead     Code = "stamp-future"
	strayed        Code = "certificate" // a certificate came along that is not in the chain, of this subject
	revokedThen    Code = "revoked-after"
	suspendedThen  Code = "suspended-after"
)

// Why there is no chain.
const (
	chainIssuer    Code = "chain.issuer"    // nobody knows the issuer
	chainTime      Code = "chain.time"      // a certificate had ended or not begun
	chainExtension Code = "chain.extension" // one has a critical extension that nobody knows
	chainAuthority Code = "chain.authority" // one was issued by what is no authority
	chainLength    Code = "chain.length"    // there are more authorities than one allows
	chainUse       Code = "chain.usage"     // one is not for this
	chainNames     Code = "chain.names"     // an authority may not vouch for the name
)

// unnamed is what has no code of its own.
const unnamed Code = "other"

// Codes are all that can be found.
func Codes() []Code {
	all := []Code{
		digestOff, signedUnread, pagesAltered, otherAltered, keyOther, attached, signingTime, encodingOther,
		fieldUnread, notInFile, dictUnread, dictTwice, contentsOdd, byteRangeOdd, gapOdd, endsElsewhere,
		formless, uncovered, wrongUse, noChain, noStampChain, documentStale, documentAhead, revoked, suspended,
		listsUnread, signedUnseen, unsignedUnseen, nameless, coversFirst, noClaim, claimUnread, stampBad,
		stampAhead, strayed, revokedThen, suspendedThen,
		chainIssuer, chainTime, chainExtension, chainAuthority, chainLength, chainUse, chainNames, unnamed,
	}
	for _, fault := range cms.Faults() {
		all = append(all, ofCMS(fault))
	}
	for _, fault := range tsa.Faults() {
		all = append(all, ofStamp(fault))
	}
	return all
}

func ofCMS(fault cms.Fault) Code   { return Code("cms." + fault) }
func ofStamp(fault tsa.Fault) Code { return Code("tsa." + fault) }

// codeOf is that of an error of reading a signature or a time-stamp.
func codeOf(err error) Code {
	var inCMS cms.Fault
	var inStamp tsa.Fault
	switch {
	case errors.As(err, &inCMS):
		return ofCMS(inCMS)
	case errors.As(err, &inStamp):
		return ofStamp(inStamp)
	}
	return unnamed
}

// chainCode says why there is no chain.
func chainCode(err error) Code {
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var critical x509.UnhandledCriticalExtension
	switch {
	case errors.As(err, &unknown):
		return chainIssuer
	case errors.As(err, &critical):
		return chainExtension
	case !errors.As(err, &invalid):
		return unnamed
	}
	switch invalid.Reason {
	case x509.Expired:
		return chainTime
	case x509.NotAuthorizedToSign:
		return chainAuthority
	case x509.TooManyIntermediates:
		return chainLength
	case x509.IncompatibleUsage, x509.CANotAuthorizedForExtKeyUsage:
		return chainUse
	case x509.CANotAuthorizedForThisName, x509.NameMismatch, x509.NameConstraintsWithoutSANs, x509.UnconstrainedName, x509.TooManyConstraints:
		return chainNames
	default: // such as NoValidChains
		return unnamed
	}
}

// A Finding is one thing that was found.
type Finding struct {
	Code Code `json:"code"`
	// Why is another code, of what is not good in that.
	Why Code `json:"why,omitempty"`
	// Values go into the sentence, in this order; At is the last of them.
	Values []string  `json:"values,omitempty"`
	At     time.Time `json:"at,omitzero"`
}

func found(code Code, values ...any) Finding {
	f := Finding{Code: code}
	for _, value := range values {
		f.Values = append(f.Values, short(fmt.Sprint(value)))
	}
	return f
}

func (f Finding) because(why Code) Finding {
	f.Why = why
	return f
}

func (f Finding) at(when time.Time) Finding {
	f.At = when.UTC()
	return f
}

// String is for logs.
func (f Finding) String() string {
	parts := []string{string(f.Code)}
	if f.Why != "" {
		parts = append(parts, string(f.Why))
	}
	parts = append(parts, f.Values...)
	if !f.At.IsZero() {
		parts = append(parts, f.At.Format(time.RFC3339))
	}
	return strings.Join(parts, " ")
}
