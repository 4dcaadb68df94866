package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// section is what stands under a heading.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n## "+heading+"\n")
	if !found {
		t.Fatalf("no section %q", heading)
	}
	body, _, _ := strings.Cut(rest, "\n## ")
	return body
}

var inCode = regexp.MustCompile("`([^`]+)`")

// firstCells are what stands as code in the first cells of a table.
func firstCells(text string) (cells []string) {
	for line := range strings.Lines(text) {
		if cell, _, ok := strings.Cut(strings.TrimPrefix(line, "|"), "|"); ok && strings.HasPrefix(line, "|") {
			for _, m := range inCode.FindAllStringSubmatch(cell, -1) {
				cells = append(cells, m[1])
			}
		}
	}
	slices.Sort(cells)
	return cells
}

// keysOf are the keys of a configuration, with dots.
func keysOf(t reflect.Type, prefix string) (keys []string) {
	for f := range t.Fields() {
		name := f.Tag.Get("yaml")
		switch {
		case name == "":
		case f.Type.Kind() == reflect.Struct:
			keys = append(keys, keysOf(f.Type, prefix+name+".")...)
		default:
			keys = append(keys, prefix+name)
		}
	}
	slices.Sort(keys)
	return keys
}

// docs/operate.md has every key of the configuration, and no other.
func TestEveryKeyIsDocumented(t *testing.T) {
	has := firstCells(section(t, read(t, "docs/operate.md"), "Configuration"))
	if diff := cmp.Diff(keysOf(reflect.TypeFor[Config](), ""), has); diff != "" {
		t.Errorf("keys of the configuration (-) and of docs/operate.md (+):\n%s", diff)
	}
}

func TestExitCodesAreDocumented(t *testing.T) {
	text := section(t, read(t, "docs/operate.md"), "Starting, ending and exit codes")
	for code, means := range map[int]string{
		exitFault: "a fault that may pass", exitUsage: "the command line",
		exitOperator: "configuration", exitPIN: "the token refused the PIN", exitInvalid: "what `verify` was given is not valid",
	} {
		if !strings.Contains(text, fmt.Sprintf("| %d | %s", code, means)) {
			t.Errorf("no exit code %d: %s", code, means)
		}
	}
}

var commandLine = regexp.MustCompile(`(?m)^(?:sudo -u pecete )?pecete (.+)$`)

// Every command line in the documents is one.
func TestDocumentedCommandsAreCommands(t *testing.T) {
	n := 0
	for _, m := range commandLine.FindAllStringSubmatch(read(t, "docs/operate.md"), -1) {
		line, _, _ := strings.Cut(m[1], " | ")
		try(t, strings.Fields(line))
		n++
	}
	if n < 8 {
		t.Errorf("%d command lines were found", n)
	}
}

// try parses a command line as the program would.
func try(t *testing.T, args []string) {
	t.Helper()
	cmd, rest, err := command().Find(args)
	if err == nil && cmd.RunE == nil {
		err = fmt.Errorf("%q is no command", args)
	}
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	if err != nil {
		t.Errorf("pecete %s: %v", strings.Join(args, " "), err)
	}
}

// The units start what the program is, do not start again what a start does not
// mend, and wait long enough for it to end.
func TestUnits(t *testing.T) {
	plain := read(t, "deploy/systemd/pecete.service")
	instance := read(t, "deploy/systemd/pecete@.service")
	for name, unit := range map[string]string{"pecete.service": plain, "pecete@.service": instance} {
		value := func(key string) string {
			m := regexp.MustCompile(`(?m)^`+key+`=(.*)$`).FindAllStringSubmatch(unit, -1)
			if len(m) != 1 {
				t.Fatalf("%s: %d times %s", name, len(m), key)
			}
			return m[0][1]
		}
		args := strings.Fields(value("ExecStart"))
		if args[0] != "/usr/bin/pecete" {
			t.Errorf("%s starts %s", name, args[0])
		}
		try(t, args[1:])
		if want := fmt.Sprintf("%d %d %d", exitUsage, exitOperator, exitPIN); value("RestartPreventExitStatus") != want {
			t.Errorf("%s: RestartPreventExitStatus is not %s", name, want)
		}
		if value("Type") != "notify" {
			t.Errorf("%s is not told when it is ready", name)
		}
		stop, err := strconv.Atoi(value("TimeoutStopSec"))
		if longest := 20*time.Second + drain + 20*time.Second; err != nil || time.Duration(stop)*time.Second < longest {
			t.Errorf("%s: TimeoutStopSec %d is shorter than %v", name, stop, longest)
		}
	}
	_, plain, _ = strings.Cut(plain, "[Unit]")
	_, instance, _ = strings.Cut(instance, "[Unit]")
	same := strings.NewReplacer(" %i\n", "\n", "%i.yaml", "pecete.yaml", "pecete@one.service", "pecete.service").Replace(instance)
	if diff := cmp.Diff(plain, same); diff != "" {
		t.Errorf("the two units differ in more than their names:\n%s", diff)
	}
}

// A composed file, as far as it concerns the program.
type composed struct {
	Services map[string]struct {
		Image      string    `yaml:"image"`
		Entrypoint []string  `yaml:"entrypoint"`
		Command    []string  `yaml:"command"`
		Volumes    []string  `yaml:"volumes"`
		DependsOn  yaml.Node `yaml:"depends_on"`
	} `yaml:"services"`
	Volumes map[string]any `yaml:"volumes"`
}

func TestCompose(t *testing.T) {
	var c composed
	if err := yaml.Unmarshal([]byte(read(t, "deploy/compose.yaml")), &c); err != nil {
		t.Fatal(err)
	}
	dockerfile, balancer := read(t, "deploy/Dockerfile"), read(t, "deploy/compose/haproxy.cfg")
	for name, s := range c.Services {
		for _, v := range s.Volumes {
			volume, _, _ := strings.Cut(v, ":")
			if _, known := c.Volumes[volume]; !known && !strings.HasPrefix(volume, "./") {
				t.Errorf("%s: there is no volume %s", name, volume)
			}
		}
		args := append(slices.Clone(s.Entrypoint), s.Command...)
		if s.Image != "pecete" || name == "prepare" {
			continue
		}
		if args[0] == "pecete" {
			args = args[1:]
		}
		try(t, args)
		if !strings.Contains(dockerfile, "deploy/compose/"+filepath.Base(args[1])+" ") {
			t.Errorf("%s: %s is not in the image", name, args[1])
		}
		if last := args[len(args)-1]; last == "serve" && !strings.Contains(balancer, fmt.Sprintf("server %s %s:8443", name, name)) {
			t.Errorf("the balancer does not know %s", name)
		}
	}
}

// The processes of the compose file differ in the names of their logs, and
// linger longer than the balancer takes to notice.
func TestComposedConfigurations(t *testing.T) {
	var all []*Config
	for _, name := range []string{"one", "two"} {
		c, err := loadConfig(filepath.Join("../../deploy/compose", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if c.Audit.Name != name || c.Linger < 5*time.Second || len(c.Balancers) == 0 {
			t.Errorf("%s: %+v", name, c)
		}
		if c.HSM.Module != "/usr/lib/softhsm/libsofthsm2.so" || !strings.HasPrefix(c.HSM.PIN, "/data/") {
			t.Errorf("%s: device %+v", name, c.HSM)
		}
		c.Audit.Name = ""
		all = append(all, c)
	}
	if diff := cmp.Diff(all[0], all[1], cmp.AllowUnexported(Config{})); diff != "" {
		t.Error(diff)
	}
}
