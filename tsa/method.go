package tsa

import (
	"context"
	"math/big"

	"github.com/pecete/pecete/csc"
)

// Timestamp implements signatures/timestamp (v2.0.0.2 §11.13). The token always
// brings its certificates along: the client has no word for it, and the document
// that the token goes into needs them.
func Timestamp(ctx context.Context, s Stamper, who Asker, req csc.TimestampRequest) (csc.TimestampResponse, error) {
	hash, known := csc.HashByOID(req.HashAlgo)
	if !known {
		return csc.TimestampResponse{}, csc.Invalid("hashAlgo")
	}
	if len(req.Hash) != hash.Size() {
		return csc.TimestampResponse{}, csc.Refused("Invalid digest value length", nil)
	}
	r := Request{Hash: hash, Digest: req.Hash, Certificates: true}
	if req.Nonce != "" {
		nonce, ok := new(big.Int).SetString(req.Nonce, 16)
		if !ok || nonce.Sign() < 0 || longNonce(nonce) {
			return csc.TimestampResponse{}, csc.Invalid("nonce")
		}
		r.Nonce = nonce
	}
	token, err := s.Stamp(ctx, who, r)
	return csc.TimestampResponse{Timestamp: token}, err
}
