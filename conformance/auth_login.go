package conformance

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
)

// loginCases are the requirements of auth/login (v2.0.0.2 §11.2).
var loginCases = []Case{
	{ID: "login/password", Check: "CSC-LOGIN-001", Ref: refTo(methodAuthLogin), Level: Must, Needs: []Feature{RoleCode},
		Says: "a signer's name and password, by Basic, get an access token",
		Run: func(ctx context.Context, t *Target) error {
			_, err := tokenIn(t.loggedIn(ctx))
			return err
		}},
	{ID: "login/opens", Check: "CSC-LOGIN-002", Ref: refTo(methodAuthLogin), Level: Must, Needs: []Feature{RoleCode, methodList},
		Says: "the token opens the API as bearer",
		Run: func(ctx context.Context, t *Target) error {
			token, err := tokenIn(t.loggedIn(ctx))
			if err != nil {
				return err
			}
			return t.post(ctx, methodList, token, Object{}).WantStatus(http.StatusOK)
		}},
	{ID: "login/expires-in", Check: "CSC-LOGIN-003", Ref: refTo(methodAuthLogin), Level: Must, Needs: []Feature{RoleCode},
		Says: "expires_in, where it is given, is a number of seconds greater than zero",
		Run: func(ctx context.Context, t *Target) error {
			a := t.loggedIn(ctx)
			o, err := a.WantOK()
			if n, ok := o.integer("expires_in"); err == nil && o.has("expires_in") && (!ok || n <= 0) {
				return a.unlike("expires_in to be a number above zero")
			}
			return err
		}},
	{ID: "login/no-refresh", Check: "CSC-LOGIN-004", Ref: refTo(methodAuthLogin), Level: Must, Needs: []Feature{RoleCode},
		Says: "there is no refresh_token without rememberMe",
		Run: func(ctx context.Context, t *Target) error {
			return forgotten(t.loggedIn(ctx))
		}},
	{ID: "login/not-remembered", Check: "CSC-LOGIN-005", Ref: refTo(methodAuthLogin), Level: Must, Needs: []Feature{RoleCode},
		Says: "nor with rememberMe false",
		Run: func(ctx context.Context, t *Target) error {
			u := t.loginUser()
			return forgotten(t.login(ctx, basic(u.Login, u.Password), Object{"rememberMe": false}))
		}},
	{ID: "login/remembered", Check: "CSC-LOGIN-006", Ref: refTo(methodAuthLogin), Level: Optional, Needs: []Feature{RoleCode},
		Says: "with rememberMe true there is one",
		Run: func(ctx context.Context, t *Target) error {
			u := t.loginUser()
			a := t.login(ctx, basic(u.Login, u.Password), Object{"rememberMe": true})
			o, err := a.WantOK()
			if refresh, _ := o.str("refresh_token"); err == nil && refresh == "" {
				return a.unlike("a refresh_token")
			}
			return err
		}},
	{ID: "login/refresh", Check: "CSC-LOGIN-007", Ref: refTo(methodAuthLogin), Level: Optional, Needs: []Feature{RoleCode, methodList},
		Says: "a refresh_token in the body gets a new access token without a header",
		Run: func(ctx context.Context, t *Target) error {
			old, refresh, err := t.remembered(ctx)
			if err != nil {
				return err
			}
			a := t.login(ctx, "", Object{"refresh_token": refresh})
			token, err := tokenIn(a)
			if err == nil && token == old {
				return a.unlike("a new access_token")
			}
			if err != nil {
				return err
			}
			return t.post(ctx, methodList, token, Object{}).WantStatus(http.StatusOK)
		}},
	{ID: "login/refresh-and-password", Check: "CSC-LOGIN-008", Ref: refTo(methodAuthLogin), Level: Doubt, Needs: []Feature{RoleCode},
		Says: "a refresh_token beside a name and a password is refused, or one of them counts",
		Run: func(ctx context.Context, t *Target) error {
			u := t.loginUser()
			return t.login(ctx, basic(u.Login, u.Password), Object{"refresh_token": rand.Text()}).WantStatus(200, 400)
		}},
	{ID: "login/not-basic", Check: "CSC-LOGIN-009", Ref: refTo(methodAuthLogin), Level: Must,
		Says: "a header that is not Basic is refused with 401",
		Run:  loginRefused("Foo abc", Object{}, noLogin())},
	{ID: "login/basic-without-value", Check: "CSC-LOGIN-009", Ref: refTo(methodAuthLogin), Level: Must,
		Says: "so is Basic with nothing behind it",
		Run:  loginRefused("Basic", Object{}, noLogin())},
	{ID: "login/no-header", Check: "CSC-LOGIN-010", Ref: refTo(methodAuthLogin), Level: Must,
		Says: "so is a call with neither a header nor a refresh_token",
		Run:  loginRefused("", Object{}, noLogin())},
	{ID: "login/no-colon", Check: "CSC-LOGIN-011", Ref: refTo(methodAuthLogin), Level: Must,
		Says: "Basic without a colon in it is refused",
		Run:  loginRefused("Basic "+base64.StdEncoding.EncodeToString([]byte("abc")), Object{}, bad("Malformed username-password."))},
	{ID: "login/refresh-number", Check: "CSC-LOGIN-012", Ref: refTo(methodAuthLogin), Level: Must,
		Says: "a refresh_token that is no string is refused",
		Run:  loginRefused("", Object{"refresh_token": 5}, bad("Invalid string parameter: refresh_token"))},
	{ID: "login/refresh-unknown", Check: "CSC-LOGIN-013", Ref: refTo(methodAuthLogin), Level: Must,
		Says: "a refresh_token the server did not make is refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.login(ctx, "", Object{"refresh_token": rand.Text()}).want(bad("Invalid refresh_token"))
		}},
	{ID: "login/wrong-password", Check: "CSC-LOGIN-014", Ref: refTo(methodAuthLogin), Level: Must, Needs: []Feature{RoleCode},
		Says: "a wrong password is refused with 400",
		Run: func(ctx context.Context, t *Target) error {
			return t.wrongLogin(ctx).want(badLogin())
		}},
	{ID: "login/unknown-user", Check: "CSC-LOGIN-015", Ref: refTo(methodAuthLogin), Level: Doubt, Needs: []Feature{RoleCode},
		Says: "a name nobody has is refused as a wrong password is",
		Run: func(ctx context.Context, t *Target) error {
			known := t.wrongLogin(ctx)
			a := t.login(ctx, basic("nobody."+t.loginUser().Login, rand.Text()), Object{})
			if a.err == nil && known.err == nil && (a.Status != known.Status || string(a.Body) != string(known.Body)) {
				return a.unlike("the answer to a wrong password, %s", known)
			}
			return a.want(badLogin())
		}},
	{ID: "login/colon", Check: "CSC-LOGIN-016", Ref: refTo(methodAuthLogin), Level: Doubt, Needs: []Feature{RoleCode},
		Says: "a password may have a colon in it",
		Run: func(ctx context.Context, t *Target) error {
			return t.login(ctx, basic(t.loginUser().Login, rand.Text()+":"+rand.Text()), Object{}).want(badLogin())
		}},
	{ID: "login/remember-text", Check: "CSC-LOGIN-017", Ref: refTo(methodAuthLogin), Level: Doubt, Needs: []Feature{RoleCode},
		Says: "a rememberMe that is no boolean is refused",
		Run: func(ctx context.Context, t *Target) error {
			u := t.loginUser()
			return t.login(ctx, basic(u.Login, u.Password), Object{"rememberMe": "yes"}).want(refused())
		}},
	{ID: "login/expired", Check: "CSC-LOGIN-018", Ref: refTo(methodAuthLogin), Level: Must, Needs: []Feature{Patience, RoleCode, methodList},
		Says: "an access token that has expired is refused",
		Run: func(ctx context.Context, t *Target) error {
			u := t.loginUser()
			a := t.stock.t.login(ctx, basic(u.Login, u.Password), Object{})
			token, err := tokenIn(a)
			if err != nil {
				return err
			}
			o, err := a.Object()
			if err != nil {
				return err
			}
			life, ok := o.integer("expires_in")
			if !ok {
				life = 3600 // §11.2
			}
			if err := t.outlast(ctx, "an access token", life); err != nil {
				return err
			}
			return t.post(ctx, methodList, token, Object{}).WantStatus(http.StatusUnauthorized)
		}},
	{ID: "login/refresh-of-oauth", Check: "CSC-LOGIN-020", Ref: refTo(methodAuthLogin), Level: Doubt, Needs: web(),
		Says: "a refresh_token of oauth2/token is not one of this method",
		Run: func(ctx context.Context, t *Target) error {
			o, err := t.stock.t.renewable(ctx)
			if err != nil {
				return err
			}
			refresh, _ := o.str("refresh_token")
			return t.login(ctx, "", Object{"refresh_token": refresh}).want(bad("Invalid refresh_token"))
		}},
}

func noLogin() refusal {
	return refusal{status: []int{401}, code: []string{"invalid_request"}, text: "Malformed authentication parameter."}
}

func badLogin() refusal {
	return refusal{status: []int{400}, code: []string{"authentication_error"}, text: "An error occurred during authentication process"}
}

// basic is the header of RFC 7617.
func basic(name, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))
}

// loginUser is a signer who has a password.
func (t *Target) loginUser() User { return t.Fixtures.holders(roleCode)[0].User }

// login calls auth/login with an Authorization header, or none.
func (t *Target) login(ctx context.Context, authorization string, body Object) *Answer {
	t.ready()
	text, err := json.Marshal(body)
	if err != nil {
		return &Answer{request: "POST " + methodAuthLogin, err: err}
	}
	h := headers("")
	if authorization != "" {
		h.Set("Authorization", authorization)
	}
	return t.do(ctx, call{method: methodAuthLogin, header: h, body: text})
}

func loginRefused(authorization string, body Object, w refusal) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error { return t.login(ctx, authorization, body).want(w) }
}

// loggedIn is the answer to one good login, which several cases look at.
func (t *Target) loggedIn(ctx context.Context) *Answer {
	return see(ctx, t, methodAuthLogin, func() *Answer {
		u := t.loginUser()
		return t.login(ctx, basic(u.Login, u.Password), Object{})
	})
}

// wrongLogin is the answer to one wrong password, likewise.
func (t *Target) wrongLogin(ctx context.Context) *Answer {
	return see(ctx, t, "a wrong password", func() *Answer {
		return t.login(ctx, basic(t.loginUser().Login, rand.Text()), Object{})
	})
}

// remembered are the tokens of a login that is to be remembered, got around a
// mutant.
func (t *Target) remembered(ctx context.Context) (access, refresh string, err error) {
	t.ready()
	u := t.loginUser()
	a := t.stock.t.login(ctx, basic(u.Login, u.Password), Object{"rememberMe": true})
	access, err = tokenIn(a)
	o, _ := a.Object()
	if refresh, _ = o.str("refresh_token"); err == nil && refresh == "" {
		err = unclaimed("the server gives no refresh tokens")
	}
	return access, refresh, err
}

// tokenIn is the access token of a good answer.
func tokenIn(a *Answer) (string, error) {
	o, err := a.WantOK()
	token, _ := o.str("access_token")
	if err == nil && token == "" {
		err = a.unlike("an access_token")
	}
	return token, err
}

// forgotten is nil if a good answer has no refresh token.
func forgotten(a *Answer) error {
	o, err := a.WantOK()
	if err == nil && o.has("refresh_token") {
		return a.unlike("no refresh_token")
	}
	return err
}
