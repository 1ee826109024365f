package specimen

import (
	"errors"
	"math/rand/v2"
	"strings"
	"time"
	"unicode/utf8"

	"realname/verify/idnumber/gb2260"
)

// Cast says what persons to invent.
type Cast struct {
	On             time.Time // the day on which their cards are looked at; zero is 2026-01-01
	MinAge, MaxAge int       // whole years on that day; zero means 18 and 70
	Expired        bool      // their cards have expired by then
	Nationwide     bool      // from any county of GB/T 2260 instead of the short list of NewPerson
}

// ErrNobody says that no person fits a Cast: nobody's card has expired who was
// 46 when cards of this generation began, and no man born before 1951 has a
// number that is never issued.
var ErrNobody = errors.New("specimen: nobody fits the cast")

// firstIssue is when cards of the second generation began.
var firstIssue = time.Date(2004, 1, 1, 0, 0, 0, 0, time.UTC)

// Person invents one. The term follows the age at issue (Resident Identity Card
// Law, article 5). The error is ErrNobody.
func (c Cast) Person(rng *rand.Rand) (Person, error) {
	if c.On.IsZero() {
		c.On = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if c.MinAge == 0 && c.MaxAge == 0 {
		c.MinAge, c.MaxAge = 18, 70
	}
	p := Person{Sex: Male}
	if rng.IntN(2) == 0 {
		p.Sex = Female
	}
	for range 2000 {
		age := c.MinAge + rng.IntN(max(1, c.MaxAge-c.MinAge+1))
		p.Birth = c.On.AddDate(-age, 0, -rng.IntN(365))
		from := firstIssue
		if p.Birth.After(from) {
			from = p.Birth.AddDate(0, 1, 0)
		}
		days := int(c.On.Sub(from).Hours() / 24)
		if days < 1 || p.Birth.Year() < 1951 || p.Birth.AddDate(c.MaxAge+1, 0, 0).Before(c.On) {
			continue
		}
		p.Issued = from.AddDate(0, 0, rng.IntN(days))
		p.Expires = expiry(p.Birth, p.Issued)
		if expired := !p.Expires.IsZero() && p.Expires.Before(c.On); expired != c.Expired {
			continue
		}
		at := pick(rng, places)
		if c.Nationwide {
			at = anyPlace(rng)
		}
		p.Nation = inventNation(rng)
		p.Name = inventName(rng, p.Sex, p.Nation)
		p.Address = inventAddress(rng, at)
		p.Authority = at.authority
		p.Number = number(at.code, p.Birth, p.Sex)
		return p, nil
	}
	return Person{}, ErrNobody
}

// anyPlace draws a county that is in force now, with an authority named as police authorities are.
func anyPlace(rng *rand.Rand) place {
	const now = 2025
	table := gb2260.Default()
	for {
		code := table.At(rng.IntN(table.Len()))
		name, full := table.Name(code, now), table.FullName(code, now)
		if table.Standing(code, now) != gb2260.InForce || !countyName(name) || utf8.RuneCountInString(full) > 18 {
			continue
		}
		city := table.Name(code/100*100, now)
		if city == "" || !strings.HasSuffix(city, "市") {
			city = table.Name(code/10000*10000, now)
		}
		return place{code.String(), full, authority(name, city)}
	}
}

// countyName reports whether a name is one of a county and not a heading of the lists (市辖区, 县).
func countyName(name string) bool {
	for _, kind := range []string{"县", "区", "市", "旗"} {
		if strings.HasSuffix(name, kind) && utf8.RuneCountInString(name) > 1 && name != "市辖区" && name != "市区" {
			return true
		}
	}
	return false
}

// authority is the police authority of a county: a branch of the city's for its districts, an office of its own elsewhere.
func authority(county, city string) string {
	short, district := strings.CutSuffix(county, "区")
	if !district || !strings.HasSuffix(city, "市") {
		return county + "公安局"
	}
	if utf8.RuneCountInString(short) < 2 {
		short = county
	}
	return city + "公安局" + short + "分局"
}
