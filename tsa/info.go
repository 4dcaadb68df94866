package tsa

import (
	"crypto"
	"fmt"
	"math/big"
	"regexp"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/pecete/pecete/csc"
)

// An Info is what a time-stamp says: its TSTInfo (RFC 3161 §2.4.2).
type Info struct {
	Policy   string // OID
	Hash     crypto.Hash
	Digest   csc.Digest
	Serial   *big.Int
	Time     time.Time     // UTC
	Accuracy time.Duration // how far off Time may be; 0 is unsaid
	Nonce    *big.Int      // nil for none
}

// marshal is the TSTInfo. Its time is in whole seconds: RFC 3161 allows fractions,
// and there are readers who do not.
func (i Info) marshal() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		addOID(b, i.Policy)
		addImprint(b, i.Hash, i.Digest)
		b.AddASN1BigInt(i.Serial)
		b.AddASN1GeneralizedTime(i.Time.UTC().Truncate(time.Second))
		addAccuracy(b, i.Accuracy)
		if i.Nonce != nil {
			b.AddASN1BigInt(i.Nonce)
		}
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode time-stamp: %w", err)
	}
	return der, nil
}

// accuracyUnits are those of Accuracy, with the tags they stand under.
var accuracyUnits = []struct {
	tag  tag.Tag
	unit time.Duration
	most int64
}{
	{tag.INTEGER, time.Second, 1 << 31},
	{tag.Tag(0x80), time.Millisecond, 999},
	{tag.Tag(0x81), time.Microsecond, 999},
}

func addAccuracy(b *cryptobyte.Builder, accuracy time.Duration) {
	if accuracy <= 0 {
		return
	}
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, u := range accuracyUnits {
			if n := accuracy / u.unit; n > 0 {
				b.AddASN1Int64WithTag(int64(n), u.tag)
				accuracy %= u.unit
			}
		}
	})
}

// parseInfo reads a TSTInfo.
func parseInfo(der []byte) (i Info, err error) {
	var body, oid cryptobyte.String
	var version int
	input := cryptobyte.String(der)
	if !input.ReadASN1(&body, tag.SEQUENCE) || !input.Empty() || !body.ReadASN1Integer(&version) || version != 1 ||
		!body.ReadASN1(&oid, tag.OBJECT_IDENTIFIER) {
		return i, errInfo
	}
	if i.Policy = dotted(oid); i.Policy == "" {
		return i, errInfo
	}
	if i.Hash, i.Digest, err = parseImprint(&body); err != nil {
		return i, fmt.Errorf("%w: %s", errInfo, err.Error()) // it is no refusal of ours
	}
	i.Serial = new(big.Int)
	if !body.ReadASN1Integer(i.Serial) {
		return i, errInfo
	}
	if i.Time, err = parseTime(&body); err != nil {
		return i, err
	}
	return i, i.parseRest(body)
}

// parseRest reads what need not be there.
func (i *Info) parseRest(body cryptobyte.String) error {
	var accuracy, name, extensions cryptobyte.String
	var ordering bool
	var ok bool
	if !body.ReadOptionalASN1(&accuracy, &ok, tag.SEQUENCE) {
		return errInfo
	}
	if i.Accuracy, ok = parseAccuracy(accuracy); !ok {
		return errInfo
	}
	if body.PeekASN1Tag(tag.BOOLEAN) && !body.ReadASN1Boolean(&ordering) {
		return errInfo
	}
	if body.PeekASN1Tag(tag.INTEGER) {
		if i.Nonce = new(big.Int); !body.ReadASN1Integer(i.Nonce) {
			return errInfo
		}
	}
	if !body.ReadOptionalASN1(&name, nil, explicit0) || !body.ReadOptionalASN1(&extensions, nil, explicit1) || !body.Empty() {
		return errInfo
	}
	return checkExtensions(extensions)
}

// generalizedTime is that of RFC 3161 §2.4.2, in UTC and with fractions of any
// length.
var generalizedTime = regexp.MustCompile(`^\d{14}(\.\d{1,18})?Z$`)

func parseTime(from *cryptobyte.String) (time.Time, error) {
	var text cryptobyte.String
	if !from.ReadASN1(&text, tag.GeneralizedTime) || !generalizedTime.Match(text) {
		return time.Time{}, errInfo
	}
	at, err := time.Parse("20060102150405Z", string(text)) // which takes a fraction
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: its time is none", errInfo)
	}
	return at.UTC(), nil
}

func parseAccuracy(body cryptobyte.String) (accuracy time.Duration, ok bool) {
	for _, u := range accuracyUnits {
		if !body.PeekASN1Tag(u.tag) {
			continue
		}
		var n int64
		if !body.ReadASN1Int64WithTag(&n, u.tag) || n < 0 || n > u.most {
			return 0, false
		}
		accuracy += time.Duration(n) * u.unit
	}
	return accuracy, body.Empty()
}

// checkExtensions passes over extensions, unless one is critical.
func checkExtensions(all cryptobyte.String) error {
	for !all.Empty() {
		var one, oid, value cryptobyte.String
		var critical bool
		if !all.ReadASN1(&one, tag.SEQUENCE) || !one.ReadASN1(&oid, tag.OBJECT_IDENTIFIER) ||
			one.PeekASN1Tag(tag.BOOLEAN) && !one.ReadASN1Boolean(&critical) ||
			!one.ReadASN1(&value, tag.OCTET_STRING) || !one.Empty() {
			return errInfo
		}
		if critical {
			return errCritical
		}
	}
	return nil
}
