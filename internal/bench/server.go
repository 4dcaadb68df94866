package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/pecete/pecete/internal/stage"
)

// A server is a pecete serve of ours, of which a stage may have several.
type server struct {
	program, config string
	args            []string // of the program
	listen          string   // 127.0.0.1:port
	roots           *x509.CertPool
	web             *http.Client
	bearer          string // of the application

	cmd   *exec.Cmd
	ended chan error
	log   *os.File
}

// newServer is the server of a stage's configuration, changed by pairs of old
// and new text.
func newServer(s *stage.Stage, name string, changes ...string) (*server, error) {
	text, err := os.ReadFile(s.Config())
	if err != nil {
		return nil, err
	}
	for i := 0; i+1 < len(changes); i += 2 {
		if !strings.Contains(string(text), changes[i]) {
			return nil, fmt.Errorf("the configuration has no line %q", changes[i])
		}
		text = []byte(strings.Replace(string(text), changes[i], changes[i+1], 1))
	}
	web, err := s.HTTP()
	if err != nil {
		return nil, err
	}
	transport, ok := web.Transport.(*http.Transport)
	if !ok {
		return nil, errors.New("the stage's client has no transport")
	}
	transport.DialContext = nil // which leads to the stage's own server
	v := &server{
		program: s.Program, config: filepath.Join(s.Folder, name+".yaml"),
		roots: transport.TLSClientConfig.RootCAs, web: web,
	}
	v.args = []string{"--config", v.config, "serve"}
	for line := range strings.Lines(string(text)) {
		if address, ok := strings.CutPrefix(line, "listen: "); ok {
			v.listen = strings.TrimSpace(address)
		}
	}
	return v, os.WriteFile(v.config, text, 0o600)
}

// start starts the server, waits until it is ready, and says how long that took
// from the beginning of the process.
func (v *server) start(ctx context.Context, env ...string) (took time.Duration, err error) {
	if v.log, err = os.OpenFile(v.config+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return 0, err
	}
	v.cmd = exec.Command(v.program, v.args...)
	v.cmd.Env = append(os.Environ(), env...)
	v.cmd.Stdout, v.cmd.Stderr = v.log, v.log
	v.cmd.SysProcAttr = dieWithParent()
	began, started := time.Now(), make(chan error)
	v.ended = make(chan error, 1)
	go v.run(started)
	if err := <-started; err != nil {
		return 0, err
	}
	err = v.ready(ctx)
	return time.Since(began), err
}

// run starts the program and waits for its end on one thread that does nothing
// else: on Linux the program dies with the thread that started it.
func (v *server) run(started chan<- error) {
	runtime.LockOSThread()
	err := v.cmd.Start()
	started <- err
	if err == nil {
		v.ended <- v.cmd.Wait()
	}
}

// ready asks every two milliseconds: what it measures is a matter of hundreds.
func (v *server) ready(ctx context.Context) error {
	for {
		if conn, err := net.Dial("tcp", v.listen); err == nil {
			_ = conn.Close() // it listens
			resp, err := v.web.Get(v.url() + "/readyz")
			if err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-v.ended:
			v.ended <- err
			return fmt.Errorf("the server ended: %w: see %s", errors.Join(err, v.log.Close()), v.config+".log")
		case <-ctx.Done():
			return fmt.Errorf("the server is not ready: %w", ctx.Err())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func (v *server) port() string { return v.listen[strings.LastIndexByte(v.listen, ':')+1:] }

func (v *server) pid() int { return v.cmd.Process.Pid }

// stop lets the server end.
func (v *server) stop() error {
	if v.cmd == nil {
		return nil
	}
	v.web.CloseIdleConnections()
	_ = v.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	err := <-v.ended
	v.cmd = nil
	return errors.Join(err, v.log.Close())
}

// kill ends a server that has nothing to end.
func (v *server) kill() error {
	if v.cmd == nil {
		return nil
	}
	v.web.CloseIdleConnections()
	err := errors.Join(v.cmd.Process.Kill(), ended(<-v.ended), v.log.Close())
	v.cmd = nil
	return err
}

// enter gets the application a token.
func (v *server) enter(app stage.Client) error {
	resp, err := v.web.PostForm(v.url()+"/oauth2/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {app.ID}, "client_secret": {app.Secret},
	})
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Token == "" {
		return fmt.Errorf("no token: %s, %w", resp.Status, err)
	}
	v.bearer = answer.Token
	return nil
}

// dial opens a connection as the application.
func (v *server) dial(ctx context.Context) (*wire, error) {
	return dial(ctx, v, "Content-Type: application/json\r\nAuthorization: Bearer "+v.bearer+"\r\n")
}

// dialForms opens a connection for forms.
func (v *server) dialForms(ctx context.Context) (*wire, error) {
	return dial(ctx, v, "Content-Type: application/x-www-form-urlencoded\r\n")
}

// url is what the server is called by clients, and by itself.
func (v *server) url() string { return "https://localhost:" + v.port() }

// secured makes sure that what is measured is TLS 1.3.
func (w *wire) secured() bool { return w.conn.ConnectionState().Version == tls.VersionTLS13 }
