package cms

import "errors"

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

// What can be wrong with an encoding. The wording is that of a report to people.
var (
	ErrEncoding      = errors.New("the signature is not a well-formed CMS SignedData in DER")
	ErrTrailing      = errors.New("something follows the signature inside its place")
	ErrVersion       = errors.New("the signature is of an unknown version of CMS")
	ErrAttributes    = errors.New("the attributes of the signature are malformed")
	errNotSignedData = errors.New("the signature is of a CMS type other than SignedData")
	errSigners       = errors.New("the signature does not have exactly one signer")
	errCertificates  = errors.New("the signature carries a certificate that cannot be read")
	errNoCertificate = errors.New("the signature does not carry the certificate of its signer")
	errAmbiguous     = errors.New("the signature carries two certificates under the name of its signer")
	errNoSignedAttrs = errors.New("the signature has no signed attributes")
	errOrder         = errors.New("the signed attributes are not in the order of DER")
	errTwiceAttr     = errors.New("an attribute of the signature is there twice")
)

// What can be wrong with the algorithms and the key.
var (
	errHash       = errors.New("the signature uses a hash that is unknown or, like SHA-1, no longer safe")
	errAlgorithm  = errors.New("the signature uses an algorithm that is unknown or no longer safe")
	errMismatch   = errors.New("the signature names two hashes that contradict each other")
	errKey        = errors.New("the signer's key is not of the kind the signature claims")
	errWeak       = errors.New("the signer's key is too short to be safe")
	errNoBinding  = errors.New("the signature does not name the certificate it was made with")
	errBinding    = errors.New("the signature names another certificate than the one it carries")
	errNoDigest   = errors.New("the signature does not hold the digest of what it signs")
	errOtherTypes = errors.New("the signature is over content of another type")
)
