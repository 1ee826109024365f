package compliance

import (
	"strings"
	"testing"
)

func TestCatalogueLoads(t *testing.T) {
	c, err := parseCatalogue(reasonsYAML)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.reasons) < 100 {
		t.Errorf("%d codes, want the whole catalogue", len(c.reasons))
	}
}

func TestReasonTextsByAudience(t *testing.T) {
	r, ok := Reason("authority_no_record")
	if !ok {
		t.Fatal("authority_no_record is not in the catalogue")
	}
	if r.For(ForPerson) != r.For(ForClerk) || r.For(ForPerson) == r.For(ForRegulator) {
		t.Errorf("person %q, clerk %q, regulator %q", r.For(ForPerson), r.For(ForClerk), r.For(ForRegulator))
	}
	if zh, en := r.Person.In("zh-CN"), r.Person.In("en-GB"); zh == en || !strings.Contains(en, "record") {
		t.Errorf("zh %q, en %q", zh, en)
	}
	if _, ok := Reason("no_such_code"); ok {
		t.Error("an unknown code has a text")
	}
}

func TestUndisclosedReasonsTellNothing(t *testing.T) {
	neutral, _ := Reason("further_review")
	hidden := 0
	for _, r := range Reasons() {
		public := PublicReason(r.Code)
		if r.Disclosed {
			if public.Code != r.Code {
				t.Errorf("%s is disclosed and told as %s", r.Code, public.Code)
			}
			continue
		}
		hidden++
		if public.Code != neutral.Code || r.Person != neutral.Person || r.Clerk != neutral.Clerk {
			t.Errorf("%s shows through: told as %s, person %q", r.Code, public.Code, r.Person.EN)
		}
		if r.Compliance == neutral.Compliance {
			t.Errorf("%s hides its ground from the compliance officer", r.Code)
		}
	}
	if hidden == 0 {
		t.Error("no reason is undisclosed, so this test saw nothing")
	}
	if got := PublicReason("no_such_code"); got.Code != neutral.Code {
		t.Errorf("an unknown code is told as %s", got.Code)
	}
}

func TestAppealWay(t *testing.T) {
	for _, tc := range []struct {
		sector Sector
		scene  Scene
		id     string
		days   int
	}{
		{SectorBanking, SceneBankAccount, "aml_39", 15},
		{SectorPayment, SceneReverification, "aml_39", 15},
		{SectorTelecom, SceneReverification, "atfl_32", 0},
		{SectorTelecom, SceneIoTCard, "atfl_32", 0},
		{SectorTelecom, ScenePhoneCard, "pipl_24", 0},
		{SectorInternet, SceneSignup, "pipl_24", 0},
	} {
		a := AppealWay(tc.sector, tc.scene)
		if a.ID != tc.id || a.Days != tc.days || a.Article == "" || a.Text.ZH == "" || a.Text.EN == "" {
			t.Errorf("%s, %s: %+v, want %s in %d days", tc.sector, tc.scene, a, tc.id, tc.days)
		}
	}
}

func TestAppealWaysByDateSceneAndMeasure(t *testing.T) {
	for name, tc := range map[string]struct {
		sector  Sector
		scene   Scene
		clauses []string
		date    string
		want    string
	}{
		"bank":                     {SectorBanking, SceneBankAccount, nil, "2026-01-01", "aml_39 pipl_24"},
		"bank before the law":      {SectorBanking, SceneBankAccount, nil, "2024-12-31", "pipl_24"},
		"bank, measure of 18":      {SectorBanking, SceneBankAccount, []string{"R-ATFL-18"}, "2026-01-01", "aml_39 atfl_32 pipl_24"},
		"platform, measure of 22":  {SectorInternet, SceneSignup, []string{"R-ATFL-22"}, "2026-01-01", "atfl_32 pipl_24"},
		"card, limit of article 4": {SectorTelecom, ScenePhoneCard, []string{"R-5CARD"}, "2026-01-01", "pipl_24"},
		"before any":               {SectorTelecom, ScenePhoneCard, nil, "2021-10-31", ""},
	} {
		var got []string
		for _, a := range AppealWays(tc.sector, tc.scene, tc.clauses, tc.date) {
			got = append(got, a.ID)
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%s: %v, want %s", name, got, tc.want)
		}
	}
}

func TestCatalogueRefusesMistakes(t *testing.T) {
	const good = `
undisclosed_as: a
materials: [{id: m, zh: 材, en: m}]
appeals: [{id: x, clause: R-X, instrument: {zh: 法, en: law}, article: "1", effective_from: 2020-01-01, channel: {zh: 处, en: there}, text: {zh: 诉, en: appeal}}]
reasons:
  - {code: a, all: {zh: 甲, en: a}, remedy: {zh: 乙, en: b}, retry: now, materials: [m]}
  - {code: b, official: {zh: 甲, en: a}, remedy: {zh: 乙, en: b}, retry: later, disclosed: false}
`
	if _, err := parseCatalogue([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ from, to, want string }{
		"unknown key":            {"retry: now", "retry: now, colour: red", "colour"},
		"unknown retry":          {"retry: now", "retry: perhaps", "perhaps"},
		"unknown material":       {"[m]}\n", "[n]}\n", `"n"`},
		"text missing":           {"all: {zh: 甲, en: a}", "all: {zh: 甲}", "text"},
		"repeated code":          {"code: b", "code: a", "twice"},
		"public text of hidden":  {"code: b,", "code: b, public: {zh: 丙, en: c},", "public text"},
		"neutral reason missing": {"undisclosed_as: a", "undisclosed_as: z", `"z"`},
		"neutral reason hidden":  {"undisclosed_as: a", "undisclosed_as: b", `"b"`},
		"appeal without channel": {"channel: {zh: 处, en: there}", "channel: {zh: 处}", "channel"},
		"appeal without date":    {"effective_from: 2020-01-01, ", "", "date"},
		"no appeal for all":      {"article:", "scenes: [signup], article:", "appeal"},
	} {
		_, err := parseCatalogue([]byte(strings.Replace(good, tc.from, tc.to, 1)))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want one that names %s", name, err, tc.want)
		}
	}
}
