package ca

import (
	"context"
	"errors"
	"math/big"
	"time"

	"github.com/pecete/pecete/audit"
)

// ErrUnissued says that nobody has a certificate of that number from here.
var ErrUnissued = errors.New("ca: no certificate of that number was issued")

// A State is whether the authority stands by a certificate.
type State int

// The states. A certificate that was suspended may be good again.
const (
	Good State = iota
	Suspended
	Revoked
)

// A Status is what the authority says of one certificate.
type Status struct {
	Serial *big.Int
	State  State
	At     time.Time // since when, if it is not good
	Reason int       // of a revocation, RFC 5280 §5.3.1
}

// onHold is certificateHold (RFC 5280 §5.3.1).
const onHold = 6

// reason is that of RFC 5280 §5.3.1.
func (s Status) reason() int {
	if s.State == Suspended {
		return onHold
	}
	return s.Reason
}

// A Register knows what became of certificates. What it says is of now, whichever
// process changed it, and while it cannot be asked nothing is said.
type Register interface {
	// CertificateStatus is that of one certificate; ErrUnissued if there is none.
	CertificateStatus(ctx context.Context, serial *big.Int) (Status, error)
	// Withdrawn are all that are not good, in an order of their own.
	Withdrawn(ctx context.Context) ([]Status, error)
	// NextCRLNumber is greater than any it ever returned, and not below floor.
	NextCRLNumber(ctx context.Context, floor int64) (int64, error)
}

// A Ledger has the numbers of the certificates that an authority signs for nobody
// but the house itself: of time-stamping and of OCSP answers.
type Ledger interface {
	// AddIssued notes one, before it is signed. A number that is there stays as it
	// is.
	AddIssued(ctx context.Context, serial *big.Int, at time.Time) error
}

// A Log takes records.
type Log interface {
	Append(ctx context.Context, e audit.Entry) error
}

// Where an Endpoint answers, behind the authority's URL.
const (
	crlPath         = "/ca/crl"
	ocspPath        = "/ca/ocsp"
	certificatePath = "/ca/certificate"
)
