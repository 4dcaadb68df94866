package hsm

import (
	"errors"

	"github.com/miekg/pkcs11"
)

// A rung is a step of recovery. Higher ones cost more and disturb others.
type rung int

const (
	noRung     rung = iota // the fault is the request's own
	newSession             // this worker's session is replaced
	newHandle              // the key is found again
	newLogin               // all sessions are closed, and one logs in
	newModule              // the library is finalised and initialised
)

func (r rung) String() string {
	return [...]string{"none", "session", "handle", "login", "module"}[r]
}

// firstRungs says where recovery from a code begins. Modules differ: after a
// logout SoftHSM answers OBJECT_HANDLE_INVALID, openCryptoki KEY_HANDLE_INVALID
// and NSS HOST_MEMORY, so that a code is a hint and the ladder goes on.
// GENERAL_ERROR is anything, often only an odd request, and so begins lowest.
var firstRungs = map[pkcs11.Error]rung{
	pkcs11.CKR_SESSION_HANDLE_INVALID:    newSession,
	pkcs11.CKR_SESSION_CLOSED:            newSession,
	pkcs11.CKR_OPERATION_ACTIVE:          newSession,
	pkcs11.CKR_OPERATION_NOT_INITIALIZED: newSession,
	pkcs11.CKR_FUNCTION_CANCELED:         newSession,
	pkcs11.CKR_GENERAL_ERROR:             newSession,
	pkcs11.CKR_FUNCTION_FAILED:           newSession,

	pkcs11.CKR_OBJECT_HANDLE_INVALID: newHandle,
	pkcs11.CKR_KEY_HANDLE_INVALID:    newHandle,
	pkcs11.CKR_KEY_CHANGED:           newHandle,

	pkcs11.CKR_USER_NOT_LOGGED_IN:       newLogin,
	pkcs11.CKR_HOST_MEMORY:              newLogin,
	pkcs11.CKR_DEVICE_ERROR:             newLogin,
	pkcs11.CKR_DEVICE_MEMORY:            newLogin,
	pkcs11.CKR_DEVICE_REMOVED:           newLogin,
	pkcs11.CKR_TOKEN_NOT_PRESENT:        newLogin,
	pkcs11.CKR_TOKEN_NOT_RECOGNIZED:     newLogin,
	pkcs11.CKR_SLOT_ID_INVALID:          newLogin,
	pkcs11.CKR_SESSION_COUNT:            newLogin,
	pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED: newModule,
}

// firstRung says where recovery from err begins.
func firstRung(err error) rung {
	var begun *begunError
	var code pkcs11.Error
	switch {
	case errors.As(err, &begun):
		return noRung
	case errors.Is(err, ErrNoKey), errors.Is(err, errDetached):
		return newLogin
	case errors.Is(err, errWrongSignature):
		return newHandle
	case errors.As(err, &code):
		return firstRungs[code]
	}
	return noRung
}

// passing reports whether err is of the device and not of the request, so that
// the same request may succeed later.
func passing(err error) bool {
	var begun *begunError
	var code pkcs11.Error
	switch {
	case errors.As(err, &begun), errors.Is(err, errDetached), errors.Is(err, errWrongSignature):
		return true
	case errors.As(err, &code):
		return firstRungs[code] >= newLogin
	}
	return false
}

// refusals are the answers of C_Login that count against the PIN.
var refusals = map[pkcs11.Error]bool{
	pkcs11.CKR_PIN_INCORRECT: true,
	pkcs11.CKR_PIN_INVALID:   true,
	pkcs11.CKR_PIN_LEN_RANGE: true,
	pkcs11.CKR_PIN_EXPIRED:   true,
	pkcs11.CKR_PIN_LOCKED:    true,
}

func refusesPIN(err error) bool {
	var code pkcs11.Error
	return errors.As(err, &code) && refusals[code]
}

// unjudged are the answers of C_Login that SoftHSM gives, without a look at the PIN,
// for the moment in which another process logs in and writes that to the token.
var unjudged = map[pkcs11.Error]bool{
	pkcs11.CKR_GENERAL_ERROR:            true,
	pkcs11.CKR_FUNCTION_FAILED:          true,
	pkcs11.CKR_USER_PIN_NOT_INITIALIZED: true,
}

// leavesPIN reports whether the PIN was perhaps not looked at.
func leavesPIN(err error) bool {
	var code pkcs11.Error
	return errors.As(err, &code) && unjudged[code]
}

// unsigned are the answers of C_Sign by which a module says that it did not
// begin: PKCS#11 v2.40 §5.1 gives them for what was wrong when the function was
// called. SESSION_CLOSED and DEVICE_REMOVED are not among them, they may come
// in the midst of it.
var unsigned = map[pkcs11.Error]bool{
	pkcs11.CKR_SESSION_HANDLE_INVALID:    true,
	pkcs11.CKR_OPERATION_NOT_INITIALIZED: true,
	pkcs11.CKR_OBJECT_HANDLE_INVALID:     true,
	pkcs11.CKR_KEY_HANDLE_INVALID:        true,
	pkcs11.CKR_USER_NOT_LOGGED_IN:        true,
	pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED:  true,
}

// A begunError is a fault after which a signature may exist. The request is not
// tried again.
type begunError struct{ cause error }

func (e *begunError) Error() string { return "in the midst of it: " + e.cause.Error() }
func (e *begunError) Unwrap() error { return e.cause }

// begun marks what C_Sign answered unless it says that nothing was signed.
func begun(err error) error {
	var code pkcs11.Error
	if err == nil || errors.As(err, &code) && unsigned[code] {
		return err
	}
	return &begunError{cause: err}
}

// codeOf is the PKCS#11 code in err, for the log.
func codeOf(err error) string {
	var code pkcs11.Error
	if errors.As(err, &code) {
		return code.Error()
	}
	return "none"
}
