package tsa

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// A FailInfo is why a request is not granted: a bit of PKIFailureInfo (RFC 3161
// §2.4.2).
type FailInfo int

// The reasons.
const (
	Unsaid              FailInfo = -1
	BadAlg              FailInfo = 0  // unrecognized or unsupported algorithm identifier
	BadRequest          FailInfo = 2  // transaction not permitted or supported
	BadDataFormat       FailInfo = 5  // the data submitted has the wrong format
	TimeNotAvailable    FailInfo = 14 // the authority's time source is not available
	UnacceptedPolicy    FailInfo = 15 // the requested policy is not supported
	UnacceptedExtension FailInfo = 16 // the requested extension is not supported
	AddInfoNotAvailable FailInfo = 17 // additional information could not be understood
	SystemFailure       FailInfo = 25 // the request cannot be handled due to system failure
)

var failNames = map[FailInfo]string{
	Unsaid: "no reason given",
	BadAlg: "badAlg", BadRequest: "badRequest", BadDataFormat: "badDataFormat", TimeNotAvailable: "timeNotAvailable",
	UnacceptedPolicy: "unacceptedPolicy", UnacceptedExtension: "unacceptedExtension",
	AddInfoNotAvailable: "addInfoNotAvailable", SystemFailure: "systemFailure",
}

// String is the name the text gives f.
func (f FailInfo) String() string { return failNames[f] }

// A Refusal is a request that is not granted.
type Refusal struct {
	Info FailInfo
	Text string
}

func refuse(info FailInfo, text string) *Refusal { return &Refusal{info, text} }

func (r *Refusal) Error() string { return fmt.Sprintf("time-stamp refused: %s: %s", r.Info, r.Text) }

// The values of PKIStatus that are of use here.
const (
	granted         = 0
	grantedWithMods = 1
	rejection       = 2
)

// Reply is the TimeStampResp that grants a request with a token.
func Reply(token []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Int64(granted) })
		b.AddBytes(token)
	})
	return b.BytesOrPanic() // nothing in it can fail
}

// Reply is the TimeStampResp that rejects a request with r.
func (r *Refusal) Reply() []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(rejection)
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(tag.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(r.Text)) })
			})
			if r.Info >= 0 {
				r.Info.add(b)
			}
		})
	})
	return b.BytesOrPanic() // likewise
}

// add writes f as DER has named bits: without zeros at the end.
func (f FailInfo) add(b *cryptobyte.Builder) {
	content := make([]byte, 2+f/8)
	content[0] = byte(7 - f%8)
	content[1+f/8] = 0x80 >> (f % 8)
	b.AddASN1(tag.BIT_STRING, func(b *cryptobyte.Builder) { b.AddBytes(content) })
}

var errReply = errors.New("the answer is not a TimeStampResp in DER")

// parseReply reads a TimeStampResp and gives its token. One that grants nothing
// is a *Refusal.
func parseReply(der []byte) (token []byte, err error) {
	var body, status, rest cryptobyte.String
	var code int
	input := cryptobyte.String(der)
	if !input.ReadASN1(&body, tag.SEQUENCE) || !input.Empty() || !body.ReadASN1(&status, tag.SEQUENCE) ||
		!status.ReadASN1Integer(&code) {
		return nil, errReply
	}
	refusal, ok := parseStatus(status)
	if !ok {
		return nil, errReply
	}
	if code != granted && code != grantedWithMods {
		return nil, refusal
	}
	if !body.ReadASN1Element(&rest, tag.SEQUENCE) || !body.Empty() {
		return nil, errReply
	}
	return rest, nil
}

// parseStatus reads what stands behind the status in PKIStatusInfo.
func parseStatus(status cryptobyte.String) (*Refusal, bool) {
	var lines, line cryptobyte.String
	var bits asn1.BitString
	var texts []string
	if !status.ReadOptionalASN1(&lines, nil, tag.SEQUENCE) {
		return nil, false
	}
	for !lines.Empty() {
		if !lines.ReadASN1(&line, tag.UTF8String) {
			return nil, false
		}
		texts = append(texts, string(line))
	}
	if status.PeekASN1Tag(tag.BIT_STRING) && !status.ReadASN1BitString(&bits) || !status.Empty() {
		return nil, false
	}
	r := refuse(Unsaid, printable(strings.Join(texts, " ")))
	for f := range failNames {
		if f >= 0 && bits.At(int(f)) == 1 && (r.Info < 0 || f < r.Info) {
			r.Info = f
		}
	}
	return r, true
}

// mostText is how much of another's words goes into a log.
const mostText = 200

// printable is the beginning of another's words, as far as a log may have them.
func printable(text string) string {
	runes := slices.DeleteFunc([]rune(strings.ToValidUTF8(text, "?")), func(r rune) bool { return r < ' ' || r == 0x7f })
	return string(runes[:min(len(runes), mostText)])
}
