package oauth

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pecete/pecete/audit"
)

// Completed is c with what its profile demands where c leaves it open.
func (c Client) Completed() Client {
	if c.profile() != ProfileFAPI2 {
		return c
	}
	c.RequirePAR, c.AuthMethod = true, either(c.AuthMethod, PrivateKeyJWT)
	if c.Bound == "" {
		c.Bound = BoundMTLS
		if c.AuthMethod == PrivateKeyJWT {
			c.Bound = BoundDPoP
		}
	}
	return c
}

// HasSecret reports whether c's method is one of a secret.
func (c Client) HasSecret() bool {
	return slices.Contains([]string{"", SecretBasic, SecretPost}, c.AuthMethod)
}

// Method says how c proves itself.
func (c Client) Method() string {
	return either(c.AuthMethod, SecretBasic+" or "+SecretPost)
}

// Described is what the audit log says of how c is registered.
func (c Client) Described() string {
	said := fmt.Sprintf("profile %s, %s", c.profile(), c.Method())
	if c.ResourceServer {
		said += ", resource server"
	}
	if name := c.TLS.String(); name != "" {
		said += ", certificate " + audit.Mark([]byte(name))
	}
	return said
}

// Marks are what the audit log says of all that c proves itself with.
func (c Client) Marks() []string {
	var all []string
	for _, verifier := range c.Verifiers {
		all = append(all, audit.Mark(verifier))
	}
	if c.Keys != nil {
		all = append(all, audit.Mark(c.Keys))
	}
	if c.Managed != nil {
		all = append(all, audit.Mark([]byte(c.Managed.Hash)))
	}
	return all
}

// String is the name with its kind, "" if there is none.
func (n TLSName) String() string {
	for _, one := range [][2]string{{"subject", n.SubjectDN}, {"DNS", n.SANDNS}, {"URI", n.SANURI}, {"IP", n.SANIP}, {"e-mail", n.SANEmail}} {
		if one[1] != "" {
			return strings.Join(one[:], " ")
		}
	}
	return ""
}
