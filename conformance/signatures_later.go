package conformance

import (
	"context"
	"time"
)

// later asks for mode A.
func later(changes ...change) change {
	return func(o Object) {
		o["operationMode"] = "A"
		for _, c := range changes {
			c(o)
		}
	}
}

// laterCases are the requirements of signatures/signHash with operationMode A
// (v2.0.0.2 §11.10).
var laterCases = []Case{
	{ID: "signHash/mode-a", Check: "CSC-HASH-055", Ref: refTo(methodSignHash), Level: Optional, Needs: signing(Signer, Asynchronous),
		Says: "operationMode A brings a responseID, and no signatures",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.voucher(ctx, signerRole(t))
			if err != nil {
				return err
			}
			a := t.ask(ctx, methodSignHash, g.body().but(later()))
			if o, _ := a.Object(); o.has("signatures") {
				return a.unlike("no signatures in mode A")
			}
			_, err = responseID(a)
			return err
		}},
	{ID: "signHash/validity-string", Check: "CSC-HASH-059", Ref: refTo(methodSignHash), Level: Optional, Needs: signing(Signer, Asynchronous),
		Says: "in mode A a validity_period that is no integer is refused",
		Run:  signRefused("", bad("Invalid parameter validity_period"), later(with("validity_period", "x")))},
	{ID: "signHash/validity-huge", Check: "CSC-HASH-060", Ref: refTo(methodSignHash), Level: Optional, Needs: signing(Signer, Asynchronous),
		Says: "so is one that is out of bounds",
		Run:  signRefused("", bad("Out of bounds parameter validity_period"), later(with("validity_period", int64(1)<<53-1)))},
	{ID: "signHash/response-uri-invalid", Check: "CSC-HASH-061", Ref: refTo(methodSignHash), Level: Optional, Needs: signing(Signer, Asynchronous),
		Says: "in mode A a response_uri that is none is refused",
		Run:  signRefused("", bad("Invalid parameter response_uri"), later(with("response_uri", "::")))},
	{ID: "signHash/response-uri-inside", Check: "CSC-HASH-064", Ref: refTo(methodSignHash), Level: Doubt, Needs: signing(Signer, Asynchronous),
		Says: "nobody is told inside the server's own network",
		Run:  signRefused("", refused(), later(with("response_uri", "http://127.0.0.1/")))},
}

// responseID is the name of a request in mode A.
func responseID(a *Answer) (string, error) {
	o, err := a.WantOK()
	if err != nil {
		return "", err
	}
	id, _ := o.str("responseID")
	if id == "" {
		return "", a.unlike("a responseID")
	}
	return id, nil
}

// A job is a request in mode A.
type job struct {
	*grant
	id string
}

// job begins one, of one hash.
func (t *Target) job(ctx context.Context, changes ...change) (*job, error) {
	g, err := t.stock.voucher(ctx, signerRole(t))
	if err != nil {
		return nil, err
	}
	id, err := responseID(t.ask(ctx, methodSignHash, g.body().but(later(changes...))))
	return &job{g, id}, err
}

// jobTime is how long a job may take.
const jobTime = time.Minute

// poll asks for what came of a request until it is no longer on its way.
func (t *Target) poll(ctx context.Context, id string) *Answer {
	const pause = 50 * time.Millisecond
	for range jobTime / pause {
		a := t.ask(ctx, methodSignPolling, Object{"requestID": id})
		if a.Status != 202 {
			return a
		}
		if err := a.want(pending()); err != nil && !isWarning(err) {
			return &Answer{request: a.request, err: err}
		}
		if err := t.Sleep(ctx, pause); err != nil {
			return &Answer{request: a.request, err: err}
		}
	}
	return &Answer{request: "POST " + methodSignPolling, err: unmet("a request in mode A did not end within %v", jobTime)}
}

// pending is how a poll is answered too early.
func pending() refusal {
	return refusal{
		status: []int{202}, code: []string{"accepted_request"},
		text: "The previous asynchronous signature request has been accepted for processing, but the processing has not yet been completed.",
	}
}
