package servertest_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pecete/pecete/internal/servertest"
)

// The points at which a campaign kills the server, and the command that writes
// authenticators' secrets into a file, are in no program that was built without
// their tags.
func TestTheProgramHasNoFailpoints(t *testing.T) {
	for _, test := range []struct {
		says, program string
		want          bool
	}{
		{"as operators build it", servertest.Program(t), false},
		{"as campaigns build it", servertest.Tagged(t), true},
	} {
		text, err := os.ReadFile(test.program)
		must(t, err)
		build, err := exec.Command("go", "version", "-m", test.program).Output()
		must(t, err)
		for _, trace := range []string{"PECETE_FAILPOINT", "internal/failpoint.die", "crowdCommands.func"} {
			if got := bytes.Contains(text, []byte(trace)); got != test.want {
				t.Errorf("the program %s has %q: %v", test.says, trace, got)
			}
		}
		if got := strings.Contains(string(build), "-tags=failpoint"); got != test.want {
			t.Errorf("the program %s has the tag: %v", test.says, got)
		}
	}
}
