package server

import (
	"errors"
	"strings"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/csc/v1"
)

var (
	errWaiting   = errors.New("too many requests wait for their signers")
	errUndecided = errors.New("the signer has not decided in time")
)

// names are what v1 calls parameters that v2 renamed, in sentences about them.
var names = [][2]string{
	{"hashAlgorithmOID", "hashAlgo"},
	{"parameter hashes", "parameter hash"},
}

// sendOTPHeader is what §11.8 says of a malformed header, and no other clause.
const sendOTPHeader = "Malformed authroization header."

// words says an error of v2 in the words of v1. All that is translated is in
// this file; the cause stays, and with it what else the error is.
func (f facade) words(m csc.Method, err error) error {
	refused := tell(err)
	told := refused.told
	said := told.Description
	switch {
	case said == malformedHeader && m == csc.MethodSendOTP:
		said = sendOTPHeader
	case said == malformedHeader:
		said = csc.InvalidRequest.Description()
	case m == csc.MethodSendOTP && said == csc.Invalid("authObjectID").Description:
		said = csc.Invalid("credentialID").Description
	case m == csc.MethodSendOTP && said == lockedCredential:
		said = "OTP locked"
	}
	if m != csc.MethodTimestamp {
		for _, name := range names {
			said = strings.ReplaceAll(said, name[0], name[1])
		}
	}
	if said == told.Description {
		return err
	}
	return &refusal{status: refused.status, told: &csc.Error{Code: told.Code, Description: said, Cause: err}}
}

// lockedCredential is the sentence of v2 for factors that are not judged now.
const lockedCredential = "Credential locked"

// words says of factors that were refused what v1 says of one of them.
func (f flat) words(req v1.AuthorizeRequest, err error) error {
	var told *csc.Error
	if !errors.As(err, &told) {
		return err
	}
	bad, locked := &csc.Error{Code: v1.InvalidOTP, Description: "The OTP is invalid", Cause: err}, "OTP locked"
	if f.blamesPIN(req) {
		bad, locked = &csc.Error{Code: v1.InvalidPIN, Description: "The PIN is invalid", Cause: err}, "PIN locked"
	}
	switch {
	case told.Code == csc.InvalidAuthenticationData:
		return bad
	case told.Description == lockedCredential:
		return csc.Refused(locked, err)
	}
	return err
}

// blamesPIN reports whether it is said of the PIN that something is wrong: where it
// is missing, or stands alone. Which of two was wrong is told in v2 to nobody, and
// here neither: it is said of the OTP.
func (f flat) blamesPIN(req v1.AuthorizeRequest) bool {
	switch {
	case req.PIN == "" && f.pin != nil && f.tellPIN().Presence == v1.Wanted:
		return true
	case req.OTP == "" && f.otp != nil && f.tellOTP().Presence == v1.Wanted:
		return false
	}
	return req.PIN != "" && req.OTP == ""
}

// decidedWords says of an approval that was not given that the request is denied.
func decidedWords(err error) error {
	var told *csc.Error
	switch {
	case !errors.As(err, &told):
		return err
	case told.Code == csc.InvalidAuthenticationData:
		return csc.Fail(csc.AccessDenied, err)
	case told.Description == lockedCredential:
		return csc.Refused("OTP locked", err)
	}
	return err
}
