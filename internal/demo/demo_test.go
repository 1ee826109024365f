//go:build vision

package demo

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const visionTags = "vision gocv_specific_modules gocv_features2d gocv_calib3d gocv_photo"

// TestDemo builds the four binaries and acts the demo as `make demo` does, with another seed.
func TestDemo(t *testing.T) {
	bin := t.TempDir()
	for name, tags := range map[string]string{"realname": "", "realname-audit": "", "authority-sim": "", "imaging-worker": visionTags} {
		out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", tags, "-o", filepath.Join(bin, name), "realname/cmd/"+name).CombinedOutput()
		if err != nil {
			t.Fatalf("build %s: %v\n%s", name, err, out)
		}
	}
	assets := os.Getenv("REALNAME_ASSETS")
	if assets == "" {
		assets = filepath.Join("..", "..", ".assets")
	}
	var table bytes.Buffer
	if err := Run(t.Context(), Options{Binaries: bin, Assets: assets, Seed: 7, Out: &table}); err != nil {
		t.Errorf("%v\n%s", err, table.String())
	}
}
