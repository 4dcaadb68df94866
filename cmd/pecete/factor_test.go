package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// What a command demands before a signer has something else to prove himself with.
const (
	first  = "nothing before it: it is of who has none yet"
	loss   = "the delay of recovery and a warning to the signer, or his identity proven in person"
	mends  = "that he still has what he has: it takes a lock away, and gives nothing"
	aBack  = "the token, and whatever the logs forbid since"
	anOrg  = "the organization's operator"
	letter = "an invitation that is open, which demanded the same"
)

// ways are the commands that change what a signer proves himself with, or how
// often that may fail, with what each demands. Restoring a backup is one: what its
// registry had counts, but for used steps, locks and delays, which are the logs'.
var ways = map[string]string{
	"restore": aBack, "seal add": anOrg, "signer add": first, "signer import": first, "signer invite": loss, "signer resend": letter,
	"signer pair": loss, "signer password": loss, "signer phone": loss, "signer pin": loss, "signer stop-recovery": mends, "signer unlock": mends,
}

// noWays are all other commands. A new one has to be looked at.
var noWays = []string{
	"audit", "audit verify", "backup", "client", "client account", "client add", "client change", "client disable", "client enable",
	"client invite", "client invite list", "client invite revoke", "client keys", "client link", "client list", "client remove",
	"client rotate-secret", "client rotate-token", "client show", "client unlink", "config", "config check", "credential", "credential add",
	"credential disable", "credential enable", "credential extend", "credential factors", "credential orphans", "credential resume", "credential revoke", "credential suspend", "init", "sandbox", "seal", "serve", "signer", "signer cancel", "signer disable",
	"signer enable", "signer invitations", "signer list", "signer lock", "signer logout", "tsa", "tsa certify", "tsa request", "verify",
}

// There is no way back to a lost factor but an operator's command, which the
// audit log tells of.
func TestWaysToAFactor(t *testing.T) {
	var all []string
	proven := map[string]bool{}
	var visit func(cmd *cobra.Command, path string)
	visit = func(cmd *cobra.Command, path string) {
		for _, sub := range cmd.Commands() {
			name := strings.TrimSpace(path + " " + sub.Name())
			if sub.Runnable() {
				all = append(all, name)
				proven[name] = sub.Flags().Lookup(flagProven) != nil
			}
			visit(sub, name)
		}
	}
	visit(command(), "")
	slices.Sort(all)
	want := slices.Sorted(slices.Values(slices.AppendSeq(slices.Clone(noWays), maps.Keys(ways))))
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("commands that nobody looked at, or that are gone:\n%s", diff)
	}
	for name, has := range proven {
		if has != (ways[name] == loss) {
			t.Errorf("%s demands %q, and --%s is its flag: %v", name, ways[name], flagProven, has)
		}
	}
}
