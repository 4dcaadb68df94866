package conformance

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// listCases are the requirements of credentials/list (v2.0.0.2 §11.4) towards
// a client that acts for several users and names one of them.
var listCases = []Case{
	{ID: "list/foreign-user", Check: "CSC-LIST-003", Ref: refTo(methodList), Level: Must, Needs: []Feature{Client, Stranger},
		Says: "userID is no way to another user's list",
		Run: func(ctx context.Context, t *Target) error {
			a := t.ask(ctx, methodList, Object{"userID": t.Fixtures.Stranger.User})
			return a.want(refused())
		}},
	{ID: "list/user", Check: "CSC-LIST-004", Ref: refTo(methodList), Level: Optional, Needs: []Feature{Client, Signer},
		Says: "a client names a user it may act for and gets that user's credentialIDs",
		Run: func(ctx context.Context, t *Target) error {
			a := t.list(ctx)
			ids, err := listed(a)
			for _, c := range t.lister().Credentials {
				if err == nil && !contains(ids, c.ID) {
					return a.unlike("%s in credentialIDs", c.ID)
				}
			}
			return err
		}},
	{ID: "list/user-unknown", Check: "CSC-LIST-005", Ref: refTo(methodList), Level: Must, Needs: []Feature{Client},
		Says: "a userID that is nobody's is refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.ask(ctx, methodList, Object{"userID": "\t" + rand.Text()}).want(bad("Invalid parameter userID"))
		}},
	{ID: "list/user-missing", Check: "CSC-LIST-006", Ref: refTo(methodList), Level: Doubt, Needs: []Feature{Client},
		Says: "a client that names no user is refused or gets a list of its own",
		Run: func(ctx context.Context, t *Target) error {
			a := t.ask(ctx, methodList, Object{})
			if a.Status == 200 {
				_, err := listed(a)
				return err
			}
			return a.want(refused())
		}},
	{ID: "list/no-infos-by-default", Check: "CSC-LIST-007", Ref: refTo(methodList), Level: Must, Needs: []Feature{Client, Signer},
		Says: "unasked, the list has credentialIDs and no credentialInfos",
		Run:  lists(noInfos)},
	{ID: "list/no-infos", Check: "CSC-LIST-008", Ref: refTo(methodList), Level: Must, Needs: []Feature{Client, Signer},
		Says: "with credentialInfo false there are no credentialInfos",
		Run:  lists(noInfos, with("credentialInfo", false))},
	{ID: "list/infos", Check: "CSC-LIST-009", Ref: refTo(methodList), Level: Must, Needs: []Feature{Client, Signer},
		Says: "with credentialInfo true there is one object for each id, with its credentialID",
		Run: lists(func(a *Answer, o Object) error {
			ids, _ := o.strings("credentialIDs")
			infos, ok := o.objects("credentialInfos")
			var of []string
			for _, info := range infos {
				id, _ := info.str("credentialID")
				of = append(of, id)
			}
			if slices.Sort(ids); !ok || !slices.Equal(ids, slices.Sorted(slices.Values(of))) {
				return a.unlike("credentialInfos for just the credentialIDs")
			}
			return nil
		}, withInfos())},
	{ID: "list/certificates-default", Check: "CSC-LIST-010", Ref: refTo(methodList), Level: Must, Needs: []Feature{Client, Signer},
		Says: "unless asked otherwise, each credential comes with the signer's certificate alone",
		Run: lists(eachInfo(func(info Object) error {
			all, err := certificates(info)
			if err == nil && len(all) != 1 {
				return unmet("a credential comes with %d certificates, want one", len(all))
			}
			return err
		}), withInfos())},
	{ID: "list/certificates-none", Check: "CSC-LIST-011", Ref: refTo(methodList), Level: Must, Needs: []Feature{Client, Signer},
		Says: "certificates none keeps them out",
		Run:  lists(eachInfo(noCertificates), withInfos(), with("certificates", "none"))},
	{ID: "list/certificates-chain", Check: "CSC-LIST-012", Ref: refTo(methodList), Level: Must, Needs: []Feature{Client, Signer},
		Says: "certificates chain brings the whole chain, the signer's certificate first, each signed by the next",
		Run: lists(eachInfo(func(info Object) error {
			all, err := certificates(info)
			return worst(err, chained(all))
		}), withInfos(), with("certificates", "chain"))},
	{ID: "list/certificates-invalid", Check: "CSC-LIST-013", Ref: refTo(methodList), Level: Must, Needs: []Feature{Client, Signer},
		Says: "another value of certificates is refused",
		Run: func(ctx context.Context, t *Target) error {
			return t.list(ctx, withInfos(), with("certificates", "x")).want(bad("Invalid parameter certificates"))
		}},
	{ID: "list/certificates-ignored", Check: "CSC-LIST-014", Ref: refTo(methodList), Level: Doubt, Needs: []Feature{Client, Signer},
		Says: "without credentialInfo a bad value of certificates is ignored, or refused",
		Run: func(ctx context.Context, t *Target) error {
			a := t.list(ctx, with("certificates", "x"))
			if a.Status == 400 {
				return a.want(refused())
			}
			_, err := listed(a)
			return err
		}},
	{ID: "list/cert-info-default", Check: "CSC-LIST-015", Ref: refTo(methodList), Level: Must, Needs: []Feature{Client, Signer},
		Says: "unasked, the names and dates of certificates are not spelt out",
		Run:  lists(eachInfo(func(info Object) error { return lacksAll(info.object("cert"), certInfoMembers) }), withInfos())},
	{ID: "list/cert-info", Check: "CSC-LIST-016", Ref: refTo(methodList), Level: Must, Needs: []Feature{Client, Signer},
		Says: "with certInfo true they are: issuer, serial number, subject, first and last day",
		Run: lists(eachInfo(func(info Object) error { return hasStrings(info.object("cert"), certInfoMembers) }),
			withInfos(), with("certInfo", true))},
	{ID: "list/cert-info-ignored", Check: "CSC-LIST-017", Ref: refTo(methodList), Level: Must, Needs: []Feature{Client, Signer},
		Says: "certInfo without credentialInfo is ignored",
		Run:  lists(noInfos, with("certInfo", true))},
	{ID: "list/auth-info-ignored", Check: "CSC-LIST-018", Ref: refTo(methodList), Level: Must, Needs: []Feature{Client, Signer},
		Says: "authInfo without credentialInfo is ignored",
		Run:  lists(noInfos, with("authInfo", true))},
	{ID: "list/auth-info", Check: "CSC-LIST-019", Ref: refTo(methodList), Level: Must, Needs: []Feature{Client, Signer},
		Says: "with authInfo true each credential says how it is authorized",
		Run:  lists(eachInfo(toldAuth), withInfos(), with("authInfo", true))},
	{ID: "list/only-valid", Check: "CSC-LIST-020", Ref: refTo(methodList), Level: Optional, Needs: []Feature{Client, RoleDisabled},
		Says: "a server that says onlyValid in return lists no credential that cannot sign",
		Run:  onlyValid(true)},
	{ID: "list/only-valid-unsupported", Check: "CSC-LIST-021", Ref: refTo(methodList), Level: Optional, Needs: []Feature{Client, RoleDisabled},
		Says: "a server that lists unusable credentials does not say onlyValid in return",
		Run:  onlyValid(false)},
	{ID: "list/only-valid-unasked", Check: "CSC-LIST-022", Ref: refTo(methodList), Level: Must, Needs: []Feature{Client, Signer},
		Says: "unasked, the server does not say onlyValid",
		Run: lists(func(a *Answer, o Object) error {
			if o.has("onlyValid") && o["onlyValid"] != false {
				return a.unlike("no onlyValid")
			}
			return nil
		})},
	{ID: "list/empty", Check: "CSC-LIST-023", Ref: refTo(methodList), Level: Doubt, Needs: []Feature{Client, EmptyUser},
		Says: "a user without credentials has an empty list",
		Run: func(ctx context.Context, t *Target) error {
			u, _ := t.Fixtures.emptyUser()
			a := t.ask(ctx, methodList, Object{"userID": u.ID})
			ids, err := listed(a)
			if err == nil && len(ids) > 0 {
				return a.unlike("no credentialIDs")
			}
			return err
		}},
	{ID: "list/ids-resolve", Check: "CSC-LIST-024", Ref: refTo(methodList), Level: Must, Needs: []Feature{Client, Signer, methodCredentialInfo},
		Says: "credentials/info knows every id of the list",
		Run: func(ctx context.Context, t *Target) error {
			ids, err := listed(t.list(ctx))
			for _, id := range ids {
				_, e := t.ask(ctx, methodCredentialInfo, Object{"credentialID": id}).WantOK()
				err = worst(err, e)
			}
			return err
		}},
	{ID: "list/agrees-with-info", Check: "CSC-LIST-025", Ref: refTo(methodList), Level: Must, Needs: []Feature{Client, Signer, methodCredentialInfo},
		Says: "the list and credentials/info say the same of a credential",
		Run:  listAgrees},
	{ID: "list/malformed-header", Check: "CSC-LIST-026", Ref: refTo(methodList), Level: Must,
		Says: "an Authorization header that is none is refused",
		Run: func(ctx context.Context, t *Target) error {
			return malformed(ctx, t, methodList).want(malformedHeader())
		}},
	{ID: "list/wrong-type", Check: "CSC-LIST-028", Ref: refTo(methodList), Level: Doubt, Needs: []Feature{Client, Signer},
		Says: "credentialInfo as a string is refused or taken for false",
		Run: func(ctx context.Context, t *Target) error {
			a := t.list(ctx, with("credentialInfo", "true"))
			if a.Status == 400 {
				return a.want(refused())
			}
			o, err := a.WantOK()
			return worst(err, noInfos(a, o))
		}},
}

func withInfos() change { return with("credentialInfo", true) }

// certInfoMembers are what certInfo asks for.
var certInfoMembers = []string{"issuerDN", "serialNumber", "subjectDN", "validFrom", "validTo"}

// lister is the user whose list the cases look at: one with a credential that
// can sign.
func (t *Target) lister() User {
	for _, role := range []string{roleEC, roleRSA} {
		if all := t.Fixtures.holders(role); len(all) > 0 {
			return all[0].User
		}
	}
	return User{}
}

func (t *Target) listBody() []byte {
	text, _ := json.Marshal(Object{"userID": t.lister().ID}) // never fails
	return text
}

// list asks for the lister's list.
func (t *Target) list(ctx context.Context, changes ...change) *Answer {
	return t.ask(ctx, methodList, Object{"userID": t.lister().ID}.but(changes...))
}

// listed are the credentialIDs of a good answer.
func listed(a *Answer) ([]string, error) {
	o, err := a.WantOK()
	if err != nil {
		return nil, err
	}
	ids, ok := o.strings("credentialIDs")
	if !ok {
		return nil, a.unlike("an array of strings credentialIDs")
	}
	return ids, nil
}

// lists asks for the list, with changes, and looks at it.
func lists(look func(*Answer, Object) error, changes ...change) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		a := t.list(ctx, changes...)
		if _, err := listed(a); err != nil {
			return err
		}
		o, err := a.Object()
		return worst(err, look(a, o))
	}
}

func noInfos(a *Answer, o Object) error {
	if o.has("credentialInfos") {
		return a.unlike("no credentialInfos")
	}
	return nil
}

// eachInfo looks at each of credentialInfos, of which there must be one.
func eachInfo(look func(Object) error) func(*Answer, Object) error {
	return func(a *Answer, o Object) error {
		infos, ok := o.objects("credentialInfos")
		if !ok || len(infos) == 0 {
			return a.unlike("credentialInfos")
		}
		for _, info := range infos {
			if err := look(info); err != nil {
				return err
			}
		}
		return nil
	}
}

func noCertificates(info Object) error {
	if info.object("cert").has("certificates") {
		return unmet("cert.certificates is there")
	}
	return nil
}

func lacksAll(o Object, names []string) error {
	for _, name := range names {
		if o.has(name) {
			return unmet("%s is there", name)
		}
	}
	return nil
}

func hasStrings(o Object, names []string) error {
	for _, name := range names {
		if s, _ := o.str(name); s == "" {
			return unmet("%s is not there", name)
		}
	}
	return nil
}

// toldAuth wants the group authInfo asks for.
func toldAuth(info Object) error {
	auth := info.object("auth")
	mode, _ := auth.str("mode")
	if _, ok := auth.objects("objects"); mode == "" || mode == "explicit" && !ok {
		return unmet("auth is %v", info["auth"])
	}
	return nil
}

// onlyValid asks the user with a disabled credential. supporting is whether the
// case is about a server that obeys or about one that does not.
func onlyValid(supporting bool) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		h := t.Fixtures.holders(roleDisabled)[0]
		a := t.ask(ctx, methodList, Object{"userID": h.User.ID, "onlyValid": true})
		ids, err := listed(a)
		if err != nil {
			return err
		}
		o, _ := a.Object()
		says := o["onlyValid"] == true
		if _, isBool := o["onlyValid"].(bool); o.has("onlyValid") && !isBool {
			return a.unlike("onlyValid to be a boolean")
		}
		if supporting && !says {
			return unclaimed("the server does not support onlyValid")
		}
		unusable := slices.ContainsFunc(h.User.Credentials, func(c Credential) bool {
			return (c.is(roleDisabled) || c.is(roleExpired)) && contains(ids, c.ID)
		})
		if unusable && says {
			return a.unlike("no disabled or expired credential beside onlyValid")
		}
		return nil
	}
}

func listAgrees(ctx context.Context, t *Target) error {
	view := []change{with("certificates", "chain"), with("certInfo", true), with("authInfo", true)}
	o, err := t.list(ctx, append(view, withInfos())...).WantOK()
	if err != nil {
		return err
	}
	infos, _ := o.objects("credentialInfos")
	if len(infos) == 0 {
		return unmet("there are no credentialInfos to compare")
	}
	for _, info := range infos {
		a := t.ask(ctx, methodCredentialInfo, Object{"credentialID": info["credentialID"]}.but(view...))
		alone, err := a.WantOK()
		if err != nil {
			return err
		}
		if err := sameMembers(info.but(without("credentialID")), alone.but(without("credentialID"))); err != nil {
			return err
		}
	}
	return nil
}

// sameMembers names the members in which two descriptions differ.
func sameMembers(listed, alone Object) error {
	var differ []string
	for _, name := range slices.Sorted(maps.Keys(mergedKeys(listed, alone))) {
		if !reflect.DeepEqual(listed[name], alone[name]) {
			differ = append(differ, name)
		}
	}
	if len(differ) > 0 {
		return unmet("credentials/list and credentials/info differ in %s", strings.Join(differ, ", "))
	}
	return nil
}

func mergedKeys(a, b Object) Object {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}
