package cms

import (
	"errors"
	"maps"
	"slices"
)

// What can be wrong with the parts a signature is to be built of.
var (
	// ErrCertificate: no certificate was given, or one is not DER X.509.
	ErrCertificate = errors.New("the signing certificate cannot be read")
	// ErrAlgorithm: the algorithm is not one of the table, or not one of this
	// certificate's key.
	ErrAlgorithm = errors.New("the algorithm does not fit the signing certificate")
	// ErrDigest: a digest is not as long as the algorithm's hash makes it.
	ErrDigest = errors.New("the digest has the wrong length for its hash")
	// ErrSignature: the signature was not made over this digest by the key of
	// the signing certificate.
	ErrSignature = errors.New("the signature does not verify with the signing certificate")
	// ErrAttribute: a signed attribute is of no kind that may stand here, is
	// there twice, or is not encoded as its kind is.
	ErrAttribute = errors.New("the signed attribute cannot be taken")
)

// A Fault is what is wrong with a signature that came. Its text is for logs; who
// tells people has words of his own for each.
type Fault string

// What can be wrong with an encoding.
const (
	ErrEncoding      Fault = "encoding"
	ErrTrailing      Fault = "trailing"
	ErrVersion       Fault = "version"
	ErrAttributes    Fault = "attributes"
	errNotSignedData Fault = "type"
	errSigners       Fault = "signers"
	errCertificates  Fault = "certificates"
	errNoCertificate Fault = "no-certificate"
	errAmbiguous     Fault = "ambiguous"
	errNoSignedAttrs Fault = "no-attributes"
	errOrder         Fault = "order"
	errTwiceAttr     Fault = "twice"
)

// What can be wrong with the algorithms and the key.
const (
	errHash       Fault = "hash"
	errAlgorithm  Fault = "algorithm"
	errMismatch   Fault = "mismatch"
	errKey        Fault = "key"
	errWeak       Fault = "weak"
	errNoBinding  Fault = "no-binding"
	errBinding    Fault = "binding"
	errNoDigest   Fault = "no-digest"
	errOtherTypes Fault = "content-type"
)

var faults = map[Fault]string{
	ErrEncoding:      "the signature is not a well-formed CMS SignedData in DER",
	ErrTrailing:      "something follows the signature inside its place",
	ErrVersion:       "the signature is of an unknown version of CMS",
	ErrAttributes:    "the attributes of the signature are malformed",
	errNotSignedData: "the signature is of a CMS type other than SignedData",
	errSigners:       "the signature does not have exactly one signer",
	errCertificates:  "the signature carries a certificate that cannot be read",
	errNoCertificate: "the signature does not carry the certificate of its signer",
	errAmbiguous:     "the signature carries two certificates under the name of its signer",
	errNoSignedAttrs: "the signature has no signed attributes",
	errOrder:         "the signed attributes are not in the order of DER",
	errTwiceAttr:     "an attribute of the signature is there twice",
	errHash:          "the signature uses a hash that is unknown or, like SHA-1, no longer safe",
	errAlgorithm:     "the signature uses an algorithm that is unknown or no longer safe",
	errMismatch:      "the signature names two hashes that contradict each other",
	errKey:           "the signer's key is not of the kind the signature claims",
	errWeak:          "the signer's key is too short to be safe",
	errNoBinding:     "the signature does not name the certificate it was made with",
	errBinding:       "the signature names another certificate than the one it carries",
	errNoDigest:      "the signature does not hold the digest of what it signs",
	errOtherTypes:    "the signature is over content of another type",
}

func (f Fault) Error() string { return faults[f] }

// Faults are all there are.
func Faults() []Fault { return slices.Sorted(maps.Keys(faults)) }
