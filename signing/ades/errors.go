package ades

import "errors"

// What can be wrong with a signer's certificate, algorithm or signature.
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
)

// Why a PDF is not signed. Each is a sentence for the person who chose the file.
var (
	ErrNotPDF      = errors.New("this is not a PDF file")
	ErrTooLarge    = errors.New("this PDF is too large to be signed here")
	ErrDamaged     = errors.New("this PDF is damaged: it cannot be read without repairing it or guessing")
	ErrPassword    = errors.New("this PDF is protected by a password, and the right one is needed to sign it")
	ErrEncryption  = errors.New("this PDF is encrypted in a way that is not supported")
	ErrNoPages     = errors.New("this PDF has no pages")
	ErrXFA         = errors.New("this PDF is an XFA form, whose content a signature cannot protect")
	ErrLocked      = errors.New("this PDF is certified and its author allows no changes, so a further signature is not possible")
	ErrUsageRights = errors.New("this PDF carries usage rights that any change would break")
	ErrFieldTaken  = errors.New("this PDF already has a form field of that name")
	ErrFieldName   = errors.New("the name of a form field may not contain a full stop")
	ErrNotFirst    = errors.New("this PDF is already signed, and only a first signature can certify")
	ErrNoTime      = errors.New("the claimed signing time is missing")
	ErrReserve     = errors.New("the signature does not fit into the space reserved for it")
)
