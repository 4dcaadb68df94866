package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"
)

// A Box starts children. It may be used by many at once; its fields are set
// before the first order.
type Box struct {
	// Program and Args start a child: a program that calls Serve with its
	// standard input and output.
	Program string
	Args    []string
	Limits  Limits
	// Children is how many there may be at once, 2 if zero; eight times as many
	// may wait for one to end.
	Children int
	// Observe, if set, is told how each piece of work ended; of no probe.
	Observe func(work string, took time.Duration, err error)

	once   sync.Once
	places chan struct{} // of those who wait, or have a child
	turns  chan struct{} // of those who have one
}

// waiting is how many may wait for each child.
const waiting = 8

func (b *Box) open() {
	b.once.Do(func() {
		children := max(b.Children, 0)
		if children == 0 {
			children = 2
		}
		b.turns = make(chan struct{}, children)
		b.places = make(chan struct{}, children*(1+waiting))
	})
}

// Do has a child do a piece of work and reads its answer into answer. An error
// is a *Refusal if the document cannot be worked on, a *DeathError if it killed
// the child, ErrTooLarge, or one that passes.
func (b *Box) Do(ctx context.Context, work string, what any, document []byte, answer any) (product []byte, err error) {
	b.open()
	if b.Observe != nil && work != probe {
		defer func(begun time.Time) { b.Observe(work, time.Since(begun), err) }(time.Now())
	}
	limits := b.Limits.complete()
	if len(document) > limits.Document {
		return nil, ErrTooLarge
	}
	text, err := encode(what)
	if err != nil {
		return nil, err
	}
	head, err := encode(order{work, limits, text})
	if err != nil {
		return nil, err
	}
	leave, err := b.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	said, product, err := b.child(ctx, limits, head, document)
	switch {
	case err != nil:
		return nil, err
	case said.Refusal != nil:
		return nil, said.Refusal
	case said.Failure != "":
		return nil, fmt.Errorf("sandbox: %s: %.200s", work, said.Failure)
	}
	if json.Unmarshal(said.Answer, answer) != nil {
		return nil, errFrame
	}
	return product, nil
}

// Probe starts a child and names the protections that it does not have here.
func (b *Box) Probe(ctx context.Context) ([]string, error) {
	var said lacking
	_, err := b.Do(ctx, probe, nil, nil, &said)
	return said.Lacks, err
}

// enter waits for a turn.
func (b *Box) enter(ctx context.Context) (leave func(), err error) {
	select {
	case b.places <- struct{}{}:
	default:
		return nil, BusyError{}
	}
	select {
	case b.turns <- struct{}{}:
		return func() { <-b.turns; <-b.places }, nil
	case <-ctx.Done():
		<-b.places
		return nil, ctx.Err()
	}
}

// child runs one child to its end.
func (b *Box) child(ctx context.Context, limits Limits, head, document []byte) (report, []byte, error) {
	within, cancel := context.WithTimeout(ctx, limits.Wall)
	defer cancel()
	cmd := exec.CommandContext(within, b.Program, b.Args...)
	cmd.Env = []string{} // not nil, which would be ours
	cmd.Dir = "/"
	cmd.SysProcAttr = attributes()
	cmd.WaitDelay = time.Second
	out, complaint := &bounded{most: limits.Product + maxHead + 8}, &bounded{most: 4 << 10}
	var in bytes.Buffer
	if err := writeMessage(&in, head, document); err != nil {
		return report{}, nil, err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, out, complaint
	if err := run(cmd); err != nil {
		return report{}, nil, b.ended(ctx, within, err, complaint)
	}
	if out.over {
		return report{}, nil, &DeathError{"said more than it may"}
	}
	text, product, err := readMessage(&out.kept, limits.Product)
	if err != nil {
		return report{}, nil, &DeathError{"ended without an answer"}
	}
	var said report
	if json.Unmarshal(text, &said) != nil {
		return report{}, nil, errFrame
	}
	return said, product, nil
}

// ended says why a child has no answer.
func (b *Box) ended(ctx, within context.Context, err error, complaint *bounded) error {
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case within.Err() != nil:
		return &DeathError{"took too long"}
	case errors.As(err, &exit):
		words, _, _ := strings.Cut(strings.TrimSpace(complaint.kept.String()), "\n")
		return &DeathError{fmt.Sprintf("ended with %v: %.200s", exit, words)}
	}
	return fmt.Errorf("sandbox: start a child: %w", err)
}

// run runs a child from a thread of its own: the kernel ends the child when that
// thread ends, and another goroutine might take the thread along.
func run(cmd *exec.Cmd) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		done <- cmd.Run()
	}()
	return <-done
}

// A bounded keeps the first bytes of what is written, and takes no more. It is
// not the buffer itself, which would read for itself as much as there is.
type bounded struct {
	kept bytes.Buffer
	most int
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	n := len(p)
	if room := b.most - b.kept.Len(); n > room {
		p, b.over = p[:room], true
	}
	_, _ = b.kept.Write(p) // never fails
	return n, nil
}
