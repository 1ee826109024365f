package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"realname/compliance/policy"
)

// What the page shows must exist.
func TestPoliciesPageShowsWhatExists(t *testing.T) {
	page := read(t, "../../docs/policies.md")
	parser, err := kong.New(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?m)(?:^    |`)realname ([^`\n]*)").FindAllStringSubmatch(page, -1)
	for _, m := range shown {
		exists(t, parser.Model.Node, strings.Fields(m[1]))
	}
	for _, stage := range []policy.Stage{
		policy.StageDraft, policy.StageChecked, policy.StageShadow, policy.StageProposed, policy.StageApproved, policy.StageLive, policy.StageRetired, policy.StageWithdrawn,
	} {
		if !strings.Contains(page, "`"+string(stage)+"`") {
			t.Errorf("the page does not name %s", stage)
		}
	}
	if n := strings.Count(page, "\n"); len(shown) < 9 || n > 80 {
		t.Errorf("%d commands, %d lines", len(shown), n)
	}
}

func TestTheLifeOfAPolicyByCommands(t *testing.T) {
	config := file(t, "realname.yaml", "data: "+filepath.Join(t.TempDir(), "data")+"\nauthority: {url: 'http://127.0.0.1:1', secret_file: none}\n")
	key := func(label string) string {
		out := says(t, "", []string{"key id key_"}, "key", "create", "--config", config, "--role", "operator", "--label", label)
		m := regexp.MustCompile(`rn_\S+`).FindString(out)
		return file(t, label, m+"\n")
	}
	one, two := key("staff-1"), key("staff-2")
	four := draft(t, "id: R-5CARD", "max: 5", "max: 4")
	text, err := os.ReadFile(four)
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Load("four", text)
	if err != nil {
		t.Fatal(err)
	}
	with := func(who string, args ...string) []string {
		return append(append([]string{"policy"}, args...), "--config", config, "--key-file", who, "--lang", "en")
	}
	d := p.Digest()[:12]
	says(t, "", []string{p.Digest() + " draft key_"}, with(one, "draft", four)...)
	says(t, "The policy's stage does not allow this. (policy_stage: "+d+" is draft and cannot become approved)", nil, with(two, "approve", d)...)
	wrong := file(t, "cases.yaml", strings.Replace(policyCases, "rejected", "approved", 1))
	says(t, "1 of 1 examples come out otherwise: the policy stays a draft", nil, with(one, "check", d, "--cases", wrong)...)
	says(t, "", []string{" checked key_"}, with(one, "check", d, "--cases", file(t, "cases.yaml", policyCases))...)
	says(t, "", []string{" shadow key_"}, with(one, "shadow", d)...)
	says(t, "The instant cannot be had. (policy_instant: the instant has passed)", nil, with(one, "propose", d, "--at", "2026-01-01")...)
	says(t, "", []string{" proposed key_", "from 20"}, with(one, "propose", d, "--at", "+1h")...)
	says(t, "A policy goes live by the approval of another operator than the one who proposed it. (policy_four_eyes: another key than the one that proposed it must approve)",
		nil, with(one, "approve", d)...)
	says(t, "", []string{" approved key_"}, with(two, "approve", d)...)
	says(t, "", []string{p.Digest() + " approved\n", "proposed ", " staff-1  → ", "approved ", " staff-2  → "}, "policy", "list", "--config", config, "--lang", "en")
	says(t, "", []string{"difference"}, "policy", "shadow", d, "--config", config, "--lang", "en")
	says(t, "", []string{" withdrawn key_"}, with(two, "withdraw", d)...)
}

// Every command on policies teaches by an example.
func TestPolicyHelpTeaches(t *testing.T) {
	parser, err := kong.New(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range parser.Model.Children {
		if group.Name != "policy" && group.Name != "determination" && group.Name != "audit" {
			continue
		}
		for _, c := range group.Children {
			if !strings.Contains(c.Detail, "$ realname "+group.Name+" "+c.Name) {
				t.Errorf("realname %s %s --help shows no example", group.Name, c.Name)
			}
		}
	}
}
