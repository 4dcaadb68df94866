// Package stage raises a fresh server for a demonstration, a conformance run or
// a test: it drives the pecete program, as an operator would, in a folder of
// its own, and never looks inside.
package stage

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/pecete/pecete/internal/freeport"
)

// A Stage is one server with a data folder, or one of its processes (Join).
type Stage struct {
	Program string // path of pecete
	Folder  string // its data
	URL     string // https://localhost:port, as clients know the server
	Listen  string // where this process listens; HTTP goes there
	Name    string // of the process's audit log, "server" for the first
	Env     []string

	server *exec.Cmd
	ended  chan error
	log    *os.File
}

// Raise lays the data folder of a server that will listen on a free loopback
// port.
func Raise(ctx context.Context, program, folder string, args ...string) (*Stage, error) {
	listen, err := freeport.Address()
	if err != nil {
		return nil, err
	}
	s := &Stage{
		Program: program, Folder: folder, URL: "https://localhost" + listen[strings.LastIndexByte(listen, ':'):],
		Listen: listen, Name: first,
	}
	args = append([]string{"init", folder, "--listen", listen}, args...)
	if _, err := s.run(ctx, "", args...); err != nil {
		return nil, err
	}
	return s, nil
}

// Config is the path of the process's configuration.
func (s *Stage) Config() string {
	if s.Name == first {
		return filepath.Join(s.Folder, "pecete.yaml")
	}
	return filepath.Join(s.Folder, "pecete."+s.Name+".yaml")
}

// Configure writes lines to the end of the configuration of a server that does not
// run yet.
func (s *Stage) Configure(lines string) error {
	file, err := os.OpenFile(s.Config(), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString("\n" + lines)
	return errors.Join(err, file.Close())
}

// AllowLogins lets signers tell applications their password (auth/login).
func (s *Stage) AllowLogins(ctx context.Context) error {
	var direct Client
	err := s.runJSON(ctx, &direct, "client", "add", "Direct login", "--auth-method", "none", "--redirect-uri", "http://127.0.0.1/none")
	if err != nil {
		return err
	}
	return s.Configure("auth_login:\n  client: " + direct.ID + "\n")
}

// Run runs an operator's command and returns what it printed.
func (s *Stage) Run(ctx context.Context, args ...string) ([]byte, error) {
	return s.run(ctx, "", append([]string{"--config", s.Config()}, args...)...)
}

func (s *Stage) run(ctx context.Context, input string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, s.Program, args...)
	cmd.Stdin = strings.NewReader(input)
	cmd.Env = append(os.Environ(), s.Env...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("pecete %s: %w: %s", args[0], err, bytes.TrimSpace(complaint.Bytes()))
	}
	return out.Bytes(), nil
}

// runJSON runs a command that answers in JSON.
func (s *Stage) runJSON(ctx context.Context, into any, args ...string) error {
	out, err := s.Run(ctx, append(args, "-o", "json")...)
	if err != nil {
		return err
	}
	return json.Unmarshal(out, into)
}

// A Client is a registered application.
type Client struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

// AddClient registers an application that may act for the signers.
func (s *Stage) AddClient(ctx context.Context, name string, signers ...string) (c Client, err error) {
	args := []string{"client", "add", name}
	for _, signer := range signers {
		args = append(args, "--signer", signer)
	}
	return c, s.runJSON(ctx, &c, args...)
}

// AddWebClient registers an application that sends signers to the server's
// pages, which send them back to the redirect URI.
func (s *Stage) AddWebClient(ctx context.Context, name, redirect string) (c Client, err error) {
	return c, s.runJSON(ctx, &c, "client", "add", name, "--redirect-uri", redirect)
}

// SetPassword sets the password that a signer logs in with.
func (s *Stage) SetPassword(ctx context.Context, signer, password string) error {
	_, err := s.run(ctx, password+"\n", "--config", s.Config(), "signer", "password", signer)
	return err
}

// A Signer is an enrolled person with an authenticator.
type Signer struct {
	ID          string   `json:"id"`
	OTPAuth     string   `json:"otpauth"`
	Credentials []string `json:"credentialIDs"`
}

// AddSigner enrols a signer; args go to signer add as they are.
func (s *Stage) AddSigner(ctx context.Context, email, given, family string, args ...string) (p Signer, err error) {
	args = append([]string{"signer", "add", "--email", email, "--given-name", given, "--family-name", family}, args...)
	return p, s.runJSON(ctx, &p, args...)
}

// AddCredential makes a signer another credential and returns its ID.
func (s *Stage) AddCredential(ctx context.Context, signer string, args ...string) (string, error) {
	var added struct {
		ID string `json:"credentialID"`
	}
	err := s.runJSON(ctx, &added, append([]string{"credential", "add", signer}, args...)...)
	return added.ID, err
}

// logFile is where the process's log goes.
func (s *Stage) logFile() string { return filepath.Join(s.Folder, s.Name+".log") }

// Serve starts the server and waits until it is ready. Its log goes to a file
// in the folder: server.log, or that of its name.
func (s *Stage) Serve(ctx context.Context) error {
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	s.log = log
	s.server = exec.Command(s.Program, "--config", s.Config(), "serve")
	s.server.Env = append(os.Environ(), s.Env...)
	s.server.Stdout, s.server.Stderr = log, log
	s.server.SysProcAttr = dieWithParent()
	started := make(chan error)
	s.ended = make(chan error, 1)
	go run(s.server, started, s.ended)
	if err := <-started; err != nil {
		s.server = nil
		return errors.Join(fmt.Errorf("start server: %w", err), log.Close())
	}
	return s.ready(ctx)
}

// run starts the server and waits for its end on a thread that does nothing
// else: the kernel ends the server with the thread that started it, and another
// goroutine might take that thread along.
func run(server *exec.Cmd, started, ended chan<- error) {
	runtime.LockOSThread()
	err := server.Start()
	started <- err
	if err == nil {
		ended <- server.Wait()
	}
}

// ready waits until /readyz says so.
func (s *Stage) ready(ctx context.Context) error {
	web, err := s.HTTP()
	if err != nil {
		return err
	}
	defer web.CloseIdleConnections()
	for {
		if resp, err := web.Get(s.URL + "/readyz"); err == nil {
			if resp.Body.Close() == nil && resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-s.ended:
			s.ended <- err
			return fmt.Errorf("server ended: %w: %s", errors.Join(err, s.log.Close()), s.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("server is not ready: %w: %s", ctx.Err(), s.lastWords())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// lastWords is the last line of the server's log.
func (s *Stage) lastWords() string {
	file, err := os.Open(s.logFile())
	if err != nil {
		return ""
	}
	defer file.Close() //nolint:errcheck // nothing was written
	last := ""
	for lines := bufio.NewScanner(file); lines.Scan(); {
		last = lines.Text()
	}
	return last
}

// Kill ends the server at once, as a power failure would.
func (s *Stage) Kill() error { return s.end(syscall.SIGKILL) }

// Stop lets the server finish and end.
func (s *Stage) Stop() error { return s.end(syscall.SIGTERM) }

func (s *Stage) end(signal os.Signal) error {
	if s.server == nil {
		return nil
	}
	_ = s.server.Process.Signal(signal) // it may have ended already
	err := <-s.ended
	s.server = nil
	if signal == syscall.SIGKILL {
		err = nil
	}
	return errors.Join(err, s.log.Close())
}

// PID is the process id of the server that runs.
func (s *Stage) PID() int { return s.server.Process.Pid }

// Wait waits until the server has ended by itself, and says how.
func (s *Stage) Wait(ctx context.Context) error {
	select {
	case err := <-s.ended:
		s.server = nil
		return errors.Join(err, s.log.Close())
	case <-ctx.Done():
		return fmt.Errorf("the server runs on: %w", ctx.Err())
	}
}

// HTTP is a client that trusts the server's certificate and nothing else.
// Whatever it asks for, it asks this process.
func (s *Stage) HTTP() (*http.Client, error) {
	text, err := os.ReadFile(filepath.Join(s.Folder, "tls.crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, errors.New("tls.crt holds no certificate")
	}
	return &http.Client{
		Timeout: 30 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, s.Listen)
			},
			MaxIdleConnsPerHost: 100,
			ForceAttemptHTTP2:   true,
		},
	}, nil
}
