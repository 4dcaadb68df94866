package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/spf13/cobra"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/users"
)

func signerCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "signer", Short: "Invite, add, list, lock, unlock, disable and enable signers"}
	cmd.AddCommand(signerInviteCommand(), signerImportCommand(), signerInvitationsCommand(), signerResendCommand(), signerCancelCommand(),
		signerAddCommand(), signerListCommand(),
		signerPasswordCommand(), signerPINCommand(), signerPhoneCommand(), signerPairCommand(),
		signerLockCommand(), signerUnlockCommand(), signerLogOutCommand(), signerStopRecoveryCommand(),
		signerSwitchCommand("disable", "Refuse a signer everything, and end what he gave", true),
		signerSwitchCommand("enable", "Let a disabled signer sign again", false))
	return cmd
}

// An addedSigner is what signer add answers.
type addedSigner struct {
	ID           string   `json:"id"`
	Email        string   `json:"email"`
	OTPAuth      string   `json:"otpauth"`
	CredentialID []string `json:"credentialIDs"`
}

func signerAddCommand() *cobra.Command {
	var person users.Person
	var bare bool
	profile := newProfileFlags()
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Add a signer with an authenticator and a credential",
		Long: `Add a signer. Prints the otpauth URI and its QR code for the signer's
authenticator app, once; it is never shown again. Unless --bare is given, a
credential is made too. For the pages of this server the signer needs a password
as well: signer password.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				added, err := h.addSigner(ctx, person, profile, bare)
				if err != nil {
					return err
				}
				return print(cmd, added, func(w io.Writer) error { return printSigner(w, added) })
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&person.Email, "email", "", "e-mail `ADDRESS`, which must be new")
	flags.StringVar(&person.GivenName, "given-name", "", "given `NAME`, as in the certificate")
	flags.StringVar(&person.FamilyName, "family-name", "", "family `NAME`, as in the certificate")
	flags.StringVar(&person.Country, "country", "RO", "`COUNTRY` of two capital letters")
	flags.StringVar(&person.Locale, "locale", "en", "`LANGUAGE` the signer reads")
	flags.StringVar(&person.Phone, "phone", "", "`NUMBER` in E.164 that messages go to, such as +40700000000")
	flags.BoolVar(&bare, "bare", false, "make no credential")
	profile.bind(flags)
	addOutputFlag(cmd)
	return cmd
}

func (h *house) addSigner(ctx context.Context, person users.Person, flags *profileFlags, bare bool) (addedSigner, error) {
	profile, err := flags.profile(time.Now(), false)
	if err != nil {
		return addedSigner{}, usageError{err}
	}
	if err := h.reaches(users.User{Email: person.Email, Phone: person.Phone}, profile.Factors); err != nil && !bare {
		return addedSigner{}, err
	}
	registrar, err := h.registrar(ctx)
	if err != nil {
		return addedSigner{}, err
	}
	user, uri, err := registrar.Enrol(ctx, person)
	if err != nil {
		return addedSigner{}, err
	}
	added := addedSigner{ID: user.ID, Email: user.Email, OTPAuth: uri, CredentialID: []string{}}
	if bare {
		return added, nil
	}
	c, err := h.enroll(ctx, user, profile)
	if err != nil {
		return addedSigner{}, fmt.Errorf("signer %s is added and has no credential: credential add makes one, signer pair --identity-proven shows an authenticator: %w", user.ID, err)
	}
	added.CredentialID = append(added.CredentialID, c.ID)
	return added, nil
}

func (h *house) enroll(ctx context.Context, user users.User, p credentials.Profile) (credentials.Credential, error) {
	if err := h.reaches(user, p.Factors); err != nil {
		return credentials.Credential{}, err
	}
	enroller, err := h.enroller(ctx)
	if err != nil {
		return credentials.Credential{}, err
	}
	return enroller.Enroll(ctx, user, p)
}

func printSigner(w io.Writer, s addedSigner) error {
	fmt.Fprintf(w, "signer      %s  %s\n", s.ID, s.Email)
	for _, id := range s.CredentialID {
		fmt.Fprintf(w, "credential  %s\n", id)
	}
	fmt.Fprintf(w, "\nScan this with an authenticator app, or open the link on the phone:\n\n")
	if err := printQR(w, s.OTPAuth); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", s.OTPAuth)
	return err
}

// printQR draws the code with half blocks, dark on light, so that it scans on
// terminals of either colour.
func printQR(w io.Writer, text string) error {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return fmt.Errorf("draw QR code: %w", err)
	}
	size, quiet := code.Bounds().Dx(), 2
	dark := func(x, y int) bool {
		if x < 0 || y < 0 || x >= size || y >= size {
			return false
		}
		r, _, _, _ := code.At(x, y).RGBA()
		return r == 0
	}
	blocks := map[[2]bool]string{{true, true}: " ", {true, false}: "▄", {false, true}: "▀", {false, false}: "█"}
	for y := -quiet; y < size+quiet; y += 2 {
		fmt.Fprint(w, "  ")
		for x := -quiet; x < size+quiet; x++ {
			fmt.Fprint(w, blocks[[2]bool{dark(x, y), dark(x, y+1)}])
		}
		fmt.Fprintln(w)
	}
	return nil
}

func signerListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List signers and their credentials",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withRegistry(cmd, listSigners)
		},
	}
	addOutputFlag(cmd)
	return cmd
}

// A listedSigner is a line of signer list.
type listedSigner struct {
	ID          string             `json:"id"`
	Name        string             `json:"name"`
	Email       string             `json:"email"`
	Disabled    bool               `json:"disabled"`
	SignsFrom   time.Time          `json:"signsFrom,omitzero"` // of who comes back, and signs only then
	Credentials []listedCredential `json:"credentials"`
}

type listedCredential struct {
	ID   string       `json:"id"`
	Key  csc.KeySpec  `json:"key"`
	Mode csc.AuthMode `json:"mode"`
	// Factors authorize a credential of mode explicit.
	Factors credentials.Factors `json:"factors,omitempty"`
	Status  string              `json:"status"`
}

func signerSwitchCommand(name, short string, disabled bool) *cobra.Command {
	return &cobra.Command{
		Use:   name + " SIGNER",
		Short: short,
		Args:  exactArgs("SIGNER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withRegistrar(cmd, func(ctx context.Context, r users.Registrar) error {
				return r.Disable(ctx, args[0], disabled)
			})
		},
	}
}
