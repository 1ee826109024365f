package httpapi

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"realname/compliance"
	"realname/compliance/auditlog"
	"realname/compliance/policy"
	"realname/imaging"
	"realname/ratelimit/quota"
	"realname/verify"
)

func TestEveryErrorHasAStatusAndACode(t *testing.T) {
	for _, tc := range []struct {
		err    error
		status int
		code   string
	}{
		{compliance.E(compliance.FaultTooMany, "busy", ""), http.StatusTooManyRequests, "busy"},
		{fmt.Errorf("wrapped: %w", compliance.E(compliance.FaultForbidden, "forbidden", "")), http.StatusForbidden, "forbidden"},
		{verify.ErrNotFound, http.StatusNotFound, "not_found"},
		{verify.ErrConsumed, http.StatusConflict, "verification_consumed"},
		{verify.ErrBizNoTaken, http.StatusConflict, "biz_no_taken"},
		{verify.ErrWrongOffset, http.StatusConflict, "upload_offset"},
		{&quota.MoveError{From: quota.Closed, Action: quota.Confirm}, http.StatusConflict, "opening_state"},
		{&imaging.UploadError{Code: imaging.UploadCorrupt}, http.StatusUnprocessableEntity, "image_corrupt"},
		{imaging.ErrUnavailable, http.StatusServiceUnavailable, "photo_check_unavailable"},
		{auditlog.ErrNotYet, http.StatusNotFound, "receipt_not_ready"},
		{context.DeadlineExceeded, http.StatusServiceUnavailable, "timeout"},
		{fmt.Errorf("query: %w", context.Canceled), http.StatusServiceUnavailable, "request_cancelled"},
		{echo.ErrMethodNotAllowed, http.StatusMethodNotAllowed, "method_not_allowed"},
		{echo.ErrTeapot, http.StatusInternalServerError, "internal"},
		{errors.New("anything"), http.StatusInternalServerError, "internal"},
		{&compliance.Error{Fault: 99, Code: "odd"}, http.StatusInternalServerError, "odd"},
	} {
		status, r := explained(tc.err)
		if status != tc.status || r.code != tc.code {
			t.Errorf("%v: %d %s, want %d %s", tc.err, status, r.code, tc.status, tc.code)
		}
	}
}

func TestProblemsSpeakTwoLanguages(t *testing.T) {
	h := newHarness(t)
	zh := h.call("GET", "/v1/openings/x", "").problem(t)
	r := h.call("GET", "/v1/openings/x", "", header{"Accept-Language": "en"})
	en := r.problem(t)
	if zh.Title == en.Title || zh.Detail == en.Detail || en.Title != "There is no such opening." {
		t.Errorf("zh %q, en %q", zh.Title, en.Title)
	}
	if r.header.Get("Content-Language") != "en" || r.header.Get("Vary") == "" || !strings.HasPrefix(r.header.Get("Content-Type"), problemType) {
		t.Errorf("%v", r.header)
	}
}

// The parts that the composition root puts behind the handler.
var (
	_ Service = (*verify.Service)(nil)
	_ Log     = (*auditlog.Reader)(nil)
)

// codeCall finds the calls that make an error, and the argument that is its code.
var codeCall = map[string]int{"refuse": 0, "told": 1, "E": 1, "conflict": 0}

// codesIn collects the codes that the Go files of a folder make errors and reasons with.
func codesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no Go files in %s: %v", dir, err)
	}
	codes := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			for _, e := range codesOf(n) {
				if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if code, err := strconv.Unquote(lit.Value); err == nil && code != "" {
						codes[code] = file
					}
				}
			}
			return true
		})
	}
	return codes
}

// codesOf are the expressions of one node that stand where codes do.
func codesOf(n ast.Node) (out []ast.Expr) {
	switch n := n.(type) {
	case *ast.CallExpr:
		name := ""
		switch f := n.Fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		if i, ok := codeCall[name]; ok && i < len(n.Args) {
			out = append(out, n.Args[i])
		}
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && slices.Contains([]string{"code", "Code", "Reason"}, key.Name) {
			out = append(out, n.Value)
		}
	case *ast.AssignStmt: // c.Result, c.Reasons = compliance.Failed, []string{"code"}
		for i, to := range n.Lhs {
			sel, ok := to.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "Reasons" || len(n.Rhs) != len(n.Lhs) {
				continue
			}
			if list, ok := n.Rhs[i].(*ast.CompositeLit); ok {
				out = append(out, list.Elts...)
			}
		}
	case *ast.ReturnStmt: // return ImportRow{}, "code"
		if len(n.Results) == 2 {
			if _, ok := n.Results[0].(*ast.CompositeLit); ok {
				out = append(out, n.Results[1])
			}
		}
	case *ast.ValueSpec:
		for i, name := range n.Names {
			if i < len(n.Values) && (strings.HasPrefix(name.Name, "Reason") || strings.HasPrefix(name.Name, "Upload") || strings.HasPrefix(name.Name, "Code")) {
				out = append(out, n.Values[i])
			}
		}
	}
	return out
}

var policyReason = regexp.MustCompile(`\b(?:reason|failed|missing|inconclusive|unexecuted|expired): *([a-z_.]+)`)

// TestEveryCodeIsInTheCatalogue reads the code of all who make codes.
func TestEveryCodeIsInTheCatalogue(t *testing.T) {
	all := map[string]string{}
	for _, dir := range []string{".", "../../verify", "../../verify/idnumber", "../../imaging", "../../compliance/policy"} {
		codes := codesIn(t, dir)
		for code, file := range codes {
			all[code] = file
		}
	}
	for _, m := range policyReason.FindAllStringSubmatch(string(policy.Builtin().Source()), -1) {
		all[m[1]] = "the built-in policy"
	}
	for tag := range vocabulary {
		all[fieldCode(tag)] = "validate.go"
	}
	for _, s := range sentinels {
		all[s.code] = "problem.go"
	}
	// Documents that are proved are never told as none.
	proved := map[string]bool{
		"ClassResidentFront": true, "ClassResidentBack": true, "ClassPermitFront": true, "ClassForeignPR": true, "ClassPassport": true,
	}
	classes, err := parser.ParseFile(token.NewFileSet(), "../../imaging/imaging.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(classes, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, "Class") && !proved[v.Names[0].Name] {
			class, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			all[imaging.ReasonNotADocument+"."+class] = "verify names the class of what is no document"
		}
		return true
	})
	if len(all) < 80 {
		t.Errorf("only %d codes found: the search is broken", len(all))
	}
	var missing []string
	for code, where := range all {
		if _, ok := compliance.Reason(code); !ok {
			missing = append(missing, code+" ("+where+")")
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Errorf("not in reasons.yaml:\n%s", strings.Join(missing, "\n"))
	}
}
