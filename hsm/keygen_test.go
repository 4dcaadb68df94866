package hsm_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/pkcs11"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/hsm"
	"github.com/pecete/pecete/hsm/hsmtest"
)

func TestGenerateRefuses(t *testing.T) {
	token := hsmtest.New(t)
	for _, test := range []struct {
		name  string
		spec  csc.KeySpec
		label string
	}{
		{"RSA of 2048 bits without leave", csc.RSA2048, "Demo Signer"},
		{"an unknown kind", "P-224", "Demo Signer"},
		{"no kind", "", "Demo Signer"},
		{"no label", csc.P256, ""},
	} {
		if _, err := token.Generate(t.Context(), test.spec, test.label); err == nil {
			t.Errorf("%s was generated", test.name)
		}
	}
	if _, err := token.GenerateSecret(t.Context(), ""); err == nil {
		t.Error("a secret key without label was generated")
	}
	if _, err := token.Find(t.Context(), "Demo Signer"); !errors.Is(err, hsm.ErrNoKey) {
		t.Errorf("Find: %v, want ErrNoKey", err)
	}
}

// A device that makes another key than it was asked for does not get away with
// it, and the key is gone. SoftHSM makes what the template says, so that a weak
// template is what a disobedient device would make.
func TestWeakKeysAreDestroyed(t *testing.T) {
	token := hsmtest.New(t)
	for name, attribute := range map[string]*pkcs11.Attribute{
		"extractable":   pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, true),
		"not sensitive": pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, false),
		"public":        pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, false),
		"modifiable":    pkcs11.NewAttribute(pkcs11.CKA_MODIFIABLE, true),
		"decrypts":      pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true),
		"unwraps":       pkcs11.NewAttribute(pkcs11.CKA_UNWRAP, true),
		"derives":       pkcs11.NewAttribute(pkcs11.CKA_DERIVE, true),
		"recovers":      pkcs11.NewAttribute(pkcs11.CKA_SIGN_RECOVER, true),
		"does not sign": pkcs11.NewAttribute(pkcs11.CKA_SIGN, false),
		"is not kept":   pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false),
	} {
		t.Run(name, func(t *testing.T) {
			id, err := token.GenerateWith(t.Context(), csc.P256, name, attribute)
			if !errors.Is(err, hsm.ErrAttributes) {
				t.Errorf("%v, want ErrAttributes", err)
			}
			if _, err := token.Key(t.Context(), id); !errors.Is(err, hsm.ErrNoKey) {
				t.Errorf("it is still there: %v", err)
			}
			if _, err := token.Find(t.Context(), name); !errors.Is(err, hsm.ErrNoKey) {
				t.Errorf("it is still there: %v", err)
			}
		})
	}
	if _, err := token.GenerateWith(t.Context(), csc.P256, "strict"); err != nil {
		t.Errorf("the strict template: %v", err)
	}
}

// Whoever gave up leaves no key behind.
func TestGenerateCancelled(t *testing.T) {
	token := hsmtest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := token.Generate(ctx, csc.P256, "Demo Signer"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want canceled", err)
	}
	for _, when := range []int{1, 2, 5, 20, 60} { // ms: before, in the midst, after
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(when)*time.Millisecond)
		key, err := token.Generate(ctx, csc.RSA3072, fmt.Sprint("after ", when))
		if err == nil && ctx.Err() != nil {
			t.Errorf("after %d ms: made for nobody", when)
		}
		cancel()
		found, missing := token.Find(t.Context(), fmt.Sprint("after ", when))
		if err == nil && missing != nil || err != nil && !errors.Is(missing, hsm.ErrNoKey) {
			t.Errorf("after %d ms: made %x, %v; found %x, %v", when, key.ID, err, found.ID, missing)
		}
	}
}

func TestDestroy(t *testing.T) {
	token := hsmtest.New(t)
	for range 10 {
		key, err := token.Generate(t.Context(), csc.P256, "Demo Signer")
		must(t, err)
		_, err = token.Sign(t.Context(), key.ID, ecdsaSHA256, digestOf("a"))
		must(t, err)
		generation := token.Generation()
		must(t, token.Destroy(t.Context(), key.ID))
		if _, err := token.Sign(t.Context(), key.ID, ecdsaSHA256, digestOf("a")); !errors.Is(err, hsm.ErrNoKey) || isUnavailable(err) {
			t.Errorf("Sign: %v, want ErrNoKey", err)
		}
		if _, err := token.Find(t.Context(), "Demo Signer"); !errors.Is(err, hsm.ErrNoKey) {
			t.Errorf("Find: %v, want ErrNoKey", err)
		}
		if err := token.Destroy(t.Context(), key.ID); !errors.Is(err, hsm.ErrNoKey) {
			t.Errorf("Destroy again: %v, want ErrNoKey", err)
		}
		if token.Generation() != generation {
			t.Error("a key we destroyed had the module reloaded")
		}
	}
}

func TestFindRefusesTwo(t *testing.T) {
	token := hsmtest.New(t)
	for range 2 {
		_, err := token.Generate(t.Context(), csc.P256, "Demo Signer")
		must(t, err)
	}
	if key, err := token.Find(t.Context(), "Demo Signer"); err == nil || errors.Is(err, hsm.ErrNoKey) {
		t.Errorf("Find: %x, %v; want an error of its own", key.ID, err)
	}
}

// An empty CKA_ID names no key: to a search it would match those without one.
func TestNoID(t *testing.T) {
	token := hsmtest.New(t)
	_, err := token.GenerateWith(t.Context(), csc.P256, "without", pkcs11.NewAttribute(pkcs11.CKA_ID, []byte{}))
	if err == nil {
		t.Error("a key without CKA_ID was made")
	}
	_, sign := token.Sign(t.Context(), nil, ecdsaSHA256, digestOf("a"))
	_, key := token.Key(t.Context(), nil)
	_, label := token.Find(t.Context(), "")
	_, secret := token.FindSecret(t.Context(), "")
	_, attributes := token.Attributes(t.Context(), nil)
	_, seal := token.Seal(t.Context(), nil, nil, nil)
	destroy := token.Destroy(t.Context(), nil)
	for i, err := range []error{sign, key, label, secret, attributes, seal, destroy} {
		if !errors.Is(err, hsm.ErrNoKey) {
			t.Errorf("call %d: %v, want ErrNoKey", i, err)
		}
	}
}

func TestSecretAttributes(t *testing.T) {
	token := hsmtest.New(t)
	id, err := token.GenerateSecret(t.Context(), "pecete sealing")
	must(t, err)
	found, err := token.FindSecret(t.Context(), "pecete sealing")
	must(t, err)
	got, err := token.Attributes(t.Context(), id)
	must(t, err)
	want := hsm.Attributes{
		ID: found, Label: "pecete sealing", Token: true, Private: true, Sensitive: true, AlwaysSensitive: true,
		NeverExtractable: true, Local: true, Encrypt: true, Decrypt: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	must(t, token.Destroy(t.Context(), id))
	if _, err := token.FindSecret(t.Context(), "pecete sealing"); !errors.Is(err, hsm.ErrNoKey) {
		t.Errorf("FindSecret: %v, want ErrNoKey", err)
	}
}
