package stage

import (
	"context"
	"encoding/json"
)

// An Organization is one with a seal. PIN may be "" where its factors are none, and
// Client where its clients are linked later.
type Organization struct{ Name, Identifier, Email, Client, PIN string }

// AddSeal adds an organization with a seal that its client uses; args go to seal add
// as they are. It returns the ids of both.
func (s *Stage) AddSeal(ctx context.Context, o Organization, args ...string) (organization, seal string, err error) {
	args = append([]string{
		"--config", s.Config(), "seal", "add", o.Name, "--identifier", o.Identifier, "--email", o.Email, "-o", "json",
	}, args...)
	if o.Client != "" {
		args = append(args, "--client", o.Client)
	}
	out, err := s.run(ctx, o.PIN+"\n", args...)
	if err != nil {
		return "", "", err
	}
	var added struct {
		Organization string `json:"organization"`
		ID           string `json:"credentialID"`
	}
	err = json.Unmarshal(out, &added)
	return added.Organization, added.ID, err
}

// fixtureSeal makes an organization with a seal that needs no factor.
func (s *Stage) fixtureSeal(ctx context.Context, f *fixtures) error {
	id, seal, err := s.AddSeal(ctx, Organization{Name: "Demo S.R.L.", Identifier: "VATRO-12345678", Email: "seals@example.org"},
		"--factors", "none", "--multisign", "250")
	f.Users = append(f.Users, fixtureUser{ID: id, Credentials: []fixtureCredential{{seal, []string{"seal"}}}})
	return err
}
