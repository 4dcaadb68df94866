package server

import (
	"context"
	"slices"
	"strings"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/csc/v1"
)

// A flat is the authentication objects of a credential as v1 has room for them:
// one PIN, one OTP, and what the server asks the signer by itself.
type flat struct {
	mode       v1.AuthMode
	pin, otp   *csc.AuthObject // nil if the credential has none that can be of use
	apart      string          // id of what is approved apart; "" for nothing
	expression credentials.Expression
}

// flat is that of a credential of the caller's.
func (f facade) flat(ctx context.Context, who credentials.Caller, id string) (flat, error) {
	told, err := f.Server.credentialsInfo(ctx, who, csc.CredentialInfoRequest{
		CredentialID: id, View: csc.View{AuthInfo: true, Certificates: csc.CertificatesNone},
	})
	if err != nil {
		return flat{}, err
	}
	return flatten(told.Auth)
}

// flatten reads what credentials/info says in v2. Of several codes the first one
// is OTP that, with the PIN or without, is a proof.
func flatten(auth csc.AuthInfo) (flat, error) {
	if auth.Mode != csc.Explicit || auth.Objects == nil {
		return flat{mode: v1.AuthMode(auth.Mode)}, nil
	}
	objects := *auth.Objects
	if len(objects) == 0 {
		return flat{mode: v1.Implicit}, nil
	}
	all, err := expressionOf(auth.Expression, objects)
	if err != nil {
		return flat{}, err
	}
	f := flat{mode: v1.Explicit, expression: all}
	for i, o := range objects {
		if o.Type == csc.TypePasswordOOB {
			f.apart = o.ID
		}
		if o.Type == csc.TypePassword && o.Generator == "" {
			f.pin = &objects[i]
		}
	}
	for i, o := range objects {
		if f.otp == nil && (o.Type == csc.TypeChallenge || o.Type == csc.TypePassword && o.Generator != "") {
			if f.otp = &objects[i]; !f.proof(false, true) && !f.proof(true, true) {
				f.otp = nil
			}
		}
	}
	if f.tellPIN().Presence == v1.Unwanted && f.tellOTP().Presence == v1.Unwanted && f.proof(false, false) {
		f.mode = v1.Implicit
	}
	return f, nil
}

// expressionOf reads auth/expression; without one all objects are needed (§11.4).
func expressionOf(text string, objects []csc.AuthObject) (credentials.Expression, error) {
	var ids []string
	for _, o := range objects {
		ids = append(ids, o.ID)
	}
	if text == "" {
		text = strings.Join(ids, " AND ")
	}
	return credentials.ParseExpression(text, ids)
}

// ids are the objects that are proved by a PIN, an OTP or both, and by what the
// server asks by itself if it is not enough without.
func (f flat) ids(pin, otp bool) []string {
	var ids []string
	if pin && f.pin != nil {
		ids = append(ids, f.pin.ID)
	}
	if otp && f.otp != nil {
		ids = append(ids, f.otp.ID)
	}
	if f.apart != "" && !f.expression.Satisfied(ids) {
		ids = append(ids, f.apart)
	}
	return ids
}

// proof reports whether a PIN, an OTP, both or neither are enough. What the
// credential does not have is none.
func (f flat) proof(pin, otp bool) bool {
	if pin && f.pin == nil || otp && f.otp == nil {
		return false
	}
	return f.expression.Satisfied(f.ids(pin, otp))
}

// data is the PIN and the OTP of a request in the words of v2, and with them what
// the server asks by itself. What the credential does not have is given all the
// same, under v1's name, so that it is refused where everything is.
func (f flat) data(pin, otp csc.Secret) []csc.AuthData {
	if f.mode == v1.Implicit && f.apart == "" && pin == "" && otp == "" {
		return nil
	}
	var data []csc.AuthData
	add := func(o *csc.AuthObject, name string, value csc.Secret) {
		switch {
		case value == "":
		case o == nil:
			data = append(data, csc.AuthData{ID: "v1 " + name, Value: value})
		default:
			data = append(data, csc.AuthData{ID: o.ID, Value: value})
		}
	}
	add(f.pin, "PIN", pin)
	add(f.otp, "OTP", otp)
	if f.apart != "" && slices.Contains(f.ids(pin != "", otp != ""), f.apart) {
		data = append(data, csc.AuthData{ID: f.apart})
	}
	return data
}

// waits reports whether the signer has to approve.
func (f flat) waits(data []csc.AuthData) bool {
	return f.apart != "" && slices.ContainsFunc(data, func(d csc.AuthData) bool { return d.ID == f.apart })
}

// presence is whether a factor is asked for: with and without are whether there is
// a proof with it, and without it.
func presence(with, without bool) v1.Presence {
	switch {
	case with && without:
		return v1.Optional
	case with:
		return v1.Wanted
	}
	return v1.Unwanted
}

func (f flat) tellPIN() *v1.PIN {
	is := presence(f.proof(true, false) || f.proof(true, true), f.proof(false, false) || f.proof(false, true))
	if is == v1.Unwanted {
		return &v1.PIN{Presence: is}
	}
	return &v1.PIN{Presence: is, Format: f.pin.Format, Label: f.pin.Label, Description: f.pin.Description}
}

func (f flat) tellOTP() *v1.OTP {
	is := presence(f.proof(false, true) || f.proof(true, true), f.proof(false, false) || f.proof(true, false))
	if is == v1.Unwanted {
		return &v1.OTP{Presence: is}
	}
	told := &v1.OTP{
		Presence: is, Type: v1.Offline, Format: f.otp.Format, Label: f.otp.Label, Description: f.otp.Description,
		ID: f.otp.ID, Provider: f.otp.Generator,
	}
	if f.otp.Type == csc.TypeChallenge {
		told.Type = v1.Online
	}
	return told
}
