package ades

import (
	"errors"

	"github.com/pecete/pecete/cms"
)

// What can be wrong with a signer's certificate, algorithm or signature.
var (
	ErrCertificate = cms.ErrCertificate
	ErrAlgorithm   = cms.ErrAlgorithm
	ErrDigest      = cms.ErrDigest
	ErrSignature   = cms.ErrSignature
	ErrAttribute   = cms.ErrAttribute
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
