package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// A Feature is something a case needs: the name of a method that info must
// claim, or one of the constants below.
type Feature string

// The features that are not methods. Those in the first group the server
// claims, those in the second the fixtures provide.
const (
	OverTLS        Feature = "https"
	OAuth2Issuer   Feature = "info.oauth2Issuer"
	OAuth2Servers  Feature = "info.oauth2Servers"
	RAR            Feature = "info.supportsRar"
	DPoP           Feature = "DPoP"
	Introspection  Feature = "introspection"
	Pushing        Feature = "oauth2/pushed_authorize"
	Revocation     Feature = "oauth2/revoke"
	PSS            Feature = "info.signAlgorithms RSASSA-PSS"
	Mutual         Feature = "tokens bound to certificates"
	Synchronous    Feature = "info.asynchronousOperationMode false"
	Asynchronous   Feature = "info.asynchronousOperationMode true"
	FormatC        Feature = "info.signature_formats C"
	FormatP        Feature = "info.signature_formats P"
	Patience       Feature = "patience" // enough of it for a token or SAD to expire
	Client         Feature = "client"
	OtherClient    Feature = "otherClient"
	Signer         Feature = "a credential with role ec or rsa"
	RoleEC         Feature = "a credential with role ec"
	RoleRSA        Feature = "a credential with role rsa"
	RoleSCAL1      Feature = "a credential with role scal1"
	RoleExtendable Feature = "a credential with role extendable"
	RoleDisabled   Feature = "a credential with role disabled"
	RoleExpired    Feature = "a credential with role expired"
	RoleSuspended  Feature = "a credential with role suspended"
	RoleRevoked    Feature = "a credential with role revoked"
	RoleDisposable Feature = "a credential with role disposable"
	RoleLockable   Feature = "a credential with role lockable"
	RoleCode       Feature = "a credential with role code"
	Qualified      Feature = "a credential with role qualified"
	RoleAnd        Feature = "a credential with role and"
	RoleAll        Feature = "a credential with role all"
	RoleOr         Feature = "a credential with role or"
	RoleXor        Feature = "a credential with role xor"
	RoleBrackets   Feature = "a credential with role brackets"
	RoleChallenge  Feature = "a credential with role challenge"
	RoleApart      Feature = "a credential with role apart"
	RoleMatch      Feature = "a credential with role match"
	RoleSeal       Feature = "a credential with role seal"
	RoleSendLock   Feature = "a credential with role sendlock"
	SentCodes      Feature = "commands.otp"
	SentLinks      Feature = "commands.link"
	Account        Feature = "a user with role code and an account"
	Web            Feature = "webClient"
	OtherWeb       Feature = "otherWebClient"
	AssertionKey   Feature = "assertionClient"
	DPoPClient     Feature = "dpopClient"
	MutualClientID Feature = "mutualClient"
	Restricted     Feature = "accountRequired"
	RefreshLife    Feature = "refreshLife"
	Disabling      Feature = "commands.disable and commands.enable"
	Stranger       Feature = "stranger"
	CodeStranger   Feature = "stranger.codeCredential"
	EmptyUser      Feature = "a user without credentials"
	TwoLanguages   Feature = "two languages"
	RateLimit      Feature = "rateLimit"
)

// needed are the features of c and the method it is about.
func (c Case) needed() []Feature {
	method := c.Ref.Method
	switch {
	case method == methodPush || method == methodRevoke:
		// Not every authorization server has these.
	case method == General || method == methodInfo || strings.HasPrefix(method, "oauth2/"):
		return c.Needs
	}
	return slices.Concat([]Feature{Feature(method)}, c.Needs)
}

// lacks says why t cannot be asked about f; nil if it can.
func (t *Target) lacks(ctx context.Context, f Feature) error {
	switch f {
	case OverTLS:
		if !strings.HasPrefix(t.Base, "https://") {
			return unclaimed("the server is asked over plain HTTP")
		}
	case OAuth2Issuer, OAuth2Servers:
		if _, there := t.claims(ctx)[strings.TrimPrefix(string(f), "info.")]; !there {
			return unclaimed("the server does not use " + string(f))
		}
	case RAR:
		if !t.takesDetails(ctx) {
			return unclaimed("the server does not say that it supports authorization_details")
		}
	case Pushing, Revocation:
		if t.lacksMethod(ctx, string(f)) == nil {
			return nil
		}
		return t.lacksMember(ctx, f)
	case DPoP, Introspection, Mutual:
		return t.lacksMember(ctx, f)
	case Synchronous, Asynchronous, FormatC, FormatP, PSS:
		return t.lacksInfo(ctx, f)
	case Patience:
		return nil // the case knows how much it needs
	default:
		if strings.Contains(string(f), "/") {
			return t.lacksMethod(ctx, string(f))
		}
		if !t.Fixtures.provide(f) {
			return unprovided(fmt.Sprintf("the fixtures lack %s", f))
		}
	}
	return nil
}

// lacksInfo is lacks for what info says in another way than by a method.
func (t *Target) lacksInfo(ctx context.Context, f Feature) error {
	switch claims := t.claims(ctx); f {
	case Synchronous:
		if claims["asynchronousOperationMode"] == true {
			return unclaimed("the server signs asynchronously too")
		}
	case Asynchronous:
		if claims["asynchronousOperationMode"] != true {
			return unclaimed("the server does not say that it signs asynchronously")
		}
	case PSS:
		if algos, _ := claims.object("signAlgorithms").strings("algos"); !slices.Contains(algos, oidPSS) {
			return unclaimed("info.signAlgorithms does not name RSASSA-PSS")
		}
	default:
		letter := strings.TrimPrefix(string(f), "info.signature_formats ")
		if names, _ := claims.object("signature_formats").strings("formats"); !slices.Contains(names, letter) {
			return unclaimed("info.signature_formats does not name " + letter)
		}
	}
	return nil
}

// takesDetails reports whether the server, or an authorization server of its,
// says so.
func (t *Target) takesDetails(ctx context.Context) bool {
	claims := t.claims(ctx)
	servers, _ := claims.objects("oauth2Servers")
	return claims["supportsRar"] == true ||
		slices.ContainsFunc(servers, func(o Object) bool { return o["supportsRar"] == true })
}

// announcements are the members of the metadata that announce features.
var announcements = map[Feature]string{
	Pushing: "pushed_authorization_request_endpoint", Revocation: "revocation_endpoint",
	DPoP: "dpop_signing_alg_values_supported", Introspection: "introspection_endpoint", Mutual: "tls_client_certificate_bound_access_tokens",
}

func (t *Target) lacksMember(ctx context.Context, f Feature) error {
	m, _ := t.announced(ctx) // a server need not have them
	if v, there := m[announcements[f]]; !there || v == false {
		return unclaimed("the metadata of the authorization server do not announce " + string(f))
	}
	return nil
}

func (t *Target) lacksMethod(ctx context.Context, method string) error {
	if methods, _ := t.claims(ctx).strings("methods"); !slices.Contains(methods, method) {
		return unclaimed("info.methods does not name " + method)
	}
	return nil
}

// clients are the IDs of those there are.
func (f Fixtures) clients() map[Feature]string {
	return map[Feature]string{
		Client: f.Client.ID, OtherClient: f.OtherClient.ID, Web: f.WebClient.ID, OtherWeb: f.OtherWebClient.ID,
		AssertionKey: f.AssertionClient.ID, DPoPClient: f.DPoPClient.ID, MutualClientID: f.MutualClient.ID,
	}
}

// provide reports whether the fixtures have f.
func (f Fixtures) provide(feature Feature) bool {
	if id, client := f.clients()[feature]; client {
		return id != ""
	}
	switch feature {
	case Restricted:
		return f.AccountRequired
	case RefreshLife:
		return f.RefreshLife > 0
	case Signer:
		return f.has(roleEC) || f.has(roleRSA)
	case Disabling:
		return len(f.Commands.Disable) > 0 && len(f.Commands.Enable) > 0
	case SentCodes:
		return len(f.Commands.OTP) > 0
	case SentLinks:
		return len(f.Commands.Link) > 0
	case Stranger:
		return f.Stranger.User != "" && f.Stranger.Credential != ""
	case CodeStranger:
		return f.Stranger.CodeCredential != ""
	case Account:
		return slices.ContainsFunc(f.holders(roleCode), holding.named)
	case EmptyUser:
		_, ok := f.emptyUser()
		return ok
	case TwoLanguages:
		return len(f.Languages) > 1
	case RateLimit:
		return f.RateLimit > 0
	default:
		role, ok := strings.CutPrefix(string(feature), "a credential with role ")
		return ok && f.has(role)
	}
}
