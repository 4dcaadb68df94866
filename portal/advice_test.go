package portal_test

import (
	"testing"

	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/users"
)

// What others would guess is refused before the factors are asked for, and costs no
// code.
func TestGuessedPasswords(t *testing.T) {
	h := newHouse(t, func(p *portal.Pages) {
		registrar := p.Registrar.(users.Registrar)
		registrar.Advice = &users.Advice{}
		p.Registrar = registrar
	})
	b := h.inside()
	code := h.code()
	_, text := b.change(password, "Demo Signer 26", "Demo Signer 26", code)
	wantTold(t, text, "easily guessed")
	_, text = b.change(password, another, another, code)
	wantTold(t, text, "Your password is changed")
}
