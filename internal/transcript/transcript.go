// Package transcript runs the commands that stand in a document, and writes what
// they print behind them: a document of what a server does is made by the server.
//
// Commands are what stands between ```sh and ```; what they print stands in the
// block right behind, if they print anything. All commands are one program for
// bash, which ends at the first that fails. What differs from run to run is
// replaced (see Volatile), so that two runs write the same document.
package transcript

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

const (
	fence   = "```"
	opening = fence + "sh\n"
	// mark ends what one block prints; no command prints it.
	mark = "\x00"
)

// A part is a text, and the commands behind it.
type part struct{ text, commands string }

// Run runs the commands of a document in a folder and returns the document with
// what they print.
func Run(ctx context.Context, document, folder string, env []string) (string, error) {
	parts, err := read(document)
	if err != nil {
		return "", err
	}
	said, err := execute(ctx, parts, folder, env)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	known := &volatile{}
	for i, p := range parts {
		out.WriteString(p.text)
		if p.commands == "" {
			continue
		}
		out.WriteString(opening + p.commands + fence + "\n")
		if printed := strings.TrimSpace(said[i]); printed != "" {
			out.WriteString("\n" + fence + "text\n" + known.replace(printed) + "\n" + fence + "\n")
		}
	}
	return out.String(), nil
}

// read takes a document apart, and leaves out what commands printed.
func read(document string) (parts []part, err error) {
	for {
		text, rest, more := strings.Cut(document, opening)
		if !more {
			return append(parts, part{text: text}), nil
		}
		commands, rest, ended := strings.Cut(rest, "\n"+fence+"\n")
		if !ended {
			return nil, fmt.Errorf("transcript: the commands do not end: %.40q", rest)
		}
		parts = append(parts, part{text, commands + "\n"})
		if printed, is := strings.CutPrefix(strings.TrimLeft(rest, "\n"), fence+"text\n"); is {
			if _, rest, ended = strings.Cut(printed, "\n"+fence+"\n"); !ended {
				return nil, fmt.Errorf("transcript: what was printed does not end: %.40q", printed)
			}
		}
		document = rest
	}
}

// execute returns what the commands of each part print.
func execute(ctx context.Context, parts []part, folder string, env []string) ([]string, error) {
	var program strings.Builder
	program.WriteString("set -euo pipefail\nexec 2>&1 </dev/null\n")
	for _, p := range parts {
		program.WriteString(p.commands + "printf '\\0'\n")
	}
	cmd := exec.CommandContext(ctx, "bash", "-c", program.String())
	cmd.Dir, cmd.Env = folder, append(os.Environ(), env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	said := strings.Split(out.String(), mark)
	if err != nil || len(said) != len(parts)+1 {
		failed := parts[min(len(said), len(parts))-1]
		return nil, fmt.Errorf("transcript: %w: at\n%s%s", err, failed.commands, said[len(said)-1])
	}
	return said[:len(parts)], nil
}
