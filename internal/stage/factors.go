package stage

import (
	"context"
	_ "embed" // the program that reads the outbox
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// approvers is how many signers approve apart: each has few codes.
const approvers = 4

// factorPIN is the PIN of the signers who have one.
const factorPIN = "270391"

// A way is a role of the suite and what authorizes its credential.
type way struct{ role, factors string }

// fixtureFactors makes signers whose credentials are authorized otherwise than
// with a code of the authenticator, and the commands that read what they are
// sent.
func (s *Stage) fixtureFactors(ctx context.Context, f *fixtures) error {
	if err := s.sendFreely(); err != nil {
		return err
	}
	addresses := &strings.Builder{}
	all := [][]way{{
		{"and", "PIN AND OTP"}, {"all", "PIN,OTP"}, {"or", "PIN OR OTP"}, {"xor", "PIN XOR OTP"},
		{"brackets", "(PIN OR EMAIL) AND OTP"}, {"challenge", "SMS"},
	}, {{"sendlock", "SMS"}}}
	for range approvers {
		all = append(all, []way{{"apart", "APPROVAL"}, {"match", "MATCH"}})
	}
	for n, ways := range all {
		email, phone := fmt.Sprintf("factors%d@example.org", n), fmt.Sprintf("+4070000000%d", n)
		user, err := s.fixtureWays(ctx, email, phone, ways)
		if err != nil {
			return err
		}
		f.Users = append(f.Users, user)
		fmt.Fprintln(addresses, user.ID, email, phone)
	}
	if err := os.WriteFile(filepath.Join(s.Folder, "addresses"), []byte(addresses.String()), 0o600); err != nil {
		return err
	}
	script := filepath.Join(s.Folder, "newest.sh")
	f.Commands["otp"] = []string{"sh", script, s.Folder, "code"}
	f.Commands["link"] = []string{"sh", script, s.Folder, "link"}
	return os.WriteFile(script, newest, 0o600)
}

// newest prints the code or the link of the newest message to a user.
//
//go:embed newest.sh
var newest []byte

// sendFreely has signers sent as many messages as the suite may want.
func (s *Stage) sendFreely() error {
	return s.Configure("limits:\n  messages: 1000000\n")
}

func (s *Stage) fixtureWays(ctx context.Context, email, phone string, ways []way) (fixtureUser, error) {
	signer, err := s.AddSigner(ctx, email, "Demo", "Factors", "--phone", phone, "--bare")
	if err != nil {
		return fixtureUser{}, err
	}
	user, err := signer.fixture("")
	if err != nil {
		return user, err
	}
	user.Values = map[string]string{"PIN": factorPIN}
	for _, w := range ways {
		id, err := s.AddCredential(ctx, signer.ID, "--factors", w.factors)
		if err != nil {
			return user, err
		}
		user.Credentials = append(user.Credentials, fixtureCredential{id, []string{w.role}})
	}
	return user, s.SetPIN(ctx, signer.ID, factorPIN)
}

// SetPIN sets the PIN that a signer signs with.
func (s *Stage) SetPIN(ctx context.Context, signer, pin string) error {
	_, err := s.run(ctx, pin+"\n", "--config", s.Config(), "signer", "pin", signer)
	return err
}
