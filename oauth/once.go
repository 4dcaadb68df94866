package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/pecete/pecete/onetime"
)

// onceGrace is how long a proof is remembered beyond the moment from which it is
// refused for its age, so that no difference of clocks between us and the store
// lets it in once more.
const onceGrace = time.Minute

// errReplayed says that a proof was used before, or that it cannot be known
// whether it was.
var (
	errReplayed  = errors.New("proof was used before")
	errBeforeRun = fmt.Errorf("made before the store's run: %w", errReplayed)
)

// once lets the proof id of owner pass one time: an assertion of a client, a
// DPoP proof of a key, each a kind of its own. iat is when it was made, until
// the moment from which the caller refuses it for its age.
//
// A proof older than the run of the store is refused: what would have known it
// is gone. So is, for a second after a start, one whose iat has no fractions.
// errReplayed is the only rejection; any other error says that the store could
// not be asked, and nothing of the proof.
func (p *Provider) once(ctx context.Context, kind, owner, id string, iat, until time.Time) error {
	left := until.Sub(p.Now())
	if left <= 0 {
		return fmt.Errorf("%s is over: %w", kind, errReplayed)
	}
	err := p.Tokens.Put(ctx, onceKey(kind, owner, id), []byte{1}, left+onceGrace)
	if errors.Is(err, onetime.ErrExists) {
		return fmt.Errorf("%s: %w", kind, errReplayed)
	}
	if err != nil {
		return fmt.Errorf("remember %s: %w", kind, err)
	}
	if _, since := p.Tokens.Run(); iat.Before(since) { // asked after the Put, which may have found a new run
		return fmt.Errorf("%s: %w", kind, errBeforeRun)
	}
	return nil
}

// onceKey is of one length and has nothing of the proof in it. No owner's ids
// are another's.
func onceKey(kind, owner, id string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s%d:%s", len(owner), owner, len(id), id))
	return "once:" + kind + ":" + hex.EncodeToString(sum[:])
}
