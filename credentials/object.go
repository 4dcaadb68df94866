package credentials

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/users"
)

// The ids of the authentication objects there are (v2.0.0.2 §8.3.1). Which of
// them a credential has, and how they go together, the operator says.
const (
	// FactorCode is the code of the authenticator, which every credential has if
	// nothing else is said.
	FactorCode = "OTP"
	FactorPIN  = "PIN"
	// FactorEmail and FactorSMS are a code that the signer is sent.
	FactorEmail = "EMAIL"
	FactorSMS   = "SMS"
	// FactorApproval and FactorMatch are an approval on a page of ours, with a
	// code of the authenticator; with FactorMatch, also with the number that the
	// application shows, so that nobody approves what another began.
	FactorApproval = "APPROVAL"
	FactorMatch    = "MATCH"
)

// An object is an authentication object: what clients are told of it, and the
// factor behind it.
type object struct {
	csc.AuthObject
	factor string // of package users
	texts  map[string]objectTexts
	// send is how the signer gets a challenge or a link, and where; nil if none.
	send func(notify.Post, users.User) (by notify.Sender, to string)
	// apart says that the signer answers on a page of ours and not in the
	// application, and shows that the application has a number to show.
	apart, shows bool
}

type objectTexts struct{ label, description string }

func byMail(p notify.Post, u users.User) (notify.Sender, string) { return p.Mail, u.Email }
func bySMS(p notify.Post, u users.User) (notify.Sender, string)  { return p.SMS, u.Phone }

// anyWay is to the phone if there is one, which is nearer to people, else by
// mail.
func anyWay(p notify.Post, u users.User) (notify.Sender, string) {
	if p.SMS != nil && u.Phone != "" {
		return p.SMS, u.Phone
	}
	return p.Mail, u.Email
}

// objects are all there are, in the order in which they are listed.
var objects = []object{
	{
		AuthObject: csc.AuthObject{Type: csc.TypePassword, ID: FactorPIN, Format: "N"}, factor: users.FactorPIN,
		texts: map[string]objectTexts{
			"en": {"PIN", "Your PIN for signing"},
			"ro": {"PIN", "PIN-ul dumneavoastră de semnare"},
		},
	},
	{
		AuthObject: csc.AuthObject{Type: csc.TypePassword, ID: FactorCode, Format: "N", Generator: "totp"}, factor: users.FactorCode,
		texts: map[string]objectTexts{
			"en": {"Code", "The six digits your authenticator app shows now"},
			"ro": {"Cod", "Cele șase cifre pe care le arată acum aplicația de autentificare"},
		},
	},
	{
		AuthObject: csc.AuthObject{Type: csc.TypeChallenge, ID: FactorEmail, Format: "N"}, factor: users.FactorEmail, send: byMail,
		texts: map[string]objectTexts{
			"en": {"Code by e-mail", "The six digits that were sent to your e-mail address"},
			"ro": {"Cod prin e-mail", "Cele șase cifre trimise la adresa dumneavoastră de e-mail"},
		},
	},
	{
		AuthObject: csc.AuthObject{Type: csc.TypeChallenge, ID: FactorSMS, Format: "N"}, factor: users.FactorSMS, send: bySMS,
		texts: map[string]objectTexts{
			"en": {"Code by SMS", "The six digits that were sent to your phone"},
			"ro": {"Cod prin SMS", "Cele șase cifre trimise pe telefonul dumneavoastră"},
		},
	},
	{
		AuthObject: csc.AuthObject{Type: csc.TypePasswordOOB, ID: FactorApproval}, factor: users.FactorCode, send: anyWay, apart: true,
		texts: map[string]objectTexts{
			"en": {"Approval", "Open the link that you were sent, look at what is to be signed, and approve it there"},
			"ro": {"Acord", "Deschideți linkul primit, priviți ce este de semnat și dați-vă acordul acolo"},
		},
	},
	{
		AuthObject: csc.AuthObject{Type: csc.TypeChallengeOOB, ID: FactorMatch}, factor: users.FactorMatch, send: anyWay, apart: true, shows: true,
		texts: map[string]objectTexts{
			"en": {"Approval with a number", "Open the link that you were sent, look at what is to be signed, and type the number shown here when you approve it there"},
			"ro": {"Acord cu număr", "Deschideți linkul primit, priviți ce este de semnat și scrieți numărul arătat aici când vă dați acordul acolo"},
		},
	},
}

// Objects are the ids of all authentication objects.
func Objects() []string {
	var ids []string
	for _, o := range objects {
		ids = append(ids, o.ID)
	}
	return ids
}

func objectOf(id string) (object, bool) {
	i := slices.IndexFunc(objects, func(o object) bool { return o.ID == id })
	if i < 0 {
		return object{}, false
	}
	return objects[i], true
}

// in is what clients are told in a language that there is.
func (o object) in(lang string) csc.AuthObject {
	told := o.AuthObject
	told.Label, told.Description = o.texts[lang].label, o.texts[lang].description
	return told
}

// Language is the language of texts for who asked for one (RFC 5646), English
// if there are none in that.
func Language(asked string) string {
	if primary, _, _ := strings.Cut(strings.ToLower(asked), "-"); primary == "ro" {
		return primary
	}
	return "en"
}

// Factors are how a credential of mode explicit is authorized, as an operator
// says it: an expression such as PIN AND (OTP OR SMS), a list such as PIN,OTP,
// of which all are needed, or NoFactors. "" is the authenticator's code alone.
type Factors string

// NoFactors asks for nothing. Only a client that acts for itself may authorize a
// credential that has none, as it does for seals (§8.5).
const NoFactors Factors = "none"

// ErrSealed says that a seal is to be authorized by what no machine has.
var ErrSealed = fmt.Errorf("credentials: a seal is of mode explicit, and its factors are %s or %s", FactorPIN, NoFactors)

// Mechanical reports whether a machine can give what f asks for.
func (f Factors) Mechanical() bool { return f == NoFactors || f == FactorPIN }

// ErrFactors says that Factors cannot be; what is wrong stands behind it.
var ErrFactors = errors.New("credentials: not a way to authorize")

// Check returns f in its one form, or what is wrong with it.
func (f Factors) Check() (Factors, error) {
	if f == NoFactors {
		return f, nil
	}
	rule, err := f.rule()
	if err != nil {
		return f, err
	}
	if !rule.whole.Possible() {
		return f, fmt.Errorf("%w: nobody could ever fulfil %s", ErrFactors, f)
	}
	if slices.Contains(rule.ids, FactorApproval) && slices.Contains(rule.ids, FactorMatch) {
		return f, fmt.Errorf("%w: %s is %s with more, take one of them", ErrFactors, FactorMatch, FactorApproval)
	}
	if rule.told == "" {
		return Factors(strings.Join(rule.ids, ",")), nil
	}
	return Factors(rule.told), nil
}

// A rule is Factors that were read.
type rule struct {
	ids   []string // of the objects, in the order in which they are listed
	told  string   // auth/expression; "" where all objects are needed (§11.4)
	whole Expression
}

// rule reads f. NoFactors have none.
func (f Factors) rule() (rule, error) {
	text := cmp.Or(string(f), FactorCode)
	list := strings.Split(text, ",")
	if len(list) > 1 {
		text = strings.Join(list, " "+string(opAnd)+" ")
	}
	e, err := ParseExpression(text, Objects())
	if err != nil {
		return rule{}, err
	}
	if len(list) > 1 && len(e.IDs()) != len(list) {
		return rule{}, fmt.Errorf("%w: %s has an object twice", ErrFactors, f)
	}
	r := rule{whole: e}
	for _, o := range objects {
		if slices.Contains(e.IDs(), o.ID) {
			r.ids = append(r.ids, o.ID)
		}
	}
	if len(list) == 1 && len(r.ids) > 1 {
		r.told = e.String()
	}
	return r, nil
}

// object is the object id, if it is one of f.
func (f Factors) object(id string) (object, bool) {
	o, known := objectOf(id)
	if !known || f == NoFactors {
		return o, false
	}
	r, err := f.rule()
	return o, err == nil && slices.Contains(r.ids, id)
}

// Unreachable are the ids of the objects whose challenges could not be sent.
func (f Factors) Unreachable(p notify.Post, signer users.User) (ids []string) {
	for _, o := range objects {
		if _, asks := f.object(o.ID); !asks || o.send == nil {
			continue
		}
		if by, to := o.send(p, signer); by == nil || to == "" {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

// info is what clients are told.
func (f Factors) info(lang string) (objects *[]csc.AuthObject, expression string, err error) {
	told := []csc.AuthObject{}
	if f == NoFactors {
		return &told, "", nil
	}
	r, err := f.rule()
	if err != nil {
		return nil, "", err
	}
	for _, id := range r.ids {
		o, _ := objectOf(id)
		told = append(told, o.in(lang))
	}
	return &told, r.told, nil
}
