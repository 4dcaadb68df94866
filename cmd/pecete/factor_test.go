package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// ways are the commands that change what a signer proves himself with, or how
// often that may fail. Restoring a backup is one: what its registry had counts,
// but for used steps and locks, which are the logs'.
var ways = []string{"restore", "seal add", "signer add", "signer import", "signer invite", "signer pair", "signer password", "signer phone", "signer pin", "signer resend", "signer unlock"}

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
	var visit func(cmd *cobra.Command, path string)
	visit = func(cmd *cobra.Command, path string) {
		for _, sub := range cmd.Commands() {
			name := strings.TrimSpace(path + " " + sub.Name())
			if sub.Runnable() {
				all = append(all, name)
			}
			visit(sub, name)
		}
	}
	visit(command(), "")
	slices.Sort(all)
	want := slices.Sorted(slices.Values(append(ways, noWays...)))
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("commands that nobody looked at, or that are gone:\n%s", diff)
	}
}
