package tsa

import (
	"crypto/x509"
	"time"

	"github.com/pecete/pecete/cms"
)

// InfoOf reads what a token says, whoever made it.
func InfoOf(token []byte) (Info, error) {
	d, err := cms.Parse(token)
	if err != nil {
		return Info{}, err
	}
	return parseInfo(d.Content)
}

// Query is the TimeStampReq of r.
func Query(r Request) ([]byte, error) { return r.marshal() }

// TokenOf reads a TimeStampResp.
func TokenOf(reply []byte) ([]byte, error) { return parseReply(reply) }

// MostReply is how long a reply may be.
const MostReply = mostReply

// Judge holds a token of any time against r.
func Judge(token []byte, r Request, roots *x509.CertPool) (Info, error) {
	return judge{roots: roots, to: time.Now().AddDate(100, 0, 0)}.check(token, r)
}
