//go:build !linux

package imaging

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// Workers are confined by means that only Linux has, and an unconfined worker must
// not see an upload: on other systems the package builds and Open fails.
func dropPrivileges() error {
	return fmt.Errorf("photo checks need Linux: %w", errors.ErrUnsupported)
}

func processAttributes() *syscall.SysProcAttr { return nil }

func confine(int, int64) error { return errors.ErrUnsupported }

func awaitExit(int) {}

func endedBySIGKILL(*os.ProcessState) bool { return false }

func stopped(int) bool { return false }

func killGroup(int) {}

func cpuTime(int) time.Duration { return 0 }

func filtered(int) bool { return false }

func residentBytes(int) int64 { return 0 }
