package server

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/pecete/pecete/csc"
)

// Logins are those of signers who tell an application their password;
// *oauth.Provider has them. A *csc.Error is for the client.
type Logins interface {
	// LogIn judges a name and a password that come from a remote address. With
	// remember there is a refresh token, if there are any.
	LogIn(ctx context.Context, from, name string, password csc.Secret, remember bool) (csc.LoginResponse, error)
	// LogInAgain takes a refresh token of such a login instead.
	LogInAgain(ctx context.Context, token csc.Secret) (csc.LoginResponse, error)
}

// loggingIn makes the handler of auth/login (v2.0.0.2 §11.2): who asks has no
// token, and counts as a stranger.
func loggingIn(f face) gin.HandlerFunc {
	s := f.house()
	return func(c *gin.Context) {
		if !s.anonymous(c.Request) {
			s.fail(c.Writer, c.Request, tooMany())
			return
		}
		answer(f, csc.MethodAuthLogin, c, func(ctx context.Context, req csc.LoginRequest) (csc.LoginResponse, error) {
			return s.authLogin(ctx, c.Request, req)
		})
	}
}

func (s *Server) authLogin(ctx context.Context, r *http.Request, req csc.LoginRequest) (csc.LoginResponse, error) {
	given := len(r.Header.Values("Authorization")) > 0
	switch {
	case req.RefreshToken != "" && given: // §11.2: then they shall not be in the header
		return csc.LoginResponse{}, csc.Malformed(errTwoLogins)
	case req.RefreshToken != "":
		return s.Logins.LogInAgain(ctx, req.RefreshToken)
	}
	name, password, err := basic(r)
	if err != nil {
		return csc.LoginResponse{}, err
	}
	return s.Logins.LogIn(ctx, r.RemoteAddr, name, password, req.RememberMe)
}

var (
	errTwoLogins = errors.New("a refresh token beside a password")
	errNoBasic   = errors.New("no Basic credentials")
	errNoColon   = errors.New("not a name, a colon and a password")
)

// basicHeader is the form of RFC 7617 §2, the scheme in any case.
var basicHeader = regexp.MustCompile(`^(?i:basic) +([A-Za-z0-9+/]+={0,2})$`)

// basic is the name and the password in a request's header; only the first colon
// parts them (RFC 7617 §2).
func basic(r *http.Request) (name string, password csc.Secret, err error) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", "", malformedLogin(errNoBasic)
	}
	match := basicHeader.FindStringSubmatch(values[0])
	if match == nil {
		return "", "", malformedLogin(errNoBasic)
	}
	pair, err := base64.StdEncoding.Strict().DecodeString(match[1])
	if err != nil {
		return "", "", malformedLogin(errNoBasic) // whose words may be the password's
	}
	name, secret, found := strings.Cut(string(pair), ":")
	if !found || name == "" || secret == "" || !utf8.Valid(pair) || strings.Contains(string(pair), "\x00") {
		return "", "", csc.Refused("Malformed username-password.", errNoColon)
	}
	return name, csc.Secret(secret), nil
}

func malformedLogin(cause error) error {
	return &refusal{
		status: http.StatusUnauthorized, scheme: `Basic realm="CSC", charset="UTF-8"`,
		told: csc.Refused("Malformed authentication parameter.", cause),
	}
}
