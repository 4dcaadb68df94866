package soak_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pecete/pecete/client"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest/count"
	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/internal/servertest"
	"github.com/pecete/pecete/internal/soak"
	"github.com/pecete/pecete/internal/stage"
)

// ecdsaSHA256 is the algorithm of the campaigns' keys.
const ecdsaSHA256 = "1.2.840.10045.4.3.2"

// patience is how long anything may take that should come at once.
const patience = 2 * time.Minute

// A town is one server of two processes: on a Redis and a PostgreSQL of its
// own, with the counting module between them and the device.
type town struct {
	t        *testing.T
	redis    *proctest.RedisServer
	postgres *proctest.PostgresServer
	two      [2]*process
	app      stage.Client
	crowd    *crowd
	log      string // the counting module's
}

// A process is one of the two, and an application that asks nobody but it.
type process struct {
	*stage.Stage
	api *client.Client
	aim string // the file that says where it is to die
}

// A settling is what a town is made with.
type settling struct {
	redis   []string // options
	signers int
	profile []string // of their credentials
	nonces  bool     // are wanted in DPoP proofs
}

// settle makes a town and serves until the test ends.
func settle(t *testing.T, s settling) *town {
	t.Helper()
	w := &town{
		t: t, redis: proctest.Redis(t, s.redis...), postgres: proctest.StartPostgres(t),
		log: filepath.Join(t.TempDir(), "signatures.log"),
	}
	first, err := stage.Raise(t.Context(), servertest.Tagged(t), filepath.Join(t.TempDir(), "data"))
	fine(t, err)
	module := hsm.FindSoftHSM()
	rewrite(t, first.Config(), map[string]string{
		"registry: registry.db": "registry: " + w.postgres.Database(),
		"onetime: memory":       "onetime: " + w.redis.URL,
		"module: " + module:     "module: " + count.Build(t),
		"\ntoken_life: ":        "\nlimits:\n  loads: 1000000\n  signer: 1000000\ntoken_life: ", // all visitors are of one network
		"  environment:\n":      fmt.Sprintf("  environment:\n    PECETE_COUNT_MODULE: %s\n    PECETE_COUNT_LOG: %s\n", module, w.log),
	})
	if s.nonces {
		rewrite(t, first.Config(), map[string]string{"\nlimits:\n": "\noauth2:\n  dpop_nonce: true\nlimits:\n"})
	}
	second, err := first.Join("second")
	fine(t, err)
	w.app, err = first.AddClient(t.Context(), "Demo Application")
	fine(t, err)
	w.crowd = gather(t, first, w.app, s)
	w.two = [2]*process{w.process(first), w.process(second)}
	for _, p := range w.two {
		fine(t, p.Serve(t.Context()))
		t.Cleanup(func() { _ = p.Kill() }) // usually it is closed by then
	}
	for _, s := range w.crowd.all {
		s.certificate(t, w.two[0].api)
	}
	return w
}

func (w *town) process(s *stage.Stage) *process {
	p := &process{Stage: s, aim: filepath.Join(s.Folder, s.Name+".aim")}
	p.Env = append(p.Env, "PECETE_FAILPOINT=@"+p.aim)
	p.api = &client.Client{
		BaseURL: s.URL + csc.BasePath, HTTP: web(w.t, s),
		ID: w.app.ID, Secret: csc.Secret(w.app.Secret),
	}
	return p
}

func web(t *testing.T, s *stage.Stage) *http.Client {
	t.Helper()
	c, err := s.HTTP()
	fine(t, err)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// other is the process that p is not.
func (w *town) other(p *process) *process {
	if p == w.two[0] {
		return w.two[1]
	}
	return w.two[0]
}

// aimAt has the process die when it comes by the point for the nth time.
func (p *process) aimAt(t *testing.T, point string, n int) {
	t.Helper()
	fine(t, os.WriteFile(p.aim, []byte(point+":"+strconv.Itoa(n)), 0o600))
}

// died waits until the process has killed itself, and lets the next one live.
func (p *process) died(t *testing.T, point string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := p.Wait(ctx)
	if !killed(err) {
		t.Fatalf("at %s the process was not killed: %v", point, err)
	}
	p.disarm(t)
}

func (p *process) disarm(t *testing.T) {
	t.Helper()
	fine(t, os.Remove(p.aim))
}

func killed(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// again starts the process anew, as often as a supervisor would while a store is
// away, and says how long that took.
func (p *process) again(t *testing.T) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	begun := time.Now()
	for err := p.Serve(ctx); err != nil; err = p.Serve(ctx) {
		if time.Since(begun) > patience || t.Context().Err() != nil {
			t.Fatalf("process %s after its death: %v", p.Name, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return time.Since(begun)
}

// ready waits until a process that runs says that it is ready.
func (p *process) ready(t *testing.T) {
	t.Helper()
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		resp, err := p.api.HTTP.Get(p.URL + "/readyz")
		if err == nil {
			fine(t, resp.Body.Close())
		}
		if err == nil && resp.StatusCode == http.StatusOK {
			return
		}
		if time.Since(begun) > patience {
			t.Fatalf("process %s is not ready: %v", p.Name, err)
		}
	}
}

// insist repeats a call until it is answered, and answered with something else
// than "not now". No answer is what the client of a process that died gets.
func insist[T any](ctx context.Context, call func() (T, error)) (T, error) {
	for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		answer, err := call()
		if answered(err) || ctx.Err() != nil || time.Since(begun) > patience {
			return answer, err
		}
	}
}

// answered reports whether err is no error, or what the server said for good.
func answered(err error) bool {
	var told *client.Error
	return err == nil || errors.As(err, &told) && told.Status != http.StatusServiceUnavailable
}

// outcome is what a client saw, in words.
func outcome(err error) string {
	var told *client.Error
	switch {
	case err == nil:
		return "200"
	case errors.As(err, &told):
		return fmt.Sprintf("%d %s", told.Status, told.Description)
	}
	return "no answer"
}

// close stops both processes in good order and judges what they leave.
func (w *town) close() {
	w.t.Helper()
	for _, p := range w.two {
		if err := p.Stop(); err != nil {
			w.t.Errorf("stop process %s: %v", p.Name, err)
		}
	}
	w.whole()
}

// whole has the audit logs of both processes and the operator's verified.
func (w *town) whole() {
	w.t.Helper()
	out, err := w.two[0].Run(w.t.Context(), "audit", "verify")
	if err != nil {
		w.t.Errorf("%v\n%s", err, out)
	}
}

// rewrite replaces text in a file that must have it.
func rewrite(t *testing.T, path string, changes map[string]string) {
	t.Helper()
	text, err := os.ReadFile(path)
	fine(t, err)
	for from, to := range changes {
		if !strings.Contains(string(text), from) {
			t.Fatalf("%s does not have %q", path, from)
		}
		text = []byte(strings.ReplaceAll(string(text), from, to))
	}
	fine(t, os.WriteFile(path, text, 0o600))
}

// record keeps rows for docs/reliability.md.
func record(t *testing.T, rows ...soak.Row) {
	t.Helper()
	for _, row := range rows {
		fine(t, soak.Record(filepath.Join("..", "..", "build", "soak"), row))
	}
}

// linesOf reads a file of one JSON object a line.
func linesOf[T any](t *testing.T, path string) []T {
	t.Helper()
	file, err := os.Open(path)
	fine(t, err)
	defer file.Close()
	var all []T
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one T
		fine(t, json.Unmarshal(lines.Bytes(), &one))
		all = append(all, one)
	}
	fine(t, lines.Err())
	return all
}

func fine(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sorted is for what came in no order.
func sorted(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}
