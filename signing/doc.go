package signing

import (
	"cmp"
	"context"
	"crypto"
	"errors"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
)

// SignDoc implements signatures/signDoc (v2.0.0.2 §11.11) for the SAD id.
func (s Signer) SignDoc(ctx context.Context, who credentials.Caller, id string, req csc.SignDocRequest) (csc.SignDocResponse, error) {
	wanted, err := wishes(req)
	if err != nil {
		s.observe(0, err)
		return csc.SignDocResponse{}, err
	}
	b, err := s.documents(ctx, who, id, req, wanted)
	if err != nil {
		s.observe(len(wanted), err)
		return csc.SignDocResponse{}, err
	}
	result, responseID, err := s.do(ctx, b, req.Operation)
	return csc.SignDocResponse{
		DocumentWithSignature: result.DocumentWithSignature, SignatureObject: result.SignatureObject, ResponseID: responseID,
	}, err
}

// documents judges everything that can be judged without writing, the cheapest
// first: no document is read that nobody agreed to.
func (s Signer) documents(ctx context.Context, who credentials.Caller, id string, req csc.SignDocRequest, wanted []wish) (*batch, error) {
	agreed, err := s.agreed(ctx, id, req.CredentialID)
	if err != nil {
		return nil, err
	}
	c, err := s.chosen(ctx, who, req, agreed)
	if err != nil {
		return nil, err
	}
	for i := range wanted {
		if err := wanted[i].plan(c, agreed.HashOID); err != nil {
			return nil, err
		}
	}
	b := &batch{
		method: csc.MethodSignDoc, who: who, credential: c, sad: id, words: wordDoc,
		use: sad.Use{
			UserID: who.UserID, ClientID: who.ClientID, CredentialID: c.ID, Holder: who.Holder, Standing: c.Standing, Kind: csc.SDR,
		},
	}
	if b.use.Hashes, b.use.HashOID, err = agreeable(wanted, agreed.HashOID); err != nil {
		return nil, err
	}
	if agreed.ID == "" {
		return nil, wordDoc(sad.ErrUnknown)
	}
	if _, err := agreed.Spend(b.use, s.Now()); err != nil {
		record := b.record()
		record.Grant = agreed.ID
		return nil, s.refused(ctx, b, record, err)
	}
	return b, s.prepare(ctx, b, wanted)
}

// agreed is the grant behind the SAD id, of several the one for a credential; a
// zero one if there is none.
func (s Signer) agreed(ctx context.Context, id, credentialID string) (grant sad.Grant, err error) {
	for _, id := range []string{id, sad.Part(id, credentialID)} {
		if grant, err = s.Grants.Get(ctx, id); !errors.Is(err, sad.ErrUnknown) {
			return grant, err
		}
	}
	return sad.Grant{}, nil
}

// chosen is the credential that the request names, or the one that was agreed to
// for the kind of signature it wants.
func (s Signer) chosen(ctx context.Context, who credentials.Caller, req csc.SignDocRequest, agreed sad.Grant) (credentials.Credential, error) {
	id := req.CredentialID
	if id == "" {
		if req.SignatureQualifier == "" {
			return credentials.Credential{}, csc.Missing("string", "credentialID")
		}
		if id = agreed.CredentialID; id == "" {
			return credentials.Credential{}, wordDoc(sad.ErrUnknown)
		}
	}
	c, err := s.Register.Owned(ctx, who, id)
	if errors.Is(err, credentials.ErrUnknown) {
		if req.CredentialID == "" { // somebody else's grant
			return c, wordDoc(sad.ErrForeign)
		}
		return c, csc.Invalid("credentialID")
	}
	if err == nil && req.SignatureQualifier != "" && req.SignatureQualifier != c.Qualifier {
		err = csc.Invalid("signatureQualifier")
	}
	if err == nil {
		err = c.ForDocuments()
	}
	if err == nil {
		err = c.Usable(s.Now())
	}
	return c, err
}

// agreeable are the hashes that somebody must have agreed to, by one function:
// those of the request, and of documents those that are taken here, by the
// function that was agreed to if one was.
func agreeable(wanted []wish, agreed string) (hashes []csc.Digest, oid string, err error) {
	for _, w := range wanted {
		mine := csc.OIDOfHash(w.algorithm.Hash)
		digest := w.hash
		if w.isDocument {
			mine = cmp.Or(agreed, oid, mine)
			h, known := csc.HashByOID(mine)
			if !known {
				return nil, "", csc.Invalid("hashAlgorithmOID")
			}
			digest = sumOf(h, w.document)
		}
		if oid = cmp.Or(oid, mine); mine != oid {
			return nil, "", csc.Invalid("hashAlgorithmOID")
		}
		hashes = append(hashes, digest)
	}
	return hashes, oid, nil
}

func sumOf(h crypto.Hash, text []byte) csc.Digest {
	state := h.New()
	state.Write(text)
	return state.Sum(nil)
}

// wordDoc words an unspendable grant as signatures/signDoc, v2.0.0.2 §11.11,
// does. It is nil if err is ours and not the client's.
func wordDoc(err error) *csc.Error {
	switch {
	case errors.Is(err, sad.ErrExpired):
		return csc.Refused("SAD expired", err)
	case errors.Is(err, sad.ErrHash):
		return csc.Fail(csc.InvalidHash, err)
	case errors.Is(err, sad.ErrAlgorithm), errors.Is(err, sad.ErrSpent):
		return csc.Refused("documentDigests or documents are not authorized by the SAD.", err)
	case errors.Is(err, sad.ErrUnknown), errors.Is(err, sad.ErrForeign), errors.Is(err, sad.ErrHolder),
		errors.Is(err, sad.ErrCredential), errors.Is(err, sad.ErrOver):
		return because(csc.Invalid("SAD"), err)
	}
	return nil
}

// prepare decides what the key signs for each wish, and what comes of it.
func (s Signer) prepare(ctx context.Context, b *batch, wanted []wish) error {
	var drafts []draft
	now := s.Now()
	for _, w := range wanted {
		d, err := s.draft(ctx, b.credential, w, now)
		if err != nil {
			return err
		}
		drafts = append(drafts, d)
		b.items = append(b.items, item{w.algorithm, d.digest})
		b.size += int64(2*len(w.document)) + 64<<10
	}
	b.assemble = func(signatures [][]byte) (Result, error) { return assemble(drafts, signatures) }
	return nil
}

// A draft is a signature that waits for its value.
type draft struct {
	digest csc.Digest
	finish func(signature []byte) ([]byte, error)
	beside bool // it stands beside its document
}

func assemble(drafts []draft, signatures [][]byte) (Result, error) {
	var result Result
	for i, d := range drafts {
		whole, err := d.finish(signatures[i])
		if err != nil {
			return Result{}, err
		}
		if d.beside {
			result.SignatureObject = append(result.SignatureObject, whole)
		} else {
			result.DocumentWithSignature = append(result.DocumentWithSignature, whole)
		}
	}
	return result, nil
}
