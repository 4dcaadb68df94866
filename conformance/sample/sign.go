package sample

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
)

// sign signs hashes (signatures/signHash, v2.0.0.2 §11.10).
func (s *Server) sign(c *call) (members, *fault) {
	g, f := s.permission(c)
	if f != nil {
		return nil, f
	}
	k, f := s.find(c)
	if f != nil {
		return nil, f
	}
	if g.credential != k.id {
		return nil, bad("Invalid parameter credentialID")
	}
	given, is := c.body["hashes"].([]any)
	switch {
	case !is:
		return nil, bad("Missing (or invalid type) array parameter hash")
	case len(given) == 0:
		return nil, bad("Empty hash array")
	}
	f = algorithm(c, k)
	var hashes []string
	if f == nil {
		hashes, f = digests(given, "hash")
	}
	if _, is := c.body["clientData"]; f == nil && is {
		if _, is := c.body["clientData"].(string); !is {
			f = bad("Invalid parameter clientData")
		}
	}
	if mode, there := c.body["operationMode"]; f == nil && there && mode != "S" {
		f = bad("Invalid parameter operationMode")
	}
	if f == nil {
		f = s.spend(g, hashes)
	}
	if f != nil {
		return nil, f
	}
	return s.signed(k, hashes)
}

// permission is what the SAD, or the token itself, stands for.
func (s *Server) permission(c *call) (*grant, *fault) {
	if c.token.credential != "" {
		return c.token, nil
	}
	sad, f := c.text("SAD", "Missing (or invalid type) string parameter SAD")
	if f != nil {
		return nil, f
	}
	g := s.look(sad)
	if g == nil && s.known(sad) {
		return nil, bad("SAD expired")
	}
	if g == nil || g.credential == "" || g.client != c.token.client && !s.off[AnyClient] {
		return nil, bad("Invalid parameter SAD")
	}
	return g, nil
}

// algorithm is nil if the key signs in this way.
func algorithm(c *call, k *credential) *fault {
	algo, f := c.text("signAlgo", "Missing (or invalid type) string parameter signAlgo")
	hash := c.body["hashAlgorithmOID"]
	switch {
	case f != nil:
		return f
	case !slices.Contains(k.algorithms, algo):
		return bad("Invalid parameter signAlgo")
	case algo == oidRSA && hash == nil:
		return bad("Missing (or invalid type) string parameter hashAlgorithmOID")
	case hash != nil && hash != oidSHA256:
		return bad("Invalid parameter hashAlgorithmOID")
	}
	return nil
}

// spend takes from a grant what it is spent on.
func (s *Server) spend(g *grant, hashes []string) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := slices.Clone(g.hashes)
	for _, hash := range hashes {
		i := slices.Index(left, hash)
		switch {
		case i < 0 && !s.off[AnyHash]:
			return bad("Hash is not authorized by the SAD.")
		case i >= 0 && !s.off[HashSet] && !s.off[Replays]:
			left = slices.Delete(left, i, i+1)
		}
	}
	if len(hashes) > g.count {
		return bad("Too many signatures for this SAD")
	}
	if s.off[Replays] {
		return nil
	}
	// It is used up by the first call, whatever is left of it.
	g.count, g.hashes = 0, nil
	return nil
}

// signed is the answer with the signatures.
func (s *Server) signed(k *credential, hashes []string) (members, *fault) {
	if s.off[FirstOnly] {
		hashes = hashes[:1]
	}
	signatures := []string{}
	for _, text := range hashes {
		hash, err := base64.StdEncoding.DecodeString(text)
		if s.off[BadSignature] {
			other := sha256.Sum256(hash)
			hash = other[:]
		}
		var signature []byte
		if err == nil {
			signature, err = k.key.Sign(rand.Reader, hash, crypto.SHA256)
		}
		if err != nil {
			return nil, &fault{http.StatusInternalServerError, "server_error", "The key does not sign"}
		}
		signatures = append(signatures, s.encode(signature))
	}
	if s.off[WrongOrder] {
		slices.Reverse(signatures)
	}
	return members{"signatures": signatures}, nil
}
