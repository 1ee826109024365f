// Package sandbox takes from a worker process what it no longer needs once its
// models are loaded and its socket listens: opening files, reaching the network,
// starting programs, looking into other processes. What remains is computing and
// answering on connections that others open. There is no way back.
package sandbox

import (
	"errors"
	"fmt"

	"realname/imaging"
)

// ErrIncomplete says that this system lacks a part of the sandbox, or that a part could not be put in place.
var ErrIncomplete = errors.New("sandbox incomplete")

// Enter confines the whole process, every thread of it, with all that the kernel
// offers: landlock (files, TCP, and from its ABI 7 signals and abstract sockets)
// and a seccomp filter that knows only the calls a check needs. An ErrIncomplete
// names what is missing; the state says what holds all the same.
//
// Not given: a limit of memory or time (the pool sets those from outside), and
// privacy of what the process may still read from descriptors that it holds open.
func Enter() (imaging.Sandbox, error) {
	var held imaging.Sandbox
	var missing []error
	// Landlock first: it reads /proc, which the filter forbids.
	abi, err := restrictAccess()
	if err != nil {
		missing = append(missing, fmt.Errorf("%w: landlock: %w", ErrIncomplete, err))
	} else {
		held.Landlock = abi
	}
	if err := filterCalls(); err != nil {
		missing = append(missing, fmt.Errorf("%w: seccomp: %w", ErrIncomplete, err))
	} else {
		held.Seccomp = true
	}
	return held, errors.Join(missing...)
}
