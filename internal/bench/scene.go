package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/internal/freeport"
	"github.com/pecete/pecete/internal/stage"
)

// A scene is a folder with a token, an application, and the servers that share
// them.
type scene struct {
	stage   *stage.Stage
	app     stage.Client
	memory  *server // one-time things in memory
	redis   *server // one-time things in Redis, nil without
	other   *server // of another program, nil without
	bare    *server // which does nothing, nil without
	keeper  *exec.Cmd
	closers []func() error
}

// password is what visitors log in with.
const password = "correct horse battery staple"

// raise lays the folder. The servers do not run yet.
func raise(ctx context.Context, program, folder string) (*scene, error) {
	if err := os.RemoveAll(folder); err != nil {
		return nil, err
	}
	s, err := stage.Raise(ctx, program, folder)
	if err != nil {
		return nil, err
	}
	c := &scene{stage: s}
	if c.app, err = s.AddClient(ctx, "Bench"); err != nil {
		return nil, err
	}
	// Grants and tokens shall not end while they are measured with, nor shall one
	// network be too much.
	changes := []string{
		"sad_life: 300s", "sad_life: 900s", "token_life: 10m", "token_life: 1h\nlimits:\n  loads: 1000000",
		"  token: pecete\n", "  token: pecete\n  allow_rsa_2048: true\n",
	}
	if c.memory, err = newServer(s, "pecete", changes...); err != nil {
		return nil, err
	}
	return c, nil
}

// addRedis makes the second server, with a redis-server that has every write on
// the disk before it answers.
func (c *scene) addRedis(ctx context.Context) error {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return fmt.Errorf("redis-server is not installed: apt-get install redis-server: %w", err)
	}
	address, err := freeport.Address()
	if err != nil {
		return err
	}
	host, port, _ := net.SplitHostPort(address)
	folder := filepath.Join(c.stage.Folder, "redis")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	c.keeper = exec.Command(program, "--bind", host, "--port", port, "--dir", folder,
		"--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction")
	c.keeper.SysProcAttr = dieWithParent()
	if err := c.keeper.Start(); err != nil {
		return err
	}
	c.closers = append(c.closers, func() error { return errors.Join(c.keeper.Process.Kill(), ended(c.keeper.Wait())) })
	if err := reachable(ctx, address); err != nil {
		return err
	}
	listen, err := freeport.Address()
	if err != nil {
		return err
	}
	c.redis, err = newServer(c.stage, "redis", "listen: "+c.memory.listen, "listen: "+listen,
		"url: "+c.stage.URL, "url: https://localhost:"+listen[strings.LastIndexByte(listen, ':')+1:],
		"onetime: memory", "onetime: redis://"+address, "name: server", "name: redis")
	return err
}

// addOther makes a server of another program, as the first is.
func (c *scene) addOther(program string) error {
	listen, err := freeport.Address()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(c.memory.config)
	if err != nil {
		return err
	}
	c.other = &server{}
	*c.other = *c.memory
	c.other.program, c.other.config, c.other.listen = program, filepath.Join(c.stage.Folder, "other.yaml"), listen
	c.other.args = []string{"--config", c.other.config, "serve"}
	here, there := c.memory.port(), c.other.port()
	changed := strings.NewReplacer("listen: "+c.memory.listen, "listen: "+listen, "localhost:"+here, "localhost:"+there, "name: server", "name: other")
	return os.WriteFile(c.other.config, []byte(changed.Replace(string(text))), 0o600)
}

// ended forgives a program that was killed.
func ended(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

func reachable(ctx context.Context, address string) error {
	for {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// crowd makes signers, the first of them with keys in the token.
func (c *scene) crowd(ctx context.Context, key csc.KeySpec, signers, keys, certificates int) ([]*signer, error) {
	out := filepath.Join(c.stage.Folder, "crowd-"+string(key)+".json")
	if _, err := c.stage.Run(ctx, "crowd", "--signers", strconv.Itoa(signers), "--keys", strconv.Itoa(keys), "--certificates", strconv.Itoa(certificates),
		"--key", string(key), "--multisign", strconv.Itoa(grantSize), "--client", c.app.ID, "--out", out); err != nil {
		return nil, err
	}
	return readCrowd(out)
}

// visitors make signers who agree on the server's pages, once each time.
func (c *scene) visitors(ctx context.Context, n int) (*crowd, error) {
	out := filepath.Join(c.stage.Folder, "visitors.json")
	if _, err := c.stage.Run(ctx, "crowd", "--signers", strconv.Itoa(n), "--mode", "oauth2code", "--password", password, "--out", out); err != nil {
		return nil, err
	}
	all, err := readCrowd(out)
	return &crowd{all: all}, err
}

// open opens the token in this process.
func (c *scene) open(ctx context.Context) (*hsm.Token, error) {
	pin, err := os.ReadFile(filepath.Join(c.stage.Folder, "secrets", "pin"))
	if err != nil {
		return nil, err
	}
	conf, err := filepath.Abs(filepath.Join(c.stage.Folder, "softhsm2.conf"))
	if err != nil {
		return nil, err
	}
	if err := os.Setenv("SOFTHSM2_CONF", conf); err != nil {
		return nil, err
	}
	token, err := hsm.Open(ctx, hsm.Config{
		Module: hsm.FindSoftHSM(), Token: "pecete", PIN: csc.Secret(strings.TrimSpace(string(pin))), AllowRSA2048: true,
	})
	if err == nil {
		c.closers = append(c.closers, token.Close)
	}
	return token, err
}

// servers are those there are.
func (c *scene) servers() []*server {
	return slices.DeleteFunc([]*server{c.memory, c.redis, c.other}, func(v *server) bool { return v == nil })
}

// suffix tells what a server measured apart from what the first did.
func (c *scene) suffix(v *server) string {
	switch v {
	case c.redis:
		return "-redis"
	case c.other:
		return "-other"
	}
	return ""
}

// serve starts the servers and lets the application in.
func (c *scene) serve(ctx context.Context) error {
	for _, v := range c.servers() {
		c.closers = append(c.closers, v.stop)
		env := c.stage.Env
		if v != c.memory { // of which there is a profile
			env = slices.DeleteFunc(slices.Clone(env), func(e string) bool { return strings.HasPrefix(e, "PECETE_PROFILE=") })
		}
		if _, err := v.start(ctx, env...); err != nil {
			return err
		}
		if err := v.enter(c.app); err != nil {
			return err
		}
	}
	if c.bare == nil {
		return nil
	}
	c.closers = append(c.closers, c.bare.kill)
	_, err := c.bare.start(ctx)
	return err
}

// pids are those of all programs of the scene.
func (c *scene) pids() (all []int) {
	for _, v := range c.servers() {
		all = append(all, v.pid())
	}
	if c.bare != nil {
		all = append(all, c.bare.pid())
	}
	if c.keeper != nil {
		all = append(all, c.keeper.Process.Pid)
	}
	return all
}

func (c *scene) close() error {
	var faults []error
	for i := len(c.closers) - 1; i >= 0; i-- {
		faults = append(faults, c.closers[i]())
	}
	return errors.Join(faults...)
}
