//go:build vision

package vision

import (
	"testing"

	"realname/verify/idnumber"
)

func TestOlderForeignNumberIsFoundBelowItsTitle(t *testing.T) {
	const title, right = "外国人永久居留身份证", "USA110066010105"
	day := idnumber.Date{Year: 2026, Month: 1, Day: 10}
	right15 := ""
	for _, last := range "0123456789" {
		if s := right[:14] + string(last); foreignNumber(s, day).Status != idnumber.Invalid {
			right15 = s
		}
	}
	if right15 == "" {
		t.Fatal("no check digit is right")
	}
	for why, c := range map[string]struct {
		lines []string
		found bool
		value string
	}{
		"title and number":         {[]string{title, "证件号码/IDNo." + right15}, true, right15},
		"its label on its own":     {[]string{title, "证件号码/IDNo.", right15}, true, right15},
		"a digit misread":          {[]string{title, right15[:9] + "7" + right15[10:]}, true, ""},
		"a letter misread":         {[]string{title, "U5A" + right15[3:]}, true, ""},
		"no title":                 {[]string{"中华人民共和国", right15}, false, ""},
		"title and name":           {[]string{title, "MUSTER,ERIKSON"}, false, ""},
		"the number of the new":    {[]string{title, "911840196601010018"}, false, ""},
		"a term behind its label":  {[]string{title, "2017.06.01-2027.06.01"}, false, ""},
		"a birth behind its label": {[]string{title, "男/M1966.01.01"}, false, ""},
	} {
		var lines []line
		for _, s := range c.lines {
			lines = append(lines, spelled(s, 0.9))
		}
		f := findOlderForeign(lines, day)
		if (f != nil) != c.found || f != nil && f.value != c.value {
			t.Errorf("%s: %+v", why, f)
		}
	}
}

// The card prints two of the phrases that a resident card's back has.
func TestPermanentResidenceIsNoResidentsBack(t *testing.T) {
	var lines []line
	for _, s := range []string{"中华人民共和国", "有效期限/Period of Validity", "居民身份证"} {
		lines = append(lines, spelled(s, 0.9))
	}
	if backSeen(lines) < backPhrases {
		t.Error("a back is not seen")
	}
	if n := backSeen(append(lines, spelled("外国人永久居留身份证", 0.9))); n != 0 {
		t.Errorf("%d phrases of a back on a foreigner's card", n)
	}
}
