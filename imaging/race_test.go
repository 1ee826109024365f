//go:build race

package imaging_test

// The race detector maps terabytes of address space, so no limit of it can hold.
const raceDetector = true
