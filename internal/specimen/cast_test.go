package specimen

import (
	"errors"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"realname/verify/idnumber"
)

func TestCastKeepsItsWord(t *testing.T) {
	on := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		youngest := rapid.IntRange(1, 45).Draw(t, "youngest")
		c := Cast{On: on, MinAge: youngest, MaxAge: youngest + rapid.IntRange(0, 25).Draw(t, "span"), Nationwide: rapid.Bool().Draw(t, "nationwide")}
		p, err := c.Person(Seed(rapid.Uint64().Draw(t, "seed")))
		if err != nil {
			t.Fatal(err)
		}
		if oldest := on.AddDate(-c.MaxAge-1, 0, 0); p.Birth.Before(oldest) || p.Birth.After(on.AddDate(-c.MinAge, 0, 0)) {
			t.Fatalf("born %s for ages %d to %d", p.Birth.Format(time.DateOnly), c.MinAge, c.MaxAge)
		}
		if p.Issued.Before(p.Birth) || p.Issued.After(on) || !p.Expires.Equal(expiry(p.Birth, p.Issued)) {
			t.Fatalf("born %s, issued %s, expires %s", p.Birth, p.Issued, p.Expires)
		}
		if !p.Expires.IsZero() && p.Expires.Before(on) {
			t.Fatal("expired")
		}
		if r := idnumber.Check(idnumber.ResidentID, p.Number, idnumber.DateOf(on)); r.Status != idnumber.Valid {
			t.Fatalf("number is %s", r.Status)
		}
		if lines := wrap(p.Address, addressColumns); len(lines) > 3 {
			t.Fatalf("the address takes %d lines", len(lines))
		}
		if n := utf8.RuneCountInString(p.Authority); n < 5 || n > 2*authorityColumns {
			t.Fatalf("an authority of %d characters", n)
		}
	})
}

func TestCastOfExpiredCards(t *testing.T) {
	on := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for seed := range uint64(200) {
		p, err := Cast{On: on, Expired: true}.Person(Seed(seed))
		if err != nil {
			t.Fatal(err)
		}
		if p.Expires.IsZero() || !p.Expires.Before(on) {
			t.Fatalf("seed %d: expires %s", seed, p.Expires)
		}
	}
	if _, err := (Cast{On: on, MinAge: 69, MaxAge: 70, Expired: true}).Person(Seed(1)); !errors.Is(err, ErrNobody) {
		t.Errorf("of 46 and more no card has expired: %v", err)
	}
}

func TestExpiryOfChildren(t *testing.T) {
	birth := time.Date(2010, 5, 10, 0, 0, 0, 0, time.UTC)
	for issued, years := range map[time.Time]int{birth.AddDate(16, 0, -1): 5, birth.AddDate(16, 0, 0): 10} {
		if got := expiry(birth, issued); !got.Equal(issued.AddDate(years, 0, 0)) {
			t.Errorf("issued %s: %s, want %d years", issued.Format(time.DateOnly), got.Format(time.DateOnly), years)
		}
	}
}

func TestAuthorityIsNamedAsPoliceAuthoritiesAre(t *testing.T) {
	for _, c := range []struct{ county, city, want, why string }{
		{"朝阳区", "北京市", "北京市公安局朝阳分局", "a district has a branch of its city's"},
		{"矿区", "阳泉市", "阳泉市公安局矿区分局", "one character alone is no name"},
		{"涉县", "邯郸市", "涉县公安局", "a county has its own"},
		{"义乌市", "金华市", "义乌市公安局", "so has a city of that level"},
		{"特区", "六盘水地区", "特区公安局", "a prefecture has no city's police"},
	} {
		if got := authority(c.county, c.city); got != c.want {
			t.Errorf("%s: %s, want %s", c.why, got, c.want)
		}
	}
}
