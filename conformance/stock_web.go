package conformance

import "context"

// userToken is a living access token of scope service of a signer's, and the
// signer it is of.
func (s *stock) userToken(ctx context.Context) (held, holding, error) {
	s.mu.Lock()
	h, who := s.ofSigner, s.signer
	s.mu.Unlock()
	if h.value != "" && s.t.Now().Before(h.until) {
		return h, who, nil
	}
	v, err := s.t.visit()
	if err != nil {
		return held{}, holding{}, err
	}
	o, _, err := s.t.permitted(ctx, v, s.t.enter(ctx, v))
	if err != nil {
		return held{}, holding{}, err
	}
	value, _ := o.str("access_token")
	life, ok := o.integer("expires_in")
	if !ok {
		life = 3600 // §8.4.4
	}
	h = held{value, usable(s.t.Now(), life)}
	s.mu.Lock()
	s.ofSigner, s.signer = h, v.holding
	s.mu.Unlock()
	return h, v.holding, nil
}

// spareToken is a token of scope credential for calls that do not sign. Cases
// share it as long as it lives.
func (s *stock) spareToken(ctx context.Context) (*grant, error) {
	s.mu.Lock()
	g := s.spares[roleCode]
	s.mu.Unlock()
	if g != nil && s.t.Now().Before(g.until) {
		return g, nil
	}
	g, err := s.t.tokenToSign(ctx, newDigests(1)...)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.spares[roleCode] = g
	s.mu.Unlock()
	return g, nil
}
