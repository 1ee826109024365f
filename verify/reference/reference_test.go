package reference

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"realname/verify/idnumber"
)

// residentLike has the sequence 000, which is never issued.
const (
	residentLike = "110105194912310003"
	legacyLike   = "110105491231000"
	mobileLike   = "13800000000"
)

func TestPersonalReferences(t *testing.T) {
	for reference, want := range map[string]bool{
		residentLike:                                 true,
		"cust-" + residentLike:                       true,
		"C" + residentLike:                           true,
		"7" + residentLike + "00":                    true, // in a longer run
		"11010519491231002X":                         true,
		"a/11010519491231002x.jpg":                   true,
		"810000199003070007":                         true, // residence permit
		"110199199001010002":                         true, // of a county in no list
		"911398199012310021":                         true, // a foreigner's card: NIA notice of 2023-10, specimen
		"F-911398199012310021-1":                     true,
		legacyLike:                                   true,
		"old:" + legacyLike + ":1":                   true,
		mobileLike:                                   true,
		"tel:" + mobileLike:                          true,
		"C" + mobileLike:                             true,
		mobileLike + "-2026":                         true,
		"110105194912310004":                         false, // another check digit
		"110105209912329996":                         false, // no day of the calendar
		"20260302101530123456":                       false, // a time and a counter
		"1" + legacyLike:                             false, // sixteen digits are no number of old
		"110199900101000":                            false, // no check digit, and a county in no list
		"999905491231000":                            false, // no province
		"860123491231000":                            false, // an IMEI
		"6222020000000000000":                        false, // a card number
		"8" + mobileLike:                             false, // twelve digits
		"10000000000":                                false,
		"12800000000":                                false,
		"signup-000001":                              false,
		"evd_0196c1d0-7a51-7000-8000-c" + mobileLike: false, // a UUID
		"sha256:9f86d081884c7d659a2feaa0c55ad015a" + mobileLike + "b0f00a08": false,
		"": false,
	} {
		if Personal(reference) != want {
			t.Errorf("%s: personal is %v", reference, !want)
		}
	}
}

func BenchmarkPersonal(b *testing.B) {
	for _, reference := range []string{"order-000001", "9f86d081-8840-4d65-9a2f-eaa0c55ad015", strings.Repeat("1", 128), "a/" + residentLike + ".jpg"} {
		b.Run(reference[:12], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = Personal(reference)
			}
		})
	}
}

// TestRandomIdentifiersAreReferences: what tenants use as keys is not refused by chance.
func TestRandomIdentifiersAreReferences(t *testing.T) {
	source := rand.NewChaCha8([32]byte{1})
	for range 50_000 {
		id, err := uuid.NewRandomFromReader(source)
		if err != nil {
			t.Fatal(err)
		}
		plain := strings.ReplaceAll(id.String(), "-", "")
		for _, reference := range []string{id.String(), "order_" + id.String(), strings.ToUpper(plain), plain[:16]} {
			if Personal(reference) {
				t.Fatalf("%s is refused", reference)
			}
		}
	}
}

func TestEveryResidentNumberIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := "440301" + strconv.Itoa(rapid.IntRange(1900, 2026).Draw(t, "year")) + "0228000"
		number := body + string(idnumber.CheckChar(body))
		before := rapid.StringMatching(`[A-Za-z0-9][A-Za-z._:/#@-]{0,9}[0-9]{0,3}`).Draw(t, "before")
		after := rapid.StringMatching(`([._:/#@-][A-Za-z0-9]{0,9})?`).Draw(t, "after")
		if !Personal(before + number + after) {
			t.Fatalf("%s%s%s passes", before, number, after)
		}
	})
}
