package ades

import (
	"crypto"

	"github.com/pecete/pecete/cms"
)

// CMSParams says what a CMS signature is over and by whom.
type CMSParams = cms.Params

// A CMS is a signature that waits for its value.
type CMS = cms.Prepared

// An Attribute may be put beside a signature, signed or unsigned.
type Attribute = cms.Attribute

// NewCMS prepares a CAdES baseline B signature: content-type, message-digest,
// signing-certificate-v2 and what p adds are signed. The same p gives the same
// digest, always.
func NewCMS(p CMSParams) (*CMS, error) { return cms.Prepare(p) }

// sum hashes parts one after another.
func sum(h crypto.Hash, parts ...[]byte) []byte {
	state := h.New()
	for _, part := range parts {
		state.Write(part)
	}
	return state.Sum(nil)
}
