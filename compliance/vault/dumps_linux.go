package vault

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// ForbidDumps keeps the memory of this process, which holds keys and personal data, out of core files and away from
// debuggers of the same user.
func ForbidDumps() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("vault: forbid core files: %w", err)
	}
	// A core_pattern that pipes ignores the limit, and heeds this.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("vault: forbid core dumps: %w", err)
	}
	return nil
}
