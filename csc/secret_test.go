package csc_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/pecete/pecete/csc"
)

const hunter = csc.Secret("hunter2")

// leaks reports whether text has hunter in it, in any of the ways fmt and JSON
// write a string.
func leaks(text string) bool {
	raw := []byte("hunter2")
	spellings := []string{
		"hunter2", hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)),
		fmt.Sprintf("% x", raw), fmt.Sprintf("%d", raw), fmt.Sprint(raw),
		base64.StdEncoding.EncodeToString(raw)[:8], "unter",
	}
	for _, s := range spellings {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

// shapes are the ways a Secret lies in what is printed.
func shapes() map[string]any {
	secret := hunter
	authorize := csc.AuthorizeRequest{CredentialID: "c_1", AuthData: []csc.AuthData{{ID: "OTP", Value: hunter}}}
	signHash := csc.SignHashRequest{CredentialID: "c_1", SAD: hunter}
	return map[string]any{
		"itself":                hunter,
		"a pointer":             &secret,
		"a slice":               []csc.Secret{hunter},
		"an array":              [1]csc.Secret{hunter},
		"a map's value":         map[string]csc.Secret{"SAD": hunter},
		"a map's key":           map[csc.Secret]int{hunter: 1},
		"an interface":          []any{hunter},
		"a struct":              struct{ SAD csc.Secret }{hunter},
		"a struct in a struct":  struct{ In struct{ SAD csc.Secret } }{struct{ SAD csc.Secret }{hunter}},
		"a factor":              csc.AuthData{ID: "OTP", Value: hunter},
		"factors":               []csc.AuthData{{ID: "OTP", Value: hunter}},
		"an authorize request":  authorize,
		"a pointer to it":       &authorize,
		"an authorize answer":   csc.AuthorizeResponse{SAD: hunter, ExpiresIn: 300},
		"a signHash request":    signHash,
		"a pointer to that one": &signHash,
	}
}

func TestSecretNeverPrints(t *testing.T) {
	formats := []string{
		"%v", "%+v", "%#v", "%s", "%q", "%#q", "%+q", "%x", "%X", "% x", "%d", "%c", "%U", "%t", "%e", "%b", "%o", "%10s", "%-10.3s|", "%.4v", "%z", "%!",
	}
	noVerb := "sign"
	for says, shape := range shapes() {
		for _, format := range formats {
			if got := fmt.Sprintf(format, shape); leaks(got) {
				t.Errorf("%s in %s is %s", format, says, got)
			}
		}
		for print, got := range map[string]string{
			"Sprint":       fmt.Sprint(shape),
			"Sprintln":     fmt.Sprintln("a", shape),
			"Errorf":       fmt.Errorf("sign: %w: %v", errors.ErrUnsupported, shape).Error(),
			"an Error":     csc.Refused("Invalid parameter SAD", fmt.Errorf("spend %v", shape)).Error(),
			"one too many": fmt.Sprintf(noVerb, shape),
		} {
			if leaks(got) {
				t.Errorf("%s of %s is %s", print, says, got)
			}
		}
	}
	if got := hunter.String() + hunter.GoString() + fmt.Sprintf("%d", hunter); got != "………" {
		t.Errorf("a Secret is %s", got)
	}
}

// A log gets no secret from a Secret, nor from a type of this package that has
// one in it.
func TestSecretNeverLogs(t *testing.T) {
	loose := map[string]bool{ // left to the caller by encoding/json: see Secret
		"a slice": true, "an array": true, "a map's value": true, "a map's key": true,
		"an interface": true, "a struct": true, "a struct in a struct": true, "factors": true,
	}
	for says, shape := range shapes() {
		var text, marshalled bytes.Buffer
		handlers := []slog.Handler{slog.NewTextHandler(&text, nil)}
		if !loose[says] {
			handlers = append(handlers, slog.NewJSONHandler(&marshalled, nil))
		}
		for _, h := range handlers {
			log := slog.New(h).With(slog.Any("with", shape))
			log.Info("a line", slog.Any("any", shape), slog.Group("in", slog.Any("a group", shape)))
			log.Error("an error", slog.Any("err", csc.Refused("Invalid parameter SAD", fmt.Errorf("spend %v", shape))))
			log.Error("a loose one", "loose", shape)
		}
		if leaks(text.String()) {
			t.Errorf("%s in a text log:\n%s", says, &text)
		}
		if leaks(marshalled.String()) {
			t.Errorf("%s in a JSON log:\n%s", says, &marshalled)
		}
	}
}

func TestWhatALogGets(t *testing.T) {
	tests := []struct {
		says  string
		value any
		want  string
	}{
		{"a secret", hunter, `"…"`},
		{"a factor", csc.AuthData{ID: "OTP", Value: hunter}, `{"id":"OTP"}`},
		{"an authorize answer", csc.AuthorizeResponse{SAD: hunter, ExpiresIn: 300}, `{"expiresIn":300}`},
		{
			"an authorize request",
			csc.AuthorizeRequest{CredentialID: "c_1", NumSignatures: 2, Hashes: []csc.Digest{{1}, {2}}, HashAlgorithmOID: csc.OIDSHA256, AuthData: []csc.AuthData{{ID: "OTP", Value: hunter}}, Description: "hunter2", ClientData: "hunter2"},
			`{"credentialID":"c_1","numSignatures":2,"hashes":2,"hashAlgorithmOID":"2.16.840.1.101.3.4.2.1","authData":1,"clientData":7}`,
		},
		{
			"a signHash request",
			csc.SignHashRequest{CredentialID: "c_1", SAD: hunter, Hashes: []csc.Digest{{1}}, SignAlgo: csc.OIDRSASSAPSS, ClientData: "hunter2"},
			`{"credentialID":"c_1","hashes":1,"hashAlgorithmOID":"","signAlgo":"1.2.840.113549.1.1.10","operationMode":"","clientData":7}`,
		},
		{
			"a signDoc request",
			csc.SignDocRequest{
				CredentialID: "c_1", SAD: hunter, Documents: []csc.Document{{Document: []byte("hunter2")}},
				Operation: csc.Operation{OperationMode: "A", ResponseURI: "https://hunter2.example/"}, ClientData: "hunter2",
			},
			`{"credentialID":"c_1","signatureQualifier":"","documentDigests":0,"documents":1,"operationMode":"A","clientData":7}`,
		},
	}
	for _, test := range tests {
		var line bytes.Buffer
		slog.New(slog.NewJSONHandler(&line, nil)).Info("a line", slog.Any("it", test.value))
		var got struct {
			It json.RawMessage `json:"it"`
		}
		if err := json.Unmarshal(line.Bytes(), &got); err != nil || string(got.It) != test.want {
			t.Errorf("of %s a log gets %s, %v; want %s", test.says, got.It, err, test.want)
		}
	}
}

// On the wire a Secret is what it is.
func TestSecretOnTheWire(t *testing.T) {
	body, err := json.Marshal(csc.AuthorizeResponse{SAD: hunter, ExpiresIn: 300})
	if want := `{"SAD":"hunter2","expiresIn":300}`; err != nil || string(body) != want {
		t.Errorf("on the wire: %s, %v; want %s", body, err, want)
	}
	var got csc.SignHashRequest
	if err := json.Unmarshal([]byte(`{"SAD":"hunter2"}`), &got); err != nil || got.SAD != hunter {
		t.Errorf("from the wire: %t, %v", got.SAD == hunter, err)
	}
}
