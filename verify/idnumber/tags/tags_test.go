package tags

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-playground/locales/en"
	"github.com/go-playground/locales/zh"
	ut "github.com/go-playground/universal-translator"
	"github.com/go-playground/validator/v10"

	"realname/verify/idnumber"
)

func today() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) }

func newValidator(t *testing.T) *validator.Validate {
	t.Helper()
	v := validator.New()
	if err := Register(v, idnumber.Check, today); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEveryKindHasItsTag(t *testing.T) {
	v := newValidator(t)
	var tagged []idnumber.Kind
	for tag, kind := range tags {
		tagged = append(tagged, kind)
		g := idnumber.Generator{Rand: rand.New(rand.NewPCG(1, 1)), On: idnumber.DateOf(today())}
		number, err := g.Next(kind)
		if err != nil {
			t.Fatalf("%s: %v", tag, err)
		}
		if err := v.Var(number, tag+"=valid"); err != nil {
			t.Errorf("%s refuses a generated number", tag)
		}
		if err := v.Var("\xff", tag); err == nil {
			t.Errorf("%s takes what is no text", tag)
		}
		if err := v.Var(1101, tag); err == nil {
			t.Errorf("%s takes an int", tag)
		}
	}
	all := idnumber.Kinds()
	slices.Sort(all)
	slices.Sort(tagged)
	if !reflect.DeepEqual(all, tagged) {
		t.Errorf("kinds %v, tags for %v", all, tagged)
	}
}

// A county in no list is suspicious: the tag passes it, unless it is asked to be strict.
func TestSuspiciousPassesUnlessStrict(t *testing.T) {
	const body = "11019919900101000"
	number := body + string(idnumber.CheckChar(body))
	v := newValidator(t)
	if err := v.Var(number, "cn_resident_id"); err != nil {
		t.Error("a suspicious number was refused")
	}
	if err := v.Var(number, "cn_resident_id=valid"); err == nil {
		t.Error("a suspicious number passed the strict tag")
	}
	if err := v.Var(number, "cn_resident_id=vaild"); err == nil {
		t.Error("a mistyped parameter lets a suspicious number pass")
	}
}

type applicant struct {
	Number string `validate:"required,cn_resident_id"`
	Code   string `validate:"omitempty,uscc"`
}

func TestMessages(t *testing.T) {
	// Its check digit is wrong; GB 11643-1999 prints the right one, X.
	const wrong = "110105194912310021"
	translators := ut.New(zh.New(), zh.New(), en.New())
	for locale, want := range map[string]string{
		"zh": "Number：证件号码有误，校验位不符。",
		"en": "Number: The document number is wrong: its check digit does not fit.",
	} {
		v := newValidator(t)
		trans, _ := translators.GetTranslator(locale)
		if err := Translate(v, trans, idnumber.Check, today); err != nil {
			t.Fatal(err)
		}
		failed, ok := v.Struct(applicant{Number: wrong}).(validator.ValidationErrors) //nolint:errorlint // the validator returns it bare
		if !ok || len(failed) != 1 {
			t.Fatalf("%s: %d fields refused, want one", locale, len(failed))
		}
		got := failed[0].Translate(trans)
		if got != want || strings.Contains(got, wrong) {
			t.Errorf("%s: got %q, want %q", locale, got, want)
		}
	}
}
