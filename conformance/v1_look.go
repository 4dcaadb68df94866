package conformance

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// manyOwned is the signer who has the most credentials.
func (t *Target) manyOwned() User {
	return slices.MaxFunc(t.Fixtures.Users, func(a, b User) int { return len(a.Credentials) - len(b.Credentials) })
}

// page asks for credentials of the signer who has the most.
func (t *Target) page(ctx context.Context, more Object) *Answer {
	more["userID"] = t.manyOwned().ID
	return t.ask(ctx, methodList, more)
}

func (t *Target) firstPage(ctx context.Context) *Answer {
	return see(ctx, t, "the first page", func() *Answer { return t.page(ctx, Object{"maxResults": 1}) })
}

func pagesAreTheList(ctx context.Context, t *Target) error {
	u := t.manyOwned()
	if len(u.Credentials) < 2 {
		return unprovided("no signer has two credentials")
	}
	var got []string
	for a := t.firstPage(ctx); ; {
		ids, err := listed(a)
		if err != nil {
			return err
		}
		got = append(got, ids...)
		o, _ := a.Object()
		next, more := o.str("nextPageToken")
		if !more || len(got) > len(u.Credentials) {
			break
		}
		a = t.page(ctx, Object{"maxResults": 1, "pageToken": next})
	}
	var want []string
	for _, c := range u.Credentials {
		want = append(want, c.ID)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		return unmet("the pages have %d credentials, some twice or none of the signer's; want his %d", len(got), len(want))
	}
	return nil
}

// tellsMode looks at how a credential with an object of v2 is told.
func tellsMode(ctx context.Context, t *Target) error {
	a := t.ask(ctx, methodCredentialInfo, everythingOf(t.Fixtures.holders(signerRole(t))[0].Credential.ID))
	o, err := a.WantOK()
	if err != nil {
		return err
	}
	if mode, _ := o.str("authMode"); mode != "explicit" || o.has("auth") {
		return a.unlike("authMode explicit, and no auth")
	}
	for _, factor := range []string{"PIN", "OTP"} {
		if is, _ := o.object(factor).str("presence"); !slices.Contains([]string{"true", "false", "optional"}, is) {
			return a.unlike("%s with a presence of true, false or optional", factor)
		}
	}
	return nil
}

// tellsFactors looks at what is told of the factors of credentials that have one
// alone, and one beside another.
func tellsFactors(ctx context.Context, t *Target) error {
	looked := t.Fixtures.holders(signerRole(t))[:1]
	looked = append(looked, t.Fixtures.holders(roleAnd)...)
	for _, h := range looked {
		a := t.ask(ctx, methodCredentialInfo, everythingOf(h.Credential.ID))
		o, err := a.WantOK()
		if err != nil {
			return err
		}
		for factor, kinds := range map[string][]string{"PIN": nil, "OTP": {"offline", "online"}} {
			told := o.object(factor)
			if is, _ := told.str("presence"); is == "false" {
				continue
			}
			if format, _ := told.str("format"); format != "A" && format != "N" {
				return a.unlike("%s with the format A or N", factor)
			}
			kind, _ := told.str("type")
			if id, _ := told.str("ID"); kinds != nil && (!slices.Contains(kinds, kind) || id == "") {
				return a.unlike("%s with a type of %q, and an ID", factor, kinds)
			}
		}
	}
	return nil
}

// oldLocks fails until the server has had enough, as locks does.
func oldLocks(ctx context.Context, t *Target) error {
	h := t.Fixtures.holders(roleLockable)[0]
	for range mostFailures {
		body := Object{"credentialID": h.Credential.ID, "numSignatures": 1, "hash": encode(newDigests(1)...), "OTP": t.wrong(h.User)}
		a := t.ask(ctx, methodAuthorize, body)
		if o, _ := a.Object(); o["error"] != "invalid_otp" {
			return a.want(bad("OTP locked"))
		}
	}
	return unclaimed(fmt.Sprintf("the server does not lock within %d failures", mostFailures))
}

func (t *Target) sendOTP(ctx context.Context, role string) *Answer {
	return t.ask(ctx, methodSendOTP, Object{"credentialID": t.Fixtures.holders(role)[0].Credential.ID})
}

func otpLocks(ctx context.Context, t *Target) error {
	h := t.Fixtures.holders(roleSendLock)[0]
	for range 20 {
		a := t.ask(ctx, methodAuthorize, Object{
			"credentialID": h.Credential.ID, "numSignatures": 1, "hash": encode(newDigests(1)...), "OTP": t.wrong(h.User),
		})
		if o, _ := a.Object(); o["error_description"] == "OTP locked" {
			break
		}
		if err := t.stock.t.sendOTP(ctx, roleSendLock).WantStatus(204, 400, 429); err != nil { // what is wrong must be there to be guessed
			return err
		}
	}
	return t.sendOTP(ctx, roleSendLock).want(bad("OTP locked"))
}

// sameCredential asks a neighbour under the other path, if there is one.
func sameCredential(ctx context.Context, t *Target) error {
	id := t.Fixtures.holders(signerRole(t))[0].Credential.ID
	token, err := t.token(ctx)
	if err != nil {
		return err
	}
	ask := func(base string) (Object, error) {
		body := []byte(`{"credentialID":"` + id + `","certificates":"chain"}`)
		return t.do(ctx, call{method: methodCredentialInfo, url: base + "/" + methodCredentialInfo, header: headers(token), body: body}).WantOK()
	}
	ours, err := ask(t.Base)
	if err != nil {
		return err
	}
	theirs, err := ask(strings.TrimSuffix(t.Base, basePathV1) + "/csc/v2")
	if err != nil {
		return unprovided("the server has no v2 beside v1")
	}
	if !reflect.DeepEqual(ours["key"], theirs["key"]) || !reflect.DeepEqual(ours.object("cert")["certificates"], theirs.object("cert")["certificates"]) {
		return unmet("credential %s has another key or other certificates under v2", id)
	}
	return nil
}

// refreshTakesAlong revokes a refresh token, and uses the access token that came
// with it.
func refreshTakesAlong(ctx context.Context, t *Target) error {
	o, _, err := t.stock.t.oldService(ctx)
	if err != nil {
		return err
	}
	access, _ := o.str("access_token")
	refresh, _ := o.str("refresh_token")
	if refresh == "" {
		return unprovided("no refresh_token came with the code")
	}
	a := t.clientCall(ctx, methodRevoke, t.Fixtures.WebClient.ClientKey, url.Values{"token": {refresh}}, nil)
	return worst(a.WantStatus(200, 204), t.post(ctx, methodList, access, Object{}).WantStatus(http.StatusUnauthorized))
}
