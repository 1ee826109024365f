package idnumber

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// reference brings a writing to what its subject must be, by the closed list in the package comment and nothing else. It
// is written apart from the code under test, and slowly.
func reference(kind Kind, raw string) string {
	text := spelling(raw)
	switch kind {
	case ResidentID, TemporaryID, HouseholdBook:
		return "resident " + eighteen(text)
	case MilitaryID, ArmedPoliceID:
		if plain := strings.TrimRight(text, "X"); strings.Trim(plain, "0123456789") == "" && (len(text) == 15 || len(text) == 18) {
			return "resident " + eighteen(text)
		}
		return string(kind) + " " + strings.NewReplacer("字第", "", "号", "").Replace(text)
	case HKMOPermit:
		return "hkmo " + text[:min(9, len(text))]
	case TWPermit:
		return "tw " + text[:min(8, len(text))]
	case HKID, MacauBIR:
		return string(kind) + " " + strings.NewReplacer("(", "", ")", "", "/", "").Replace(text)
	case PassportMRZ:
		return zone(raw)
	case Passport:
		return "passport  " + text
	case MobilePhone:
		for _, prefix := range []string{"+86", "0086", "86"} {
			if rest, ok := strings.CutPrefix(text, prefix); ok && len(rest) >= 11 {
				return "phone " + rest
			}
		}
		return "phone " + text
	case ICCID:
		if bare := strings.TrimRight(text, "F"); strings.Trim(bare, "0123456789") == "" {
			text = bare
		} else if len(text) > 20 {
			text = text[:20] + strings.TrimRight(text[20:], "F")
		}
		if len(text) == 20 && strings.HasPrefix(text, "8986") && strings.Trim(text[:19], "0123456789") == "" &&
			(text[19] >= 'A' || luhnHolds(text)) {
			text = text[:19]
		}
		return "iccid " + text
	case IMEI:
		return "imei " + text[:min(14, len(text))]
	}
	return string(kind) + " " + text
}

// spelling joins the writings that fold joins.
func spelling(raw string) string {
	raw = strings.Trim(raw, "\t\r\n\u00a0\ufeff \u3000")
	var out strings.Builder
	for _, r := range raw {
		if r >= '！' && r <= '～' {
			r -= '！' - '!'
		}
		if !strings.ContainsRune(" -　‐‑\u2013\u2212", r) {
			out.WriteRune(r)
		}
	}
	return strings.ToUpper(out.String())
}

func eighteen(text string) string {
	if len(text) != 15 {
		return text
	}
	if text[12:14] == "99" && text[14] >= '6' {
		return with(text[:6] + "18" + text[6:])
	}
	return with(text[:6] + "19" + text[6:])
}

// zone takes state and number out of a TD3 zone, as a passport's; anything else stands for itself.
func zone(raw string) string {
	var out strings.Builder
	for _, r := range raw {
		if r >= '！' && r <= '～' {
			r -= '！' - '!'
		}
		if !strings.ContainsRune(" 　\r\n", r) {
			out.WriteRune(r)
		}
	}
	text := strings.ToUpper(out.String())
	if len(text) != 88 {
		return text
	}
	state := strings.TrimRight(text[2:5], "<")
	if state == "D" {
		state = "DEU"
	}
	return "passport " + state + " " + strings.ReplaceAll(text[44:53], "<", "")
}

// luhnHolds doubles every second digit from the right (ISO/IEC 7812-1, annex B).
func luhnHolds(text string) bool {
	sum := 0
	for i := range text {
		digit := int(text[len(text)-1-i]) - '0'
		if digit < 0 || digit > 9 {
			return false
		}
		digit <<= i % 2
		sum += digit/10 + digit%10
	}
	return sum%10 == 0
}

// vary writes a number in another way, and often another number.
func vary(t *rapid.T, text string) string {
	runes := []rune(text)
	for range rapid.IntRange(0, 3).Draw(t, "changes") {
		if len(runes) == 0 {
			break
		}
		i := rapid.IntRange(0, len(runes)-1).Draw(t, "place")
		switch rapid.SampledFrom([]string{"change", "widen", "lower", "space", "dash", "edge", "swap", "drop", "double"}).Draw(t, "how") {
		case "change":
			runes[i] = rapid.SampledFrom([]rune("0123456789ABFHMX<()+")).Draw(t, "character")
		case "widen":
			if runes[i] > ' ' && runes[i] < 0x7f {
				runes[i] += '！' - '!'
			}
		case "lower":
			runes[i] = []rune(strings.ToLower(string(runes[i])))[0]
		case "space":
			runes = append(runes[:i:i], append([]rune(" "), runes[i:]...)...)
		case "dash":
			runes = append(runes[:i:i], append([]rune("\u2013"), runes[i:]...)...)
		case "edge":
			runes = append([]rune("\t"), append(runes, '\u00a0')...)
		case "swap":
			j := (i + 1) % len(runes)
			runes[i], runes[j] = runes[j], runes[i]
		case "drop":
			runes = append(runes[:i:i], runes[i+1:]...)
		case "double":
			runes = append(runes[:i:i], runes[max(0, i-1):]...)
		}
	}
	return string(runes)
}

// Two inputs share a subject only by a listed equivalence, and by a listed equivalence they share it.
func TestSubjectsAreSharedByTheListAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(Kinds()).Draw(t, "kind")
		g := generator(t)
		text, err := g.Next(kind)
		if err != nil {
			t.Fatal(err)
		}
		other := text
		if rapid.IntRange(0, 9).Draw(t, "another number") == 0 {
			if other, err = g.Next(kind); err != nil {
				t.Fatal(err)
			}
		}
		a, b := vary(t, text), vary(t, other)
		ra, rb := Check(kind, a, on), Check(kind, b, on)
		if ra.Status == Invalid || rb.Status == Invalid {
			return
		}
		want := reference(kind, a) == reference(kind, b)
		if got := ra.Subject() == rb.Subject(); got != want {
			t.Fatalf("%s: one subject: %v, by the list: %v (%s, %s)", kind, got, want, reference(kind, a), reference(kind, b))
		}
	})
}

// The equivalences across kinds and forms, each by a published or never-issued number.
func TestOneHolderOneSubject(t *testing.T) {
	woman := with("11010519900101000")
	for why, group := range map[string][]struct {
		kind Kind
		raw  string
	}{
		"resident number": {
			{ResidentID, woman}, {ResidentID, "110105900101000"}, {TemporaryID, woman}, {HouseholdBook, " " + woman},
			{MilitaryID, woman}, {ArmedPoliceID, "110105-900101-000"},
		},
		"check character x":     {{ResidentID, "11010519491231002X"}, {HouseholdBook, "11010519491231002ｘ"}, {TemporaryID, "110105491231002"}},
		"travel permit, HK":     {{HKMOPermit, "H12345678"}, {HKMOPermit, "H1234567801"}, {HKMOPermit, "h 1234 5678 02"}},
		"travel permit, Taiwan": {{TWPermit, "12345678"}, {TWPermit, "1234567801"}, {TWPermit, "1234567801(B)"}},
		"Hong Kong card":        {{HKID, "A123456(3)"}, {HKID, "A1234563"}, {HKID, "ａ１２３４５６（３）"}},
		"Macau card":            {{MacauBIR, "1/234567/8"}, {MacauBIR, "1234567(8)"}, {MacauBIR, "12345678"}},
		"phone":                 {{MobilePhone, "13800000000"}, {MobilePhone, "+86 138 0000 0000"}, {MobilePhone, "008613800000000"}},
		"SIM card":              {{ICCID, "89860070310112094320"}, {ICCID, "8986007031011209432"}},
		"device":                {{IMEI, "490154203237518"}, {IMEI, "49015420323751"}, {IMEI, "4901542032375100"}},
		"organisation code":     {{OrgCode, "D2143569-X"}, {OrgCode, "d2143569x"}},
		"a German passport":     {{Passport, "C01X00T47"}, {Passport, "c01x 00t47"}},
	} {
		first := Check(group[0].kind, group[0].raw, on)
		if first.Status == Invalid {
			t.Errorf("%s: %v", why, first)
			continue
		}
		for i := range group[1:] {
			r := Check(group[i+1].kind, group[i+1].raw, on)
			if r.Subject() != first.Subject() {
				t.Errorf("%s, writing %d: %v is another subject", why, i+2, r)
			}
		}
	}
}

// What looks alike and is not one: kinds and states keep apart what has one spelling.
func TestSubjectsApart(t *testing.T) {
	permit := Check(ResidencePermit, "810000199408230021", on)
	if s := permit.Subject(); s.Kind != ResidencePermit {
		t.Errorf("a residence permit is keyed as %s", s.Kind)
	}
	macau, hkmo := Check(Passport, "MA1234567", on), Check(HKMOPermit, "MA1234567", on)
	if macau.Subject() == hkmo.Subject() {
		t.Error("a Macau passport and a travel permit with one spelling are one subject")
	}
	orgCode, unit := Check(OrgCode, "M000100Y4", on), Check(USCC, "91350100M000100Y43", on)
	if orgCode.Status == Invalid || unit.Status == Invalid || orgCode.Subject() == unit.Subject() {
		t.Errorf("organisation code %v and social credit code %v", orgCode, unit)
	}
}
