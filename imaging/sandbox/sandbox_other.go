//go:build !linux

package sandbox

import "errors"

func restrictAccess() (int, error) { return 0, errors.ErrUnsupported }

func filterCalls() error { return errors.ErrUnsupported }
