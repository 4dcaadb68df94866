// Package sandbox has documents of strangers read where they can hurt nobody but
// themselves: in a child process of the same program, which has no secret in its
// environment and no file open but its three pipes, and which may use so much
// memory and time and no more. A document that eats memory, nests without end or
// runs in circles kills the child. The server, which holds the keys, says that
// the document cannot be read, and goes on.
//
// A Work is what a child can do; Serve is the child, and a Box the parent. The
// child does one piece of work and ends. The parent believes nothing of what a
// child says but that it is a child's answer: whoever uses a Box checks what he
// gets.
//
// On Linux the child takes away from itself what it does not need: memory,
// processor time, files, descriptors, core dumps, and by seccomp the calls that
// open files, reach the network or other processes, or start programs. Elsewhere
// there are the bounds of time and size, and Probe says that there is no more.
package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Limits bound a child. The zero value has good ones.
type Limits struct {
	Memory   int64         `json:"memory"` // bytes of address space beyond those at its start; 768 MiB if zero
	CPU      time.Duration `json:"cpu"`    // 10 s if zero, whole seconds
	Wall     time.Duration `json:"-"`      // 20 s if zero
	Document int           `json:"-"`      // bytes of what is read; 50 MiB if zero
	Product  int           `json:"-"`      // bytes of what comes of it; as many if zero
}

func (l Limits) complete() Limits {
	const mega = 1 << 20
	for _, d := range []struct {
		of        *time.Duration
		otherwise time.Duration
	}{{&l.CPU, 10 * time.Second}, {&l.Wall, 20 * time.Second}} {
		if *d.of <= 0 {
			*d.of = d.otherwise
		}
	}
	if l.Memory <= 0 {
		l.Memory = 768 * mega
	}
	if l.Document <= 0 {
		l.Document = 50 * mega
	}
	if l.Product <= 0 {
		l.Product = l.Document
	}
	return l
}

// A Work is done by a child: from an order, which is JSON, and a document it
// makes an answer, which becomes JSON, and a product. An error is a Refusal, or
// the child's own failure.
type Work func(order json.RawMessage, document []byte) (answer any, product []byte, err error)

// A Refusal says why a document cannot be worked on. About is a word that the
// work and whoever ordered it agree on.
type Refusal struct {
	About string `json:"about"`
	Said  string `json:"said"`
}

func (r *Refusal) Error() string { return r.Said }

// A DeathError says that a child ended without an answer: killed for its time or
// its memory, or by a fault in what reads documents.
type DeathError struct{ How string }

func (e *DeathError) Error() string { return "sandbox: the child " + e.How }

// A BusyError says that there are too many children already. It passes.
type BusyError struct{}

func (BusyError) Error() string { return "sandbox: too many documents are read at once" }

// Unavailable marks the error as one that passes.
func (BusyError) Unavailable() bool { return true }

var (
	// ErrTooLarge says that a document has more bytes than are read.
	ErrTooLarge = errors.New("sandbox: the document is too large")
	errFrame    = errors.New("sandbox: what came is no answer of a child")
)

// An order is what a child is given to do.
type order struct {
	Work   string          `json:"work"`
	Limits Limits          `json:"limits"`
	Order  json.RawMessage `json:"order"`
}

// A report is what a child says at its end.
type report struct {
	Answer  json.RawMessage `json:"answer,omitempty"`
	Refusal *Refusal        `json:"refusal,omitempty"`
	Failure string          `json:"failure,omitempty"`
}

// probe is a work that every child can do: it says which protections it lacks.
const probe = "probe"

// lacking is the answer to a probe.
type lacking struct {
	Lacks []string `json:"lacks"`
}

func encode(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("sandbox: encode: %w", err)
	}
	return text, nil
}
