package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// state is what a monitor remembers.
type state struct {
	V          int       `json:"v"`
	Checkpoint string    `json:"checkpoint"` // signed, verbatim
	CheckedAt  time.Time `json:"checked_at"`
	GrownAt    time.Time `json:"grown_at"` // when the log was first seen at this size
}

const maxState = 1 << 20

// readState reads the file; one that is missing is an empty state.
func readState(file string) (state, error) {
	text, err := readUpTo(file, maxState)
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, nil
	}
	if err != nil {
		return state{}, err
	}
	var s state
	if err := json.Unmarshal(text, &s); err != nil || s.V != 1 || s.Checkpoint == "" {
		return state{}, fmt.Errorf("%s is no state of a monitor", file)
	}
	return s, nil
}

// write puts the state in the place of the file, whole or not at all, and durably.
func (s state) write(file string) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(file, append(text, '\n'))
}

func replaceFile(file string, text []byte) error {
	dir := filepath.Dir(file)
	temp, err := os.CreateTemp(dir, ".state-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err == nil {
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// lockState keeps a second monitor from the same state: the slower of two
// would write an older checkpoint over a newer one.
func lockState(file string) (unlock func(), err error) {
	f, err := os.OpenFile(file+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another program is at work with %s", file), f.Close())
	}
	return func() { _ = f.Close() }, nil // closing it gives the lock back
}

// keepEvidence writes the remembered checkpoint and the one that contradicts it beside the state.
func keepEvidence(file, kind string, now time.Time, older string, newer []byte) ([]string, error) {
	var out []string
	base := file + "." + now.UTC().Format("20060102T150405.000000Z") + "." + kind
	for name, text := range map[string][]byte{base + ".older": []byte(older), base + ".newer": newer} {
		if len(text) == 0 {
			continue
		}
		if err := replaceFile(name, text); err != nil {
			return out, err
		}
		out = append(out, name)
	}
	return out, nil
}
