package main

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The test's own program is the pecete of the scripts, and what that starts to
// read documents.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "sandbox" {
		main()
		return
	}
	testscript.Main(m, map[string]func(){"pecete": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:  "testdata",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": code, "signed": signed(t)},
		Setup: func(env *testscript.Env) error {
			env.Setenv("PECETE_TEST_PKCS11_MODULE", os.Getenv("PECETE_TEST_PKCS11_MODULE"))
			return nil
		},
	})
}

// code N COMMAND… wants the command to end with exit code N.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND…")
	}
	err := ts.Exec(args[1], args[2:]...)
	var ended *exec.ExitError
	if !errors.As(err, &ended) || strconv.Itoa(ended.ExitCode()) != args[0] {
		ts.Fatalf("%v: %v, want exit code %s", args[1:], err, args[0])
	}
}
