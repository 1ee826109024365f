package idnumber

import (
	"strings"
	"testing"
)

func FuzzMRZ(f *testing.F) {
	for _, seed := range []string{
		icaoTD1, icaoTD2, icaoTD3, icaoLongTD1, icaoLongTD2, germanTD1, germanTD2, germanTD3, belgianOld, belgianNew,
		portuguese, chineseTD1, chineseTD3, "", "«", "\xff", strings.Repeat("<", zoneCap), strings.Repeat("＜", zoneCap),
		remade(icaoTD1, 14, "<"+strings.Repeat("Z", 15)), remade(icaoTD3, 57, "<<<<<<", 65, "<<<<<<"),
	} {
		f.Add(seed, uint16(2026), uint8(11), uint8(22))
		f.Add(seed, uint16(0), uint8(0), uint8(0))
		f.Add(seed, uint16(65535), uint8(12), uint8(31))
	}
	f.Fuzz(func(t *testing.T, raw string, year uint16, month, day uint8) {
		day0 := Date{year, month, day}
		m := ReadMRZ(raw, day0)
		if r := Check(PassportMRZ, raw, day0); r != m.Result {
			t.Fatalf("Check and ReadMRZ differ: %v, %v", r, m)
		}
		checkInvariants(t, PassportMRZ, raw, day0)
		if (m.Form == FormOnly) != (m.Findings[Structure].Outcome == Failed) {
			t.Fatalf("%q: form %v, structure %v", raw, m.Form, m.Findings[Structure])
		}
		if m.Status != Invalid && !day0.Valid() || !m.Birth.Valid() && m.Birth != (Date{}) || day0.Valid() && day0.Before(m.Birth) {
			t.Fatalf("%q: birth %v on %v", raw, m.Birth, day0)
		}
		primary, secondary, _ := m.Name()
		for _, text := range []string{primary, secondary, m.Optional(), m.DocumentCode(), m.Canonical.Reveal()} {
			if strings.ContainsRune(text, filler) || strings.TrimSpace(text) != text {
				t.Fatalf("%q: %q has fillers", raw, text)
			}
		}
		if z := m.open(); m.Form != FormOnly {
			if again := ReadMRZ(string(z.b[:z.layout.lines*z.layout.width]), day0); again != m {
				t.Fatalf("%q: %v, read again %v", raw, m, again)
			}
		}
	})
}
