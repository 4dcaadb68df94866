//go:build crowd

package main

import (
	"bufio"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

// crowdCommands are what programs built with the tag crowd have beside the
// operator's. Such a program writes authenticators' secrets into a file, and is
// for benchmarks and campaigns alone.
func crowdCommands() []*cobra.Command {
	var c crowd
	profile := newProfileFlags()
	cmd := &cobra.Command{
		Use:   "crowd",
		Short: "Add many signers, each with an authenticator and a credential",
		Long: `Add many signers. They come to be as with signer add. The first of them have a
key in the device; the others have a certificate for a key that nobody has. The
file has a line of JSON for each, in that order: user, email, credential, secret.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				return c.fill(ctx, h, profile)
			})
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&c.signers, "signers", 0, "`NUMBER` of signers")
	flags.IntVar(&c.keys, "keys", -1, "`NUMBER` of them with a key in the device (default all)")
	flags.IntVar(&c.certificates, "certificates", 0, "`NUMBER` of certificates that those without a key share (default one each)")
	flags.StringVar(&c.client, "client", "", "`CLIENT` that may act for them")
	flags.StringVar(&c.password, "password", "", "`PASSWORD` that all of them log in with (default none)")
	flags.StringVar(&c.out, "out", "", "`FILE` to write")
	profile.bind(flags)
	return []*cobra.Command{cmd}
}

// A crowd is what is asked for.
type crowd struct {
	signers, keys int
	certificates  int
	client        string
	password      string
	out           string
}

// A member is one of the crowd, as it stands in the file.
type member struct {
	User       string `json:"user"`
	Email      string `json:"email"`
	Credential string `json:"credential"`
	Secret     string `json:"secret"` // of the authenticator, in Base32
}

// crowdAtOnce is how many are made at a time: so many that audit records share
// their syncs, so few that all get their turn at the registry.
const crowdAtOnce = 64

func (c *crowd) fill(ctx context.Context, h *house, flags *profileFlags) error {
	if c.signers < 1 || c.keys > c.signers || c.out == "" {
		return usageError{errors.New("want --signers, no more --keys than those, and --out")}
	}
	if c.keys < 0 {
		c.keys = c.signers
	}
	profile, err := flags.profile(time.Now(), false)
	if err != nil {
		return usageError{err}
	}
	registrar, err := h.registrar(ctx)
	if err != nil {
		return err
	}
	enroller, err := h.enroller(ctx)
	if err != nil {
		return err
	}
	keyless := enroller
	keyless.Device = nowhere{}
	if c.certificates > 0 {
		keyless.Issuer = &sparing{Issuer: enroller.Issuer, most: c.certificates}
	}
	members, family := make([]member, c.signers), strings.ToLower(rand.Text()[:8])
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(crowdAtOnce)
	for n := range members {
		with := enroller
		if n >= c.keys {
			with = keyless
		}
		group.Go(func() (err error) {
			members[n], err = c.add(ctx, h, registrar, with, profile, person(family, n))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return writeMembers(c.out, members)
}

// person is number n of a family that no other crowd has.
func person(family string, n int) users.Person {
	return users.Person{
		Email:     fmt.Sprintf("signer%d.%s@example.org", n, family),
		GivenName: "Demo", FamilyName: fmt.Sprintf("Signer %d", n), Country: "RO", Locale: "en",
	}
}

func (c *crowd) add(ctx context.Context, h *house, registrar users.Registrar, enroller credentials.Enroller, profile credentials.Profile, p users.Person) (member, error) {
	user, uri, err := registrar.Enrol(ctx, p)
	if err != nil {
		return member{}, err
	}
	credential, err := enroller.Enroll(ctx, user, profile)
	if err != nil {
		return member{}, err
	}
	if c.client != "" {
		if err := h.link(ctx, c.client, user.ID, "link", h.registry.Link); err != nil {
			return member{}, err
		}
	}
	if c.password != "" {
		if err := registrar.SetPassword(ctx, user.ID, csc.Secret(c.password)); err != nil {
			return member{}, err
		}
	}
	paired, err := url.Parse(uri)
	if err != nil {
		return member{}, err
	}
	return member{User: user.ID, Email: user.Email, Credential: credential.ID, Secret: paired.Query().Get("secret")}, nil
}

func writeMembers(path string, members []member) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	text := bufio.NewWriter(file)
	encoder := json.NewEncoder(text)
	for _, m := range members {
		if err := encoder.Encode(m); err != nil {
			return err
		}
	}
	return text.Flush()
}

// nowhere is a device that forgets each key as soon as it has made it.
type nowhere struct{}

func (nowhere) Generate(_ context.Context, spec csc.KeySpec, _ string) ([]byte, crypto.PublicKey, error) {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	if spec.RSA() {
		key, err := rsa.GenerateKey(rand.Reader, spec.Bits())
		if err != nil {
			return nil, nil, err
		}
		return id, key.Public(), nil
	}
	curves := map[csc.KeySpec]elliptic.Curve{csc.P256: elliptic.P256(), csc.P384: elliptic.P384(), csc.P521: elliptic.P521()}
	key, err := ecdsa.GenerateKey(curves[spec], rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	return id, key.Public(), nil
}

// sparing is an authority that certifies a number of signers and gives the others
// the certificates of those, in turn: its signatures are what takes longest, and
// with a key that nobody has it is all the same whose it was.
type sparing struct {
	credentials.Issuer
	most int

	mu     sync.Mutex
	turn   int
	chains [][][]byte
}

func (s *sparing) Issue(ctx context.Context, signer users.User, public crypto.PublicKey, notBefore, notAfter time.Time, intend credentials.Intend) ([][]byte, error) {
	s.mu.Lock()
	if len(s.chains) == s.most {
		defer s.mu.Unlock()
		s.turn++
		return s.chains[s.turn%s.most], nil
	}
	s.mu.Unlock()
	chain, err := s.Issuer.Issue(ctx, signer, public, notBefore, notAfter, intend)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.chains) < s.most {
		s.chains = append(s.chains, chain)
	}
	return chain, nil
}

func (nowhere) Destroy(context.Context, []byte) error { return nil }
