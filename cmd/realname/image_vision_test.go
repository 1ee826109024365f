//go:build vision

package main

import (
	"bytes"
	"encoding/csv"
	"image"
	_ "image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"realname/internal/specimen"
)

const visionTags = "vision gocv_specific_modules gocv_features2d gocv_calib3d gocv_photo"

// realWorker builds the imaging worker and names the folder that set-up filled.
func realWorker(t *testing.T) (worker, assets string) {
	t.Helper()
	worker = filepath.Join(t.TempDir(), "imaging-worker")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", visionTags, "-o", worker, "realname/cmd/imaging-worker").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	assets = os.Getenv("REALNAME_ASSETS")
	if assets == "" {
		assets = filepath.Join("..", "..", ".assets")
	}
	return worker, assets
}

// pictures renders a manifest with a card, the card against another claim, a cartoon and a file that is no picture.
func pictures(t *testing.T, assets string) (folder string, card specimen.Person) {
	t.Helper()
	rng := specimen.Seed(4)
	card = specimen.NewPerson(rng)
	portraits, err := specimen.Portraits(filepath.Join(assets, "portraits"))
	if err != nil {
		t.Fatal(err)
	}
	portrait, err := specimen.LoadPortrait(portraits[0])
	if err != nil {
		t.Fatal(err)
	}
	front, err := specimen.Card(card, portrait)
	if err != nil {
		t.Fatal(err)
	}
	photo, _ := specimen.Photograph(rng, front, specimen.Easy())
	folder = t.TempDir()
	for name, data := range map[string][]byte{
		"card.jpg": specimen.JPEG(photo, 90), "cartoon.jpg": specimen.JPEG(specimen.Avatar(rng, 400), 90), "broken.jpg": []byte("\xff\xd8\xff and no more"),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var manifest bytes.Buffer
	w := csv.NewWriter(&manifest)
	for _, row := range [][]string{
		{"path", "label", "source", "number", "name"},
		{"card.jpg", "resident_front", "specimen", card.Number, card.Name},
		{"card.jpg", "claim_mismatch", "specimen", specimen.NewPerson(rng).Number, card.Name},
		{"cartoon.jpg", "cartoon", "specimen", "", ""},
		{"broken.jpg", "hostile", "", "", ""},
	} {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	if err := os.WriteFile(filepath.Join(folder, "manifest.csv"), manifest.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder, card
}

func TestImageCommandsWithRealWorkers(t *testing.T) {
	worker, assets := realWorker(t)
	folder, card := pictures(t, assets)
	flags := []string{"--worker", worker, "--assets", assets}

	t.Run("eval", func(t *testing.T) {
		page := filepath.Join(t.TempDir(), "report.html")
		out, _, err := realname(t, append([]string{"image", "eval", "--out", page, folder}, flags...)...)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"4 items, 0 not executed", "judged: hostile", "image_corrupt", "cards to accept      1      1 / 1", "0 items are wrong", "1 / 1 = 100.0 % [2.5, 100.0]",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("lacks %q:\n%s", want, out)
			}
		}
		html := read(t, page)
		for _, secret := range []string{card.Number, card.Name} {
			if strings.Contains(out+html, secret) {
				t.Error("the holder is named without --reveal")
			}
		}
	})
	t.Run("annotate", func(t *testing.T) {
		drawn := filepath.Join(t.TempDir(), "drawn.png")
		if _, _, err := realname(t, append([]string{"image", "check", "--annotate", drawn, filepath.Join(folder, "cartoon.jpg")}, flags...)...); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(drawn)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if c, format, err := image.DecodeConfig(f); err != nil || format != "png" || c.Width <= 400 || c.Height < 400 {
			t.Errorf("got %s, %+v, %v", format, c, err)
		}
		if _, _, err := realname(t, append([]string{"image", "check", "--annotate", drawn, filepath.Join(folder, "broken.jpg")}, flags...)...); err == nil || !strings.Contains(err.Error(), "nothing to draw") {
			t.Errorf("a file that is no picture: %v", err)
		}
	})
	t.Run("contact sheets", func(t *testing.T) {
		sheets := filepath.Join(t.TempDir(), "new", "sheets")
		if _, _, err := realname(t, append([]string{"image", "contact-sheet", "--out", sheets, folder}, flags...)...); err != nil {
			t.Fatal(err)
		}
		found, _ := filepath.Glob(filepath.Join(sheets, "*"))
		for i := range found {
			found[i] = filepath.Base(found[i])
		}
		if got := strings.Join(found, " "); got != "drawing.jpg image_corrupt.jpg resident_id_front.jpg" {
			t.Errorf("got %s", got)
		}
	})
}
