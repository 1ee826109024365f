package httpapi

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"testing"

	"realname/imaging"
)

func TestCropIsAnsweredWhereItIsAskedFor(t *testing.T) {
	h := newHarness(t)
	jpeg := []byte("\xff\xd8 a crop \xff\xd9")
	h.service.report = photoReport()
	h.service.report.Crop = &imaging.Crop{Kind: imaging.CropCard, JPEG: jpeg}
	send := func(accept string) reply {
		return h.call("POST", "/v1/photos/check?crop=card", "jpeg", header{"Content-Type": "image/jpeg", "Accept": accept})
	}
	for _, accept := range []string{"", "*/*", "application/json, multipart/form-data;q=0.5", "multipart/form-data;q=0, */*", "multipart/form-data;q=x"} {
		r := send(accept)
		var got photoCheckAnswer
		r.decode(t, &got)
		if got.Crop == nil || !bytes.Equal(got.Crop.Content, jpeg) || got.Crop.Width != 1012 || got.Crop.Height != 638 || r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("Accept %q: %s", accept, r.body)
		}
	}
	for _, p := range h.service.photos {
		if p.Crop != imaging.CropCard {
			t.Errorf("the service was asked for %q", p.Crop)
		}
	}

	r := send("application/json;q=0.5, multipart/form-data")
	media, params, err := mime.ParseMediaType(r.header.Get("Content-Type"))
	if err != nil || media != mediaMultipart {
		t.Fatalf("%q, %v", media, err)
	}
	reader := multipart.NewReader(bytes.NewReader(r.body), params["boundary"])
	parts := map[string][]byte{}
	for {
		p, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if parts[p.FormName()], err = io.ReadAll(p); err != nil {
			t.Fatal(err)
		}
	}
	if len(parts) != 2 || !bytes.Equal(parts["crop"], jpeg) || bytes.Contains(parts["report"], []byte("content")) {
		t.Errorf("parts %q", parts)
	}
	if err := h.spec.validate(t, "/components/schemas/PhotoCheck", parts["report"]); err != nil {
		t.Error(err)
	}
}

func TestCropThatWasNotFoundIsAbsent(t *testing.T) {
	h := newHarness(t)
	h.service.report = photoReport()
	var got photoCheckAnswer
	h.call("POST", "/v1/photos/check?crop=portrait", "jpeg", header{"Content-Type": "image/jpeg"}).decode(t, &got)
	if got.Crop != nil || h.service.photos[0].Crop != imaging.CropPortrait {
		t.Errorf("%+v", got.Crop)
	}
}

func TestUnknownCropIsRefused(t *testing.T) {
	h := newHarness(t)
	for _, query := range []string{"crop=", "crop=face", "crop=card&crop=card", "crop=CARD"} {
		h.wantProblem(h.call("POST", "/v1/photos/check?"+query, "jpeg", header{"Content-Type": "image/jpeg"}), http.StatusBadRequest, "crop_unknown")
	}
	if len(h.service.photos) != 0 {
		t.Error("the photo was looked at all the same")
	}
}
