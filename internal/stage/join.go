package stage

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pecete/pecete/internal/freeport"
)

// first is the name of the process that a folder is laid for.
const first = "server"

// Join lays the configuration of another process of the same server: with the
// stores, the device and the secrets of s, and an address and an audit log of
// its own. Clients know both by one URL.
func (s *Stage) Join(name string) (*Stage, error) {
	listen, err := freeport.Address()
	if err != nil {
		return nil, err
	}
	other := &Stage{
		Program: s.Program, Folder: s.Folder, URL: s.URL, Env: slices.Clone(s.Env),
		Listen: listen, Name: name,
	}
	text, err := os.ReadFile(s.Config())
	if err != nil {
		return nil, err
	}
	for from, to := range map[string]string{
		"listen: " + s.Listen + "\n":                  "listen: " + other.Listen + "\n",
		"\n  folder: audit\n  name: " + s.Name + "\n": "\n  folder: audit\n  name: " + name + "\n",
	} {
		if strings.Count(string(text), from) != 1 {
			return nil, fmt.Errorf("the configuration has not one %q", from)
		}
		text = []byte(strings.ReplaceAll(string(text), from, to))
	}
	return other, os.WriteFile(other.Config(), text, 0o600)
}
