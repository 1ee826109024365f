package app

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrows says who may import whom, within the module. A package that is not
// named may be imported by nobody and import nothing, so that a new room is a
// decision. A name stands for itself; `name/...` for what is beneath it too.
var arrows = map[string][]string{
	"cmd/realname":          {"internal/app", "internal/config", "internal/csvrecord", "internal/demo", "internal/doctor", "internal/evaluation", "imaging", "compliance", "verify/idnumber", "verify/idnumber/explain", "verify/idnumber/gb2260"},
	"cmd/imaging-worker":    {"imaging/vision", "imaging", "imaging/sandbox"},
	"cmd/realname-audit":    {"compliance/receipt", "compliance/receipt/inspection", "compliance/receipt/tiles", "compliance/receipt/witness", "compliance/signing"},
	"cmd/realname-keyagent": {"compliance/vault", "compliance/vault/keyagent"},
	"cmd/authority-sim":     {"verify/authority/standin"},

	"internal/app":        {"ratelimit/request", "ratelimit/velocity/...", "verify", "verify/authority", "verify/idnumber", "verify/idnumber/gb2260", "imaging", "compliance/...", "internal/config", "internal/httpapi", "internal/replays", "internal/sqlstore"},
	"internal/config":     {},
	"internal/csvrecord":  {},
	"internal/demo":       {"internal/specimen", "compliance/receipt/tiles"},
	"internal/doctor":     {"deploy"},
	"internal/evaluation": {"compliance", "imaging"},
	"internal/httpapi":    {"ratelimit/request", "verify", "verify/idnumber", "verify/idnumber/tags", "verify/reference", "imaging", "ratelimit/quota", "compliance/..."},
	"internal/sqlstore":   {"verify", "ratelimit/quota", "ratelimit/velocity", "compliance/..."},
	"internal/replays":    {"verify", "compliance"},
	"internal/specimen":   {"verify/idnumber", "verify/idnumber/gb2260"},
	"internal/tlstest":    {},
	"deploy":              {},
	"deploy/fetch":        {"deploy"},

	"verify":                     {"verify/idnumber", "verify/personname", "verify/reference", "internal/csvrecord", "imaging", "imaging/watermark", "ratelimit/quota", "ratelimit/velocity", "compliance/..."},
	"verify/idnumber":            {"verify/idnumber/gb2260"},
	"verify/idnumber/explain":    {"verify/idnumber", "compliance"},
	"verify/idnumber/gb2260":     {},
	"verify/idnumber/tags":       {"verify/idnumber", "compliance"},
	"verify/personname":          {},
	"verify/reference":           {"verify/idnumber"},
	"verify/personname/gen":      {},
	"verify/idnumber/gb2260/gen": {},
	"verify/authority":           {"verify", "verify/personname", "compliance"},
	"verify/authority/standin":   {"verify/authority", "verify/personname"},
	"ratelimit/quota":            {},
	"ratelimit/request":          {},
	"ratelimit/velocity":         {},
	"ratelimit/velocity/local":   {"ratelimit/velocity"},
	"ratelimit/velocity/redis":   {"ratelimit/velocity"},

	"imaging":                        {"verify/idnumber"},
	"imaging/sandbox":                {"imaging"},
	"imaging/watermark":              {"imaging"},
	"imaging/vision":                 {"imaging", "verify/idnumber", "verify/personname"},
	"imaging/vision/train/cards":     {"internal/specimen"},
	"imaging/vision/train/drawings":  {"internal/specimen"},
	"imaging/vision/train/places":    {"internal/specimen"},
	"imaging/vision/train/specimens": {"internal/specimen", "verify/idnumber"},

	"compliance":                    {},
	"compliance/calendar":           {},
	"compliance/policy":             {"compliance", "verify/idnumber"},
	"compliance/explanation":        {"compliance", "compliance/policy"},
	"compliance/auditlog":           {"compliance/receipt", "compliance/receipt/tiles", "compliance/receipt/witness", "compliance/signing"},
	"compliance/receipt":            {"compliance/receipt/tiles"},
	"compliance/receipt/tiles":      {},
	"compliance/receipt/inspection": {"compliance/receipt", "compliance/receipt/tiles"},
	"compliance/signing":            {},
	"compliance/vault":              {"compliance"},
	"compliance/vault/keyagent":     {"compliance/vault"},
	"compliance/receipt/witness":    {"compliance/receipt/tiles"},
}

// suites are packages of tests that others run; only tests import them.
var suites = []string{"compliance/auditlog/auditlogtest", "internal/sqlstore/storetest", "ratelimit/velocity/redistest", "ratelimit/velocity/velocitytest"}

type pkg struct {
	ImportPath string
	Imports    []string
}

func TestImportsFollowTheArrows(t *testing.T) {
	for _, tags := range []string{"", "vision"} {
		for _, p := range list(t, tags) {
			from := strings.TrimPrefix(p.ImportPath, "realname/")
			if slices.Contains(suites, from) {
				continue
			}
			allowed, known := arrows[from]
			if !known {
				t.Errorf("%s is a room that the plan does not have: name it and its arrows here, or move it", from)
				continue
			}
			for _, to := range p.Imports {
				to, ours := strings.CutPrefix(to, "realname/")
				if ours && !permitted(allowed, to) {
					t.Errorf("%s may not import %s", from, to)
				}
			}
		}
	}
}

func permitted(allowed []string, to string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		tree, beneath := strings.CutSuffix(a, "/...")
		return a == to || beneath && (to == tree || strings.HasPrefix(to, tree+"/"))
	})
}

// The gateway must build where there is no C compiler's OpenCV: nothing of it may link the vision package.
func TestOnlyTheWorkerLinksVision(t *testing.T) {
	for _, cmd := range []string{"realname", "realname-audit", "authority-sim"} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-tags", "vision", "-deps", "realname/cmd/"+cmd).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, dep := range strings.Fields(string(out)) {
			if dep == "realname/imaging/vision" || strings.HasPrefix(dep, "gocv.io/") || strings.HasPrefix(dep, "github.com/yalue/onnxruntime_go") {
				t.Errorf("%s links %s", cmd, dep)
			}
		}
	}
}

func TestForbiddenNames(t *testing.T) {
	for _, p := range list(t, "vision") {
		for part := range strings.SplitSeq(p.ImportPath, "/") {
			if slices.Contains([]string{"util", "utils", "common", "types", "models", "helpers", "misc"}, part) {
				t.Errorf("%s has a name that says nothing", p.ImportPath)
			}
		}
	}
}

func list(t *testing.T, tags string) []pkg {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-e", "-tags", tags, "-json=ImportPath,Imports", "realname/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list found %d packages only", len(all))
	}
	return all
}
