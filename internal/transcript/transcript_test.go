package transcript

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const document = "# Title\n\nWords.\n\n```sh\necho \"$WHO\"\nA=1\n```\n\nMore.\n\n```sh\necho $A >&2\n```\n\n```text\nwhat it printed once\n```\n\n```sh\nB=2\n```\n\n```json\n{\"of\": \"the text\"}\n```\n\nThe end.\n"

func TestRun(t *testing.T) {
	want := "# Title\n\nWords.\n\n```sh\necho \"$WHO\"\nA=1\n```\n\n```text\nDemo\n```\n\nMore.\n\n```sh\necho $A >&2\n```\n\n```text\n1\n```\n\n```sh\nB=2\n```\n\n```json\n{\"of\": \"the text\"}\n```\n\nThe end.\n"
	for _, from := range []string{document, want} { // what was made is made again
		got, err := Run(t.Context(), from, t.TempDir(), []string{"WHO=Demo"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestDocumentsThatFail(t *testing.T) {
	for _, tt := range []struct{ says, document, want string }{
		{"a command that fails", "```sh\necho before\nfalse\necho after\n```\n", "before"},
		{"one in a pipe", "```sh\nfalse | cat\n```\n\n```sh\necho after\n```\n", "false | cat"},
		{"a name nobody gave", "```sh\necho $NOBODY\n```\n", "NOBODY: unbound variable"},
		{"commands that do not end", "```sh\necho\n", "do not end"},
		{"an answer that does not end", "```sh\necho\n```\n\n```text\n", "does not end"},
	} {
		got, err := Run(t.Context(), tt.document, t.TempDir(), nil)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(got, "after") {
			t.Errorf("%s: %v, want %q", tt.says, err, tt.want)
		}
	}
}

func TestVolatile(t *testing.T) {
	v := &volatile{}
	one, two := strings.Repeat("0a", 16), strings.Repeat("0b", 16)
	for _, tt := range []struct{ text, want string }{
		{`"SAD": "x-1_z"`, `"SAD": "<SAD>"`},
		{`"access_token": "abc", "expires_in": 600`, `"access_token": "<access_token>", "expires_in": 600`},
		{"c_" + one + " u_" + two + " c_" + two, "c_1 u_1 c_2"},
		{"c_" + two, "c_2"},
		{"https://localhost:34567/login?i=Ab-_9", "https://localhost:8443/login?i=<i>"},
		{"https://app.example.org/callback?code=a.b&iss=https%3A%2F%2Flocalhost%3A34567&state=s", "https://app.example.org/callback?code=<code>&iss=https%3A%2F%2Flocalhost%3A8443&state=<state>"},
		{`"` + strings.Repeat("Ab+/", 20) + `=="`, `"<Base64>"`},
		{"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="},
		{"2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.1"},
	} {
		if got := v.replace(tt.text); got != tt.want {
			t.Errorf("%s is %s, want %s", tt.text, got, tt.want)
		}
	}
}
