package conformance

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// The parameters of RFC 6238 every authenticator has.
const (
	totpPeriod = 30 * time.Second
	totpDigits = 6
)

// totpKey reads a secret as authenticators are given it: Base32, blanks and
// padding or not, in either case.
func totpKey(secret string) ([]byte, error) {
	s := strings.ToUpper(strings.TrimRight(strings.ReplaceAll(secret, " ", ""), "="))
	return base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(s)
}

// totpStep is the number of the step at time now.
func totpStep(now time.Time) int64 { return now.Unix() / int64(totpPeriod/time.Second) }

// totpStart is when a step begins.
func totpStart(step int64) time.Time {
	return time.Unix(step*int64(totpPeriod/time.Second), 0)
}

// totpCode is the code of a step (RFC 4226 §5.3).
func totpCode(key []byte, step int64) string {
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, uint64(step)) // a hash never fails
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	number := binary.BigEndian.Uint32(sum[at:at+4]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, number%1_000_000)
}
