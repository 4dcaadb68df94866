package audit

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"time"
)

// A Head is the state of a log after one of its records, signed.
//
// What is signed is the SHA-256 of: "pecete audit head 1", a zero byte, the
// length of Log in two bytes and Log, Seq in eight bytes, Time in microseconds
// since 1970 in eight bytes, and the 32 bytes of Hash; numbers big-endian.
type Head struct {
	Log       string    `json:"log"`       // id of the log
	Seq       uint64    `json:"seq"`       // of the record
	Hash      string    `json:"hash"`      // SHA-256 of the record's line, hex
	Time      time.Time `json:"time"`      // when the head was taken, microseconds
	Signature []byte    `json:"signature"` // ECDSA in DER, the smaller s of the two
}

// A Keeper keeps the last signed head of each log outside the log.
type Keeper interface {
	// KeepHead replaces the kept head of h.Log; a head of a lower Seq than the
	// kept one is refused with an error.
	KeepHead(ctx context.Context, h Head) error
	// LastHead returns the kept head, and false if there is none.
	LastHead(ctx context.Context, log string) (Head, bool, error)
}

// A HeadSigner signs heads with a key that serves nothing else.
type HeadSigner interface {
	// SignHead signs a SHA-256 digest with ECDSA on P-256 and returns DER.
	SignHead(ctx context.Context, digest []byte) (signature []byte, err error)
}

// digest is what is signed of h.
func (h Head) digest() ([]byte, error) {
	hash, err := hex.DecodeString(h.Hash)
	if err != nil || len(hash) != sha256.Size || len(h.Log) > 1<<16-1 {
		return nil, errors.New("not a head")
	}
	text := append([]byte("pecete audit head 1"), 0)
	text = binary.BigEndian.AppendUint16(text, uint16(len(h.Log)))
	text = append(text, h.Log...)
	text = binary.BigEndian.AppendUint64(text, h.Seq)
	text = binary.BigEndian.AppendUint64(text, uint64(h.Time.UnixMicro()))
	d := sha256.Sum256(append(text, hash...))
	return d[:], nil
}

// signedBy reports whether one of the keys signed h. Of the two signatures that
// are good whenever one is, only that with the smaller s counts: otherwise a
// stranger could change a line that nothing follows.
func (h Head) signedBy(keys []*ecdsa.PublicKey) bool {
	digest, err := h.digest()
	if err != nil {
		return false
	}
	if lowest, err := lower(h.Signature); err != nil || !bytes.Equal(lowest, h.Signature) {
		return false
	}
	return slices.ContainsFunc(keys, func(k *ecdsa.PublicKey) bool {
		return ecdsa.VerifyASN1(k, digest, h.Signature)
	})
}

// Lower returns the one signature that counts of the two that are good whenever
// one is: that with the smaller s.
func Lower(signature []byte) ([]byte, error) { return lower(signature) }

// lower returns the signature with the smaller s.
func lower(signature []byte) ([]byte, error) {
	var p struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(signature, &p); err != nil || len(rest) != 0 {
		return nil, errors.New("signature of the head is not DER")
	}
	n := elliptic.P256().Params().N
	if p.S.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
		p.S.Sub(n, p.S)
	}
	return asn1.Marshal(p)
}

// checkKeys refuses keys that no head is signed with.
func checkKeys(keys []*ecdsa.PublicKey) error {
	if len(keys) == 0 {
		return errors.New("audit: no key to verify heads with")
	}
	for _, k := range keys {
		if k == nil || k.Curve != elliptic.P256() {
			return errors.New("audit: heads are signed on P-256")
		}
	}
	return nil
}
