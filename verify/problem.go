package verify

import "strings"

// A Kind says in a word what speaks against a signature or a file.
type Kind string

// The kinds.
const (
	Changed     Kind = "changed"     // what was signed is not what is there
	Altered     Kind = "altered"     // a later version has other pages
	Forged      Kind = "forged"      // the signature is not of the certificate that it carries
	Malformed   Kind = "malformed"   // it is not built, or does not stand, as a signature has to
	Unsupported Kind = "unsupported" // it is of a kind, or made with an algorithm, that is not taken
	Untrusted   Kind = "untrusted"   // nobody who is trusted vouches for its certificate
	Expired     Kind = "expired"     // a certificate was not valid at the time
	Unfit       Kind = "unfit"       // the certificate is not for signing
	Revoked     Kind = "revoked"     // the certificate was revoked before
	Hidden      Kind = "hidden"      // the file holds a signature that it does not show
	Uncovered   Kind = "uncovered"   // a part of the file is signed by nobody
)

// A Problem is what was found and what kind of fault that is.
type Problem struct {
	Kind Kind `json:"kind"`
	Finding
}

// Problems are all that speaks against something.
type Problems []Problem

// String has a line for each, for logs.
func (p Problems) String() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}
