package oauth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"time"
)

// nonceLife is how long one nonce is the newest. It is good for as long after
// that again.
const nonceLife = 2 * time.Minute

// demandsNonce reports whether DPoP proofs must have a nonce of ours.
func (p *Provider) demandsNonce() bool { return len(p.NonceKey) > 0 }

// nonce is that of the span of time which is away so many from now's. Nothing of
// it is kept: every server with the key makes the same.
func (p *Provider) nonce(away int64) string {
	mac := hmac.New(sha256.New, p.NonceKey)
	mac.Write([]byte("pecete dpop nonce\x00"))
	span := p.Now().Unix()/int64(nonceLife/time.Second) + away
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(span)))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// isNonce takes the nonce of now, the one before and, since another server's
// clock may be ahead, the one after.
func (p *Provider) isNonce(said string) bool {
	known := false
	for away := int64(-1); away <= 1; away++ {
		known = hmac.Equal([]byte(said), []byte(p.nonce(away))) || known
	}
	return known
}

// TellNonce puts into the header of an answer which nonce the next DPoP proof
// needs (RFC 9449 §8.2), if one is demanded.
func (p *Provider) TellNonce(header http.Header) {
	if p.demandsNonce() {
		header.Set("DPoP-Nonce", p.nonce(0))
	}
}
