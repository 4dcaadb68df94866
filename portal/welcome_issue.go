package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/enrolment"
	"github.com/pecete/pecete/page"
)

// certificatePath is where a signer gets the certificate that he was invited to.
const certificatePath = Path + "/certificate"

// An issuePage asks whether somebody is whom a certificate is to name, or shows the
// one that he has.
type issuePage struct {
	frame
	Step, Of int
	Guest    enrolment.Identity
	Made     *certificateView
	Subject  string
	Signs    bool // documents are signed on these pages
}

// waitsFor reports whether a certificate waits for a signer.
func (p *Pages) waitsFor(ctx context.Context, userID string) (bool, error) {
	if p.Office == nil {
		return false, nil
	}
	_, waits, err := p.Office.Pending(ctx, userID)
	if err != nil {
		return false, fmt.Errorf("look up enrolment: %w", err)
	}
	return waits, nil
}

// goHome sends a signer who has logged in to the certificate that waits for him, or
// to his pages.
func (p *Pages) goHome(at page.Visit, userID string) error {
	waits, err := p.waitsFor(at.R.Context(), userID)
	if err != nil {
		return err
	}
	if waits {
		at.GoTo(certificatePath)
		return nil
	}
	at.GoTo(p.start())
	return nil
}

func (p *Pages) showIssue(v visit) {
	e, waits, err := p.Office.Pending(v.ctx, v.user.ID)
	shown := issuePage{frame: p.frame(v, "issue.title"), Guest: e.Identity, Step: p.steps(e), Of: p.steps(e), Signs: p.Desk != nil}
	if err == nil && !waits {
		err = p.made(v, e, &shown)
	}
	switch {
	case errors.Is(err, enrolment.ErrNothing):
		v.GoTo(SecurityPath)
	case err != nil:
		p.book.Fail(v.Visit, err)
	case shown.Made != nil:
		p.book.Render(v.Visit, http.StatusOK, "welcome-issued.html", shown)
	default:
		p.book.Render(v.Visit, http.StatusOK, "welcome-issue.html", shown)
	}
}

// made is the certificate that an enrolment came to; enrolment.ErrNothing if it did
// not, or the signer has it no more.
func (p *Pages) made(v visit, e enrolment.Enrolment, shown *issuePage) error {
	if e.State != enrolment.Issued {
		return enrolment.ErrNothing
	}
	owned, err := p.Certificates.CredentialsOf(v.ctx, v.user.ID)
	if err != nil {
		return fmt.Errorf("look up certificates: %w", err)
	}
	for _, c := range owned {
		if c.ID == e.CredentialID {
			return p.seen(c, shown)
		}
	}
	return enrolment.ErrNothing
}

func (p *Pages) seen(c credentials.Credential, shown *issuePage) error {
	cert, err := c.Certificate()
	if err != nil {
		return err
	}
	seen := p.view(c, cert)
	shown.Title, shown.Made = "issued.title", &seen
	named := append([]string{cert.Subject.CommonName, cert.Subject.SerialNumber}, cert.Subject.Country...)
	shown.Subject = strings.Join(named, ", ")
	return nil
}

// issue makes the certificate, once, however often it is asked for.
func (p *Pages) issue(v visit) error {
	if v.R.PostForm.Get(fieldAccept) != "yes" {
		return p.refuse(v, page.Note{Kind: "issue.confirm"})
	}
	switch _, err := p.Office.Issue(v.ctx, v.user.ID); {
	case errors.Is(err, enrolment.ErrNothing), errors.Is(err, enrolment.ErrNotActivated):
		v.GoTo(SecurityPath)
		return nil
	case err != nil:
		return err
	}
	v.GoTo(certificatePath)
	return nil
}
