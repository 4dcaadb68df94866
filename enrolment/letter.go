package enrolment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/notify"
)

// A letter is one that is still to be written: one that brings a link, or of a
// kind that tells of something.
type letter struct {
	kind  string // such as "issued"; "" for one that brings a link
	link  Link
	token csc.Secret
	from  time.Time // when the signer signs again; zero for at once
}

var errNoMail = errors.New("no mails leave: see mail in the configuration")

// post sends letters to the signer; ErrUnsent if one of them did not leave.
func (o *Office) post(ctx context.Context, e Enrolment, letters ...letter) error {
	var unsent error
	for _, l := range letters {
		if err := o.sendMail(ctx, e, l); err != nil {
			unsent = errors.Join(unsent, err)
		}
	}
	if unsent != nil {
		return fmt.Errorf("%w: %w", ErrUnsent, unsent)
	}
	return nil
}

func (o *Office) sendMail(ctx context.Context, e Enrolment, l letter) error {
	if o.Post.Mail == nil {
		return errNoMail
	}
	m, err := o.written(e, l).Mail(e.Identity.Email)
	if err != nil {
		return err
	}
	return o.Post.Mail.Send(ctx, m)
}

// written is the letter in the signer's language.
func (o *Office) written(e Enrolment, l letter) notify.Letter {
	lang, kind := credentials.Language(e.Identity.Locale), cmp.Or(l.kind, string(l.link))
	n := notify.Letter{
		Lang: lang, From: o.From, Subject: say(lang, kind+".subject", o.From),
		Says: []string{say(lang, "hello", notify.Name(e.Identity.GivenName+" "+e.Identity.FamilyName)), say(lang, kind+".says")},
		Link: o.LoginURL, Do: words[lang][kind+".do"],
	}
	switch {
	case kind == kindBegun && o.Recovery.Delay > 0 && !e.Progress.Proven:
		n.Says = append(n.Says, say(lang, "signs.later", span(lang, o.Recovery.Delay)))
	case !l.from.IsZero():
		n.Says = append(n.Says, say(lang, "signs.from", notify.Moment(lang, l.from)))
	}
	switch {
	case l.link == LinkPair:
		n.Link = address(o.PairURL, l.token)
	case l.link == LinkActivate:
		n.Link, n.Beside, n.BesideDo = address(o.ActivateURL, l.token), o.DownloadsURL, say(lang, "downloads")
	}
	if l.link != "" {
		n.Adds = append(n.Adds, say(lang, "once", span(lang, cmp.Or(o.Life, linkLife))))
	}
	if _, texted := words[lang][kind+".short"]; texted {
		n.Short = say(lang, kind+".short", o.From, o.objection(lang))
		n.Adds = append(n.Adds, o.objection(lang)+" "+say(lang, "object.still"), say(lang, "never"))
	} else {
		n.Adds = append(n.Adds, say(lang, "unexpected")+" "+say(lang, "never"))
	}
	return n
}

// objection is what a signer does who asked for nothing.
func (o *Office) objection(lang string) string {
	if o.Recovery.Contact == "" {
		return say(lang, "object.tell")
	}
	return say(lang, "object.call", o.Recovery.Contact)
}

func address(page string, token csc.Secret) string {
	return page + "?" + url.Values{"link": {string(token)}}.Encode()
}

// codeLetter brings a code to a phone.
func (o *Office) codeLetter(e Enrolment, code string) notify.Letter {
	lang := credentials.Language(e.Identity.Locale)
	return notify.Letter{Lang: lang, From: o.From, Short: say(lang, "code.short", o.From, code, span(lang, codeLife))}
}

// span is how long something is, in words: whole hours, or minutes.
func span(lang string, d time.Duration) string {
	n, unit := int(d.Minutes()), "minute"
	if d >= time.Hour {
		n, unit = int(d.Hours()), "hour"
	}
	return say(lang, unit+"."+notify.Plural(lang, n), n)
}

func say(lang, key string, args ...any) string { return fmt.Sprintf(words[lang][key], args...) }
