package backup

import (
	"strings"
	"time"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/csc"
)

// certificates are what logs tell of those of credentials.
type certificates struct {
	revoked   map[string]revocation
	suspended map[string]word
}

// A revocation is why and when a certificate was revoked: of several the first.
type revocation struct {
	at     time.Time
	reason int
}

func newCertificates() certificates {
	return certificates{revoked: map[string]revocation{}, suspended: map[string]word{}}
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
