//go:build vision

package vision_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"realname/imaging"
	"realname/imaging/vision"
	"realname/internal/specimen"
)

// assetsDir is where `make setup` leaves models and portraits.
func assetsDir() string {
	if dir := os.Getenv("REALNAME_ASSETS"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", ".assets")
}

var shared = sync.OnceValues(func() (*vision.Pipeline, error) {
	return vision.Open(vision.Options{AssetsDir: assetsDir()})
})

// pipeline is one for all tests: opening costs most of a second.
func pipeline(t testing.TB) *vision.Pipeline {
	t.Helper()
	p, err := shared()
	if err != nil {
		t.Fatalf("%v (run `make setup` first)", err)
	}
	return p
}

func check(t testing.TB, req imaging.Request) imaging.Report {
	t.Helper()
	info, err := imaging.Gate(req.Image, imaging.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := pipeline(t).Check(context.Background(), req, info)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func has(r imaging.Report, code string) bool {
	for _, reason := range r.Reasons {
		if reason.Code == code {
			return true
		}
	}
	return false
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// photograph of a card with a photographed portrait, and whose card it is.
func photograph(t testing.TB, seed uint64, o specimen.Options) (*image.RGBA, specimen.Person) {
	t.Helper()
	rng := specimen.Seed(seed)
	p := specimen.NewPerson(rng)
	card := must[*image.RGBA](t)(specimen.Card(p, stockPortrait(t, rng)))
	img, _ := specimen.Photograph(rng, card, o)
	return img, p
}

func stockPortrait(t testing.TB, rng *rand.Rand) image.Image {
	t.Helper()
	paths := must[[]string](t)(specimen.Portraits(filepath.Join(assetsDir(), "portraits")))
	return must[image.Image](t)(specimen.LoadPortrait(paths[rng.IntN(len(paths))]))
}

func claim(p specimen.Person) *imaging.Claim {
	return &imaging.Claim{Number: p.Number, Name: p.Name}
}

func TestOrdinaryCardIsAccepted(t *testing.T) {
	for seed := range uint64(3) {
		img, p := photograph(t, 100+seed, specimen.Ordinary())
		r := check(t, imaging.Request{Image: specimen.JPEG(img, 85), Claim: claim(p)})
		if r.Verdict != imaging.Accept || r.Class != imaging.ClassResidentFront || len(r.Reasons) != 0 {
			t.Errorf("seed %d: verdict %s, class %s, reasons %+v", seed, r.Verdict, r.Class, r.Reasons)
		}
		if r.NumberAgreement != imaging.Agrees || r.NameAgreement != imaging.Agrees {
			t.Errorf("seed %d: number %s, name %s", seed, r.NumberAgreement, r.NameAgreement)
		}
		if r.Fields.Number != p.Number || r.Fields.Name != p.Name {
			t.Errorf("seed %d: the fields read are not those printed", seed)
		}
		if r.Width != 1600 || r.Height != 1200 || r.Pipeline != pipeline(t).Version() || r.Elapsed <= 0 {
			t.Errorf("seed %d: size %dx%d, pipeline %q, elapsed %v", seed, r.Width, r.Height, r.Pipeline, r.Elapsed)
		}
	}
}

func TestWithoutClaimNothingIsCompared(t *testing.T) {
	img, p := photograph(t, 101, specimen.Easy())
	r := check(t, imaging.Request{Image: specimen.JPEG(img, 85)})
	if r.NumberAgreement != imaging.NotCompared || r.NameAgreement != imaging.NotCompared || r.Fields.Number != p.Number {
		t.Errorf("number %s, name %s", r.NumberAgreement, r.NameAgreement)
	}
	if r.Verdict != imaging.Review || !has(r, imaging.ReasonNotExecuted) {
		t.Errorf("a photo without a claim: %s %+v", r.Verdict, r.Reasons)
	}
	if r = check(t, imaging.Request{Image: specimen.JPEG(img, 85), NoClaim: true}); r.Verdict != imaging.Accept {
		t.Errorf("a photo for which there is no claim: %s %+v", r.Verdict, r.Reasons)
	}
}

func TestWrongClaimIsRejected(t *testing.T) {
	img, p := photograph(t, 102, specimen.Easy())
	other := specimen.NewPerson(specimen.Seed(9001))
	photo := specimen.JPEG(img, 85)

	r := check(t, imaging.Request{Image: photo, Claim: &imaging.Claim{Number: other.Number, Name: p.Name}})
	if r.Verdict != imaging.Reject || !has(r, imaging.ReasonNumberMismatch) || r.NumberAgreement != imaging.Disagrees {
		t.Errorf("another number: verdict %s, %s, reasons %+v", r.Verdict, r.NumberAgreement, r.Reasons)
	}
	r = check(t, imaging.Request{Image: photo, Claim: &imaging.Claim{Number: p.Number, Name: other.Name}})
	if r.Verdict != imaging.Reject || !has(r, imaging.ReasonNameMismatch) || r.NameAgreement != imaging.Disagrees {
		t.Errorf("another name: verdict %s, %s, reasons %+v", r.Verdict, r.NameAgreement, r.Reasons)
	}
}

// A name that the recogniser cannot write must go to a person, not be refused.
func TestGlyphOutsideTheKeysGoesToReview(t *testing.T) {
	img, p := photograph(t, 102, specimen.Easy())
	rare := string([]rune(p.Name)[0]) + "\U00020BB7"
	r := check(t, imaging.Request{Image: specimen.JPEG(img, 85), Claim: &imaging.Claim{Number: p.Number, Name: rare}})
	if r.Verdict == imaging.Accept || !has(r, imaging.ReasonNameUnreadable) || has(r, imaging.ReasonNameMismatch) {
		t.Errorf("verdict %s, reasons %+v", r.Verdict, r.Reasons)
	}
}

func TestTurnedCardsAreRead(t *testing.T) {
	img, p := photograph(t, 103, specimen.Easy())
	for quarter := 1; quarter <= 3; quarter++ {
		img = quarterTurn(img)
		r := check(t, imaging.Request{Image: specimen.JPEG(img, 85), Claim: claim(p)})
		if r.NumberAgreement != imaging.Agrees || r.NameAgreement != imaging.Agrees {
			t.Errorf("%d quarter turns: number %s, name %s, reasons %+v", quarter, r.NumberAgreement, r.NameAgreement, r.Reasons)
		}
	}
}

// The places of reasons and the size reported are those of the upright picture.
func TestOrientationIsApplied(t *testing.T) {
	img, p := photograph(t, 104, specimen.Easy())
	other := specimen.NewPerson(specimen.Seed(9002))
	stored := quarterTurn(img) // turned clockwise, so it needs 8: rotate counter-clockwise
	data := specimen.JPEG(stored, 85)
	info := imaging.Info{Format: imaging.FormatJPEG, Width: stored.Rect.Dx(), Height: stored.Rect.Dy(), Orientation: 8}
	r, err := pipeline(t).Check(context.Background(),
		imaging.Request{Image: data, Claim: &imaging.Claim{Number: other.Number, Name: p.Name}}, info)
	if err != nil {
		t.Fatal(err)
	}
	if r.Width != img.Rect.Dx() || r.Height != img.Rect.Dy() {
		t.Errorf("upright size %dx%d", r.Width, r.Height)
	}
	for _, reason := range r.Reasons {
		if reason.Code != imaging.ReasonNumberMismatch {
			continue
		}
		if b := reason.Place; b == nil || b.Width < 4*b.Height || b.Y < r.Height/2 {
			t.Errorf("the number line is told at %+v, not along the lower edge", b)
		}
		return
	}
	t.Errorf("no %s: %+v", imaging.ReasonNumberMismatch, r.Reasons)
}

func TestOtherPicturesAreRejectedAsWhatTheyAre(t *testing.T) {
	portraits := must[[]string](t)(specimen.Portraits(filepath.Join(assetsDir(), "portraits")))
	portrait := must[[]byte](t)(os.ReadFile(portraits[len(portraits)/2]))
	page := must[*image.RGBA](t)(specimen.Page(specimen.Seed(1), 1000, 1400))
	for name, c := range map[string]struct {
		image []byte
		class imaging.Class
	}{
		"cartoon avatar":    {pngOf(t, specimen.Avatar(specimen.Seed(1), 640)), imaging.ClassDrawing},
		"stock portrait":    {portrait, imaging.ClassPhoto},
		"page of text":      {specimen.JPEG(page, 85), imaging.ClassTextPage},
		"white":             {pngOf(t, flat(640, 480, color.White)), imaging.ClassBlank},
		"one pixel":         {pngOf(t, flat(1, 1, color.Black)), imaging.ClassBlank},
		"one line of black": {pngOf(t, flat(2000, 1, color.Black)), imaging.ClassBlank},
	} {
		r := check(t, imaging.Request{Image: c.image, Claim: &imaging.Claim{Number: "x", Name: "y"}})
		if r.Verdict != imaging.Reject || !has(r, imaging.ReasonNotADocument) || r.Class != c.class {
			t.Errorf("%s: verdict %s, class %s, reasons %+v", name, r.Verdict, r.Class, r.Reasons)
		}
		if r.NumberAgreement != imaging.Unreadable || r.Fields != (imaging.Fields{}) {
			t.Errorf("%s: number %s", name, r.NumberAgreement)
		}
	}
}

func TestNoAvatarIsAccepted(t *testing.T) {
	for seed := range uint64(12) {
		r := check(t, imaging.Request{Image: specimen.JPEG(specimen.Avatar(specimen.Seed(seed), 512), 90)})
		if r.Verdict != imaging.Reject || !has(r, imaging.ReasonNotADocument) {
			t.Errorf("seed %d: verdict %s, class %s, reasons %+v", seed, r.Verdict, r.Class, r.Reasons)
		}
	}
}

func TestDrawnPortraitIsNotAccepted(t *testing.T) {
	for seed := range uint64(5) {
		rng := specimen.Seed(200 + seed)
		p := specimen.NewPerson(rng)
		card := must[*image.RGBA](t)(specimen.Card(p, specimen.DrawnPortrait(rng)))
		img, _ := specimen.Photograph(rng, card, specimen.Ordinary())
		r := check(t, imaging.Request{Image: specimen.JPEG(img, 85), Claim: claim(p)})
		if r.Verdict == imaging.Accept || !has(r, imaging.ReasonPortraitDrawn) && !has(r, imaging.ReasonPortraitMissing) {
			t.Errorf("seed %d: verdict %s, reasons %+v", seed, r.Verdict, r.Reasons)
		}
	}
}

func TestMissingPortraitIsNotAccepted(t *testing.T) {
	rng := specimen.Seed(210)
	p := specimen.NewPerson(rng)
	card := must[*image.RGBA](t)(specimen.Card(p, flat(260, 320, color.RGBA{225, 232, 236, 255})))
	img, _ := specimen.Photograph(rng, card, specimen.Easy())
	r := check(t, imaging.Request{Image: specimen.JPEG(img, 85), Claim: claim(p)})
	if r.Verdict == imaging.Accept || !has(r, imaging.ReasonPortraitMissing) {
		t.Errorf("verdict %s, reasons %+v", r.Verdict, r.Reasons)
	}
}

func TestCutOffCardIsNotAccepted(t *testing.T) {
	rng := specimen.Seed(230)
	p := specimen.NewPerson(rng)
	card := must[*image.RGBA](t)(specimen.Card(p, stockPortrait(t, rng)))
	img, corners := specimen.Photograph(rng, card, specimen.Easy())
	// All of the text stays; 5.5 mm of the card go on the right.
	left, right := corners[0].X, corners[1].X
	cut := img.SubImage(image.Rect(0, 0, int(right-(right-left)*5.5/85.6), img.Rect.Dy()))
	r := check(t, imaging.Request{Image: specimen.JPEG(cut, 85), Claim: claim(p)})
	if r.Verdict == imaging.Accept || !has(r, imaging.ReasonBorderIncomplete) || r.NumberAgreement != imaging.Agrees {
		t.Errorf("verdict %s, number %s, reasons %+v", r.Verdict, r.NumberAgreement, r.Reasons)
	}
}

func TestBackIsTheWrongSide(t *testing.T) {
	rng := specimen.Seed(220)
	back := must[*image.RGBA](t)(specimen.Back(specimen.NewPerson(rng)))
	img, _ := specimen.Photograph(rng, back, specimen.Easy())
	photo := specimen.JPEG(img, 85)
	r := check(t, imaging.Request{Image: photo})
	if r.Verdict != imaging.Reject || r.Class != imaging.ClassResidentBack || !has(r, imaging.ReasonWrongSide) {
		t.Errorf("as front: verdict %s, class %s, reasons %+v", r.Verdict, r.Class, r.Reasons)
	}
	r = check(t, imaging.Request{Image: photo, Side: imaging.SideBack})
	if r.Verdict != imaging.Review || r.Class != imaging.ClassResidentBack {
		t.Errorf("as back: verdict %s, class %s, reasons %+v", r.Verdict, r.Class, r.Reasons)
	}
}

func TestBytesThatDoNotDecodeAreCorrupt(t *testing.T) {
	img, _ := photograph(t, 105, specimen.Easy())
	photo := specimen.JPEG(img, 85)
	info := must[imaging.Info](t)(imaging.Gate(photo, imaging.Limits{}))
	for name, data := range map[string][]byte{
		"nothing": {}, "noise": bytes.Repeat([]byte{0xff, 0xd8, 0x13}, 400), "header only": photo[:200],
	} {
		_, err := pipeline(t).Check(context.Background(), imaging.Request{Image: data}, info)
		var upload *imaging.UploadError
		if !errors.As(err, &upload) || upload.Code != imaging.UploadCorrupt {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Two callers at once wait for each other and get the answers they would get alone.
func TestConcurrentUse(t *testing.T) {
	card, p := photograph(t, 106, specimen.Easy())
	requests := []imaging.Request{
		{Image: specimen.JPEG(card, 85), Claim: claim(p)},
		{Image: pngOf(t, specimen.Avatar(specimen.Seed(2), 512))},
	}
	got := make([][2]imaging.Report, len(requests))
	var wg sync.WaitGroup
	for i, req := range requests {
		wg.Go(func() {
			for k := range got[i] {
				info, err := imaging.Gate(req.Image, imaging.Limits{})
				if err != nil {
					t.Error(err)
					return
				}
				if got[i][k], err = pipeline(t).Check(context.Background(), req, info); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for i, req := range requests {
		alone := check(t, req)
		for _, r := range got[i] {
			if d := cmp.Diff(alone, r, cmpopts.IgnoreFields(imaging.Report{}, "Elapsed")); d != "" {
				t.Errorf("request %d: same bytes, other answer (-alone +together):\n%s", i, d)
			}
		}
	}
}

func TestDoneContextIsNotServed(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	img, _ := photograph(t, 107, specimen.Easy())
	photo := specimen.JPEG(img, 85)
	info := must[imaging.Info](t)(imaging.Gate(photo, imaging.Limits{}))
	if _, err := pipeline(t).Check(ctx, imaging.Request{Image: photo}, info); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestClosedPipelineRefuses(t *testing.T) {
	p, err := vision.Open(vision.Options{AssetsDir: assetsDir()})
	if err != nil {
		t.Fatalf("%v (run `make setup` first)", err)
	}
	p.Close()
	p.Close()
	if _, err := p.Check(context.Background(), imaging.Request{Image: []byte{1}}, imaging.Info{Width: 1, Height: 1}); err == nil {
		t.Error("a closed pipeline answered")
	}
}

func TestMissingAssetsNameTheRemedy(t *testing.T) {
	_ = pipeline(t) // the runtime itself is there; the models are not
	_, err := vision.Open(vision.Options{AssetsDir: t.TempDir()})
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte("make setup")) {
		t.Errorf("got %v", err)
	}
}

func flat(w, h int, c color.Color) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	return img
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// quarterTurn turns a picture clockwise.
func quarterTurn(src *image.RGBA) *image.RGBA {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dst := image.NewRGBA(image.Rect(0, 0, h, w))
	for y := range h {
		for x := range w {
			dst.SetRGBA(h-1-y, x, src.RGBAAt(x, y))
		}
	}
	return dst
}
