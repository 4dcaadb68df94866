package backup

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/users"
)

// A later is what audit logs tell that forbids something, whenever it was: a
// registry that was restored is held to it. What logs allow is not in it.
type later struct {
	steps   map[string]int64 // the last used, by user
	deleted map[string]int64 // credentials, and when, as the registry has it
	// signsFrom is when a user signs again who lost what he proved himself with, as the
	// registry has it.
	signsFrom map[string]int64
	certificates
	invitations
	removed  map[string]bool // clients
	gone     map[string]word // users of whom nothing was heard after they were removed
	disabled map[string]word // users, credentials and clients; their ids differ
	unlinked map[[2]string]word
	accounts map[[2]string]owner // by client and mark of the account
	locked   map[[2]string]word  // user and factor
	fixed    map[string]word     // credentials whose authorizations are not extended
	kept     map[[2]string]marks
	verified map[string]marks // of clients' secrets
	heads    map[string]audit.Head
	added    map[string]string // what was added, with what to say of it
	seen     map[string]bool   // what the registry has
	done     map[[2]string]bool
	changes  []string
	now      time.Time // access tokens from before are over
	stamp    string    // of every user from then on: nothing stands that was given
}

// A word is the last that was said of something: of several logs the latest,
// and of the same moment that which forbids.
type word struct {
	at  time.Time
	yes bool
}

// An owner is whose something is from a moment on; "" is nobody.
type owner struct {
	at   time.Time
	user string
}

type marks struct {
	at   time.Time
	good []string
}

func newLater(now time.Time) *later {
	return &later{
		now: now, stamp: users.NewStamp(),
		steps: map[string]int64{}, signsFrom: map[string]int64{}, certificates: newCertificates(), invitations: newInvitations(), deleted: map[string]int64{}, removed: map[string]bool{}, gone: map[string]word{},
		disabled: map[string]word{}, unlinked: map[[2]string]word{}, accounts: map[[2]string]owner{}, fixed: map[string]word{}, locked: map[[2]string]word{},
		kept: map[[2]string]marks{}, verified: map[string]marks{}, heads: map[string]audit.Head{},
		added: map[string]string{}, seen: map[string]bool{}, done: map[[2]string]bool{},
	}
}

func say[K comparable](words map[K]word, about K, at time.Time, yes bool) {
	if old := words[about]; at.After(old.at) || at.Equal(old.at) && yes {
		words[about] = word{at, yes}
	}
}

// read takes a record.
func (l *later) read(r audit.Record) {
	if r.User != "" {
		say(l.gone, r.User, r.Time, r.Event == audit.UserRemoved)
	}
	switch r.Event {
	case audit.LogHead:
		l.heads[r.Log] = *r.Head
	case audit.FactorVerified:
		l.steps[r.User] = max(l.steps[r.User], r.Step)
	case audit.FactorLocked, audit.FactorUnlocked:
		say(l.locked, [2]string{r.User, r.Factor}, r.Time, r.Event == audit.FactorLocked)
	case audit.FactorPaired:
		remember(l.kept, [2]string{r.User, r.Factor}, r)
	case audit.UserAdded:
		l.added[r.User] = "signer " + r.User
	case audit.UserChanged:
		l.change(r.User, r)
	case audit.UserRecovers:
		l.recovers(r)
	case audit.CredentialAdded:
		l.added[r.Credential] = fmt.Sprintf("credential %s of %s, key %s", r.Credential, r.User, r.Key)
	case audit.CredentialChanged:
		l.change(r.Credential, r)
		l.certificates.read(r)
	case audit.CredentialDeleted:
		l.deleted[r.Credential] = r.Time.UnixMicro()
		l.certificates.read(r)
	case audit.CertificateAbandoned:
		l.abandon(r)
	case audit.ClientAdded:
		l.added[r.Client] = "client " + r.Client
		remember(l.verified, r.Client, r)
	case audit.ClientRemoved:
		l.removed[r.Client] = true
		delete(l.added, r.Client)
	case audit.ClientChanged:
		l.change(r.Client, r)
		remember(l.verified, r.Client, r)
	default:
		l.enrolled(r)
	}
}

// recovers takes a record that says from when a signer signs; at once nobody does again.
func (l *later) recovers(r audit.Record) {
	when, _, _ := strings.Cut(r.Reason, ": ")
	if from, err := time.Parse(time.RFC3339, when); err == nil {
		l.signsFrom[r.User] = max(l.signsFrom[r.User], from.UnixMicro())
	}
}

// change takes a record that says what may be done from then on.
func (l *later) change(id string, r audit.Record) {
	switch r.Reason {
	case audit.Disabled, audit.Enabled:
		say(l.disabled, id, r.Time, r.Reason == audit.Disabled)
	case audit.Linked, audit.Unlinked:
		say(l.unlinked, [2]string{r.Client, r.User}, r.Time, r.Reason == audit.Unlinked)
	case audit.FactorsSet:
		remember(l.kept, [2]string{id, audit.FactorsSet}, r)
	case audit.ExtendAllowed, audit.ExtendForbidden:
		say(l.fixed, id, r.Time, r.Reason == audit.ExtendForbidden)
	}
	if mark, is := strings.CutPrefix(r.Reason, audit.Account); is {
		about := [2]string{r.Client, mark}
		if last := l.accounts[about]; r.Time.After(last.at) || r.Time.Equal(last.at) && r.User == "" {
			l.accounts[about] = owner{r.Time, r.User}
		}
	}
}

// remember keeps the latest marks; of the same moment those of the record that
// comes later in its log. A record without any says nothing.
func remember[K comparable](all map[K]marks, about K, r audit.Record) {
	if len(r.Kept) > 0 && !r.Time.Before(all[about].at) {
		all[about] = marks{r.Time, r.Kept}
	}
}

// hold changes a row so that nothing in it is allowed that a log forbids, and
// reports whether the row may be there at all.
func (l *later) hold(row Row) bool {
	v := row.Values
	text := func(column string) string { s, _ := v[column].(string); return s }
	id, user, client, factor := text("id"), text("user_id"), text("client_id"), text("factor")
	l.seen[id] = true
	if l.gone[user].yes && row.Table != "issuances" { // of which the authority tells all the same
		return false
	}
	switch row.Table {
	case "users":
		return l.holdUser(v, id)
	case "attempts":
		l.done[[2]string{user, factor}] = true
		l.forbid(v, "locked", l.locked[[2]string{user, factor}].yes, "%s of signer %s is locked", factor, user)
	case "credentials":
		l.holdCredential(v, id)
	case "issuances":
		l.holdIssuance(v, text("serial"))
	case "clients":
		return l.holdClient(v, id)
	case "links":
		if l.unlinked[[2]string{client, user}].yes {
			l.tell("client %s is not linked to signer %s any more", client, user)
			return false
		}
		return !l.removed[client]
	case "accounts":
		return !l.removed[client] && l.holdAccount(client, text("account"), user)
	case "account_keys":
		return !l.removed[client]
	case "enrolments":
		l.holdInvitation(v, id)
	case "heads":
		return false // those that the logs end with take their places
	}
	return true
}

// holdUser keeps a signer disabled, or removed, and ends what he gave.
func (l *later) holdUser(v map[string]any, id string) bool {
	if l.gone[id].yes {
		l.tell("signer %s, who was only invited, was removed", id)
		return false
	}
	l.forbid(v, "disabled", l.disabled[id].yes, "signer %s is disabled", id)
	l.holdFactors(v, id)
	l.holdPhone(v, id)
	if from, _ := v["signs_from"].(int64); l.signsFrom[id] > max(from, l.now.UnixMicro()) {
		v["signs_from"] = l.signsFrom[id]
		l.tell("signer %s signs from %s only", id, time.UnixMicro(l.signsFrom[id]).UTC().Format(time.RFC3339))
	}
	v["stamp"] = l.stamp
	return true
}

// holdClient keeps a client disabled, or removed, and ends its access tokens.
func (l *later) holdClient(v map[string]any, id string) bool {
	if l.removed[id] {
		l.tell("client %s was removed", id)
		return false
	}
	l.forbid(v, "disabled", l.disabled[id].yes, "client %s is disabled", id)
	l.holdSecrets(v, id)
	after, _ := v["tokens_after"].(int64)
	v["tokens_after"] = max(after, l.now.UnixMicro())
	return true
}

// holdCredential keeps a credential revoked, disabled or deleted.
func (l *later) holdCredential(v map[string]any, id string) {
	l.holdCertificate(v, id)
	l.forbid(v, "disabled", l.disabled[id].yes, "credential %s is disabled", id)
	if was, _ := v["deleted"].(int64); was == 0 && l.deleted[id] != 0 {
		v["deleted"], v["disabled"] = l.deleted[id], true
		l.tell("credential %s was deleted", id)
	}
	l.holdAuthorizing(v, id)
}

func (l *later) tell(text string, args ...any) {
	l.changes = append(l.changes, fmt.Sprintf(text, args...))
}

func (l *later) forbid(v map[string]any, column string, yes bool, text string, args ...any) {
	if was, _ := v[column].(bool); yes && !was {
		v[column] = true
		l.tell(text, args...)
	}
}

// holdFactors takes what was replaced away from a signer, and keeps used codes
// used.
func (l *later) holdFactors(v map[string]any, id string) {
	if step, _ := v["last_step"].(int64); l.steps[id] > max(step, 0) {
		v["last_step"] = l.steps[id]
		l.tell("signer %s has used codes since", id)
	}
	secret, _ := v["secret"].([]byte)
	if kept, known := l.kept[[2]string{id, users.FactorCode}]; known && secret != nil && !slices.Contains(kept.good, audit.Mark(secret)) {
		v["secret"] = []byte(nil)
		l.tell("signer %s has another authenticator since, and none now: signer pair", id)
	}
	hash, _ := v["password_hash"].(string)
	if kept, known := l.kept[[2]string{id, users.FactorPassword}]; known && hash != "" && !slices.Contains(kept.good, audit.Mark([]byte(hash))) {
		v["password_hash"] = ""
		l.tell("signer %s has another password since, and none now: signer password", id)
	}
	pin, _ := v["pin_hash"].(string)
	if kept, known := l.kept[[2]string{id, users.FactorPIN}]; known && pin != "" && !slices.Contains(kept.good, audit.Mark([]byte(pin))) {
		v["pin_hash"] = ""
		l.tell("signer %s has another PIN since, and none now: signer pin", id)
	}
}

// holdPhone takes a number away that was replaced: codes would go to it.
func (l *later) holdPhone(v map[string]any, id string) {
	phone, _ := v["phone"].(string)
	set, _ := v["phone_set"].(int64)
	mark := audit.Mark([]byte(strconv.FormatInt(set, 10)))
	if kept, known := l.kept[[2]string{id, users.FactorSMS}]; known && phone != "" && !slices.Contains(kept.good, mark) {
		v["phone"], v["phone_set"] = "", int64(0)
		l.tell("signer %s has another phone since, and none now: signer phone", id)
	}
}

// holdAuthorizing keeps a credential from being authorized with less than was
// asked for since.
func (l *later) holdAuthorizing(v map[string]any, id string) {
	if extended, _ := v["extendable"].(bool); extended && l.fixed[id].yes {
		v["extendable"] = false
		l.tell("authorizations of credential %s are not extended any more", id)
	}
	factors, _ := v["factors"].(string)
	if kept, known := l.kept[[2]string{id, audit.FactorsSet}]; known && !slices.Contains(kept.good, audit.Mark([]byte(factors))) {
		v["disabled"] = true
		l.tell("credential %s has other factors since and is disabled: credential factors, credential enable", id)
	}
}

// holdSecrets takes secrets away from a client that were ended.
func (l *later) holdSecrets(v map[string]any, id string) {
	kept, known := l.verified[id]
	if keys, _ := v["jwks"].([]byte); known && keys != nil && !slices.Contains(kept.good, audit.Mark(keys)) {
		v["jwks"], v["disabled"] = []byte(nil), true
		l.tell("client %s has other keys since, has none now and is disabled: client keys, client enable", id)
	}
	if known {
		l.holdManaged(v, id, kept.good)
	}
	text, _ := v["verifiers"].(string)
	var verifiers [][]byte
	if !known || json.Unmarshal([]byte(text), &verifiers) != nil {
		return
	}
	good := slices.DeleteFunc(slices.Clone(verifiers), func(b []byte) bool {
		return !slices.Contains(kept.good, audit.Mark(b))
	})
	if len(good) == len(verifiers) {
		return
	}
	quoted := []string{}
	for _, b := range good {
		quoted = append(quoted, `"`+base64.StdEncoding.EncodeToString(b)+`"`)
	}
	v["verifiers"] = "[" + strings.Join(quoted, ",") + "]"
	l.tell("client %s has %d of %d secrets, the others were ended: client rotate-secret", id, len(good), len(verifiers))
}

// holdManaged takes away what a client manages itself by, unless it is still good.
func (l *later) holdManaged(v map[string]any, id string, good []string) {
	text, _ := v["managed"].(string)
	managed := map[string]any{}
	if text == "" || json.Unmarshal([]byte(text), &managed) != nil {
		return // which the registry refuses to read
	}
	if hash, _ := managed["hash"].(string); slices.Contains(good, audit.Mark([]byte(hash))) {
		return
	}
	managed["hash"] = ""
	rest, err := json.Marshal(managed)
	if v["managed"] = string(rest); err != nil {
		v["managed"] = ""
	}
	l.tell("client %s has another registration access token since, and none now: client rotate-token", id)
}

// holdAccount reports whether an account is still the user's.
func (l *later) holdAccount(client, account, user string) bool {
	last, known := l.accounts[[2]string{client, audit.Mark([]byte(account))}]
	if !known || last.user == user {
		return true
	}
	l.tell("an account of client %s is not signer %s any more", client, user)
	return false
}

// over returns the rows that a table must have beyond those that were held.
func (l *later) over(table string) []Row {
	switch table {
	case "issuances":
		return l.unheld()
	case "attempts":
		return l.locks()
	}
	return nil
}

// locks are those of factors that the registry had no count of.
func (l *later) locks() []Row {
	var rows []Row
	for about, w := range l.locked {
		if !w.yes || l.done[about] || !l.seen[about[0]] {
			continue
		}
		l.tell("%s of signer %s is locked", about[1], about[0])
		rows = append(rows, Row{Table: "attempts", Values: map[string]any{
			"user_id": about[0], "factor": about[1], "began": w.at.UnixMicro(),
			"failures": int64(0), "in_row": int64(0), "locked": true,
		}})
	}
	return rows
}

// lost is what was added and the registry does not have.
func (l *later) lost() []string {
	all := []string{}
	for id, text := range l.added {
		if !l.seen[id] && l.deleted[id] == 0 && l.ended[id] == "" && !l.gone[id].yes {
			all = append(all, text)
		}
	}
	slices.Sort(all)
	return all
}
