package users

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/pecete/pecete/csc"
)

// The codes are RFC 6238's with SHA-1, six digits and thirty seconds: some apps
// ignore what else a URI asks for.
const (
	period     = 30 // seconds
	drift      = 1  // steps that a clock may be off either way
	secretSize = 20 // bytes
)

// ErrSecret says that what was sealed for a user is not the secret of an
// authenticator.
var ErrSecret = errors.New("users: not an authenticator's secret")

// newSecret makes the secret of an authenticator.
func newSecret() []byte {
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret) // never fails
	return secret
}

// checkSecret refuses what newSecret cannot have made: above all the empty
// secret, whose codes anybody can compute.
func checkSecret(secret []byte) error {
	if len(secret) != secretSize {
		return ErrSecret
	}
	return nil
}

// sealedFor binds a sealed secret to its user and its use.
func sealedFor(userID string) []byte { return []byte("users|" + userID + "|totp") }

// stepOf is the step that t is in. There is none before 1970.
func stepOf(t time.Time) int64 { return max(0, t.Unix()) / period }

// codeOf computes the code of a step. It is all that is used of the library,
// which would also judge: it takes blanks for nothing, and says yes without
// saying to which step.
func codeOf(secret []byte, step int64) string {
	code, err := hotp.GenerateCodeCustom(inBase32(secret), uint64(step), hotp.ValidateOpts{
		Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
	})
	if err != nil {
		return "" // no code: Base32 that we made is Base32
	}
	return code
}

// matches returns the steps about now whose code this is, in order. Nearly
// always there is one or none; two steps may by chance have the same code.
func matches(secret []byte, code csc.Secret, now time.Time) (steps []int64) {
	middle := stepOf(now)
	for step := max(0, middle-drift); step <= middle+drift; step++ {
		if want := codeOf(secret, step); want != "" && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			steps = append(steps, step)
		}
	}
	return steps
}

// sixDigits reports whether code is six ASCII digits and nothing beside them.
func sixDigits(code csc.Secret) bool {
	return len(code) == 6 && strings.Trim(string(code), "0123456789") == ""
}

// inBase32 is how an app is told a secret.
func inBase32(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// pairingURI is what an authenticator app is paired with. A colon parts issuer
// and account in its label, even an escaped one, so that neither may have any.
func pairingURI(issuer, account string, secret []byte) string {
	issuer, account = strings.ReplaceAll(issuer, ":", " "), strings.ReplaceAll(account, ":", " ")
	parameters := url.Values{
		"secret": {inBase32(secret)}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"},
	}
	// No plus: to some apps it is a blank, to others not.
	label := strings.ReplaceAll(url.PathEscape(issuer)+":"+url.PathEscape(account), "+", "%2B")
	return "otpauth://totp/" + label + "?" + strings.ReplaceAll(parameters.Encode(), "+", "%20")
}
