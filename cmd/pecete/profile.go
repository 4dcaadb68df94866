package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

// profileFlags say what a new credential shall be.
type profileFlags struct {
	description, key, scal, mode, factors, qualifier string
	multisign                                        int
	pkcs1v15                                         bool
	notBefore, notAfter                              string
}

func newProfileFlags() *profileFlags { return &profileFlags{} }

func (f *profileFlags) bind(flags *pflag.FlagSet) {
	flags.StringVar(&f.description, "description", "", "`TEXT` shown beside the credential")
	flags.StringVar(&f.key, "key", string(csc.P256), "`KIND` of key: P-256, P-384, P-521, RSA-3072, RSA-4096")
	flags.StringVar(&f.scal, "scal", string(csc.SCAL2), "1, or 2 for authorizations that name the hashes")
	flags.StringVar(&f.mode, "mode", string(csc.Explicit), "`MODE` of authorization: explicit, or oauth2code for the pages of this server")
	flags.StringVar(&f.factors, "factors", "", factorsUsage())
	flags.StringVar(&f.qualifier, "qualifier", "", "signature `QUALIFIER` that your audit allows you to claim")
	flags.IntVar(&f.multisign, "multisign", 10, "most signatures of one authorization")
	flags.BoolVar(&f.pkcs1v15, "pkcs1v15", true, "with an RSA key, offer RSASSA-PKCS1-v1_5 beside PSS")
	flags.StringVar(&f.notBefore, "not-before", "", "begin of the validity, RFC 3339 (default now)")
	flags.StringVar(&f.notAfter, "not-after", "", "end of the validity, RFC 3339 (default two years)")
}

// asSeal has the flags say a seal, where they say nothing.
func asSeal(flags *pflag.FlagSet) {
	for name, value := range map[string]string{"factors": credentials.FactorPIN, "multisign": "1000"} {
		flag := flags.Lookup(name)
		flag.DefValue = value
		_ = flag.Value.Set(value) // a text, and a number
	}
	flags.Lookup("factors").Usage = fmt.Sprintf("what authorizes: %s, or %s", credentials.FactorPIN, credentials.NoFactors)
	flags.Lookup("multisign").Usage = fmt.Sprintf("most signatures of one authorization, at most %d", credentials.MaxSealed)
}

// factorsUsage says what credentials.Factors are made of.
func factorsUsage() string {
	return fmt.Sprintf("what authorizes with mode explicit (default %s): an `EXPRESSION` such as \"PIN AND OTP\", with AND, OR, XOR and brackets, of %s; or %s",
		credentials.FactorCode, strings.Join(credentials.Objects(), ", "), credentials.NoFactors)
}

// profile is what the flags say, of a seal or of a person's credential.
func (f *profileFlags) profile(now time.Time, seal bool) (credentials.Profile, error) {
	p := credentials.Profile{
		Description: f.description, Key: csc.KeySpec(f.key), SCAL: csc.SCAL(f.scal),
		Mode: csc.AuthMode(f.mode), Factors: credentials.Factors(f.factors), Qualifier: csc.Qualifier(f.qualifier),
		Multisign: f.multisign, PKCS1v15: f.pkcs1v15,
	}
	// A minute back, for verifiers whose clocks are behind.
	p.NotBefore = now.UTC().Truncate(time.Second).Add(-time.Minute)
	p.NotAfter = p.NotBefore.AddDate(2, 0, 0)
	for flag, at := range map[string]struct {
		text string
		time *time.Time
	}{"--not-before": {f.notBefore, &p.NotBefore}, "--not-after": {f.notAfter, &p.NotAfter}} {
		if at.text == "" {
			continue
		}
		parsed, err := time.Parse(time.RFC3339, at.text)
		if err != nil {
			return p, fmt.Errorf("%s: %w", flag, err)
		}
		*at.time = parsed.UTC()
	}
	return p, p.Check(seal)
}
