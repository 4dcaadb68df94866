package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/pecete/pecete/audit"
	"github.com/pecete/pecete/credentials"
)

// An orphan is a line of credential orphans.
type orphan struct {
	Key     string `json:"key"`   // CKA_ID, hex
	Label   string `json:"label"` // the ID of the credential that did not come to be
	Removed bool   `json:"removed"`

	id []byte
}

func credentialOrphansCommand() *cobra.Command {
	var remove bool
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "orphans",
		Short: "List keys in the device that no credential has, or destroy them",
		Long: `List the keys that were made for a credential which is not in the registry: of
a process that died in between. With --remove they are destroyed, if they are
still orphans after the wait: one whose credential is just being made is an
orphan for a moment. After the registry was restored from a backup the keys of
all credentials made since are orphans: do not remove those you want back.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withHouse(cmd, func(ctx context.Context, h *house) error {
				list, err := h.orphans(ctx)
				if err == nil && remove && len(list) > 0 {
					list, err = h.removeOrphans(ctx, list, wait)
				}
				if err != nil {
					return err
				}
				return printOrphans(cmd, list)
			})
		},
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "destroy them")
	cmd.Flags().DurationVar(&wait, "wait", time.Minute, "`TIME` after which they must still be orphans")
	addOutputFlag(cmd)
	return cmd
}

func printOrphans(cmd *cobra.Command, list []orphan) error {
	return print(cmd, list, func(w io.Writer) error {
		for _, o := range list {
			state := ""
			if o.Removed {
				state = "  removed"
			}
			if _, err := fmt.Fprintf(w, "%s  %s%s\n", o.Key, o.Label, state); err != nil {
				return err
			}
		}
		return nil
	})
}

// orphans lists the keys that no credential has.
func (h *house) orphans(ctx context.Context) ([]orphan, error) {
	held, err := h.token.List(ctx)
	if err != nil {
		return nil, err
	}
	list := []orphan{}
	for _, key := range held {
		alone, err := credentials.Orphan(ctx, h.registry, key.ID, key.Label)
		if err != nil {
			return nil, err
		}
		if alone {
			list = append(list, orphan{Key: hex.EncodeToString(key.ID), Label: key.Label, id: key.ID})
		}
	}
	return list, nil
}

// removeOrphans destroys those of first that are still orphans after a while.
// The record comes before each deed.
func (h *house) removeOrphans(ctx context.Context, first []orphan, wait time.Duration) ([]orphan, error) {
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	list, err := h.orphans(ctx)
	if err != nil {
		return nil, err
	}
	for i, o := range list {
		if !slices.ContainsFunc(first, func(f orphan) bool { return f.Key == o.Key }) {
			continue
		}
		if err := h.destroyKey(ctx, o); err != nil {
			return nil, err
		}
		list[i].Removed = true
	}
	return list, nil
}

// destroyKey revokes what was signed for the key, or may have been, before it destroys
// it.
func (h *house) destroyKey(ctx context.Context, o orphan) error {
	err := h.withdrawer().AbandonAll(ctx, func(i credentials.Issuance) bool { return bytes.Equal(i.KeyID, o.id) })
	if err != nil {
		return err
	}
	entry := audit.Entry{Event: audit.KeyDestroyed, Credential: o.Label, Key: o.Key, Reason: "no credential has it"}
	if err := h.log.Append(ctx, entry); err != nil {
		return err
	}
	return h.token.Destroy(ctx, o.id)
}
