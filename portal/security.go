package portal

import (
	"fmt"
	"net/http"
	"time"

	"github.com/pecete/pecete/page"
)

// securityPage is what the security page shows.
type securityPage struct {
	frame
	Sessions     []sessionView
	Others       bool // there are other sessions than this one
	Applications []Application
	Certificates []certificateView
	Waits        bool // a certificate that the signer was invited to
}

// A sessionView is a session in words.
type sessionView struct {
	ID            string
	Browser       string // "" if it is not one that we know
	System        string
	Agent         string // as it named itself, if we know it not
	Address       string
	Created, Used time.Time
	Own           bool // the page is shown in it
}

func (p *Pages) showSecurity(v visit) {
	shown := securityPage{frame: p.frame(v, "security.title")}
	err := p.fill(v, &shown)
	if err != nil {
		p.book.Fail(v.Visit, err)
		return
	}
	p.book.Render(v.Visit, http.StatusOK, "security.html", shown)
}

func (p *Pages) fill(v visit, shown *securityPage) error {
	sessions, err := p.Sessions.SessionsOf(v.ctx, v.user.ID)
	if err != nil {
		return fmt.Errorf("look up sessions: %w", err)
	}
	for _, s := range sessions {
		if s.over(p.Now(), p.idle(), p.life()) {
			continue
		}
		seen := sessionView{ID: s.ID, Address: s.Address, Created: s.Created, Used: s.Used, Own: s.ID == v.session.ID}
		if seen.Browser, seen.System = browserOf(s.Agent); seen.Browser == "" {
			seen.Agent = s.Agent
		}
		shown.Sessions = append(shown.Sessions, seen)
		shown.Others = shown.Others || !seen.Own
	}
	if shown.Applications, err = p.Applications.Of(v.ctx, v.user.ID); err != nil {
		return fmt.Errorf("look up applications: %w", err)
	}
	if shown.Certificates, err = p.certificates(v); err != nil {
		return err
	}
	shown.Waits, err = p.waitsFor(v.ctx, v.user.ID)
	return err
}

// withdraw ends what the signer let an application do.
func (p *Pages) withdraw(v visit) error {
	id := v.R.PostForm.Get(fieldApplication)
	all, err := p.Applications.Of(v.ctx, v.user.ID)
	if err != nil {
		return fmt.Errorf("look up applications: %w", err)
	}
	for _, a := range all {
		if a.ID != id {
			continue
		}
		if err := p.Applications.Withdraw(v.ctx, v.user.ID, id); err != nil {
			return err
		}
		p.book.Back(v.on(SecurityPath), SecurityPath, page.Note{Kind: "security.done.application", Good: true})
		return nil
	}
	// It is gone already, or was never there.
	v.GoTo(SecurityPath)
	return nil
}
