package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"realname/compliance"
	"realname/compliance/policy"
	"realname/compliance/vault"
	"realname/internal/config"
	"realname/internal/sqlstore"
	"realname/ratelimit/velocity/local"
	"realname/verify"
	"realname/verify/authority"
	"realname/verify/authority/standin"
)

// desk is a carrier's counter before the real service, under a policy by which a clerk may open one card a day.
type desk struct {
	flag    configFlag
	service *verify.Service
	caller  verify.Caller
	sim     *standin.Server
	digest  string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	flag, tenant := carrier(t, 5)
	c := &desk{flag: flag, sim: standin.New(bytes.Repeat([]byte("s"), 32))}
	srv := httptest.NewServer(c.sim.Handler())
	t.Cleanup(srv.Close)
	upstream, err := authority.New(authority.Options{
		Name: "standin", BaseURL: srv.URL, Secret: bytes.Repeat([]byte("s"), 32), Timeout: 5 * time.Second, OpenAfter: 1000, OpenFor: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(flag.Config)
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
	t.Cleanup(func() { _ = store.Close() })
	tenants, err := store.Tenants(t.Context())
	if err != nil || len(tenants) != 1 || tenants[0].ID != tenant {
		t.Fatalf("%v, %v", tenants, err)
	}
	c.caller = verify.Caller{TenantID: tenant, LegalEntityID: tenants[0].LegalEntityID, Role: compliance.RoleTenant, Sector: tenants[0].Sector}
	strict, err := policy.Load("strict", bytes.Replace(policy.Builtin().Source(), []byte("max: 2000, outcome: review"), []byte("max: 1, outcome: review"), 1))
	if err != nil {
		t.Fatal(err)
	}
	c.digest = strict.Digest()
	ids := compliance.NewIDs(time.Now, rand.Reader)
	live, err := compliance.NewEvent(ids.New(compliance.PrefixEvent), compliance.EventPolicyLive, "", "gateway", time.Now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.PutPolicy(t.Context(), c.digest, strict.Source(), live); err != nil {
		t.Fatal(err)
	}
	windows, err := local.New(local.Options{Source: store, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	c.service = verify.New(verify.Options{
		Ledger: store, Vault: safe, Policy: strict, Authority: upstream, IDs: ids, Now: time.Now, Velocities: windows, Lease: time.Hour,
	})
	return c
}

// open asks for a card and returns the decision's id.
func (c *desk) open(t *testing.T, number, clerk string, want compliance.Outcome) string {
	t.Helper()
	const name = "王测试"
	c.sim.Know(standin.Person{Number: number, Name: name})
	attested := func(k compliance.EvidenceKind) verify.Evidence {
		return verify.Evidence{Kind: k, Result: compliance.Passed, DeviceSerial: "R1", Attestor: "outlet", CapturedAt: time.Now()}
	}
	a, err := c.service.Open(t.Context(), c.caller, "key-"+number+clerk, verify.OpeningRequest{Request: verify.Request{
		BizNo: "biz-" + clerk + number[6:14], Scene: compliance.ScenePhoneCard, Occasion: compliance.OccasionOpen, Product: "mobile_card", CustomerType: "individual",
		Channel: verify.Channel{Kind: compliance.ChannelPhysical, Outlet: "outlet", Clerk: clerk},
		Parties: []verify.Party{{Role: compliance.RoleHolder, Name: name, Document: verify.Document{Kind: "resident_id", Number: verify.Secret(number)}}},
		Purpose: "real_name_registration", LegalBasis: "statutory_duty", LiabilityNoticeRef: "liability-1",
		Evidence: []verify.Evidence{attested(compliance.EvidenceChipRead), attested(compliance.EvidencePortraitMatch)},
	}})
	if err != nil || a.Decision.Outcome != want {
		t.Fatalf("%s: %v, %+v", a.Decision.Outcome, err, a.Decision.Reasons)
	}
	return a.Decision.ID
}

func TestPolicyExplain(t *testing.T) {
	c := newDesk(t)
	if err := c.sim.Set(standin.Setting{Fault: standin.Down}); err != nil {
		t.Fatal(err)
	}
	pending := c.open(t, "110105198801010006", "clerk-p", compliance.Pending)
	if err := c.sim.Set(standin.Setting{Fault: standin.Healthy}); err != nil {
		t.Fatal(err)
	}
	rejected := c.open(t, "110105194912310003", "clerk-r", compliance.Rejected)
	approved := c.open(t, "110105199002030005", "clerk-a", compliance.Approved)
	c.open(t, "110105197712310002", "clerk-b", compliance.Approved)
	review := c.open(t, "110105196506070007", "clerk-b", compliance.Review)

	secrets := []string{"OP-VELOCITY", "openings_of_clerk", "abnormal", "异常", c.digest, "1/1"}
	for _, tc := range []struct {
		name, id       string
		says, official []string // of every audience in English; of the officials only
	}{
		{"approved", approved, []string{"approved", "Every demand of the clauses in force is met.", "0/5"}, []string{c.digest, "openings_of_clerk"}},
		{"rejected", rejected, []string{"refused", "[quota_exceeded]", "R-5CARD", "art. 4", "bring: ", "R-PIPL-24", "5/5", "the article sets no number of days", "(decides)"}, nil},
		{"pending", pending, []string{"pending", "[authority_unavailable]", "Checks not executed", "it waits until"}, nil},
		{"review", review, []string{"review by a person", "R-PIPL-24"}, []string{"[abnormal_opening]", "OP-VELOCITY", "openings_of_clerk: 1 of 1", "[further_review]"}},
	} {
		for _, a := range compliance.Audiences() {
			english := c.explain(t, tc.id, a, "en", false)
			chinese := c.explain(t, tc.id, a, "zh", false)
			t.Logf("%s for the %s:\n%s", tc.name, a, english)
			if a == compliance.ForPerson {
				t.Logf("\n%s", chinese)
			}
			for _, s := range tc.says {
				if !strings.Contains(english, s) {
					t.Errorf("%s for the %s: no %q", tc.name, a, s)
				}
			}
			for _, s := range tc.official {
				if a.Official() && !strings.Contains(english, s) {
					t.Errorf("%s for the %s: no %q", tc.name, a, s)
				}
			}
			told := english + chinese + c.explain(t, tc.id, a, "en", true)
			for _, s := range secrets {
				if !a.Official() && strings.Contains(told, s) {
					t.Errorf("%s for the %s tells %q", tc.name, a, s)
				}
			}
		}
	}
	first := c.explain(t, review, compliance.ForRegulator, "zh", true)
	if second := c.explain(t, review, compliance.ForRegulator, "zh", true); first != second {
		t.Error("two explanations of one decision differ")
	}
	var e struct {
		Audience string `json:"audience"`
		Version  int    `json:"version"`
	}
	if err := json.Unmarshal([]byte(c.explain(t, rejected, compliance.ForPerson, "en", true)), &e); err != nil || e.Audience != "person" || e.Version != 1 {
		t.Errorf("%+v, %v", e, err)
	}
	for _, id := range []string{"ver_00000000-0000-7000-8000-000000000000", "nothing"} {
		if err := (&policyExplainCmd{configFlag: c.flag, Decision: id, Audience: "person"}).run(t.Context(), testConsole(nil, &bytes.Buffer{})); err == nil {
			t.Errorf("%s is explained", id)
		}
	}
}

func (c *desk) explain(t *testing.T, id string, a compliance.Audience, lang string, asJSON bool) string {
	t.Helper()
	var out bytes.Buffer
	cmd := policyExplainCmd{configFlag: c.flag, Decision: id, Audience: string(a), Lang: lang, JSON: asJSON}
	if err := cmd.run(t.Context(), testConsole(nil, &out)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
