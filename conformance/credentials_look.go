package conformance

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// everythingOf asks for all there is to know of a credential.
func everythingOf(id string) Object {
	return Object{"credentialID": id, "certificates": "chain", "certInfo": true, "authInfo": true}
}

// described are the credentials the cases look at: one of each role.
func (t *Target) described() []Credential {
	var all []Credential
	for _, role := range []string{roleEC, roleRSA, roleSCAL1, roleDisabled, roleExpired, roleSuspended, roleRevoked} {
		if h := t.Fixtures.holders(role); len(h) > 0 && !slices.ContainsFunc(all, func(c Credential) bool { return c.ID == h[0].Credential.ID }) {
			all = append(all, h[0].Credential)
		}
	}
	return all
}

// description is what t itself says of a credential, asked once.
func (t *Target) description(ctx context.Context, id string) *Answer {
	return see(ctx, t, "credential "+id, func() *Answer { return t.ask(ctx, methodCredentialInfo, everythingOf(id)) })
}

// descriptions are those t gives; what cannot be read is left out.
func (t *Target) descriptions(ctx context.Context) []Object {
	var all []Object
	for _, c := range t.described() {
		if o, err := t.description(ctx, c.ID).WantOK(); err == nil {
			all = append(all, o)
		}
	}
	return all
}

// describes looks at the description of one credential of each role.
func describes(look func(Object) error) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		var errs []error
		for _, c := range t.described() {
			o, err := t.description(ctx, c.ID).WantOK()
			if err == nil {
				err = look(o)
			}
			errs = append(errs, about(c, err))
		}
		return worst(errs...)
	}
}

// about puts the role in front of what was seen.
func about(c Credential, err error) error {
	var v *verdict
	if errors.As(err, &v) {
		return &verdict{v.kind, "the credential with role " + strings.Join(c.Roles, ", ") + ": " + v.text}
	}
	return err
}

// infoOf asks for a credential in another way and looks at the answer.
func infoOf(look func(Object) error, changes ...change) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		o, err := t.ask(ctx, methodCredentialInfo, everythingOf(t.described()[0].ID).but(changes...)).WantOK()
		if err != nil {
			return err
		}
		return look(o)
	}
}

// infoRefused asks for the credential, or for any if there is none.
func infoRefused(w refusal, changes ...change) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		id := rand.Text()
		if all := t.described(); len(all) > 0 {
			id = all[0].ID
		}
		return t.ask(ctx, methodCredentialInfo, everythingOf(id).but(changes...)).want(w)
	}
}

func foreignLikeUnknown(ctx context.Context, t *Target) error {
	foreign := t.ask(ctx, methodCredentialInfo, Object{"credentialID": t.Fixtures.Stranger.Credential})
	unknown := t.ask(ctx, methodCredentialInfo, Object{"credentialID": rand.Text()})
	err := foreign.want(bad("Invalid parameter credentialID"))
	if err == nil && (foreign.Status != unknown.Status || string(foreign.Body) != string(unknown.Body)) {
		return foreign.unlike("what is said of a credential that does not exist: %s", unknown)
	}
	return err
}

// oneOf wants the string name of a group ("": the object itself) to be known.
func oneOf(group, name string, known ...string) func(Object) error {
	return func(o Object) error {
		if group != "" {
			o = o.object(group)
		}
		if s, ok := o.str(name); !ok || !contains(known, s) {
			return unmet("%s is %v", strings.TrimPrefix(group+"."+name, "."), o[name])
		}
		return nil
	}
}

// compared looks at a description beside the certificate in it.
func compared(look func(Object, *x509.Certificate) error) func(Object) error {
	return func(o Object) error {
		all, err := certificates(o)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return unmet("there is no certificate to compare with")
		}
		return look(o, all[0])
	}
}

// keyShape is a public key's size in bits and, for EC, its curve's OID.
func keyShape(c *x509.Certificate) (bits int, curve string) {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen(), ""
	case *ecdsa.PublicKey:
		oids := map[elliptic.Curve]string{elliptic.P256(): oidP256, elliptic.P384(): oidP384, elliptic.P521(): oidP521}
		return key.Curve.Params().BitSize, oids[key.Curve]
	}
	return 0, ""
}

func statusTrue(ctx context.Context, t *Target) error {
	return describes(compared(func(o Object, c *x509.Certificate) error {
		status, there := o.object("cert").str("status")
		late := t.Now().After(c.NotAfter)
		if there && late && status == "valid" || !late && status == "expired" {
			return unmet("cert.status is %s, and the certificate's last moment is %s", status, c.NotAfter.UTC().Format(time.RFC3339))
		}
		return nil
	}))(ctx, t)
}

// statusIs looks at the credential of a role.
func statusIs(role, want string) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		o, err := t.description(ctx, t.Fixtures.holders(role)[0].Credential.ID).WantOK()
		if err != nil {
			return err
		}
		if status, there := o.object("cert").str("status"); there && status != want {
			return unmet("cert.status is %s, and the certificate is %s", status, want)
		}
		return nil
	}
}

func authObjects(o Object) ([]Object, error) {
	auth := o.object("auth")
	objects, ok := auth.objects("objects")
	if mode, _ := auth.str("mode"); mode == "explicit" && !ok {
		return nil, unmet("auth.objects is %v", auth["objects"])
	}
	return objects, nil
}

func objectIDs(o Object) ([]string, error) {
	objects, err := authObjects(o)
	var ids []string
	for _, object := range objects {
		id, _ := object.str("id")
		if id == "" || contains(ids, id) {
			return nil, unmet("auth.objects has an id that is empty or there twice: %q", id)
		}
		ids = append(ids, id)
	}
	return ids, err
}

func eachObject(look func(Object) error) func(Object) error {
	return func(o Object) error {
		objects, err := authObjects(o)
		for _, object := range objects {
			err = worst(err, look(object))
		}
		return err
	}
}

var operators = regexp.MustCompile(`[()]|\b(AND|OR|XOR)\b`)

// undeclared is the first operand of an expression that is none of ids. Ids
// may have blanks in them, so the longest are taken out first.
func undeclared(expression string, ids []string) string {
	longest := slices.SortedFunc(slices.Values(ids), func(a, b string) int { return len(b) - len(a) })
	for _, id := range longest {
		if id != "" {
			expression = strings.ReplaceAll(expression, id, "()")
		}
	}
	rest := strings.Fields(operators.ReplaceAllString(expression, " "))
	if len(rest) == 0 {
		return ""
	}
	return rest[0]
}

// nothingPrivate looks for members and texts no answer ought to have.
func nothingPrivate(path string, v any) error {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			switch strings.ToLower(name) {
			case "pin", "otp", "secret", "password", "seed", "privatekey", "private_key", "totpsecret", "keyid":
				return unmet("there is a member %s%s", path, name)
			}
			if err := nothingPrivate(path+name+".", inner); err != nil {
				return err
			}
		}
	case []any:
		for _, inner := range v {
			if err := nothingPrivate(path, inner); err != nil {
				return err
			}
		}
	case string:
		if strings.Contains(v, "PRIVATE KEY") || strings.HasPrefix(v, "otpauth://") {
			return unmet("%s has a secret in it", strings.TrimSuffix(path, "."))
		}
	}
	return nil
}

var (
	extensionQCStatements = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 3}
)

// statementsTrue compares the OIDs v2.2 lets a server spell out.
func statementsTrue(o Object, c *x509.Certificate) error {
	var policies, statements []string
	for _, p := range c.Policies {
		policies = append(policies, p.String())
	}
	for _, e := range c.Extensions {
		var all []struct {
			ID   asn1.ObjectIdentifier
			Info asn1.RawValue `asn1:"optional"`
		}
		if !e.Id.Equal(extensionQCStatements) {
			continue
		}
		if _, err := asn1.Unmarshal(e.Value, &all); err != nil {
			return unmet("the certificate's QC statements cannot be read: %v", err)
		}
		for _, s := range all {
			statements = append(statements, s.ID.String())
		}
	}
	for name, want := range map[string][]string{"policy": policies, "qcStatements": statements} {
		if !o.object("cert").has(name) {
			continue
		}
		got, ok := o.object("cert").strings(name)
		if !ok || !reflect.DeepEqual(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
			return unmet("cert.%s is %v, the certificate has %v", name, o.object("cert")[name], want)
		}
	}
	return nil
}
