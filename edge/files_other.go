//go:build !unix

package edge

// Files has nothing to ask on this system.
func Files(int) (uint64, error) { return 0, nil }
