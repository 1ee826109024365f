package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// maxDepth is how deeply a JSON body may be nested; our own types need five levels.
const maxDepth = 32

// maxItems is how many items an array may have; the longest of ours is that of an import.
const maxItems = maxImportRows

// decodeJSON decodes one JSON value into a pointer to one of our request types
// (structs, slices, strings, booleans, integers). It is stricter than
// encoding/json: field names match by case, no field is unknown or repeated,
// null stands nowhere, and texts hold no control characters. Its errors are refusals
// that name the place below base and never quote a value.
func decodeJSON(body []byte, into any, base string) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return refuse("body_empty", "a JSON value is expected")
	}
	if !utf8.Valid(body) {
		return refuse("invalid_utf8", "the body is not valid UTF-8")
	}
	if deeper(body, maxDepth) {
		return refuse("json_too_deep", fmt.Sprintf("more than %d levels", maxDepth))
	}
	if !json.Valid(body) {
		return malformed(body)
	}
	w := walker{body: body}
	if err := w.value(reflect.TypeOf(into).Elem(), base); err != nil {
		return err
	}
	// Unlike a json.Decoder this makes no copy of the body.
	if err := json.Unmarshal(body, into); err != nil {
		// The walker has vouched for every field, so this says that the two disagree.
		return refuse("json_wrong_type", "the value does not fit")
	}
	return nil
}

// malformed tells an unfinished or broken value from one that something follows.
func malformed(body []byte) error {
	var raw json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(body))
	err := dec.Decode(&raw)
	if err == nil {
		return refuse("json_trailing_data", fmt.Sprintf("the value ends at byte %d", dec.InputOffset()))
	}
	detail := "it ends too early"
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		detail = fmt.Sprintf("at byte %d", syntax.Offset)
	}
	return refuse("json_malformed", detail)
}

// deeper reports whether brackets outside strings nest beyond limit.
func deeper(body []byte, limit int) bool {
	depth := 0
	quoted := false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > limit {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// walker compares valid JSON with a Go type before it is decoded.
type walker struct {
	body []byte
	pos  int
}

func (w *walker) value(t reflect.Type, at string) error {
	if t.Kind() == reflect.Pointer { // a field that may be absent
		t = t.Elem()
	}
	w.space()
	want := expected(t)
	if got := kindOf(w.body[w.pos]); got != want {
		return refuse("json_wrong_type", got+" where "+want+" is expected").at(at)
	}
	switch w.body[w.pos] {
	case '{':
		return w.object(t, at)
	case '[':
		return w.array(t, at)
	case '"':
		_, err := w.text(at)
		return err
	case 't':
		w.pos += len("true")
	case 'f':
		w.pos += len("false")
	default:
		return w.integer(t, at)
	}
	return nil
}

// fieldName is what a mistyped field looks like.
var fieldName = regexp.MustCompile(`^[A-Za-z][A-Za-z_/-]{0,39}$`)

func (w *walker) object(t reflect.Type, at string) error {
	fields := fieldsOf(t)
	seen := make(map[string]bool, len(fields))
	w.pos++
	for w.space(); w.body[w.pos] != '}'; w.space() {
		if w.body[w.pos] == ',' {
			w.pos++
			w.space()
		}
		name, err := w.text(at)
		if err != nil {
			return err
		}
		below := at + "/" + pointerEscape.Replace(name)
		if len(below) > maxPointer {
			below = at
		}
		field, known := fields[name]
		if !known {
			if !fieldName.MatchString(name) {
				below = at // what is no name of a field may be a number or a name of somebody
			}
			return refuse("json_unknown_field", "no such field here").at(below)
		}
		if seen[name] {
			return refuse("json_duplicate_key", "the field stands twice").at(below)
		}
		seen[name] = true
		w.space()
		w.pos++ // the colon
		if err := w.value(field, below); err != nil {
			return err
		}
	}
	w.pos++
	return nil
}

func (w *walker) array(t reflect.Type, at string) error {
	w.pos++
	for i := 0; ; i++ {
		w.space()
		if w.body[w.pos] == ']' {
			w.pos++
			return nil
		}
		if i == maxItems {
			// A few bytes of text may stand for a large value.
			return refuse("json_too_many_items", fmt.Sprintf("at most %d", maxItems)).at(at)
		}
		if w.body[w.pos] == ',' {
			w.pos++
		}
		if err := w.value(t.Elem(), at+"/"+strconv.Itoa(i)); err != nil {
			return err
		}
	}
}

// text reads a string; only one with escapes is copied.
func (w *walker) text(at string) (string, error) {
	start := w.pos
	escaped := false
	for w.pos++; w.body[w.pos] != '"'; w.pos++ {
		if w.body[w.pos] == '\\' {
			escaped = true
			w.pos++
		}
	}
	w.pos++
	raw := w.body[start:w.pos]
	s := raw[1 : len(raw)-1]
	if escaped {
		var decoded string
		if err := json.Unmarshal(raw, &decoded); err != nil {
			return "", refuse("json_malformed", "a string does not parse").at(at)
		}
		s = []byte(decoded)
	}
	if bytes.ContainsFunc(s, unprintable) {
		return "", refuse("invalid_text", "a control character, or one that was lost in an earlier conversion").at(at)
	}
	return string(s[:min(len(s), maxPointer)]), nil
}

// unprintable finds C0 and C1 controls, and U+FFFD, which stands for damaged text and lone surrogates.
func unprintable(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError }

func (w *walker) integer(t reflect.Type, at string) error {
	start := w.pos
	for w.pos < len(w.body) && strings.IndexByte("+-.eE0123456789", w.body[w.pos]) >= 0 {
		w.pos++
	}
	if _, err := strconv.ParseInt(string(w.body[start:w.pos]), 10, t.Bits()); err != nil {
		return refuse("json_wrong_type", "not a whole number within range").at(at)
	}
	return nil
}

func (w *walker) space() {
	for w.pos < len(w.body) && strings.IndexByte(" \t\r\n", w.body[w.pos]) >= 0 {
		w.pos++
	}
}

// maxPointer bounds field names and pointers that a hostile body can have echoed.
const maxPointer = 256

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

func kindOf(c byte) string {
	switch c {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

func expected(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct:
		return "an object"
	case reflect.Slice:
		return "an array"
	case reflect.Bool:
		return "a boolean"
	case reflect.Int, reflect.Int64:
		return "a number"
	default:
		return "a string"
	}
}

var fieldCache sync.Map // reflect.Type to map[string]reflect.Type

// fieldsOf lists the JSON fields of a struct, those of embedded structs included.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	if known, ok := fieldCache.Load(t); ok {
		return known.(map[string]reflect.Type)
	}
	fields := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || !f.IsExported() || name == "-" {
			continue
		}
		fields[name] = f.Type
	}
	fieldCache.Store(t, fields)
	return fields
}
