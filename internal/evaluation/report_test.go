package evaluation

import (
	"bytes"
	"encoding/base64"
	"image/jpeg"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"realname/imaging"
)

const (
	specimenNumber = "110101195001010005" // sequence 000 is never issued
	specimenName   = "张样本"
)

// wronglyRead is a card to accept that went to review, with everything that must not leak.
func wronglyRead(t *testing.T, licence string) []Outcome {
	t.Helper()
	data := encoded(t, stripes(400, 250, 6), true)
	report := imaging.Report{
		Class: imaging.ClassResidentFront, Verdict: imaging.Review, Width: 400, Height: 250, Pipeline: "scripted/1",
		Reasons:         []imaging.Reason{{Code: imaging.ReasonBlurred, Value: 3.25, Threshold: 12, Place: &imaging.Box{X: 40, Y: 30, Width: 200, Height: 100}}},
		NumberAgreement: imaging.Agrees, NameAgreement: imaging.Unreadable,
		Fields: imaging.Fields{Number: specimenNumber, Name: specimenName},
	}
	checker := scripted{map[string]imaging.Report{string(data): report}}
	outcomes := outcomesOf(t, checker, map[string]string{"resident_front/x/photo_" + specimenNumber + ".png": string(data), "moon/<b>.png": "photo reject"})
	for i := range outcomes {
		outcomes[i].Licence = licence
		outcomes[i].Claim = &imaging.Claim{Number: specimenNumber, Name: specimenName}
	}
	return outcomes
}

func htmlOf(t *testing.T, outcomes []Outcome, o ReportOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteHTML(&b, outcomes, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var dataURL = regexp.MustCompile(`src="data:image/jpeg;base64,([^"]*)"`)

// thumbContrast decodes the only thumbnail of a page.
func thumbContrast(t *testing.T, page string) int {
	t.Helper()
	found := dataURL.FindAllStringSubmatch(page, -1)
	if len(found) != 1 {
		t.Fatalf("%d thumbnails", len(found))
	}
	text := strings.NewReplacer("&#43;", "+", "&#x2b;", "+").Replace(found[0][1])
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return contrast(img)
}

func TestPageShowsNobodyUnasked(t *testing.T) {
	for _, c := range []struct {
		why     string
		licence string
		reveal  bool
	}{
		{"as it comes", "", false},
		{"a licence to publish is no wish to show", "CC0", false},
		{"revealed", "", true},
	} {
		page := htmlOf(t, wronglyRead(t, c.licence), ReportOptions{Reveal: c.reveal, Workers: 2, Skipped: []string{specimenNumber + ".txt: not in the manifest"}})
		for _, secret := range []string{specimenNumber, specimenName} {
			if strings.Contains(page, secret) != c.reveal {
				t.Errorf("%s: shows %q is %v", c.why, secret, !c.reveal)
			}
		}
		if sharp := thumbContrast(t, page) > 90; sharp != c.reveal {
			t.Errorf("%s: a sharp picture is %v", c.why, sharp)
		}
		for _, want := range []string{"not accepted, should be: resident_front", "blurred 3.25 / 12", "expected resident_id_front, accept", "清晰度低于要求", "scripted/1"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: lacks %q", c.why, want)
			}
		}
	}
}

// The page must be readable where nothing else can be reached, and must run nothing.
func TestPageNeedsNothingElse(t *testing.T) {
	page := htmlOf(t, wronglyRead(t, ""), ReportOptions{Workers: 1})
	for _, bad := range []string{"http:", "https:", "//", "<script", "@import", "url(", "<link", "<iframe", "<b>"} {
		if strings.Contains(dataURL.ReplaceAllString(page, ""), bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, src := range regexp.MustCompile(`(?:src|href)="([^"]{0,12})`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(src[1], "data:image/j") {
			t.Errorf("the page loads %q", src[1])
		}
	}
	if !strings.Contains(page, "<code>moon</code>") {
		t.Error("an unknown label is not listed")
	}
	if again := htmlOf(t, wronglyRead(t, ""), ReportOptions{Workers: 1}); again != page {
		t.Error(cmp.Diff(page, again))
	}
}

func TestWrongOnesWorstFirst(t *testing.T) {
	var got []string
	for _, o := range Wrong(mixed(t, scripted{})) {
		got = append(got, FaultOf(o).String()+": "+o.Name)
	}
	want := []string{
		"accepted, must not be: cartoon/deb/4.png", "accepted, must not be: photocopy/2.jpg", "not accepted, should be: resident_front/2.jpg",
		"not executed: cartoon/deb/5.png", "class: cartoon/deb/3.png",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestSafeName(t *testing.T) {
	for _, c := range []struct{ why, in, want string }{
		{"a number", "a/110101195001010005.jpg", "a/….jpg"},
		{"one with X", "11010119500101000X.jpg", "…X.jpg"},
		{"a counter and a hash stay", "npm_01_5952.png", "npm_01_5952.png"},
		{"seven digits stay, eight may be a date of birth", "1234567 19500101", "1234567 …"},
		{"nothing", "", ""},
	} {
		if got := SafeName(c.in); got != c.want {
			t.Errorf("%s: %q", c.why, got)
		}
	}
}
