package backup

import (
	"slices"
	"strings"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/enrolment"
)

// invitations are what logs tell of enrolments.
type invitations struct {
	links map[enrolmentLink]marks // that are good
	used  map[enrolmentLink]bool  // that have done what they are for
	ended map[string]audit.Event  // enrolments, and how
	// forgotten are enrolments of which nothing of the person stays.
	forgotten map[string]bool
}

type enrolmentLink struct {
	id   string
	link enrolment.Link
}

func newInvitations() invitations {
	return invitations{
		links: map[enrolmentLink]marks{}, used: map[enrolmentLink]bool{}, ended: map[string]audit.Event{}, forgotten: map[string]bool{},
	}
}

// enrolled takes a record about an enrolment; others forbid nothing.
func (l *later) enrolled(r audit.Record) {
	id, what, _ := strings.Cut(r.Reason, ": ")
	pair, activate := enrolmentLink{id, enrolment.LinkPair}, enrolmentLink{id, enrolment.LinkActivate}
	switch r.Event {
	case audit.EnrolmentInvited:
		l.added[id] = "invitation " + id + " of signer " + r.User + ": signer invite"
		remember(l.links, pair, r)
		remember(l.links, activate, r)
	case audit.EnrolmentSent:
		remember(l.links, enrolmentLink{id, enrolment.Link(what)}, r)
	case audit.EnrolmentPaired:
		l.used[pair] = true
	case audit.EnrolmentActivated:
		l.used[activate] = true
	case audit.EnrolmentIssued, audit.EnrolmentCancelled:
		l.ended[id] = r.Event
	case audit.EnrolmentForgotten:
		l.ended[id], l.forgotten[id] = r.Event, true
	default: // forbids nothing
	}
}

// holdInvitation keeps an enrolment from going on that came to its end, and links
// from being good that were used, or whose place others took. Whoever was invited
// goes on with the links that he has, or is sent new ones.
func (l *later) holdInvitation(v map[string]any, id string) {
	if l.forgotten[id] {
		l.holdForgotten(v, id)
	}
	if state, _ := v["state"].(string); !enrolment.State(state).Open() {
		return
	}
	switch l.ended[id] {
	case audit.EnrolmentCancelled:
		v["state"] = string(enrolment.Cancelled)
		l.tell("invitation %s was cancelled", id)
	case audit.EnrolmentIssued:
		v["state"] = string(enrolment.Cancelled)
		l.tell("invitation %s came to a certificate since, which is lost, and is cancelled: signer invite", id)
	default:
		l.holdLink(v, enrolmentLink{id, enrolment.LinkPair}, "pair")
		l.holdLink(v, enrolmentLink{id, enrolment.LinkActivate}, "active")
	}
}

// holdForgotten takes out what the registry takes out of an enrolment that is
// forgotten.
func (l *later) holdForgotten(v map[string]any, id string) {
	if v["identity"] == enrolment.NoIdentity {
		return
	}
	v["identity"], v["request"], v["progress"], v["notice_uri"], v["due"], v["tries"] = enrolment.NoIdentity, "", "{}", "", int64(0), int64(0)
	if state, _ := v["state"].(string); enrolment.State(state).Open() {
		v["state"] = string(enrolment.Cancelled)
	}
	l.tell("invitation %s was forgotten", id)
}

// holdLink ends a link at the moment at which the enrolment was changed last.
func (l *later) holdLink(v map[string]any, of enrolmentLink, columns string) {
	hash, _ := v[columns+"_hash"].(string)
	kept, known := l.links[of]
	replaced := known && !slices.Contains(kept.good, audit.Mark([]byte(hash)))
	if done, _ := v[columns+"_used"].(bool); done || !replaced && !l.used[of] {
		return
	}
	v[columns+"_until"] = v["changed"]
	l.tell("invitation %s: its %s link was used since, or another sent: signer resend", of.id, of.link)
}
