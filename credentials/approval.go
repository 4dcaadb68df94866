package credentials

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials/sad"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/users"
)

const (
	// approvalLife is how long a signer has to approve, and collectLife how long
	// the client then has to fetch what came of it.
	approvalLife = 10 * time.Minute
	collectLife  = 5 * time.Minute
)

// An Approval is an authorization that waits for its signer, who was sent a link
// to a page that shows it (§8.3.2). Everything else that it needs was proved.
type Approval struct {
	ClientID     string       `json:"client"`
	UserID       string       `json:"user"`
	CredentialID string       `json:"credential"`
	Count        int          `json:"count"`
	Hashes       []csc.Digest `json:"hashes,omitempty"`
	HashOID      string       `json:"hashOID,omitempty"`
	Description  string       `json:"description,omitempty"`
	Expires      time.Time    `json:"expires"`

	Version int     `json:"v"`
	Factors Factors `json:"factors"` // of the credential, at that time
	// Standing is of the signer before the client, at that time.
	Standing string `json:"standing"`
	Holder   string `json:"holder,omitempty"` // of what the token it was asked with is bound to
	Proved   string `json:"proved"`           // ids of all objects, as the grant's record will have them
	// Number is the MAC of what the application shows and the signer types, made
	// for the place At; nil if there is none.
	Number []byte        `json:"number,omitempty"`
	At     place         `json:"at,omitempty"`
	State  approvalState `json:"state"`
	Step   int64         `json:"step,omitempty"`  // of the code it was approved with
	Shown  string        `json:"shown,omitempty"` // SHA-256 of what the page showed, hex

	key string
	raw []byte
}

type approvalState string

const (
	waiting  approvalState = "waiting"
	approved approvalState = "approved"
	declined approvalState = "declined"
)

const approvalVersion = 1

// ErrApproval says that there is nothing to approve under a link: it was
// approved or declined, or its time is over.
var ErrApproval = errors.New("credentials: nothing to approve")

// errHandle says that a handle is not the caller's, or not one any more.
var errHandle = errors.New("no such approval for this caller")

func approvalKey(id string) string { return "approval:" + id }
func linkKey(id string) string     { return "approve:" + id }

// couldWait refuses an approval that could not be asked or given now, before
// anything is judged.
func (a Authorizer) couldWait(ctx context.Context, who Caller, c Credential, o object) error {
	if o.shows {
		_, _, err := a.Challenges.kept(ctx, placeOf(who, c, o.ID))
		if errors.Is(err, errNoChallenge) {
			return invalidProof(err)
		}
		if err != nil {
			return err
		}
	}
	return a.givable(ctx, c, o.shows)
}

// pending asks the signer to approve, and tells the client how to ask for what
// came of it.
func (a Authorizer) pending(ctx context.Context, who Caller, c Credential, req csc.AuthorizeRequest, proof proof, o object) (csc.AuthorizeResponse, error) {
	if err := a.Challenges.counted(ctx, c.UserID, "approval"); err != nil {
		return csc.AuthorizeResponse{}, err
	}
	p, err := a.asked(ctx, who, c, req, o)
	if err != nil {
		return csc.AuthorizeResponse{}, err
	}
	p.Proved = proof.factors
	err = a.Audit.Append(ctx, audit.Entry{
		Event: audit.ApprovalAsked, Client: who.ClientID, User: c.UserID, Credential: c.ID,
		Count: p.Count, Hashes: csc.Hex(p.Hashes), HashOID: p.HashOID, Factor: p.Proved,
	})
	if err != nil {
		return csc.AuthorizeResponse{}, err
	}
	handle, link, err := a.keep(ctx, p)
	if err != nil {
		return csc.AuthorizeResponse{}, err
	}
	if err := a.notify(ctx, who, c, p.Count, link); err != nil {
		return csc.AuthorizeResponse{}, err
	}
	return csc.AuthorizeResponse{Pending: &csc.PendingResponse{Handle: handle}}, nil
}

// keep keeps an approval, for the client under a handle and for the signer under
// a link. Neither leads to the other, and neither is kept.
func (a Authorizer) keep(ctx context.Context, p Approval) (handle, link csc.Secret, err error) {
	handle, id := sad.New()
	link, linkID := sad.New()
	text, err := json.Marshal(p)
	if err != nil {
		return "", "", fmt.Errorf("encode approval: %w", err)
	}
	if err := a.Challenges.Store.Put(ctx, approvalKey(id), text, approvalLife+collectLife); err != nil {
		return "", "", fmt.Errorf("keep approval: %w", err)
	}
	if err := a.Challenges.Store.Put(ctx, linkKey(linkID), []byte(id), approvalLife); err != nil {
		return "", "", fmt.Errorf("keep approval's link: %w", err)
	}
	return handle, link, nil
}

// notify sends the signer the link: to the phone if there is one, else by mail.
func (a Authorizer) notify(ctx context.Context, who Caller, c Credential, count int, link csc.Secret) error {
	signer, err := a.Register.Users.User(ctx, c.UserID)
	if err != nil {
		return fmt.Errorf("read signer: %w", err)
	}
	letter, err := a.Challenges.approvalLetter(ctx, who, c, signer, count, link)
	if err != nil {
		return err
	}
	sender, to := anyWay(a.Challenges.Post, signer)
	if sender == nil {
		return errNoAddress
	}
	return deliver(ctx, sender, letter, to)
}

// Check implements credentials/authorizeCheck (v2.0.0.2 §11.7). Of any number
// of calls one gets the SAD.
func (a Authorizer) Check(ctx context.Context, who Caller, req csc.AuthorizeCheckRequest) (csc.AuthorizeResponse, error) {
	p, err := a.approval(ctx, approvalKey(sad.ID(req.Handle)))
	if errors.Is(err, ErrApproval) || err == nil && !p.of(who) {
		refusal := csc.Invalid("handle")
		refusal.Cause = errHandle
		return csc.AuthorizeResponse{}, refusal
	}
	if err != nil {
		return csc.AuthorizeResponse{}, err
	}
	c, err := a.stillAsked(ctx, who, p)
	if err != nil {
		return csc.AuthorizeResponse{}, err
	}
	switch p.State {
	case declined:
		return csc.AuthorizeResponse{}, invalidProof(errDeclined)
	case approved:
		return a.collect(ctx, who, c, p)
	default:
		return csc.AuthorizeResponse{Pending: &csc.PendingResponse{Handle: req.Handle}}, a.givable(ctx, c, p.Number != nil)
	}
}

var (
	errDeclined = errors.New("the signer declined")
	errChanged  = errors.New("the credential is authorized otherwise since, or the signer ended what he gave")
)

// givable refuses what a signer cannot approve now, with a number or without.
func (a Authorizer) givable(ctx context.Context, c Credential, number bool) error {
	over, err := c.counted()
	if err != nil {
		return err
	}
	factors := []string{users.FactorCode}
	if number {
		factors = append(factors, users.FactorMatch)
	}
	if over != "" {
		factors = append(factors, over)
	}
	for _, factor := range factors {
		if err := a.Prover.Barred(ctx, c.UserID, factor); err != nil {
			return refusedProof(err)
		}
	}
	return nil
}

// stillAsked finds the credential as it is now, which must be as it was.
func (a Authorizer) stillAsked(ctx context.Context, who Caller, p Approval) (Credential, error) {
	c, err := a.explicit(ctx, who, p.CredentialID)
	ended := c.Standing != p.Standing && c.Standing != users.Out // who is locked is told that
	if err == nil && (c.Factors != p.Factors || ended) {
		err = invalidProof(errChanged)
	}
	return c, err
}

// collect makes the grant, once.
func (a Authorizer) collect(ctx context.Context, who Caller, c Credential, p Approval) (csc.AuthorizeResponse, error) {
	req := csc.AuthorizeRequest{
		CredentialID: p.CredentialID, NumSignatures: p.Count, Hashes: p.Hashes, HashAlgorithmOID: p.HashOID,
	}
	agreed, err := c.agreed(req)
	if err != nil {
		return csc.AuthorizeResponse{}, err
	}
	won, err := a.Challenges.Store.Swap(ctx, p.key, p.raw, nil, 0)
	if err != nil {
		return csc.AuthorizeResponse{}, fmt.Errorf("collect approval: %w", err)
	}
	if !won {
		return csc.AuthorizeResponse{}, csc.Invalid("handle")
	}
	return a.issue(ctx, who, c, req, agreed, proof{factors: p.Proved, step: p.Step, reason: "shown " + p.Shown})
}

// approval is what is kept under a key; ErrApproval if nothing is, or no more.
func (a Authorizer) approval(ctx context.Context, key string) (Approval, error) {
	text, err := a.Challenges.Store.Get(ctx, key)
	if errors.Is(err, onetime.ErrUnknown) {
		return Approval{}, ErrApproval
	}
	if err != nil {
		return Approval{}, fmt.Errorf("look up approval: %w", err)
	}
	p := Approval{key: key, raw: text}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, fmt.Errorf("decode approval: %w", err)
	}
	if p.Version != approvalVersion || !a.Now().Before(p.Expires) {
		return p, ErrApproval
	}
	return p, nil
}

// Approval is what the signer is asked who was sent the link; ErrApproval if
// that is over. Looking changes nothing.
func (a Authorizer) Approval(ctx context.Context, link csc.Secret) (Approval, error) {
	id, err := a.Challenges.Store.Get(ctx, linkKey(sad.ID(link)))
	if errors.Is(err, onetime.ErrUnknown) {
		return Approval{}, ErrApproval
	}
	if err != nil {
		return Approval{}, fmt.Errorf("look up approval's link: %w", err)
	}
	p, err := a.approval(ctx, approvalKey(string(id)))
	if err == nil && p.State != waiting {
		err = ErrApproval
	}
	return p, err
}

// Approve judges the code, and the number where one is asked, and notes that the
// signer approved what the digest shown is of. The errors are those of package
// users, ErrApproval, and a *csc.Error for a credential that cannot be used any
// more.
func (a Authorizer) Approve(ctx context.Context, p Approval, shown string, code, number csc.Secret) error {
	c, err := a.stillAsked(ctx, p.client(), p)
	if err != nil {
		return err
	}
	over, err := c.counted()
	if err != nil {
		return err
	}
	claims := []users.Claim{users.ClaimCode(code)}
	if p.Number != nil {
		claims = append(claims, users.ClaimOther(users.FactorMatch, func(context.Context) (*users.Judge, error) {
			return &users.Judge{Right: func(context.Context) (bool, error) {
				return hmac.Equal(p.Number, a.Challenges.mac(p.At, string(number))), nil
			}}, nil
		}))
	}
	judged, err := a.Prover.Prove(ctx, p.UserID, over, claims...)
	if err != nil {
		return err
	}
	next := p
	next.State, next.Step, next.Shown, next.Expires = approved, judged.Step, shown, a.Now().Add(collectLife)
	return a.decide(ctx, p, next, audit.ApprovalGiven)
}

// of reports whether who may ask for what came of p: the client that asked for it,
// for the same signer, and with what its token was bound to then.
func (p Approval) of(who Caller) bool {
	return p.ClientID == who.ClientID && (who.UserID == "" || p.UserID == who.UserID) && (p.Holder == "" || p.Holder == who.Holder)
}

// client is who asked, as far as the credential must still be his to ask for.
func (p Approval) client() Caller { return Caller{ClientID: p.ClientID, UserID: p.UserID} }

// Decline notes that the signer does not approve.
func (a Authorizer) Decline(ctx context.Context, p Approval) error {
	next := p
	next.State = declined
	return a.decide(ctx, p, next, audit.ApprovalDeclined)
}

// decide ends the waiting, once.
func (a Authorizer) decide(ctx context.Context, p, next Approval, event audit.Event) error {
	err := a.Audit.Append(ctx, audit.Entry{
		Event: event, Client: p.ClientID, User: p.UserID, Credential: p.CredentialID, Count: p.Count,
		Hashes: csc.Hex(p.Hashes), HashOID: p.HashOID,
	})
	if err != nil {
		return err
	}
	text, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("encode approval: %w", err)
	}
	won, err := a.Challenges.Store.Swap(ctx, p.key, p.raw, text, next.Expires.Sub(a.Now())+collectLife)
	if err != nil {
		return fmt.Errorf("decide approval: %w", err)
	}
	if !won {
		return ErrApproval
	}
	return nil
}

// asked is the Approval that a request waits for. The number that its
// application shows is used up by it.
func (a Authorizer) asked(ctx context.Context, who Caller, c Credential, req csc.AuthorizeRequest, o object) (Approval, error) {
	p := Approval{
		ClientID: who.ClientID, UserID: c.UserID, CredentialID: c.ID, Count: req.NumSignatures,
		Hashes: req.Hashes, HashOID: req.HashAlgorithmOID, Description: req.Description,
		Version: approvalVersion, Factors: c.Factors, Standing: c.Standing, Holder: who.Holder, State: waiting, Expires: a.Now().Add(approvalLife),
	}
	if !o.shows {
		return p, nil
	}
	p.At = placeOf(who, c, o.ID)
	kept, raw, err := a.Challenges.kept(ctx, p.At)
	if errors.Is(err, errNoChallenge) {
		return p, invalidProof(err)
	}
	if err != nil {
		return p, err
	}
	p.Number = kept.MAC
	taken, err := a.Challenges.Store.Swap(ctx, string(p.At), raw, nil, 0)
	if err == nil && !taken {
		return p, invalidProof(errNoChallenge)
	}
	return p, doing("use challenge", err)
}
