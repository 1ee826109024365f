package httpapi

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"realname/compliance/explanation"
	"realname/compliance/receipt"
	"realname/imaging"
	"realname/verify/idnumber"
)

// spec is openapi.yaml, with its schemas compiled as JSON Schema 2020-12.
type spec struct {
	doc      map[string]any
	compiler *jsonschema.Compiler

	mu       sync.Mutex
	compiled map[string]*jsonschema.Schema
}

var parseSpec = sync.OnceValues(func() (*spec, error) {
	text, err := yaml.YAMLToJSON(Specification())
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	s := &spec{doc: doc.(map[string]any), compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{}}
	s.compiler.AssertFormat()
	s.compiler.DefaultDraft(jsonschema.Draft2020)
	return s, s.compiler.AddResource("openapi.json", doc)
})

func loadSpec(t *testing.T) *spec {
	t.Helper()
	s, err := parseSpec()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// at follows keys through the document, and $ref where it stands alone.
func (s *spec) at(node any, keys ...string) any {
	for _, k := range keys {
		m, _ := s.follow(node).(map[string]any)
		node = m[k]
	}
	return s.follow(node)
}

func (s *spec) follow(node any) any {
	if m, ok := node.(map[string]any); ok {
		if ref, ok := m["$ref"].(string); ok {
			return s.at(s.doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
		}
	}
	return node
}

// validate holds a JSON text against the schema at a JSON pointer of the document.
func (s *spec) validate(t *testing.T, pointer string, body []byte) error {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	schema, ok := s.compiled[pointer]
	if !ok {
		var err error
		if schema, err = s.compiler.Compile("openapi.json#" + pointer); err != nil {
			t.Fatalf("the schema at %s does not compile: %v", pointer, err)
		}
		s.compiled[pointer] = schema
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

// schemaPointer finds the schema of a media type below node, and where it stands.
func (s *spec) schemaPointer(t *testing.T, content any, media string) (string, bool) {
	t.Helper()
	entry, ok := s.at(content, media).(map[string]any)
	if !ok {
		t.Errorf("media type %s is not documented", media)
		return "", false
	}
	schema, ok := entry["schema"].(map[string]any)
	if !ok {
		return "", false
	}
	ref, ok := schema["$ref"].(string)
	return strings.TrimPrefix(ref, "#"), ok
}

var pathParameter = regexp.MustCompile(`\\\{(\w+)\\\}`)

// operation finds the documented operation of a request; nil when the path or its method is not documented.
func (s *spec) operation(r *http.Request) map[string]any {
	var found map[string]any
	best := -1
	for path, item := range s.doc["paths"].(map[string]any) {
		pattern := pathParameter.ReplaceAllStringFunc(regexp.QuoteMeta(path), func(p string) string {
			if p == `\{path\}` {
				return ".*"
			}
			return "[^/]+"
		})
		literal := len(path) - strings.Count(path, "{")*100
		if regexp.MustCompile("^"+pattern+"$").MatchString(r.URL.Path) && (found == nil || literal > best) {
			found, _ = item.(map[string]any)
			best = literal
		}
	}
	op, _ := found[strings.ToLower(r.Method)].(map[string]any)
	return op
}

// checkAnswer fails the test when an answer is not what the specification documents.
func (s *spec) checkAnswer(t *testing.T, r *http.Request, got reply) {
	t.Helper()
	op := s.operation(r)
	if op == nil {
		if got.status != http.StatusNotFound && got.status != http.StatusMethodNotAllowed {
			t.Errorf("%s %s is not documented and answers %d", r.Method, r.URL.Path, got.status)
		}
		return
	}
	response, ok := s.at(op, "responses", strconv.Itoa(got.status)).(map[string]any)
	if !ok {
		t.Errorf("%s %s: status %d is not documented: %s", r.Method, r.URL.Path, got.status, got.body)
		return
	}
	content, ok := response["content"]
	if !ok || r.Method == http.MethodHead {
		if len(got.body) > 0 {
			t.Errorf("%s %s: a body where none is documented", r.Method, r.URL.Path)
		}
		return
	}
	media, _, err := mime.ParseMediaType(got.header.Get("Content-Type"))
	if err != nil {
		t.Errorf("%s %s: content type: %v", r.Method, r.URL.Path, err)
		return
	}
	if pointer, ok := s.schemaPointer(t, content, media); ok {
		if err := s.validate(t, pointer, got.body); err != nil {
			t.Errorf("%s %s: the answer is not a %s: %v\n%s", r.Method, r.URL.Path, pointer, err, got.body)
		}
	}
}

// checkRequest fails the test when handler and specification differ about a JSON request.
func (s *spec) checkRequest(t *testing.T, r *http.Request, body string, got reply) {
	t.Helper()
	op := s.operation(r)
	if op == nil || s.at(op, "requestBody") == nil {
		return
	}
	content, _ := s.at(op, "requestBody", "content").(map[string]any)
	if content[mediaJSON] == nil {
		if got.status != http.StatusUnsupportedMediaType {
			t.Errorf("%s %s: JSON is not documented and answered %d", r.Method, r.URL.Path, got.status)
		}
		return
	}
	pointer, ok := s.schemaPointer(t, content, mediaJSON)
	if !ok {
		return
	}
	var p problem
	_ = json.Unmarshal(got.body, &p)
	err := s.validate(t, pointer, []byte(body))
	switch {
	case got.status < 300 && err != nil:
		t.Errorf("accepted what the specification refuses: %v\n%s", err, body)
	case slices.Contains([]string{"validation_failed", "json_unknown_field", "json_wrong_type"}, p.Code) && err == nil:
		t.Errorf("refused as %s what the specification allows: %s %s", p.Code, got.body, body)
	}
}

func TestSpecificationIsValidOpenAPI(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(Specification())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("version %s", doc.OpenAPI)
	}
}

func TestRoutesAreThoseOfTheSpecification(t *testing.T) {
	h := newHarness(t)
	served := map[string]bool{}
	for _, r := range h.api.echo.Routes() {
		served[r.Method+" "+specPath(r.Path)] = true
	}
	documented := map[string]bool{}
	for path, item := range h.spec.doc["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			if method != "parameters" {
				documented[strings.ToUpper(method)+" "+path] = true
			}
		}
	}
	if diff := cmp.Diff(documented, served); diff != "" {
		t.Errorf("documented (-) and served (+) differ:\n%s", diff)
	}
}

// schemaTypes are the Go types of the schemas that have properties.
var schemaTypes = map[string]any{
	"VerificationFields": verificationRequest{}, "VerificationRequest": verificationRequest{}, "OpeningRequest": openingRequest{},
	"Party": partyRequest{}, "Document": documentRequest{}, "Channel": channelRequest{}, "Evidence": evidenceRequest{},
	"AddEvidenceRequest": addEvidenceRequest{}, "NewEvidenceRequest": newEvidenceRequest{}, "ConfirmRequest": confirmRequest{},
	"CloseRequest": closeRequest{}, "RenewRequest": renewRequest{},
	"DisclosureRequest": disclosureRequest{}, "Disclosure": disclosureAnswer{},
	"FieldDisclosureRequest": fieldDisclosureRequest{}, "FieldDisclosure": receipt.Disclosure{},
	"NewObjectionRequest": newObjectionRequest{}, "ResolveObjectionRequest": resolveObjectionRequest{},
	"Objection": objectionAnswer{}, "ObjectionList": objectionsAnswer{},
	"NewExceptionRequest": newExceptionRequest{}, "Exception": exceptionAnswer{}, "LimitsRequest": limitsRequest{},
	"Limits": limitsAnswer{}, "Limit": limitAnswer{}, "UncountedLimit": uncountedAnswer{}, "VelocityUse": velocityAnswer{},
	"StockRow": stockRowRequest{}, "NumberCheckRequest": numberCheckRequest{}, "PhotoClaim": photoClaim{},
	"Verification": verificationAnswer{}, "VerificationList": verificationList{}, "Reason": reasonAnswer{}, "Material": materialAnswer{},
	"Clause": clauseAnswer{}, "Appeal": appealAnswer{}, "Check": checkAnswer{}, "Quota": quotaAnswer{},
	"OpeningSummary": openingSummary{}, "Opening": openingAnswer{}, "Upload": uploadAnswer{}, "Import": importAnswer{},
	"ImportRefusal": importRowRefusal{}, "StockLoad": stockAnswer{}, "RefusedRow": refusedRowAnswer{},
	"Reconciliation": reconciliationAnswer{}, "Finding": findingAnswer{}, "BaselineRequest": baselineRequest{}, "Baseline": baselineAnswer{},
	"NumberCheck": numberCheckAnswer{}, "NumberFinding": numberFinding{}, "NumberArea": numberArea{},
	"PhotoExamination": imaging.Examination{}, "PhotoZone": photoZone{}, "PhotoCrop": photoCrop{}, "Point": imaging.Point{},
	"PhotoCheck": photoCheckAnswer{}, "PhotoReason": photoReason{}, "PhotoFields": imaging.Fields{}, "Box": imaging.Box{}, "Health": healthAnswer{},
	"Explanation": explanation.Explanation{}, "ExplainedReason": explanation.Reason{}, "Citation": explanation.Citation{},
	"ExplainedClause": explanation.Clause{}, "ExplainedFinding": explanation.Finding{}, "ExplainedOutcome": explanation.Why{},
	"OtherOutcome": explanation.Other{}, "Cause": explanation.Cause{}, "UnexecutedCheck": explanation.Unexecuted{},
	"AppealWay": explanation.Way{}, "ExplainedVelocity": explanation.Velocity{},
	"Ready": readyAnswer{}, "Dependency": dependencyAnswer{}, "Problem": problem{}, "ProblemField": problemField{},
}

// properties are the property names of a schema, those of allOf included.
func (s *spec) properties(schema any) map[string]any {
	m, _ := s.follow(schema).(map[string]any)
	out := map[string]any{}
	if own, ok := m["properties"].(map[string]any); ok {
		maps.Copy(out, own)
	}
	parts, _ := m["allOf"].([]any)
	for _, part := range parts {
		maps.Copy(out, s.properties(part))
	}
	return out
}

func TestTypesAreThoseOfTheSpecification(t *testing.T) {
	s := loadSpec(t)
	for name, schema := range s.at(s.doc, "components", "schemas").(map[string]any) {
		want := slices.Sorted(maps.Keys(s.properties(schema)))
		goType, known := schemaTypes[name]
		if !known {
			if len(want) > 0 {
				t.Errorf("schema %s has no Go type in schemaTypes", name)
			}
			continue
		}
		var got, always []string
		for _, f := range reflect.VisibleFields(reflect.TypeOf(goType)) {
			if f.Anonymous {
				continue
			}
			field, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			got = append(got, field)
			if options == "" {
				always = append(always, field)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: schema (-) and Go type (+) differ:\n%s", name, diff)
		}
		if strings.HasSuffix(reflect.TypeOf(goType).Name(), "Answer") {
			required, _ := s.at(schema, "required").([]any)
			for _, field := range always {
				if !slices.Contains(required, any(field)) {
					t.Errorf("%s: %s is always sent and not documented as required", name, field)
				}
			}
		}
	}
	for name := range schemaTypes {
		if s.at(s.doc, "components", "schemas", name) == nil {
			t.Errorf("schema %s does not exist", name)
		}
	}
}

// constantsOf reads the string constants of one type from Go source.
func constantsOf(t *testing.T, file, typeName string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != typeName {
			return true
		}
		for _, v := range spec.Values {
			if lit, ok := v.(*ast.BasicLit); ok {
				value, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, value)
			}
		}
		return true
	})
	if len(out) == 0 {
		t.Fatalf("%s has no constants of type %s", file, typeName)
	}
	slices.Sort(out)
	return out
}

func TestVocabularyIsOneEverywhere(t *testing.T) {
	s := loadSpec(t)
	const words = "../../compliance/vocabulary.go"
	const states = "../../ratelimit/quota/state.go"
	for schema, source := range map[string]struct{ tag, file, constants string }{
		"Scene":          {"scene", words, "Scene"},
		"Event":          {"event", words, "Occasion"},
		"PartyRole":      {"party_role", words, "PartyRole"},
		"ChannelKind":    {"channel_kind", words, "ChannelKind"},
		"EvidenceKind":   {"evidence_kind", words, "EvidenceKind"},
		"CheckResult":    {"check_result", words, "CheckResult"},
		"Outcome":        {"", words, "Outcome"},
		"OpeningState":   {"", states, "State"},
		"CustomerType":   {"customer_type", "", ""},
		"ExceptionState": {"", "../../verify/exceptions.go", "ExceptionState"},
		"ObjectionState": {"", "../../verify/objections.go", "ObjectionState"},

		"Side":       {"side", "../../imaging/imaging.go", "Side"},
		"Sex":        {"sex", "", ""},
		"NumberKind": {"", "../../verify/idnumber/kind.go", "Kind"},
		"StockState": {"stock_state", "", ""},
		"Agreement":  {"", "../../imaging/imaging.go", "Agreement"},
		"Retry":      {"", "../../compliance/catalogue.go", "Retry"},

		"PhotoStep":      {"", "../../imaging/examination.go", "Step"},
		"PhotoExecution": {"", "../../imaging/examination.go", "Execution"},
		"PhotoPart":      {"", "../../imaging/zone.go", "ZonePart"},
	} {
		var enum []string
		for _, v := range s.at(s.doc, "components", "schemas", schema, "enum").([]any) {
			enum = append(enum, v.(string))
		}
		slices.Sort(enum)
		if source.file != "" {
			if diff := cmp.Diff(constantsOf(t, source.file, source.constants), enum); diff != "" {
				t.Errorf("%s: constants (-) and specification (+) differ:\n%s", schema, diff)
			}
		}
		if source.tag != "" {
			if diff := cmp.Diff(slices.Sorted(slices.Values(vocabulary[source.tag])), enum); diff != "" {
				t.Errorf("%s: validator (-) and specification (+) differ:\n%s", schema, diff)
			}
		}
	}
}

// The kinds and parts of the specification are those that are known, in their order.
func TestNumbersAreThoseOfTheSpecification(t *testing.T) {
	s := loadSpec(t)
	enum := func(keys ...string) (out []string) {
		for _, v := range s.at(s.doc, append([]string{"components", "schemas"}, keys...)...).([]any) {
			out = append(out, v.(string))
		}
		return out
	}
	if diff := cmp.Diff(texts(idnumber.Kinds()), enum("NumberKind", "enum")); diff != "" {
		t.Errorf("kinds (-) and specification (+) differ:\n%s", diff)
	}
	var parts []string
	for i := range len(idnumber.Findings{}) {
		parts = append(parts, idnumber.Part(i).String())
	}
	if diff := cmp.Diff(parts, enum("NumberFinding", "properties", "part", "enum")); diff != "" {
		t.Errorf("parts (-) and specification (+) differ:\n%s", diff)
	}
}

func TestSpecificationIsServed(t *testing.T) {
	h := newHarness(t)
	r := h.call("GET", "/openapi.yaml", "", header{"Authorization": ""})
	if r.status != http.StatusOK || !bytes.Equal(r.body, Specification()) {
		t.Errorf("status %d, %d bytes", r.status, len(r.body))
	}
}
