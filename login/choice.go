package login

import (
	"context"
	"errors"
	"slices"
	"strings"
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
	barOnHold   = "consent.bar.suspended"
	barEarly    = "consent.bar.early"
	barMode     = "consent.bar.mode"
	barCount    = "consent.bar.count"
	barHashes   = "consent.bar.hashes"
	barRecovers = "consent.bar.recovers"
)

// A choice is which credential a part of an interaction is about.
type choice struct {
	credential credentials.Credential
	others     []credentials.Credential // that fit the qualifier, this one among them
	open       bool                     // the signer has yet to choose
	picked     bool                     // the signer chose
	bar        string                   // why nothing can be agreed to; "" if it can
}

// choose finds the credential for each part: the one asked for, or one with the
// qualifier asked for, of which picked has the signer's choice. No two parts have
// the same.
func (p *Pages) choose(ctx context.Context, i oauth.Interaction, picked []string) (choices, error) {
	all := make(choices, len(i.Details))
	for n, d := range i.Details {
		find := p.qualified
		if d.CredentialID != "" {
			find = p.named
		}
		var err error
		if all[n], err = find(ctx, i, d); err != nil {
			return nil, err
		}
	}
	all.settle(picked)
	return all, nil
}

// qualified are the credentials with the qualifier of d.
func (p *Pages) qualified(ctx context.Context, i oauth.Interaction, d oauth.Detail) (choice, error) {
	all, err := p.Register.Store.CredentialsOf(ctx, i.UserID)
	if err != nil {
		return choice{}, err
	}
	found := choice{open: true}
	for _, c := range all {
		if c.Qualifier != d.Qualifier || c.Qualifier == "" {
			continue
		}
		c, err := p.Register.Owned(ctx, caller(i), c.ID)
		if err != nil {
			return choice{}, err
		}
		bar, err := barred(c, d, csc.OAuth2Code, p.Now())
		if err != nil {
			return choice{}, err
		}
		if bar == "" {
			found.others = append(found.others, c)
		}
	}
	return found, nil
}

// named is the credential that d names.
func (p *Pages) named(ctx context.Context, i oauth.Interaction, d oauth.Detail) (choice, error) {
	c, err := p.Register.Owned(ctx, caller(i), d.CredentialID)
	if errors.Is(err, credentials.ErrUnknown) {
		return choice{bar: barNone}, nil
	}
	if err != nil {
		return choice{}, err
	}
	if d.Qualifier != "" && d.Qualifier != c.Qualifier {
		return choice{bar: barNone}, nil
	}
	bar, err := barred(c, d, csc.OAuth2Code, p.Now())
	return choice{credential: c, bar: bar}, err
}

// choices are those of all parts.
type choices []choice

// settle closes what is open: with the one credential that is left for a part,
// and when there is no such part any more with one that was picked.
func (all choices) settle(picked []string) {
	for {
		left := slices.IndexFunc(all, func(c choice) bool { return c.open && len(all.left(c)) < 2 })
		if left >= 0 {
			all.close(left, all.left(all[left]))
			continue
		}
		n, fit := all.picked(picked)
		if n < 0 {
			return
		}
		all.close(n, fit)
		all[n].picked = true
	}
}

// left are the credentials for c that no other part has.
func (all choices) left(c choice) []credentials.Credential {
	return slices.DeleteFunc(slices.Clone(c.others), func(fit credentials.Credential) bool {
		return slices.ContainsFunc(all, func(o choice) bool { return o.credential.ID == fit.ID })
	})
}

// picked is the first open part with a pick among what is left for it, and that;
// -1 if there is none.
func (all choices) picked(ids []string) (int, []credentials.Credential) {
	for n, c := range all {
		for _, fit := range all.left(c) {
			if c.open && n < len(ids) && fit.ID == ids[n] {
				return n, []credentials.Credential{fit}
			}
		}
	}
	return -1, nil
}

func (all choices) close(n int, fit []credentials.Credential) {
	all[n].open = false
	if len(fit) == 0 {
		all[n].bar = barNone
		return
	}
	all[n].credential = fit[0]
}

// bar says why nothing can be agreed to; "" if it can.
func (all choices) bar() string {
	for _, c := range all {
		if c.bar != "" {
			return c.bar
		}
	}
	return ""
}

// open is the first part the signer has yet to choose for, -1 if there is none.
func (all choices) open() int {
	return slices.IndexFunc(all, func(c choice) bool { return c.open })
}

// credentials are those of the parts, the zero one where there is none.
func (all choices) credentials() []credentials.Credential {
	list := make([]credentials.Credential, len(all))
	for n, c := range all {
		list[n] = c.credential
	}
	return list
}

// ids are those of the credentials, "" where there is none.
func (all choices) ids() []string {
	list := make([]string, len(all))
	for n, c := range all {
		list[n] = c.credential.ID
	}
	return list
}

// with is what a page says of the choices, with another one for part n: one
// credential for each part, between commas.
func (all choices) with(n int, id string) string {
	list := all.ids()
	list[n] = id
	return strings.Join(list, ",")
}

// caller is the signer at the browser, on behalf of the client.
func caller(i oauth.Interaction) credentials.Caller {
	return credentials.Caller{ClientID: i.Client.ID, UserID: i.UserID, Scope: i.Scope}
}

// barred says why c cannot be authorized for d now, in the mode.
func barred(c credentials.Credential, d oauth.Detail, mode csc.AuthMode, now time.Time) (string, error) {
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
	case c.Suspended:
		return barOnHold, nil
	case now.Before(cert.NotBefore):
		return barEarly, nil
	case c.Mode != mode:
		return barMode, nil
	case d.Count < 1 || d.Count > c.Multisign:
		return barCount, nil
	case len(d.Digests) == 0 && c.SCAL == csc.SCAL2, len(d.Digests) > 0 && len(d.Digests) != d.Count:
		return barHashes, nil
	}
	return "", c.Usable(now) // whatever rule that may have beyond these
}
