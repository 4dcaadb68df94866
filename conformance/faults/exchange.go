package faults

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
)

// An Exchange is a call that came to a proxy, and the answer as it left.
type Exchange struct {
	Call  Call
	Reply Reply
}

// Watching is a fault that commits nothing: each exchange is told to told, one at a
// time.
func Watching(told func(Exchange)) Fault {
	return Fault{Says: "is watched", Answer: func(c *Call, r *Reply) { told(Exchange{c.copy(), r.copy()}) }}
}

// Touches reports whether f would change any of the exchanges, all that was said to
// a server without a fault. Whoever said them would notice nothing of f otherwise.
// A fault that remembers, or that is not of single exchanges, touches all.
func (f Fault) Touches(all []Exchange) bool {
	if f.afresh != nil || f.TLS != nil || f.SSL3 || f.Path != "" {
		return true
	}
	return slices.ContainsFunc(all, f.changes)
}

// changes reports whether f changes e. A fault that breaks on what it meets breaks
// the server there.
func (f Fault) changes(e Exchange) (changed bool) {
	defer func() { changed = recover() != nil || changed }()
	if f.Request != nil {
		sent := e.Call.copy()
		f.Request(&sent)
		if !same(sent.Body, e.Call.Body) {
			return true
		}
		sent.Body = e.Call.Body
		if !reflect.DeepEqual(sent, e.Call) {
			return true
		}
	}
	if f.Answer == nil {
		return false
	}
	call, reply := e.Call.copy(), e.Reply.copy()
	f.Answer(&call, &reply)
	return reply.Status != e.Reply.Status || !reflect.DeepEqual(reply.Header, e.Reply.Header) || !same(reply.Body, e.Reply.Body)
}

// same reports whether a body is what it was: byte by byte, or as what edits
// nothing writes it.
func same(now, was []byte) bool {
	if bytes.Equal(now, was) {
		return true
	}
	r := Reply{Body: was}
	o := r.object()
	if o == nil {
		return false
	}
	text, err := json.Marshal(o)
	return err == nil && bytes.Equal(now, text)
}

func (c *Call) copy() Call {
	other := *c
	other.Header, other.Body = c.Header.Clone(), bytes.Clone(c.Body)
	return other
}

func (r *Reply) copy() Reply {
	return Reply{r.Status, r.Header.Clone(), bytes.Clone(r.Body)}
}
