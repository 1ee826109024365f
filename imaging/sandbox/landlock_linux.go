package sandbox

import (
	"fmt"

	"github.com/landlock-lsm/go-landlock/landlock"
	abi "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// scopesFrom is the landlock ABI whose kernels let the threads of one process signal
// each other across the domains that each thread got; the Go runtime lives on such signals.
const scopesFrom = 7

// restrictAccess allows nothing of what the kernel's landlock can forbid, and says which ABI that is.
func restrictAccess() (version int, err error) {
	version, err = abi.LandlockGetABIVersion()
	if err != nil {
		return 0, fmt.Errorf("the kernel does not offer it: %w", err)
	}
	config := landlock.V11
	if version < scopesFrom {
		config.Scoped = 0
	}
	if err := config.BestEffort().Restrict(); err != nil {
		return 0, err
	}
	return version, nil
}
