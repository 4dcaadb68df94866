package backup

import (
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

// certificates are what logs tell of those of credentials.
type certificates struct {
	revoked   map[string]revocation
	suspended map[string]word
	abandoned map[string]map[string]any // by number, as the registry has them
}

// A revocation is why and when a certificate was revoked: of several the first.
type revocation struct {
	at     time.Time
	reason int
}

func newCertificates() certificates {
	return certificates{revoked: map[string]revocation{}, suspended: map[string]word{}, abandoned: map[string]map[string]any{}}
}

// read takes a record about a credential.
func (c certificates) read(r audit.Record) {
	switch said, why, _ := strings.Cut(r.Reason, ": "); said {
	case audit.Revoked:
		if first, there := c.revoked[r.Credential]; !there || r.Time.Before(first.at) {
			reason, _ := csc.RevocationCode(why) // unspecified where nothing is said
			c.revoked[r.Credential] = revocation{r.Time, reason}
		}
	case audit.Suspended, audit.Resumed:
		say(c.suspended, r.Credential, r.Time, said == audit.Suspended)
	}
}

// abandon takes a record of a certificate that no credential has: of several the
// first.
func (c certificates) abandon(r audit.Record) {
	if _, there := c.abandoned[r.Serial]; there {
		return
	}
	_, why, _ := strings.Cut(r.Reason, ": ")
	reason, _ := csc.RevocationCode(why)
	key, _ := hex.DecodeString(r.Key) // which the log has as hex
	at := r.Time.UnixMicro()
	c.abandoned[r.Serial] = map[string]any{
		"serial": r.Serial, "credential_id": r.Credential, "user_id": r.User, "key_id": key, "begun": at,
		"abandoned": true, "revoked_at": at, "reason": int64(reason),
	}
}

// holdIssuance keeps a certificate that no credential has revoked.
func (l *later) holdIssuance(v map[string]any, serial string) {
	found, yes := l.abandoned[serial]
	delete(l.abandoned, serial)
	if at, _ := v["revoked_at"].(int64); yes && at == 0 {
		v["abandoned"], v["revoked_at"], v["reason"] = true, found["revoked_at"], found["reason"]
		l.tell("certificate %s is nobody's and is revoked", serial)
	}
}

// unheld are those that the registry did not know of.
func (l *later) unheld() (rows []Row) {
	for _, serial := range slices.Sorted(maps.Keys(l.abandoned)) {
		l.tell("certificate %s is nobody's and is revoked", serial)
		rows = append(rows, Row{Table: "issuances", Values: l.abandoned[serial]})
	}
	return rows
}

// holdCertificate keeps a certificate revoked or suspended.
func (l *later) holdCertificate(v map[string]any, id string) {
	if was, _ := v["revoked"].(bool); !was {
		if found, yes := l.revoked[id]; yes {
			v["revoked"], v["revoked_at"], v["reason"] = true, found.at.UnixMicro(), int64(found.reason)
			l.tell("credential %s is revoked", id)
		}
	}
	if since, _ := v["suspended"].(int64); since == 0 && l.suspended[id].yes {
		v["suspended"] = l.suspended[id].at.UnixMicro()
		l.tell("credential %s is suspended", id)
	}
}
