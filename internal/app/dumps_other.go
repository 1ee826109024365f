//go:build !linux

package app

// ForbidDumps does nothing where it is not known how.
func ForbidDumps() error { return nil }
