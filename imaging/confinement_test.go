package imaging_test

import (
	"strings"
	"testing"

	"realname/imaging"
)

func TestSandboxModes(t *testing.T) {
	for _, c := range []struct {
		role string
		mode imaging.SandboxMode
		says string // in the error of Open; empty where it opens
		log  string
		why  string
	}{
		{roleWorker, "", "", "not confined wholly", "best effort is the default, and says what is missing"},
		{roleWorker, imaging.SandboxBestEffort, "", "not confined wholly", "best effort serves on any kernel"},
		{roleWorker, imaging.SandboxRequired, "the sandbox is required", "", "required means none without"},
		{roleLiar, imaging.SandboxRequired, "not each of its threads is", "", "the kernel is asked too, not only the worker"},
		{roleLiar, imaging.SandboxBestEffort, "not each of its threads is", "", "a worker that lies is not served by in any mode"},
	} {
		t.Run(c.role+" "+string(c.mode), func(t *testing.T) {
			o, b := options(t, c.role)
			o.Sandbox = c.mode
			pool, err := imaging.Open(t.Context(), o)
			if err == nil {
				defer pool.Close()
			}
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q: %s", err, c.says, c.why)
			}
			if log := b.log.String(); !strings.Contains(log, c.log) {
				t.Errorf("log %q lacks %q: %s", log, c.log, c.why)
			}
		})
	}
}
