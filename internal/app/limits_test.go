package app

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"realname/compliance"
	"realname/internal/config"
	"realname/verify"
)

// A lease that the configuration takes is one that the service keeps.
func TestOneLongestLease(t *testing.T) {
	if time.Duration(config.MaxLease) != verify.MaxLease {
		t.Errorf("%v in the configuration, %v in the service", time.Duration(config.MaxLease), verify.MaxLease)
	}
}

// operator opens a ledger with one tenant of a sector.
func operator(t testing.TB, sector compliance.Sector) (*Operator, string) {
	t.Helper()
	c := config.Default()
	c.Data = filepath.Join(t.TempDir(), "data")
	o, err := OpenOperator(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	tenant, err := o.AddTenant(t.Context(), NewTenant{Name: "tenant", Sector: sector, Region: "000000", NoStock: true})
	if err != nil {
		t.Fatal(err)
	}
	return o, tenant.ID
}

func TestOperatorShowsLimits(t *testing.T) {
	o, tenant := operator(t, compliance.SectorTelecom)
	const document = `{"kind":"resident_id","number":"110105194912310003"}`
	asked, err := ReadPerson(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	asked.Purpose, asked.LegalBasis = "counter_enquiry", "contract"
	d, err := o.desk(t.Context(), tenant)
	if err != nil {
		t.Fatal(err)
	}
	var rows []verify.StockRow
	for n := range 5 {
		rows = append(rows, verify.StockRow{Document: asked.Document, Product: "mobile_card", ExternalRef: "sim-" + strconv.Itoa(n), OpenedAt: time.Now().Add(-time.Hour)})
	}
	if _, err := d.Import(t.Context(), d.caller, "key", rows); err != nil {
		t.Fatal(err)
	}
	v, err := o.Limits(t.Context(), tenant, asked)
	if err != nil || len(v.Limits) != 2 || v.Limits[0].Use.Used != 5 || !v.Limits[0].Use.Exceeded() || !v.Limits[0].StockComplete {
		t.Fatalf("%+v, %v", v, err)
	}
	var out strings.Builder
	if err := EncodeLimits(&out, v, "en"); err != nil || !strings.Contains(out.String(), `{"person":"`+v.PersonID+`"`) || !strings.Contains(out.String(), `"used":5,"limit":5`) {
		t.Errorf("%s, %v", out.String(), err)
	}
	if _, err := o.Limits(t.Context(), "tnt_none", asked); err == nil {
		t.Error("a tenant that is not there was told")
	}
}

func TestDocumentsThatCannotBeReadAreNotRepeated(t *testing.T) {
	for _, text := range []string{
		"", "{}", "110105194912310003", `{"kind":"resident_id"}`, `{"number":"110105194912310003"}`, `{"kind":"resident_id","number":110105194912310003}`,
		`{"110105194912310003":1}`, `{"kind":"resident_id","number":"110105194912310003"}{}`, `[` + strings.Repeat(" ", maxPersonText),
	} {
		if _, err := ReadPerson(strings.NewReader(text)); err == nil || strings.Contains(err.Error(), "110105194912310003") {
			t.Errorf("%.60q: %v", text, err)
		}
	}
}

func TestOperatorSetsALimit(t *testing.T) {
	o, tenant := operator(t, compliance.SectorTelecom)
	if err := o.SetLimit(t.Context(), tenant, "phone_cards", 9); err == nil || !strings.Contains(err.Error(), "clause R-5CARD allows 5") {
		t.Errorf("looser than the clause: %v", err)
	}
	if err := o.SetLimit(t.Context(), tenant, "phone_cards", 4); err != nil {
		t.Fatal(err)
	}
	if own, err := o.store.TenantLimits(t.Context(), tenant); err != nil || own["phone_cards"] != 4 {
		t.Errorf("%v, %v", own, err)
	}
	for _, tc := range []struct {
		tenant, family string
		most           int
	}{{tenant, "debit_cards", 1}, {tenant, "no_family", 1}, {tenant, "phone_cards", -1}, {"tnt_none", "phone_cards", 1}} {
		if err := o.SetLimit(t.Context(), tc.tenant, tc.family, tc.most); err == nil {
			t.Errorf("%+v was set", tc)
		}
	}
	_, platform := operator(t, compliance.SectorInternet)
	if err := o.SetLimit(t.Context(), platform, "internet_accounts", 2); err == nil {
		t.Error("a tenant of another ledger has a limit here")
	}
}

func history2026(rows ...string) string {
	var b strings.Builder
	b.WriteString("at,action,opening,person,product,legal_entity,phone,proxy,predecessor\n")
	for _, r := range rows {
		b.WriteString("2026-03-02T" + r + "\n")
	}
	return b.String()
}

func simulate(t *testing.T, text string, change func(*SimulationOptions)) (*Simulation, error) {
	t.Helper()
	o := SimulationOptions{Openings: strings.NewReader(text), Lease: 15 * time.Minute, Most: 3, Scratch: t.TempDir()}
	if change != nil {
		change(&o)
	}
	report, err := Simulate(t.Context(), o)
	if left, readErr := os.ReadDir(o.Scratch); readErr != nil || len(left) > 0 {
		t.Errorf("the temporary ledger was left: %v, %v", left, readErr)
	}
	return report, err
}

func TestSimulation(t *testing.T) {
	report, err := simulate(t, history2026(
		"10:00:00+08:00,open,o1,p1,mobile_card,c1,,,",
		"10:00:01+08:00,open,o2,p1,mobile_card,c1,,,",
		"10:00:02+08:00,open,o3,p1,mobile_card,c1,,,",
		"10:00:03+08:00,open,o4,p1,mobile_card,c1,,,",
		"10:00:04+08:00,reserve,o5,p1,mobile_card,c1,,,",
		"10:00:05+08:00,open,o6,p1,mobile_card,c1,,,", // the sixth
		"10:00:06+08:00,open,o7,p1,mobile_card,c2,,,", // another carrier's
		"10:16:00+08:00,open,o8,p1,mobile_card,c1,,,", // the reservation has run out
		"10:17:00+08:00,confirm,o5,,,,,,",             // too late, and full
		"10:18:00+08:00,close,o8,,,,,,",               //
		"10:19:00+08:00,confirm,o5,,,,,,",             // too late, but there is room
		"10:19:00+08:00,close,o6,,,,,,",               // was never there
		"10:19:00+08:00,transfer,o9,p2,mobile_card,c1,,,o1",
		"10:19:30+08:00,close,o5,,,,,,", // the successor of the late confirmation
		"10:20:00+08:00,open,b1,p1,debit_card,b1,t1,x1,",
		"10:20:00+08:00,open,b2,p2,debit_card,b1,t1,x1,", // the phone of p1
		"10:20:00+08:00,open,b3,p3,debit_card,b1,,x1,",
		"10:20:00+08:00,open,b4,p4,debit_card,b1,,x1,",
		"10:20:00+08:00,open,b5,p5,debit_card,b1,,x1,", // the proxy's fourth
		"10:20:00+08:00,release,o2,,,,,,",              // it is active
	), nil)
	if err != nil {
		t.Fatal(err)
	}
	if report.Rows != 20 || report.Admitted != 11 || report.Refused != 3 || report.Skipped != 1 || report.Failed != 2 {
		t.Errorf("%+v", report)
	}
	type row struct {
		family                                     string
		limit, admitted, refused, peak, at, inLine int
	}
	var got []row
	for _, f := range report.Families {
		r := row{f.Family, f.Limit, f.Admitted, f.Refused, f.Peak, f.AtLimit, 0}
		if len(f.First) > 0 {
			r.inLine = f.First[0].Line
		}
		got = append(got, r)
	}
	want := []row{{"phone_cards", 5, 8, 1, 5, 1, 7}, {"debit_cards", 4, 3, 0, 1, 0, 0}, {"persons_per_phone", 1, 1, 1, 1, 1, 17}, {"proxy_cards", 3, 3, 1, 3, 1, 20}}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if f := report.FirstFailed; len(f) != 2 || f[0].Code != "quota_exceeded" || f[0].Line != 10 || f[1].Code != "opening_state" {
		t.Errorf("%+v", f)
	}
}

func TestSimulationOfATenantsOwnLimit(t *testing.T) {
	text := history2026("10:00:00+08:00,open,a1,p1,internet_account,w,,,", "10:00:00+08:00,open,a2,p1,internet_account,w,,,",
		"10:00:00+08:00,open,a3,p1,internet_account,v,,,")
	report, err := simulate(t, text, nil)
	if err != nil || report.Admitted != 3 || len(report.Families) != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	report, err = simulate(t, text, func(o *SimulationOptions) { o.Limits = map[string]int{"internet_accounts": 1} })
	if err != nil || report.Admitted != 2 || report.Families[0].Refused != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	if _, err := simulate(t, text, func(o *SimulationOptions) { o.Limits = map[string]int{"accounts": 1} }); err == nil {
		t.Error("an unknown family was set")
	}
}

func TestHistoriesThatCannotBeRead(t *testing.T) {
	good := "10:00:00+08:00,open,o1,p1,mobile_card,c1,,,"
	for says, text := range map[string]string{
		"line 1: no header":              "",
		"no rows":                        history2026(),
		"line 1: column 2 is unknown":    "at,wish,opening\n",
		"line 1: no column action":       "at,opening\n",
		"there twice":                    "at,action,opening,at\n",
		"line 3: the rows must be in":    history2026(good, "09:00:00+08:00,open,o2,p1,mobile_card,c1,,,"),
		"line 3: the opening is in an":   history2026(good, good),
		"line 3: no earlier row opens":   history2026(good, "10:00:00+08:00,close,o2,,,,,,"),
		"line 2: the actions are":        history2026("10:00:00+08:00,steal,o2,,,,,,"),
		"line 2: what opens needs":       history2026("10:00:00+08:00,open,o2,,mobile_card,c1,,,"),
		"line 2: the policy has no such": history2026("10:00:00+08:00,open,o2,p1,rocket,c1,,,"),
		"line 2: at is no time":          history2026("10:00:00,open,o2,p1,mobile_card,c1,,,"),
		"line 2: wrong number of fields": history2026("10:00:00+08:00,open,o2"),
		"line 2: a token is a person's":  history2026("10:00:00+08:00,open,o2,110105194912310003,mobile_card,c1,,,"),
		"put tokens without meaning":     history2026("10:00:00+08:00,open,o2,p1,mobile_card,c1,13800000000,,"),
	} {
		if _, err := simulate(t, text, nil); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "110105194912310003") {
			t.Errorf("%q: %v", says, err)
		}
	}
}

// A policy with a limit that cannot be is refused where it stands.
func TestSimulationRefusesABrokenPolicy(t *testing.T) {
	file := filepath.Join(t.TempDir(), "draft.yaml")
	text, err := os.ReadFile("../../compliance/policy/builtin.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for broken, says := range map[string]string{"max: -5, mode: hard": "max is -5", "max: 5, mode: often": `mode is "often"`} {
		draft := strings.Replace(string(text), "max: 5, mode: hard", broken, 1)
		line := 1 + strings.Count(draft[:strings.Index(draft, broken)], "\n")
		if err := os.WriteFile(file, []byte(draft), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := simulate(t, history2026(), func(o *SimulationOptions) { o.PolicyFile = file })
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), file+":"+strconv.Itoa(line)) {
			t.Errorf("%s on line %d: %v", broken, line, err)
		}
	}
}
