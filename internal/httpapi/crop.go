package httpapi

import (
	"bytes"
	"encoding/json"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"realname/imaging"
)

// photoZone is where a part of the card stands; what was read there stays inside.
type photoZone struct {
	Part imaging.ZonePart `json:"part"`
	Quad imaging.Quad     `json:"quad"`
}

func zonesOf(r imaging.Report) []photoZone {
	out := make([]photoZone, 0, len(r.Zones))
	for _, z := range r.Zones {
		out = append(out, photoZone{Part: z.Part, Quad: z.Quad})
	}
	return out
}

// photoCrop is the straightened part of the card that was asked for. Content is
// there in a JSON answer alone; in a multipart one it is a part of its own.
type photoCrop struct {
	Kind      imaging.CropKind `json:"kind"`
	MediaType string           `json:"media_type"`
	Width     int              `json:"width"`
	Height    int              `json:"height"`
	Content   []byte           `json:"content,omitempty"`
}

const mediaJPEG = "image/jpeg"

// cropOf is the crop that the query asks for.
func cropOf(c echo.Context) (imaging.CropKind, error) {
	kinds := c.QueryParams()["crop"]
	if len(kinds) == 0 {
		return "", nil
	}
	kind := imaging.CropKind(kinds[0])
	if len(kinds) > 1 || kind == "" || !kind.Valid() {
		return "", refuse("crop_unknown", "crop is card or portrait, once")
	}
	return kind, nil
}

// photo answers a photo check: with the crop in the JSON as base64, or where the
// caller would rather have multipart/form-data, as a part beside it. The crop
// is written here and nowhere else.
func (a *API) photo(c echo.Context, out photoCheckAnswer, crop *imaging.Crop) error {
	if crop != nil {
		w, h := crop.Kind.Size()
		out.Crop = &photoCrop{Kind: crop.Kind, MediaType: mediaJPEG, Width: w, Height: h}
	}
	if !prefersMultipart(c.Request()) {
		if crop != nil {
			out.Crop.Content = crop.JPEG
		}
		return a.json(c, http.StatusOK, out)
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	text, err := json.Marshal(out)
	if err != nil {
		return err
	}
	if err := writePart(w, `form-data; name="report"`, mediaJSON, text); err != nil {
		return err
	}
	if crop != nil {
		if err := writePart(w, `form-data; name="crop"; filename="crop.jpg"`, mediaJPEG, crop.JPEG); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	c.Response().Header().Set("Content-Language", languageOf(c.Request()))
	return c.Blob(http.StatusOK, w.FormDataContentType(), body.Bytes())
}

func writePart(w *multipart.Writer, disposition, media string, data []byte) error {
	part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {disposition}, "Content-Type": {media}})
	if err != nil {
		return err
	}
	_, err = part.Write(data)
	return err
}

// prefersMultipart reads Accept (RFC 9110, 12.5.1): JSON unless multipart/form-data is named with a weight above JSON's.
func prefersMultipart(r *http.Request) bool {
	weights := map[string]float64{}
	for _, entry := range strings.Split(strings.Join(r.Header.Values("Accept"), ","), ",") {
		media, params, err := mime.ParseMediaType(entry)
		if err != nil {
			continue
		}
		weight := 1.0
		if q, given := params["q"]; given {
			if weight, err = strconv.ParseFloat(q, 64); err != nil {
				continue
			}
		}
		weights[media] = max(weights[media], weight)
	}
	return weights[mediaMultipart] > weights[mediaJSON]
}
