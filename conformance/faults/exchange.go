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

// Narrowed is f committed on such answers alone as it changes in all, by their
// method, status and error: a fault need not be greater than what its case is to
// notice. A fault that remembers, or that is not of single answers, stays as it is.
func (f Fault) Narrowed(all []Exchange) Fault {
	if f.Answer == nil || f.afresh != nil {
		return f
	}
	var kinds []kind
	for _, e := range all {
		if (Fault{Answer: f.Answer}).changes(e) {
			kinds = append(kinds, kindOf(&e.Call, &e.Reply))
		}
	}
	if len(kinds) == 0 {
		return f
	}
	whole := f.Answer
	f.Answer = func(c *Call, r *Reply) {
		if slices.Contains(kinds, kindOf(c, r)) {
			whole(c, r)
		}
	}
	return f
}

// A kind is what answers to a method have in common that say the same.
type kind struct {
	method      string
	status      int
	code        string
	description string
}

func kindOf(c *Call, r *Reply) kind {
	k := kind{method: c.Method, status: r.Status}
	if u, home := r.home(); home {
		k.code, k.description = u.Query().Get("error"), u.Query().Get("error_description")
		return k
	}
	o := r.object()
	k.code, _ = o["error"].(string)
	k.description, _ = o["error_description"].(string)
	return k
}
