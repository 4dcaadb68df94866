//go:build !failpoint

package failpoint

import "net/http"

// Hit does nothing.
func Hit(string) {}

// Half does nothing.
func Half(string, http.ResponseWriter, []byte) {}
