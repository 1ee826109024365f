package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"realname/compliance"
	"realname/verify/reference"
)

// The largest bodies, in bytes.
const (
	maxJSON   = 256 << 10 // without photos
	maxPhotos = 16 << 20  // with photos, by base64 or multipart
	maxImage  = 10 << 20  // one image, and one chunk of an upload
	maxImport = 16 << 20
)

const (
	mediaJSON      = "application/json"
	mediaNDJSON    = "application/x-ndjson"
	mediaMultipart = "multipart/form-data"
	mediaChunk     = "application/offset+octet-stream"
)

func limitDetail(limit int64) string { return fmt.Sprintf("at most %d bytes are taken here", limit) }

// mediaTypeOf is the content type of a request without its parameters. Every charset but UTF-8 is refused.
func mediaTypeOf(r *http.Request) (string, map[string]string, error) {
	if r.Header.Get("Content-Encoding") != "" {
		return "", nil, refuseMedia("a content encoding is not taken")
	}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return "", nil, refuseMedia("the Content-Type is missing or malformed")
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return "", nil, refuseMedia("the charset is UTF-8")
	}
	return media, params, nil
}

// readBody reads at most limit bytes; a body that announces more is refused unread.
func (a *API) readBody(c echo.Context, limit, cost int64) ([]byte, error) {
	if err := a.hold(c, limit, cost); err != nil {
		return nil, err
	}
	r := c.Request()
	var body bytes.Buffer
	if r.ContentLength > 0 {
		body.Grow(int(r.ContentLength) + bytes.MinRead) // ReadFrom wants that much room to see the end
	}
	if _, err := body.ReadFrom(http.MaxBytesReader(c.Response().Writer, r.Body, limit)); err != nil {
		return nil, refuseBody(err)
	}
	return body.Bytes(), nil
}

// readJSON reads and decodes a JSON body of at most limit bytes.
func (a *API) readJSON(c echo.Context, limit int64, into any) error {
	media, _, err := mediaTypeOf(c.Request())
	if err != nil {
		return err
	}
	if media != mediaJSON {
		return refuseMedia("send " + mediaJSON)
	}
	body, err := a.readBody(c, limit, costJSON)
	if err != nil {
		return err
	}
	return decodeJSON(body, into, "")
}

// readWithPhotos reads a request that may bring photos: JSON, or multipart
// with a part `request` and parts `evidence[<i>]`, which it returns by index.
func (a *API) readWithPhotos(c echo.Context, into any, inline func() bool) (map[int][]byte, error) {
	media, params, err := mediaTypeOf(c.Request())
	if err != nil {
		return nil, err
	}
	switch media {
	case mediaJSON:
		body, err := a.readBody(c, maxPhotos, costJSON)
		if err != nil {
			return nil, err
		}
		if err := decodeJSON(body, into, ""); err != nil {
			return nil, err
		}
		if len(body) > maxJSON && !inline() {
			return nil, refuseLarge("without photos " + limitDetail(maxJSON))
		}
		return nil, nil
	case mediaMultipart:
		parts := map[int][]byte{}
		err := a.readParts(c, params["boundary"], func(name string, part io.Reader) error {
			if name == "request" {
				return decodePart(part, into)
			}
			i, ok := evidenceIndex(name)
			if !ok {
				return refuse("multipart_unknown_part", "the parts are request and evidence[<index>]")
			}
			content, err := readPart(part, maxImage)
			parts[i] = content
			return err
		}, "request")
		return parts, err
	}
	return nil, refuseMedia("send " + mediaJSON + " or " + mediaMultipart)
}

// maxParts is one request, or one image with its claim, and as many photos as there may be evidence.
const maxParts = 17

// readParts hands each part to take, in the order of arrival, and wants every part in required once.
func (a *API) readParts(c echo.Context, boundary string, take func(name string, part io.Reader) error, required ...string) error {
	r := c.Request()
	if boundary == "" {
		return refuse("multipart_malformed", "the boundary is missing")
	}
	if err := a.hold(c, maxPhotos, costRaw); err != nil {
		return err
	}
	reader := multipart.NewReader(http.MaxBytesReader(c.Response().Writer, r.Body, maxPhotos), boundary)
	seen := map[string]bool{}
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return refusePart(err)
		}
		name := part.FormName()
		if len(seen) >= maxParts || seen[name] {
			return refuse("multipart_unknown_part", "a part is repeated, or there are too many")
		}
		seen[name] = true
		if err := take(name, part); err != nil {
			return err
		}
	}
	for _, name := range required {
		if !seen[name] {
			return refuse("multipart_missing_part", "the part "+name+" is missing")
		}
	}
	return nil
}

func readPart(part io.Reader, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(part, limit+1))
	if err != nil {
		return nil, refusePart(err)
	}
	if int64(len(content)) > limit {
		return nil, refuseLarge("of a part " + limitDetail(limit))
	}
	return content, nil
}

func decodePart(part io.Reader, into any) error {
	text, err := readPart(part, maxJSON)
	if err != nil {
		return err
	}
	return decodeJSON(text, into, "")
}

func refusePart(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return refuseLarge(limitDetail(tooLarge.Limit))
	}
	return refuse("multipart_malformed", "the parts do not parse")
}

// evidenceIndex reads the index of a part named `evidence[<i>]`.
func evidenceIndex(name string) (int, bool) {
	digits, ok := strings.CutPrefix(name, "evidence[")
	digits, closed := strings.CutSuffix(digits, "]")
	i, err := strconv.Atoi(digits)
	return i, ok && closed && err == nil && i >= 0 && strconv.Itoa(i) == digits
}

const maxIdempotencyKey = 128

// idempotencyKey is the key that every creation carries.
func idempotencyKey(r *http.Request) (string, error) {
	values := r.Header.Values("Idempotency-Key")
	if len(values) == 0 || len(values) == 1 && values[0] == "" {
		return "", compliance.E(compliance.FaultInvalid, "idempotency_key_missing", "creation needs an Idempotency-Key header")
	}
	key := values[0]
	if len(values) > 1 || len(key) > maxIdempotencyKey || strings.Trim(key, idempotencyAlphabet) != "" {
		return "", compliance.E(compliance.FaultInvalid, "idempotency_key_malformed", "one header of 1 to 128 characters out of A-Z a-z 0-9 -._~:/+=")
	}
	if reference.Personal(key) {
		return "", refuse("personal_data_in_reference", "in the header Idempotency-Key")
	}
	return key, nil
}

const idempotencyAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/+="

// markReplay says that an idempotency key brought back its first answer.
func markReplay(c echo.Context, replayed bool) {
	if replayed {
		c.Response().Header().Set("Idempotency-Replayed", "true")
	}
}

func created(c echo.Context, location string) {
	c.Response().Header().Set(echo.HeaderLocation, location)
}

// parseQuery reads a query of printable UTF-8.
func parseQuery(raw string) (url.Values, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, err
	}
	for _, list := range values {
		for _, v := range list {
			if !utf8.ValidString(v) || strings.ContainsFunc(v, unprintable) {
				return nil, errors.New("a value is not printable")
			}
		}
	}
	return values, nil
}
