package verify

import (
	"crypto/x509"
	"errors"
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"

	"github.com/pecete/pecete/cms"
	"github.com/pecete/pecete/internal/sourcetest"
	"github.com/pecete/pecete/tsa"
)

// Whoever has words for all codes has words for whatever can be found: each constant
// is among them, and none is made anywhere else.
func TestCodesAreAll(t *testing.T) {
	all := Codes()
	sorted := slices.Sorted(slices.Values(all))
	if len(slices.Compact(sorted)) != len(all) {
		t.Errorf("a code is there twice: %q", sorted)
	}
	declared := 0
	for _, value := range constants(t, ".", "Code") {
		declared++
		if !slices.Contains(all, Code(value)) {
			t.Errorf("%q is not among the codes", value)
		}
	}
	inCMS, inStamp := constants(t, "../cms", "Fault"), constants(t, "../tsa", "Fault")
	for _, value := range inCMS {
		if !slices.Contains(all, Code("cms."+value)) || cms.Fault(value).Error() == "" {
			t.Errorf("%q of CMS is not among the codes, or has no text", value)
		}
	}
	for _, value := range inStamp {
		if !slices.Contains(all, Code("tsa."+value)) || tsa.Fault(value).Error() == "" {
			t.Errorf("%q of time-stamps is not among the codes, or has no text", value)
		}
	}
	if declared+len(inCMS)+len(inStamp) != len(all) {
		t.Errorf("%d codes, of %d, %d and %d constants", len(all), declared, len(inCMS), len(inStamp))
	}
}

// constants are the values of the constants of a type that a package declares; it
// makes no value of the type of a text elsewhere but in the functions named of….
func constants(t *testing.T, folder, kind string) (values []string) {
	t.Helper()
	for name, file := range sourcetest.Files(t, folder) {
		values = append(values, sourcetest.Constants(file, kind)...)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				return !strings.HasPrefix(n.Name.Name, "of")
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.Ident); ok && f.Name == kind {
					t.Errorf("%s makes a %s of a text", name, kind)
				}
			}
			return true
		})
	}
	return values
}

// Why a certificate leads to no root has a code wherever the library has a word.
func TestChainCode(t *testing.T) {
	for _, row := range []struct {
		err  error
		want Code
	}{
		{x509.UnknownAuthorityError{}, chainIssuer},
		{x509.UnhandledCriticalExtension{}, chainExtension},
		{x509.CertificateInvalidError{Reason: x509.Expired}, chainTime},
		{x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}, chainAuthority},
		{x509.CertificateInvalidError{Reason: x509.TooManyIntermediates}, chainLength},
		{x509.CertificateInvalidError{Reason: x509.IncompatibleUsage}, chainUse},
		{x509.CertificateInvalidError{Reason: x509.CANotAuthorizedForThisName}, chainNames},
		{x509.CertificateInvalidError{Reason: x509.NoValidChains}, unnamed},
		{errors.New("x509: something new"), unnamed},
	} {
		if got := chainCode(fmt.Errorf("wrapped: %w", row.err)); got != row.want {
			t.Errorf("%v is %q, want %q", row.err, got, row.want)
		}
	}
}
