package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
)

func credentialSuspendCommand() *cobra.Command {
	return withdrawCommand("suspend", "Take a certificate back until it is resumed",
		`Take the certificate of a credential back until it is resumed: nothing is signed
with it from this moment on, its status is suspended wherever it is told, and the
authority's CRL and OCSP have it on hold. The signer is told by mail, as of its
end. To stop the use of a credential and say
nothing of it to the world, disable it.`,
		func(ctx context.Context, w credentials.Withdrawer, id string) error { return w.Suspend(ctx, id) })
}

func credentialResumeCommand() *cobra.Command {
	return withdrawCommand("resume", "End the suspension of a certificate",
		`End the suspension of a credential's certificate. One that was revoked stays so.`,
		func(ctx context.Context, w credentials.Withdrawer, id string) error { return w.Resume(ctx, id) })
}

func credentialRevokeCommand() *cobra.Command {
	var reason string
	reasons := strings.Join(csc.RevocationReasons(), ", ")
	cmd := withdrawCommand("revoke", "Take a certificate back for good",
		fmt.Sprintf(`Take the certificate of a credential back for good, also of one that was
deleted: nothing is signed with it any more, and the authority's CRL and OCSP say
since when and why; the signer is told by mail. The reasons are those of RFC 5280: %s. certificateHold is
credential suspend.`, reasons),
		func(ctx context.Context, w credentials.Withdrawer, id string) error {
			code, known := csc.RevocationCode(reason)
			if !known {
				return usageError{fmt.Errorf("--reason is %q, none of %s", reason, reasons)}
			}
			return w.Revoke(ctx, id, code)
		})
	cmd.Flags().StringVar(&reason, "reason", csc.RevocationReason(0), "`REASON` that is told")
	return cmd
}

func withdrawCommand(name, short, long string, do func(context.Context, credentials.Withdrawer, string) error) *cobra.Command {
	return &cobra.Command{
		Use:   name + " CREDENTIAL",
		Short: short,
		Long:  long,
		Args:  exactArgs("CREDENTIAL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				return do(ctx, h.withdrawer(), args[0])
			})
		},
	}
}

// withdrawer takes certificates back.
func (h *house) withdrawer() credentials.Withdrawer {
	return credentials.Withdrawer{Store: h.registry, Audit: h.log, Now: now}
}

// forsakenEvery is how often it is looked for certificates of those who died.
const forsakenEvery = time.Minute

// revokeForsaken revokes, from now on, certificates that were signed, or may have been,
// by processes that died before anybody had them.
func (h *house) revokeForsaken(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(forsakenEvery)
		defer ticker.Stop()
		for {
			if err := h.withdrawer().AbandonForsaken(ctx); err != nil && ctx.Err() == nil {
				h.logger.LogAttrs(ctx, slog.LevelWarn, "certificates of the dead are not revoked", slog.String("error", err.Error()))
			}
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	}()
	h.closers = append(h.closers, func() error {
		cancel()
		<-ended
		return nil
	})
}
