package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
)

// person asks who sits at the terminal to do what the suite cannot.
func person(in io.Reader, out io.Writer) func(ctx context.Context, signer, deed, address string) (string, error) {
	lines := bufio.NewReader(in)
	return func(_ context.Context, signer, deed, address string) (string, error) {
		fmt.Fprintf(out, "\nAs %s, open this address, %s:\n\n  %s\n\nPaste the address that the browser ends at (it need not load): ", signer, deed, address)
		end, err := lines.ReadString('\n')
		if err != nil && end == "" {
			return "", errors.New("nobody told where the browser ended")
		}
		return end, nil
	}
}
