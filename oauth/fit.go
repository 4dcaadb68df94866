package oauth

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

// Choices are the credentials of the interaction's signer that are fit for each
// of the details, oldest first: the one that was named, or those of the
// qualifier.
func (p *Provider) Choices(ctx context.Context, i Interaction) ([][]credentials.Credential, error) {
	if len(i.Details) == 0 || i.UserID == "" {
		return nil, ErrInteraction
	}
	all := make([][]credentials.Credential, len(i.Details))
	for n, d := range i.Details {
		var err error
		if all[n], err = p.choices(ctx, d, i.UserID); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// allFit returns the credential for each of the details, or the refusal the
// client is told. Each is for one of them: a signature finds its grant by it.
func (p *Provider) allFit(ctx context.Context, details []Detail, userID string, ids []string) ([]credentials.Credential, error) {
	if len(ids) != len(details) {
		return nil, csc.Invalid("credentialID")
	}
	all := make([]credentials.Credential, len(details))
	for n, d := range details {
		var err error
		if all[n], err = p.fit(ctx, d, userID, ids[n]); err != nil {
			return nil, err
		}
		if slices.Contains(ids[:n], ids[n]) {
			return nil, csc.Invalid("signatureQualifier")
		}
	}
	return all, nil
}

// choices returns at least one credential, or the refusal the client is told.
func (p *Provider) choices(ctx context.Context, d Detail, userID string) ([]credentials.Credential, error) {
	if d.CredentialID != "" {
		c, err := p.fit(ctx, d, userID, d.CredentialID)
		if err != nil {
			return nil, err
		}
		return []credentials.Credential{c}, nil
	}
	all, err := p.Register.Store.CredentialsOf(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("credentials of the signer: %w", err)
	}
	var fit []credentials.Credential
	var refused *csc.Error
	for _, c := range all {
		c, err := p.fit(ctx, d, userID, c.ID)
		switch {
		case err == nil:
			fit = append(fit, c)
		case !errors.As(err, &refused):
			return nil, err
		}
	}
	if len(fit) == 0 {
		return nil, csc.Invalid("signatureQualifier")
	}
	return fit, nil
}

// fit returns the signer's credential if it may sign what is asked, or the
// refusal the client is told. Another signer's credential is refused as one
// that does not exist.
func (p *Provider) fit(ctx context.Context, d Detail, userID, id string) (credentials.Credential, error) {
	if userID == "" || d.CredentialID != "" && d.CredentialID != id {
		return credentials.Credential{}, csc.Invalid("credentialID")
	}
	c, err := p.Register.Owned(ctx, credentials.Caller{UserID: userID}, id)
	if errors.Is(err, credentials.ErrUnknown) {
		return c, csc.Invalid("credentialID")
	}
	if err != nil {
		return c, fmt.Errorf("look up credential: %w", err)
	}
	if err := c.ForDocuments(); err != nil { // the pages speak of those
		return c, err
	}
	return c, p.mismatch(d, c)
}

func (p *Provider) mismatch(d Detail, c credentials.Credential) error {
	switch {
	case d.Qualifier != "" && c.Qualifier != d.Qualifier:
		return csc.Invalid("signatureQualifier")
	case c.Mode != csc.OAuth2Code:
		return csc.Refused("The credential identified by credentialID is not authorized with OAuth 2.0", nil)
	case c.SCAL == csc.SCAL2 && len(d.Digests) == 0:
		return missing("hashes")
	case d.Count > c.Multisign:
		return csc.Refused("Numbers of signatures is too high", nil)
	}
	err := c.Usable(p.Now())
	if refused := (*csc.Error)(nil); errors.As(err, &refused) { // whose words name the signer
		return csc.Refused("The credential identified by credentialID cannot sign now", err)
	}
	return err
}
