//go:build vision

package app

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"realname/compliance"
	"realname/compliance/policy"
)

// What a decision was is told by the policy that decided, whatever is live now, and the operator is told the same.
func TestExplanationOutlivesItsPolicy(t *testing.T) {
	g := startGateway(t)
	answer := g.signup(t, "110105194912310003", "王测试", nil)
	id, _ := answer.body["id"].(string)
	if answer.status != http.StatusCreated || answer.body["decision"] != string(compliance.Review) {
		t.Fatalf("%d %v", answer.status, answer.body)
	}
	path := "/v1/verifications/" + id + "/explanation?version=1&audience="
	before := map[compliance.Audience]map[string]any{}
	for _, a := range []compliance.Audience{compliance.ForPerson, compliance.ForClerk, compliance.ForCompliance} {
		got := g.send(t, http.MethodGet, path+string(a), "", nil)
		clauses, _ := got.body["clauses"].([]any)
		if got.status != http.StatusOK || got.body["policy_missing"] != false || len(clauses) < 2 {
			t.Fatalf("%s: %d %v", a, got.status, got.body)
		}
		before[a] = got.body
	}
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	other := bytes.ReplaceAll(policy.Builtin().Source(), []byte("应当要求用户提供真实身份信息"), []byte("另有规定"))
	g.config.Policy.File = filepath.Join(t.TempDir(), "other.yaml")
	if err := os.WriteFile(g.config.Policy.File, other, 0o600); err != nil {
		t.Fatal(err)
	}
	g.start(t)
	o, err := OpenOperator(t.Context(), g.config)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	for a, want := range before {
		if diff := cmp.Diff(want, g.send(t, http.MethodGet, path+string(a), "", nil).body); diff != "" {
			t.Errorf("%s: another policy is live and the explanation differs:\n%s", a, diff)
		}
		e, err := o.Explain(t.Context(), id, 1, a, "zh-CN", slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: the operator is told otherwise:\n%s", a, diff)
		}
	}
}
