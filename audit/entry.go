package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// An Event names what a record is about.
type Event string

// The events, by who writes them.
const (
	LogOpened Event = "audit.opened" // a process began to write; Reason tells of a torn record it removed
	LogHead   Event = "audit.head"   // carries a signed Head and nothing else
	// LogRecovered says that the disk had failed and works again; Reason tells
	// why, and how much was taken off the file that nobody had been promised.
	LogRecovered Event = "audit.recovered"
	LogClosed    Event = "audit.closed"

	ClientAdded   Event = "client.added"
	ClientChanged Event = "client.changed"
	ClientRemoved Event = "client.removed"
	// ClientInvited says that clients may register themselves, and as what; its
	// Reason begins with what ClientUninvited has.
	ClientInvited   Event = "client.invited"
	ClientUninvited Event = "client.uninvited"
	TokenIssued     Event = "token.issued"
	TokenRevoked    Event = "token.revoked"
	UserAdded       Event = "user.added"
	UserChanged     Event = "user.changed"
	// UserRecovers says that somebody has another factor in the place of one that he
	// lost; Reason begins with from when he signs, in RFC 3339, or is "at once", and
	// has a colon and why behind it.
	UserRecovers   Event = "user.recovers"
	UserRemoved    Event = "user.removed" // who was only invited, and never became a signer
	FactorPaired   Event = "factor.paired"
	FactorVerified Event = "factor.verified" // Step is the TOTP step spent
	FactorRefused  Event = "factor.refused"
	FactorLocked   Event = "factor.locked"
	FactorUnlocked Event = "factor.unlocked" // an operator took the count of failures away
	SessionOpened  Event = "session.opened"  // a signer logged in on his own pages
	SessionEnded   Event = "session.ended"   // Reason

	// The way of a User to a first certificate; Reason begins with the enrolment's
	// id, and Client invited, or nobody but an operator.
	EnrolmentInvited   Event = "enrolment.invited"
	EnrolmentSent      Event = "enrolment.sent"      // a new link, which ends the one before
	EnrolmentPaired    Event = "enrolment.paired"    // the authenticator is the signer's
	EnrolmentChanged   Event = "enrolment.changed"   // a step of the activation
	EnrolmentActivated Event = "enrolment.activated" // which was the last one
	EnrolmentIssued    Event = "enrolment.issued"    // Credential is what it came to
	EnrolmentCancelled Event = "enrolment.cancelled"
	EnrolmentForgotten Event = "enrolment.forgotten" // it is over for long, and nothing of the person stays

	ChallengeSent Event = "challenge.sent" // to a signer, a code of Factor

	ApprovalAsked    Event = "approval.asked" // of a signer who was sent a link
	ApprovalGiven    Event = "approval.given"
	ApprovalDeclined Event = "approval.declined"

	KeyGenerated      Event = "key.generated"
	KeyDestroyed      Event = "key.destroyed" // Reason
	CertificateIssued Event = "certificate.issued"
	// CertificateAbandoned is of one that was signed, or may have been, and that no
	// credential has: Serial is its number, Reason why it is revoked.
	CertificateAbandoned Event = "certificate.abandoned"

	CRLIssued         Event = "crl.issued" // Serial is its number
	CredentialAdded   Event = "credential.added"
	CredentialChanged Event = "credential.changed"
	// CredentialDeleted ends it for good; Reason says whether its certificate is
	// revoked.
	CredentialDeleted Event = "credential.deleted"
	// PermitIssued lets a client make a credential for User, or delete Credential:
	// Step is what it was proved with.
	PermitIssued Event = "permit.issued"

	GrantIssued Event = "grant.issued" // Count and Hashes are what was agreed, Step what it was proved with
	// GrantExtended ends the grant From and puts Grant in its place, for the Count
	// signatures that were left of it.
	GrantExtended Event = "grant.extended"
	GrantRefused  Event = "grant.refused" // a use that broke a rule: Reason
	SignIntent    Event = "sign.intent"   // Hashes are what will be signed
	SignDone      Event = "sign.done"     // Signatures are the SHA-256 of what was released
	SignFailed    Event = "sign.failed"   // spent, and no signature was released

	StampIntent Event = "timestamp.intent" // an authority of ours will sign Hashes under Serial
	StampDone   Event = "timestamp.done"   // Signatures is the SHA-256 of the token that was released
	StampFailed Event = "timestamp.failed" // the number is spent, and no token was released
	StampAsked  Event = "timestamp.asked"  // another authority is asked, at Reason

	BackupTaken      Event = "backup.taken"      // somebody has a copy of the registry
	RegistryRestored Event = "registry.restored" // what follows stands on a backup, and Hashes has its manifest's
)

// The Reasons of changes, which say what somebody may from then on. A registry
// that was restored is held to them.
const (
	Disabled = "disabled"
	Enabled  = "enabled"
	// Of a credential's certificate: Revoked is for good, and has a colon and why
	// behind it; an invitation is revoked too.
	Revoked   = "revoked"
	Suspended = "suspended"
	Resumed   = "resumed"
	Linked    = "link" // a Client to a User
	Unlinked  = "unlink"
	// Account, with the Mark of what a Client calls it after it, is of a User, or
	// of nobody any more.
	Account = "account "

	// Of a credential: how it is authorized, which Kept has the Mark of, and
	// whether an authorization of it may be extended.
	FactorsSet      = "factors"
	ExtendAllowed   = "extend allowed"
	ExtendForbidden = "extend forbidden"
)

// An Entry is what a caller has to say. Secrets have no member here. What is
// said to be hex is in lower case. Request may be left empty under a context of
// WithRequest.
type Entry struct {
	Event       Event    `json:"event"`
	Request     string   `json:"request,omitempty"` // request id
	Client      string   `json:"client,omitempty"`
	User        string   `json:"user,omitempty"`
	Credential  string   `json:"credential,omitempty"`
	Certificate string   `json:"certificate,omitempty"` // SHA-256 of the DER, hex
	Key         string   `json:"key,omitempty"`         // CKA_ID, hex
	Grant       string   `json:"grant,omitempty"`       // id of the SAD, not the SAD
	From        string   `json:"from,omitempty"`        // the grant whose place that takes
	Count       int      `json:"count,omitempty"`
	Bound       bool     `json:"bound,omitempty"`  // the grant names its hashes
	Hashes      []string `json:"hashes,omitempty"` // hex, in the request's order
	HashOID     string   `json:"hashOID,omitempty"`
	// Signs is what the key signs in the stead of each of Hashes, where those are
	// of documents; hex.
	Signs      []string `json:"signs,omitempty"`
	SignAlgo   string   `json:"signAlgo,omitempty"`
	Signatures []string `json:"signatures,omitempty"` // SHA-256 of each, hex
	Serial     string   `json:"serial,omitempty"`     // of a time-stamp, a CRL or a certificate, hex without zeros before it
	Factor     string   `json:"factor,omitempty"`
	Step       int64    `json:"step,omitempty"`
	Reason     string   `json:"reason,omitempty"`
	// Kept are the Marks of what is good from now on, and nothing else of its
	// kind: of a factor's sealed secret or hash, of all that a client proves itself
	// with, of a credential's factors, of the links of an enrolment. An older
	// registry, restored, is held to it.
	Kept []string `json:"kept,omitempty"`
}

// Mark is the SHA-256 of something secret that is kept sealed or hashed with a
// salt, so that nothing can be guessed from it; hex.
func Mark(kept []byte) string {
	sum := sha256.Sum256(kept)
	return hex.EncodeToString(sum[:])
}

// ErrEntry says that an Entry cannot be a record: the caller's mistake, and the
// deed must not be done all the same.
var ErrEntry = errors.New("audit: not an entry")

// check says what is wrong with e. The events of package audit itself are no
// caller's to write.
func (e Entry) check() error {
	switch {
	case !e.Event.valid():
		return fmt.Errorf("%w: event %q", ErrEntry, e.Event)
	case e.Count < 0 || e.Step < 0:
		return fmt.Errorf("%w: %s: negative count or step", ErrEntry, e.Event)
	case !isHex(e.Certificate) || !isHex(e.Key):
		return fmt.Errorf("%w: %s: certificate and key are lower-case hex", ErrEntry, e.Event)
	case slices.ContainsFunc(slices.Concat(e.Hashes, e.Signs, e.Signatures, e.Kept), notHex):
		return fmt.Errorf("%w: %s: hashes, signatures and marks are lower-case hex", ErrEntry, e.Event)
	case len(e.Signs) > 0 && len(e.Signs) != len(e.Hashes):
		return fmt.Errorf("%w: %s: %d representations of %d hashes", ErrEntry, e.Event, len(e.Signs), len(e.Hashes))
	}
	if missing := e.missing(); missing != "" {
		return fmt.Errorf("%w: %s without %s", ErrEntry, e.Event, missing)
	}
	return nil
}

// missing names the first member without which the record could not be judged
// by a Ledger.
func (e Entry) missing() string {
	type member struct {
		name string
		has  bool
	}
	grant := member{"grant", e.Grant != ""}
	who := []member{grant, {"client", e.Client != ""}, {"user", e.User != ""}, {"credential", e.Credential != ""}}
	var needs []member
	switch e.Event {
	case GrantIssued:
		needs = append(who, member{"count", e.Count > 0})
	case GrantExtended:
		needs = append(who, member{"count", e.Count > 0}, member{"from", e.From != ""})
	case PermitIssued:
		needs = []member{grant, {"client", e.Client != ""}, {"user", e.User != ""}, {"step", e.Step > 0}}
	case CredentialDeleted:
		needs = []member{{"user", e.User != ""}, {"credential", e.Credential != ""}}
	case SignIntent:
		needs = append(who, member{"hashes", len(e.Hashes) > 0})
	case SignDone:
		needs = []member{grant, {"signatures", len(e.Signatures) > 0}}
	case SignFailed:
		needs = []member{grant}
	case StampIntent:
		needs = []member{{"key", e.Key != ""}, {"serial", e.Serial != ""}, {"hashes", len(e.Hashes) > 0}}
	case CertificateAbandoned:
		needs = []member{{"credential", e.Credential != ""}, {"serial", e.Serial != ""}}
	case StampDone, StampFailed:
		needs = []member{{"serial", e.Serial != ""}}
	case FactorVerified, FactorLocked:
		needs = []member{{"user", e.User != ""}, {"factor", e.Factor != ""}}
	default:
		return ""
	}
	for _, m := range needs {
		if !m.has {
			return m.name
		}
	}
	return ""
}

// valid reports whether v is words of lower-case letters joined by dots, and
// not one of ours.
func (v Event) valid() bool {
	words := strings.Split(string(v), ".")
	if len(words) < 2 || words[0] == "audit" {
		return false
	}
	return !slices.ContainsFunc(words, func(w string) bool {
		return w == "" || strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") != ""
	})
}

func isHex(s string) bool  { return len(s)%2 == 0 && strings.Trim(s, "0123456789abcdef") == "" }
func notHex(s string) bool { return s == "" || !isHex(s) }

// clean returns e with every string valid UTF-8, since JSON has no other.
func (e Entry) clean() Entry {
	for _, s := range []*string{
		(*string)(&e.Event), &e.Request, &e.Client, &e.User, &e.Credential, &e.Certificate, &e.Key,
		&e.Grant, &e.From, &e.HashOID, &e.SignAlgo, &e.Serial, &e.Factor, &e.Reason,
	} {
		*s = strings.ToValidUTF8(*s, "\uFFFD")
	}
	return e
}
