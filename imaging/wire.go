package imaging

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"time"
)

// The wire between Pool and Serve. POST /check carries a big-endian uint32, a JSON
// header of that many bytes, and then the image to the end of the body: nothing of
// a claim is ever in a URL or an HTTP header.
const (
	pathReady = "/ready"
	pathCheck = "/check"

	maxHeader = 64 << 10 // bytes of the JSON header; a claim is far below
	maxAnswer = 1 << 20  // bytes of an answer
)

// header travels before the image.
type header struct {
	Document  Document `json:"document,omitempty"`
	Side      Side     `json:"side,omitempty"`
	Claim     *Claim   `json:"claim,omitempty"`
	NoClaim   bool     `json:"no_claim,omitempty"`
	Crop      CropKind `json:"crop,omitempty"`
	AllFields bool     `json:"all_fields,omitempty"`
	Limits    Limits   `json:"limits"` // those of the pool, so that both ends gate alike
}

// readyAnswer is the body of GET /ready.
type readyAnswer struct {
	Pipeline string  `json:"pipeline"`
	Sandbox  Sandbox `json:"sandbox"`
}

// machineAnswer is the body of GET /ready where a pool is lent.
type machineAnswer struct {
	Wire     string        `json:"wire"`  // see wireVersion
	Seats    int           `json:"seats"` // workers that it keeps
	Ready    int           `json:"ready"` // of them
	Pipeline string        `json:"pipeline"`
	Sandbox  Sandbox       `json:"sandbox"`     // of the least confined
	Patience time.Duration `json:"patience_ns"` // the longest until a check is answered
}

// wireVersion is a digest of all that travels, so that machines of two releases
// notice before a check fails on it.
var wireVersion = sync.OnceValue(func() string {
	digest := sha256.New()
	for _, t := range []reflect.Type{
		reflect.TypeFor[header](), reflect.TypeFor[Report](), reflect.TypeFor[failure](), reflect.TypeFor[machineAnswer](),
	} {
		describe(digest, t)
	}
	return hex.EncodeToString(digest.Sum(nil)[:8])
})

// describe writes a type's shape as JSON sees it. The types of the wire do not recur.
func describe(to io.Writer, t reflect.Type) {
	switch t.Kind() {
	case reflect.Struct:
		fmt.Fprint(to, "{")
		for field := range t.Fields() {
			fmt.Fprintf(to, "%q ", field.Tag.Get("json"))
			describe(to, field.Type)
		}
		fmt.Fprint(to, "}")
	case reflect.Pointer, reflect.Slice, reflect.Array:
		fmt.Fprint(to, t.Kind(), " ")
		describe(to, t.Elem())
	default:
		fmt.Fprint(to, t.Kind(), " ")
	}
}

// failure is the body of every answer that is not a Report.
type failure struct {
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
}

// Codes of a failure beside those of UploadError.
const (
	failureRequest  = "bad_request"
	failurePipeline = "pipeline_failed"
	failurePanic    = "pipeline_panicked"
)

// outcomeCodes name, between machines, what became of a check that was not answered.
var outcomeCodes = map[outcome]string{
	turnedAway: "queue_full", crashed: "worker_crashed", killed: "worker_killed", hung: "worker_hung",
	overspent: "worker_overspent", panicked: failurePanic, distrusted: "worker_distrusted",
}

// encodeHeader returns what stands before the image on the wire.
func encodeHeader(req Request, limits Limits) ([]byte, error) {
	text, err := json.Marshal(header{
		Document: req.Document, Side: req.Side, Claim: req.Claim, NoClaim: req.NoClaim, Crop: req.Crop, AllFields: req.AllFields, Limits: limits,
	})
	if err != nil {
		return nil, fmt.Errorf("imaging: encode request: %w", err)
	}
	if len(text) > maxHeader {
		return nil, fmt.Errorf("imaging: the claim takes %d bytes, limit %d", len(text), maxHeader)
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...), nil
}

// readRequest takes the declared size of the body, -1 for unknown, only as a hint.
func readRequest(body io.Reader, declared int64) (Request, Limits, error) {
	var size [4]byte
	if _, err := io.ReadFull(body, size[:]); err != nil {
		return Request{}, Limits{}, fmt.Errorf("imaging: read header length: %w", err)
	}
	length := binary.BigEndian.Uint32(size[:])
	if length > maxHeader {
		return Request{}, Limits{}, errors.New("imaging: header too long")
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(body, text); err != nil {
		return Request{}, Limits{}, fmt.Errorf("imaging: read header: %w", err)
	}
	var h header
	if err := decodeStrict(text, &h); err != nil {
		return Request{}, Limits{}, err
	}
	if !h.Crop.Valid() {
		return Request{}, Limits{}, errors.New("imaging: unknown crop")
	}
	if err := h.Claim.check(); err != nil {
		return Request{}, Limits{}, err
	}
	if !h.Document.Known() {
		return Request{}, Limits{}, errors.New("imaging: unknown document")
	}
	limits := h.Limits.withDefaults()
	// One byte past the limit is enough for Gate to refuse it.
	image := bytes.NewBuffer(make([]byte, 0, min(max(declared, 0), limits.MaxBytes)+bytes.MinRead))
	if _, err := image.ReadFrom(io.LimitReader(body, limits.MaxBytes+1)); err != nil {
		return Request{}, Limits{}, fmt.Errorf("imaging: read image: %w", err)
	}
	return Request{
		Image: image.Bytes(), Document: h.Document, Side: h.Side, Claim: h.Claim, NoClaim: h.NoClaim, Crop: h.Crop, AllFields: h.AllFields,
	}, limits, nil
}

func decodeStrict(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("imaging: decode: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("imaging: decode: more than one value")
	}
	return nil
}

// decodeReport trusts a worker no further than the contract: it may have been
// taken over by the image that it decoded.
func decodeReport(text []byte) (Report, error) {
	var report Report
	if err := decodeStrict(text, &report); err != nil {
		return Report{}, err
	}
	switch report.Verdict {
	case Accept, Review, Reject:
	default:
		return Report{}, errors.New("imaging: answer without a verdict")
	}
	if report.Class == "" {
		return Report{}, errors.New("imaging: answer without a class")
	}
	if err := report.sealed(); err != nil {
		return Report{}, err
	}
	if report.Crop != nil {
		if err := report.Crop.check(); err != nil {
			return Report{}, err
		}
	}
	return report, nil
}

var uploadCodes = map[string]bool{
	UploadEmpty: true, UploadTooLarge: true, UploadTooManyPixels: true, UploadUnsupportedFormat: true, UploadCorrupt: true,
	UploadTooCostly: true,
}

var longNumber = regexp.MustCompile(`[0-9]{6,}[Xx]?`)

// plain makes text from a worker fit to be logged: printable ASCII only, so no
// names, no long runs of digits, so no numbers, and at most limit bytes.
func plain(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
	text = longNumber.ReplaceAllString(text, "#")
	return text[:min(len(text), limit)]
}
