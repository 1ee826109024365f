package idnumber

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// secret has ten digits in its middle that no mask shows.
const secret = "11010519491231002X"

// leaks reports whether text shows the middle of secret, as characters or as a list of bytes in decimal or hex.
func leaks(text string) bool {
	decimal := strings.Trim(fmt.Sprint([]byte(secret[6:12])), "[]")
	commas := strings.Join(strings.Fields(decimal), ", ")
	hex := strings.Join(strings.Fields(fmt.Sprintf("% #x", secret[6:12])), ", ")
	words := fmt.Sprintf("%x", secret[6:12])
	for _, s := range []string{secret[6:12], decimal, commas, hex, words, "1949-12-31", "朝阳"} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

func TestNumberDoesNotLeak(t *testing.T) {
	r := Check(ResidentID, secret, on)
	n := r.Canonical
	type wrapped struct {
		hidden Number
		result Result
		Shown  Number
		Result Result
	}
	claims := Claims{Birth: Date{1949, 12, 31}}
	w := wrapped{n, Result{Canonical: n}, n, r}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%t", "%T", "%20s"} {
		for _, v := range []any{n, &n, []Number{n}, map[Number]Number{n: n}, w, &w, r, &r, r.Area, &r.Area, claims, &claims, errors.Join(fmt.Errorf("%v %v", n, r))} {
			if text := fmt.Sprintf(verb, v); leaks(text) {
				t.Errorf("%s of %T leaks", verb, v)
			}
		}
	}
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("x", "n", n, "p", &n, "w", w, "r", r, "many", []Number{n})
	}
	for _, v := range []any{n, r, w, r.Area, claims, map[string]any{"n": n, "r": r}} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text)
	}
	if err := xml.NewEncoder(&out).Encode(n); err != nil {
		t.Fatal(err)
	}
	if err := gob.NewEncoder(&out).Encode(n); err == nil {
		t.Error("gob encodes a number")
	}
	if leaks(out.String()) {
		t.Errorf("a log or an encoding leaks: %s", out.String())
	}
}

func TestNumberMask(t *testing.T) {
	n := Check(ResidentID, secret, on).Canonical
	if got := n.String(); got != "11***************X" {
		t.Errorf("String = %q", got)
	}
	if got := fmt.Sprintf("%v %s %#v %d", n, n, n, n); got != strings.TrimSpace(strings.Repeat("11***************X ", 4)) {
		t.Errorf("fmt gives %q", got)
	}
	if text, err := json.Marshal(n); err != nil || string(text) != `"11***************X"` {
		t.Errorf("JSON gives %s, %v", text, err)
	}
	var short [numberSize]byte
	copy(short[:], "1234567")
	if got := seal(&short, 7).String(); got != "*******" {
		t.Errorf("a short number shows %q", got)
	}
	if got := Check(MilitaryID, "军字第12345678号", on).Canonical.String(); got != "*********" {
		t.Errorf("a number that begins with a Han character shows %q", got)
	}
}

func TestWhatIsBesideTheNumberIsHidden(t *testing.T) {
	r := Check(ResidentID, secret, on)
	for _, v := range []any{r.Area, &r.Area, Claims{Birth: r.Birth, Sex: r.Sex}} {
		text, err := json.Marshal(v)
		if got := fmt.Sprintf("%v %+v %#v %d", v, v, v, v); got != strings.Repeat(hidden+" ", 3)+hidden || err != nil || string(text) != `"`+hidden+`"` {
			t.Errorf("%T prints %s, %s", v, got, text)
		}
	}
}

func TestNumberValue(t *testing.T) {
	n := Check(ResidentID, secret, on).Canonical
	if n.Reveal() != secret || string(n.Append([]byte("a"))) != "a"+secret || n.IsZero() {
		t.Error("a number does not give back its digits")
	}
	if same := Check(ResidentID, strings.ToLower(secret), on).Canonical; !n.Equal(same) || n != same {
		t.Error("two spellings are two numbers")
	}
	if other := Check(ResidentID, "440524188001010014", on).Canonical; n.Equal(other) {
		t.Error("two numbers are one")
	}
	var zero Number
	if !zero.IsZero() || zero.Reveal() != "" || zero.String() != "" || len(zero.Append(nil)) != 0 {
		t.Error("the zero number is not empty")
	}
	var full [numberSize]byte
	longest := strings.Repeat("9", numberCap)
	copy(full[:], longest)
	if got := seal(&full, numberCap).Reveal(); got != longest {
		t.Errorf("the longest number comes back as %d characters", len(got))
	}
}

func TestResultString(t *testing.T) {
	for raw, want := range map[string]string{
		secret:               "resident_id valid",
		"1":                  "resident_id invalid number_bad_length",
		"110105010203999":    "resident_id suspicious date_over_150_years",
		"110105194912310021": "resident_id invalid check_digit_mismatch",
	} {
		if got := Check(ResidentID, raw, on).String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := fmt.Sprint(Check(Kind(secret), secret, on)); got != "unknown invalid unknown_kind" {
		t.Errorf("a number given as the kind prints as %q", got)
	}
}

func TestDate(t *testing.T) {
	for text, want := range map[string]Date{"2026-11-22": {2026, 11, 22}, "2000-02-29": {2000, 2, 29}, "0001-01-01": {1, 1, 1}} {
		got, err := ParseDate(text)
		if err != nil || got != want || got.String() != text || !got.Valid() {
			t.Errorf("ParseDate(%q) = %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "2026-2-1", "1900-02-29", "2026-13-01", "0000-01-01", "2026-11-22T00:00:00Z", "22.11.2026"} {
		if _, err := ParseDate(text); !errors.Is(err, ErrDate) {
			t.Errorf("ParseDate(%q) = %v", text, err)
		}
	}
	if got := DateOf(time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC)); got != on {
		t.Errorf("16:00 UTC is the next day in China, got %v", got)
	}
	if got := DateOf(time.Date(2026, 11, 22, 15, 59, 59, 0, time.UTC)); got != on {
		t.Errorf("15:59:59 UTC is the same day in China, got %v", got)
	}
}

// The calendar agrees with the standard library on every day, and on the day after every month's end.
func TestCalendar(t *testing.T) {
	for year := uint16(1799); year <= 2401; year++ {
		for month := uint8(0); month <= 13; month++ {
			for day := uint8(0); day <= 32; day++ {
				d := Date{year, month, day}
				_, err := time.Parse(time.DateOnly, d.String())
				if d.Valid() != (err == nil) {
					t.Fatalf("%v: valid %v", d, d.Valid())
				}
			}
		}
	}
}
