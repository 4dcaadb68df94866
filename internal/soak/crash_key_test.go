package soak_test

import (
	"encoding/json"
	"time"
)

// enrolling has an operator's command die when it has made a key and before its
// credential is kept. The key is found and destroyed by another command.
func enrolling(point string) func(*campaign, *process) {
	return func(c *campaign, p *process) {
		t, s := c.t, c.crowd.all[0]
		if lost := c.orphans(); len(lost) > 0 {
			t.Fatalf("there are lost keys already: %v", lost)
		}
		command := *p.Stage
		command.Env = append([]string{}, "PECETE_FAILPOINT="+point)
		if _, err := command.AddCredential(t.Context(), s.User); !killed(err) {
			t.Errorf("at %s the command was not killed: %v", point, err)
		}
		begun := time.Now()
		if lost := c.orphans(); len(lost) != 1 {
			t.Errorf("after %s %d lost keys are found, want 1: %v", point, len(lost), lost)
		}
		if removed := c.orphans("--remove", "--wait", "0s"); len(removed) != 1 || !removed[0].Removed {
			t.Errorf("removed were %v", removed)
		}
		took := time.Since(begun)
		if lost := c.orphans(); len(lost) > 0 {
			t.Errorf("after the removal there are still %v", lost)
		}
		_, err := p.AddCredential(t.Context(), s.User)
		fine(t, err)
		c.rows.note(took, "the command: credential orphans names the key", "the command died")
	}
}

// An orphan is a line of credential orphans.
type orphan struct {
	Key, Label string
	Removed    bool
}

func (c *campaign) orphans(args ...string) (list []orphan) {
	c.t.Helper()
	out, err := c.two[0].Run(c.t.Context(), append([]string{"credential", "orphans", "-o", "json"}, args...)...)
	fine(c.t, err)
	fine(c.t, json.Unmarshal(out, &list))
	return list
}
