package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/compliance/vault"
	"realname/internal/app"
	"realname/internal/config"
	"realname/internal/sqlstore"
	"realname/verify"
)

const holderDocument = `{"kind":"resident_id","number":"110105194912310003"}`

// carrier makes a configuration and a carrier at which the holder of holderDocument has n cards.
func carrier(t *testing.T, n int) (configFlag, string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "realname.yaml")
	text := "data: " + filepath.Join(dir, "data") + "\nauthority:\n  url: http://127.0.0.1:1\n  secret_file: none\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	flag := configFlag{file}
	var tenant struct{ ID, Entity string }
	if err := operate(t.Context(), flag, func(o *app.Operator) error {
		added, err := o.AddTenant(t.Context(), app.NewTenant{Name: "carrier", Sector: compliance.SectorTelecom, Region: "000000", NoStock: true})
		tenant.ID, tenant.Entity = added.ID, added.LegalEntityID
		return err
	}); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := vault.ReadKeyFile(cfg.VaultKeys())
	if err != nil {
		t.Fatal(err)
	}
	safe, err := vault.New(keys, rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{DSN: cfg.LedgerDSN()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	s := verify.New(verify.Options{Ledger: store, Vault: safe, Policy: policy.Builtin(), IDs: compliance.NewIDs(time.Now, rand.Reader), Now: time.Now})
	var rows []verify.StockRow
	for i := range n {
		rows = append(rows, verify.StockRow{
			Document: verify.Document{Kind: "resident_id", Number: "110105194912310003"}, Product: "mobile_card",
			ExternalRef: "sim-" + strconv.Itoa(i), OpenedAt: time.Now().Add(-time.Hour),
		})
	}
	if _, err := s.Import(t.Context(), verify.Caller{TenantID: tenant.ID, LegalEntityID: tenant.Entity}, "key", rows); err != nil {
		t.Fatal(err)
	}
	return flag, tenant.ID
}

func TestLimitsShow(t *testing.T) {
	flag, tenant := carrier(t, 5)
	show := func(in string, change func(c *limitsShowCmd)) string {
		t.Helper()
		var out bytes.Buffer
		c := limitsShowCmd{configFlag: flag, Tenant: tenant, Purpose: "counter_enquiry", LegalBasis: "contract", Lang: "en"}
		change(&c)
		if err := c.run(t.Context(), testConsole(strings.NewReader(in), &out)); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	english := show(holderDocument, func(*limitsShowCmd) {})
	t.Log("\n" + english)
	for _, says := range []string{"phone_cards        5     5", "R-5CARD art. 4 一证五卡", "    full: close one\n", "iot_general_cards  0     10", "attempts_of_person  0     300  24h     -          OP-VELOCITY 异常频次"} {
		if !strings.Contains(english, says) {
			t.Errorf("no %q in\n%s", says, english)
		}
	}
	chinese := show(holderDocument, func(c *limitsShowCmd) { c.Lang = "zh" })
	t.Log("\n" + chinese)
	for _, says := range []string{"已满：注销一个", "第4条 一证五卡"} {
		if !strings.Contains(chinese, says) {
			t.Errorf("no %q in\n%s", says, chinese)
		}
	}
	var got struct {
		Person string
		Limits []struct {
			Family      string
			Used, Limit int
			Clause      struct{ ID, Title string }
		}
	}
	text := show(holderDocument, func(c *limitsShowCmd) { c.JSON = true })
	if err := json.Unmarshal([]byte(text), &got); err != nil || got.Limits[0].Used != 5 || got.Limits[0].Clause.Title != "一证五卡" {
		t.Errorf("%s, %v", text, err)
	}
	if byID := show("", func(c *limitsShowCmd) { c.Person = got.Person }); !strings.HasPrefix(byID, got.Person) || !strings.Contains(byID, "full: close one") {
		t.Errorf("by id:\n%s", byID)
	}
	stranger := strings.Replace(holderDocument, "110105194912310003", "371002201209020001", 1)
	if unknown := show(stranger, func(*limitsShowCmd) {}); !strings.Contains(unknown, "nobody knows") || strings.Contains(unknown, "full") {
		t.Errorf("an unknown person:\n%s", unknown)
	}
}

func TestStretch(t *testing.T) {
	for d, want := range map[time.Duration]string{
		24 * time.Hour: "24h", 90 * time.Minute: "1h30m", 10 * time.Minute: "10m", 10 * time.Second: "10s", 100 * time.Hour: "100h", time.Hour + 5*time.Second: "1h0m5s",
	} {
		if got := stretch(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

// A wide character is two columns, so that what stands behind it begins in one line.
func TestColumns(t *testing.T) {
	var out strings.Builder
	writeColumns(&out, [][]string{{"限额", "a"}, {"xxxxx", "b"}}, []string{"", "note"})
	if want := "限额   a\nxxxxx  b\n    note\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// Of what counts as used, what is not counted, and what frees it, every word is there in both languages.
func TestLimitsTableSaysWhatFrees(t *testing.T) {
	at := time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)
	v := app.LimitView{At: at, PolicyDigest: "0123456789abcdef"}
	l := app.LimitUse{Use: compliance.QuotaUse{Used: 5, Limit: 5, Reserved: 1, FreesAt: at.Add(15 * time.Minute)}, StockComplete: true}
	l.Limit.Family, l.Limit.Mode, l.Clause.ID = "some_family", "in_principle", "R-1"
	v.Limits = append(v.Limits, l)
	l.Use = compliance.QuotaUse{Used: 5, Limit: 5, Exception: "qex_1"}
	v.Limits = append(v.Limits, l)
	l.Use = compliance.QuotaUse{Used: 1, Limit: 5, Incomplete: true}
	v.Limits = append(v.Limits, l)
	v.Uncounted = append(v.Uncounted, verify.LimitUncounted{Limit: l.Limit, Clause: l.Clause, Needs: []string{"phone"}})
	for lang, words := range map[string][]string{
		"en": {
			"as of 2026-03-02 12:00 (China), policy 0123456789ab", "2026-03-02 12:15", "complete", "R-1 article unread",
			"full: close one, or release a reservation, or wait until a reservation ends, or have two people grant an exception\n",
			"exception qex_1 lets the next request pass", "cannot be counted: load the whole stock", "not counted without a phone number",
		},
		"zh": {"截至 2026-03-02 12:00", "已满：注销一个；或释放一个预留；或等待预留到期；或由两人批准例外\n", "例外 qex_1", "无法计数：", "未计数：缺少 手机号码"},
	} {
		text := limitsTable(v, lang)
		for _, says := range words {
			if !strings.Contains(text, says) {
				t.Errorf("no %q in\n%s", says, text)
			}
		}
	}
	if text := limitsTable(app.LimitView{}, "en"); !strings.Contains(text, "No limit binds.") {
		t.Error(text)
	}
}

func TestTenantLimit(t *testing.T) {
	flag, tenant := carrier(t, 0)
	set := func(most int) string {
		t.Helper()
		var out bytes.Buffer
		c := tenantLimitCmd{configFlag: flag, Tenant: tenant, Family: "phone_cards", Max: most}
		if err := c.Run(t.Context(), &kong.Context{Kong: &kong.Kong{Stdout: &out}}); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if got := set(3); got != "phone_cards: 3\n" {
		t.Errorf("%q", got)
	}
	c := tenantLimitCmd{configFlag: flag, Tenant: tenant, Family: "phone_cards", Max: 9}
	if err := c.Run(t.Context(), &kong.Context{Kong: &kong.Kong{Stdout: &bytes.Buffer{}}}); err == nil || !strings.Contains(err.Error(), "R-5CARD") {
		t.Errorf("looser than the clause: %v", err)
	}
}

// Settings are set from a file, shown as they stand, and never looser than the clauses.
func TestTenantSettings(t *testing.T) {
	flag, tenant := carrier(t, 0)
	run := func(text string) (string, error) {
		t.Helper()
		var out bytes.Buffer
		c := tenantSettingsCmd{configFlag: flag, Tenant: tenant}
		if text != "" {
			c.File = file(t, "settings.yaml", text)
		}
		err := c.Run(t.Context(), &kong.Context{Kong: &kong.Kong{Stdout: &out}})
		return out.String(), err
	}
	good := "products:\n  gold_card: mobile_card\nwarnings:\n  number: review\ndemands:\n- scene: phone_card\n  any_of:\n  - portrait_match\n  - live_video\nlimits:\n  phone_cards: 3\n"
	if _, err := run(good); err != nil {
		t.Fatal(err)
	}
	if got, err := run(""); err != nil || got != good {
		t.Errorf("%q, %v", got, err)
	}
	_, err := run("limits: {phone_cards: 6}\nwarnings: {document_data: approved}\ndemands:\n- {scene: signup, any_of: [portrait_match]}\n")
	for _, says := range []string{":1: R-5CARD allows 5 of phone_cards: a tenant cannot allow 6", ":2: R-25-6", "cannot let it pass", ":4: R-FACE-only: face recognition may not be the only way"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	if got, err := run(""); err != nil || got != good {
		t.Errorf("after a refusal %q, %v", got, err)
	}
}

func TestLimitsSimulate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "openings.csv")
	var rows strings.Builder
	rows.WriteString("at,action,opening,person,product,legal_entity\n")
	for i := range 8 {
		rows.WriteString("2026-03-02T10:00:00+08:00,open,o" + strconv.Itoa(i) + ",p1,mobile_card,c1\n")
	}
	rows.WriteString("2026-03-02T10:00:00+08:00,release,o0,,,\n")
	if err := os.WriteFile(file, []byte(rows.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	play := func(asJSON bool) string {
		t.Helper()
		var out bytes.Buffer
		c := limitsSimulateCmd{CSV: file, Lease: time.Minute, First: 2, JSON: asJSON}
		if err := c.run(t.Context(), testConsole(nil, &out)); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	text := play(false)
	for _, says := range []string{
		"9 rows, 2026-03-02 10:00", "5 admitted, 3 refused", "phone_cards  5      5         3        5     1         R-5CARD",
		"refused: line 7 o5, line 8 o6, and 1 more", "line 10 o0: opening_state",
	} {
		if !strings.Contains(text, says) {
			t.Errorf("no %q in\n%s", says, text)
		}
	}
	var report app.Simulation
	if err := json.Unmarshal([]byte(play(true)), &report); err != nil || report.Families[0].Refused != 3 || report.Families[0].First[1].Line != 8 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestLimitsRepeatNoNumber(t *testing.T) {
	parser, err := kong.New(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"limits show 110105194912310003", "limits show --110105194912310003"} {
		_, err := parser.Parse(strings.Fields(line))
		if err = withoutArguments(err); err == nil || strings.Contains(err.Error(), "110105194912310003") {
			t.Errorf("%s: %v", line, err)
		}
	}
}
