package sample

import "slices"

// A Rule is one that a server of the API keeps, and that this one can be told
// not to.
type Rule string

// The rules, and what a server does that does not keep them.
const (
	Replays        Rule = "replays"          // an authorization signs again and again
	AnyHash        Rule = "any-hash"         // and any hash
	HashSet        Rule = "hash-set"         // an agreed hash may be signed instead of another one
	NeverExpires   Rule = "never-expires"    // tokens and authorizations last for ever
	AnyProof       Rule = "any-proof"        // any PIN or code will do
	AnyUser        Rule = "any-user"         // userID overrides whose token it is
	AnyClient      Rule = "any-client"       // a SAD is good for every client
	NoPKCE         Rule = "no-pkce"          // the verifier is not looked at
	CodeTwice      Rule = "code-twice"       // an authorization code is good twice
	AnyRedirect    Rule = "any-redirect"     // signers are sent anywhere
	BadSignature   Rule = "bad-signature"    // of another hash than the one asked for
	WrongOrder     Rule = "wrong-order"      // signatures come in another order
	FirstOnly      Rule = "first-only"       // only the first hash is signed
	Fails500       Rule = "fails-500"        // whatever is refused is a 500
	Traces         Rule = "traces"           // errors tell where in the program
	Misspells      Rule = "misspells"        // the method is credentials/authorise
	CountIsText    Rule = "count-is-text"    // numSignatures must be a string
	Boasts         Rule = "boasts"           // info names methods and formats that are not there
	CreatesOnList  Rule = "creates-on-list"  // credentials/list makes a credential each time
	GetInfoOnly    Rule = "get-info-only"    // info is asked by GET
	PlainBase64    Rule = "no-padding"       // Base64 comes without padding
	ErrorsInHTML   Rule = "errors-in-html"   // errors are pages
	TellsPasswords Rule = "tells-parameters" // errors repeat what was sent
)

var says = map[Rule]string{
	Replays:        "an authorization signs again and again, until it expires",
	AnyHash:        "an authorization signs other hashes than those agreed on",
	HashSet:        "an agreed hash is signed twice, in place of another one",
	NeverExpires:   "tokens and authorizations last for ever",
	AnyProof:       "any PIN or code will do",
	AnyUser:        "userID decides whose credentials are listed, not the token",
	AnyClient:      "an authorization is good for every client",
	NoPKCE:         "the code verifier is not looked at",
	CodeTwice:      "an authorization code is good twice",
	AnyRedirect:    "signers are sent to any redirect_uri",
	BadSignature:   "the signature is not of the hash that was asked for",
	WrongOrder:     "signatures come in another order than the hashes",
	FirstOnly:      "only the first hash is signed",
	Fails500:       "whatever is refused is answered with 500",
	Traces:         "errors tell where in the program they come from",
	Misspells:      "credentials/authorize is called credentials/authorise",
	CountIsText:    "numSignatures must be a string",
	Boasts:         "info names methods and formats that are not there",
	CreatesOnList:  "credentials/list makes a credential each time",
	GetInfoOnly:    "info answers GET and nothing else",
	PlainBase64:    "Base64 comes without padding",
	ErrorsInHTML:   "errors are HTML pages",
	TellsPasswords: "errors repeat what was sent, secrets too",
}

// Rules are all rules, in alphabetical order.
func Rules() []Rule {
	var all []Rule
	for rule := range says {
		all = append(all, rule)
	}
	slices.Sort(all)
	return all
}

// Says is what a server does that does not keep the rule; "" if there is no such
// rule.
func (r Rule) Says() string { return says[r] }

// A Habit is a set of rules that servers in the field were seen not to keep
// together.
type Habit struct {
	Name, Says string
	Off        []Rule
}

// Habits are those that are known.
func Habits() []Habit {
	return []Habit{
		{"relay", "hands hashes on to a key and asks no more questions", []Rule{Replays, AnyHash, Traces}},
		{"counter", "counts, and looks up hashes in a set; takes the word of its clients for who they act for", []Rule{HashSet, AnyUser, AnyClient, Fails500}},
		{"prototype", "grew out of a demonstration", []Rule{Misspells, AnyProof, FirstOnly, CountIsText, NeverExpires}},
		{"promiser", "promises in info what it does not have, and makes credentials as it lists them", []Rule{Boasts, CreatesOnList, Replays}},
	}
}
