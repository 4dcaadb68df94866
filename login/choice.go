package login

import (
	"context"
	"errors"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/oauth"
)

// Why a request cannot be agreed to, as keys of texts.
const (
	barNone     = "consent.bar.none"
	barDisabled = "consent.bar.disabled"
	barRevoked  = "consent.bar.revoked"
	barExpired  = "consent.bar.expired"
	barEarly    = "consent.bar.early"
	barMode     = "consent.bar.mode"
	barCount    = "consent.bar.count"
	barHashes   = "consent.bar.hashes"
)

// A choice is which credential an interaction is about.
type choice struct {
	credential credentials.Credential
	others     []credentials.Credential // could be chosen instead
	open       bool                     // the signer has yet to choose
	bar        string                   // why nothing can be agreed to; "" if it can
}

// choose finds the credential: the one asked for, or one with the qualifier
// asked for, of which picked is the signer's choice.
func (p *Pages) choose(ctx context.Context, i oauth.Interaction, picked string) (choice, error) {
	if i.Detail.CredentialID != "" {
		return p.named(ctx, i)
	}
	all, err := p.Register.Store.CredentialsOf(ctx, i.UserID)
	if err != nil {
		return choice{}, err
	}
	var fit []credentials.Credential
	for _, c := range all {
		if c.Qualifier != i.Detail.Qualifier || c.Qualifier == "" {
			continue
		}
		c, err := p.Register.Owned(ctx, caller(i), c.ID)
		if err != nil {
			return choice{}, err
		}
		bar, err := barred(c, i.Detail, p.Now())
		if err != nil {
			return choice{}, err
		}
		if bar == "" {
			fit = append(fit, c)
		}
	}
	return pick(fit, picked), nil
}

func pick(fit []credentials.Credential, picked string) choice {
	switch len(fit) {
	case 0:
		return choice{bar: barNone}
	case 1:
		return choice{credential: fit[0]}
	}
	chosen := choice{others: fit, open: true}
	for _, c := range fit {
		if c.ID == picked {
			chosen.credential, chosen.open = c, false
		}
	}
	return chosen
}

func (p *Pages) named(ctx context.Context, i oauth.Interaction) (choice, error) {
	c, err := p.Register.Owned(ctx, caller(i), i.Detail.CredentialID)
	if errors.Is(err, credentials.ErrUnknown) {
		return choice{bar: barNone}, nil
	}
	if err != nil {
		return choice{}, err
	}
	if q := i.Detail.Qualifier; q != "" && q != c.Qualifier {
		return choice{bar: barNone}, nil
	}
	bar, err := barred(c, i.Detail, p.Now())
	return choice{credential: c, bar: bar}, err
}

// caller is the signer at the browser, on behalf of the client.
func caller(i oauth.Interaction) credentials.Caller {
	return credentials.Caller{ClientID: i.Client.ID, UserID: i.UserID, Scope: i.Scope}
}

// barred says why c cannot be authorized for d now.
func barred(c credentials.Credential, d *oauth.Detail, now time.Time) (string, error) {
	cert, err := c.Certificate()
	switch {
	case err != nil:
		return "", err
	case c.Disabled:
		return barDisabled, nil
	case c.Revoked:
		return barRevoked, nil
	case now.After(cert.NotAfter):
		return barExpired, nil
	case now.Before(cert.NotBefore):
		return barEarly, nil
	case c.Mode != csc.OAuth2Code:
		return barMode, nil
	case d.Count < 1 || d.Count > c.Multisign:
		return barCount, nil
	case len(d.Digests) == 0 && c.SCAL == csc.SCAL2, len(d.Digests) > 0 && len(d.Digests) != d.Count:
		return barHashes, nil
	}
	return "", c.Usable(now) // whatever rule that may have beyond these
}
