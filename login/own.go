package login

import (
	"context"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

// Own are the pages of this very service on which signers bring files and have them
// signed. They are an application like any other, and the only one of which more is
// known than what it says.
type Own struct {
	ClientID string
	// Files returns the SHA-256, in hex, of the file that the signer brought there of
	// each of what he is asked to sign, under its label; nil if one of them is of no
	// such file.
	Files func(ctx context.Context, userID string, asked []csc.DocumentDigest) ([]string, error)
}

// brought are the files that the signer brought to pages of this service himself, of
// all that is to be signed. It is nil for any other application, and where one thing
// is of no such file: then nobody but the application has seen it.
func (p *Pages) brought(ctx context.Context, i oauth.Interaction) ([]string, error) {
	if p.Own == nil || i.Client.ID != p.Own.ClientID || i.Client.SelfRegistered() {
		return nil, nil
	}
	var asked []csc.DocumentDigest
	for _, d := range i.Details {
		if d.Count != len(d.Digests) {
			return nil, nil
		}
		for _, one := range d.Digests {
			asked = append(asked, csc.DocumentDigest{Hash: one.Digest, Label: one.Label})
		}
	}
	files, err := p.Own.Files(ctx, i.UserID, asked)
	if err != nil || len(files) != len(asked) {
		return nil, err
	}
	return files, nil
}
