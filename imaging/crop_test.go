package imaging_test

import (
	"bytes"
	"image/jpeg"
	"testing"

	"realname/imaging"
)

// A worker that its image took over answers what it likes; as a crop it gets through only what looks like one, and only where one was asked for.
func TestCropsAreHeldAgainstTheirContract(t *testing.T) {
	b := open(t, nil)
	ask := func(command string, kind imaging.CropKind) (imaging.Report, error) {
		return b.Check(t.Context(), imaging.Request{Image: photo(t, command), Crop: kind})
	}
	for _, kind := range []imaging.CropKind{imaging.CropCard, imaging.CropPortrait} {
		r, err := ask("crop:as-asked", kind)
		if err != nil || r.Crop == nil || r.Crop.Kind != kind {
			t.Fatalf("%s: %+v, %v", kind, r.Crop, err)
		}
		w, h := kind.Size()
		if c, err := jpeg.DecodeConfig(bytes.NewReader(r.Crop.JPEG)); err != nil || c.Width != w || c.Height != h {
			t.Errorf("%s: %+v, %v", kind, c, err)
		}
	}
	if r, err := ask("crop:card", ""); err != nil || r.Crop != nil {
		t.Errorf("unasked: %v, %v", r.Crop != nil, err)
	}
	if r, err := ask("crop:card", imaging.CropPortrait); err != nil || r.Crop != nil {
		t.Errorf("another than was asked for: %v, %v", r.Crop != nil, err)
	}
	for _, command := range []string{"crop:of-another-size", "crop:no-jpeg", "crop:too-large", "crop:unknown"} {
		_, err := ask(command, imaging.CropCard)
		unavailable(t, err, imaging.UnavailableWorkers)
	}
	// Four crops on two workers each.
	eventually(t, "every worker that answered so", func() bool { return b.Stats().Distrusted == 8 })
}
