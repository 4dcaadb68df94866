package conformance

import (
	"bytes"
	"context"
	"crypto/rand"
	"time"
)

// polling is what a case needs that begins a request in mode A.
func polling(more ...Feature) []Feature {
	return signing(append(more, Signer, Asynchronous, methodSignHash)...)
}

// pollCases are the requirements of signatures/signPolling (v2.0.0.2 §11.12).
var pollCases = []Case{
	{ID: "poll/pending", Check: "CSC-POLL-001", Ref: refTo(methodSignPolling), Level: Optional, Needs: polling(),
		Says: "as long as there is no result the answer is 202 with accepted_request, and then the result",
		Run: func(ctx context.Context, t *Target) error {
			j, err := t.job(ctx)
			if err != nil {
				return err
			}
			a := t.ask(ctx, methodSignPolling, Object{"requestID": j.id})
			if a.Status == 200 { // it was quick
				return nil
			}
			return a.want(pending())
		}},
	{ID: "poll/signatures", Check: "CSC-POLL-002", Ref: refTo(methodSignPolling), Level: Optional, Needs: polling(),
		Says: "then it has the signatures, in the order of the hashes",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.t.obtain(ctx, signerRole(t), t.stock.digests(3)...)
			if err != nil {
				return err
			}
			id, err := responseID(t.ask(ctx, methodSignHash, g.body().but(later())))
			if err != nil {
				return err
			}
			return t.verified(ctx, g, t.poll(ctx, id), plainSHA256())
		}},
	{ID: "poll/document", Check: "CSC-POLL-003", Ref: refTo(methodSignPolling), Level: Optional, Needs: polling(methodSignDoc, FormatC),
		Says: "or the signed documents",
		Run: func(ctx context.Context, t *Target) error {
			g, err := t.stock.voucher(ctx, signerRole(t))
			if err != nil {
				return err
			}
			id, err := responseID(t.ask(ctx, methodSignDoc, t.stock.byDocuments(g, later())))
			if err != nil {
				return err
			}
			_, err = t.envelopes(ctx, g, t.poll(ctx, id), inside)
			return err
		}},
	{ID: "poll/id-missing", Check: "CSC-POLL-004", Ref: refTo(methodSignPolling), Level: Must, Needs: []Feature{Client},
		Says: "without requestID the call is refused",
		Run:  pollRefused(missingString("requestID"), without("requestID"))},
	{ID: "poll/id-number", Check: "CSC-POLL-005", Ref: refTo(methodSignPolling), Level: Must, Needs: []Feature{Client},
		Says: "a requestID that is no string is refused",
		Run:  pollRefused(missingString("requestID"), with("requestID", 5))},
	{ID: "poll/id-unknown", Check: "CSC-POLL-006", Ref: refTo(methodSignPolling), Level: Must, Needs: []Feature{Client},
		Says: "a requestID that is nobody's is refused",
		Run:  pollRefused(badRequestID())},
	{ID: "poll/of-another", Check: "CSC-POLL-007", Ref: refTo(methodSignPolling), Level: Doubt, Needs: polling(OtherClient),
		Says: "one of another client is nobody's",
		Run: func(ctx context.Context, t *Target) error {
			j, err := t.job(ctx)
			if err != nil {
				return err
			}
			token, err := t.stock.token(ctx, t.Fixtures.OtherClient)
			if err != nil {
				return err
			}
			return t.post(ctx, methodSignPolling, token, Object{"requestID": j.id}).want(badRequestID())
		}},
	{ID: "poll/user-not-null", Check: "CSC-POLL-008", Ref: refTo(methodSignPolling), Level: Must, Needs: web(),
		Says: "a userID beside a signer's token is refused",
		Run: func(ctx context.Context, t *Target) error {
			token, _, err := t.stock.userToken(ctx)
			if err != nil {
				return err
			}
			return t.post(ctx, methodSignPolling, token.value, Object{"requestID": rand.Text(), "userID": "x"}).want(bad("userID parameter SHALL be null"))
		}},
	{ID: "poll/user-unknown", Check: "CSC-POLL-009", Ref: refTo(methodSignPolling), Level: Must, Needs: []Feature{Client},
		Says: "a userID that is nobody's is refused",
		Run:  pollRefused(bad(`Invalid parameter "userID"`), with("userID", rand.Text()))},
	{ID: "poll/client-data-number", Check: "CSC-POLL-010", Ref: refTo(methodSignPolling), Level: Must, Needs: []Feature{Client},
		Says: "clientData that is no string is refused",
		Run:  pollRefused(bad("Invalid parameter clientData"), with("clientData", 5))},
	{ID: "poll/kept", Check: "CSC-POLL-011", Ref: refTo(methodSignPolling), Level: Optional, Needs: polling(),
		Says: "the result is kept for its validity_period",
		Run: func(ctx context.Context, t *Target) error {
			j, err := t.job(ctx, with("validity_period", 60_000))
			if err != nil {
				return err
			}
			if err := t.Sleep(ctx, time.Second); err != nil {
				return err
			}
			return t.verified(ctx, j.grant, t.poll(ctx, j.id), plainSHA256())
		}},
	{ID: "poll/over", Check: "CSC-POLL-012", Ref: refTo(methodSignPolling), Level: Doubt, Needs: polling(Patience),
		Says: "and no longer",
		Run: func(ctx context.Context, t *Target) error {
			j, err := t.job(ctx, with("validity_period", 3000))
			if err != nil {
				return err
			}
			if _, err := signatures(t.poll(ctx, j.id), 1); err != nil {
				return err
			}
			if err := t.outlast(ctx, "the result of a request", 3); err != nil {
				return err
			}
			return t.ask(ctx, methodSignPolling, Object{"requestID": j.id}).want(badRequestID())
		}},
	{ID: "poll/malformed-header", Check: "CSC-POLL-013", Ref: refTo(methodSignPolling), Level: Must,
		Says: "an Authorization header that is none is refused",
		Run: func(ctx context.Context, t *Target) error {
			return malformed(ctx, t, methodSignPolling).want(malformedHeader())
		}},
	{ID: "poll/twice", Check: "CSC-POLL-014", Ref: refTo(methodSignPolling), Level: Doubt, Needs: polling(),
		Says: "the result can be read twice, and is the same",
		Run: func(ctx context.Context, t *Target) error {
			j, err := t.job(ctx)
			if err != nil {
				return err
			}
			first, err := signatures(t.poll(ctx, j.id), 1)
			if err != nil {
				return err
			}
			again := t.ask(ctx, methodSignPolling, Object{"requestID": j.id})
			second, err := signatures(again, 1)
			if err == nil && !bytes.Equal(first[0], second[0]) {
				return again.unlike("the same signature as before")
			}
			return err
		}},
}

func badRequestID() refusal { return bad("Invalid parameter requestID") }

// pollRefused asks for nobody's request, with changes.
func pollRefused(w refusal, changes ...change) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		return t.ask(ctx, methodSignPolling, Object{"requestID": rand.Text()}.but(changes...)).want(w)
	}
}
