package evaluation

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image/jpeg"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"realname/compliance"
	"realname/imaging"
)

//go:embed report.html
var reportHTML string

var reportPage = template.Must(template.New("report").Funcs(template.FuncMap{
	"percent": percent, "rate": rateHTML, "ms": milliseconds, "label": labelText,
	"table": func(title string, source bool, rows []Row) map[string]any {
		return map[string]any{"Title": title, "Source": source, "Rows": rows}
	},
	"agreements": func() []imaging.Agreement { return agreements },
	"verdicts":   func() []imaging.Verdict { return verdicts },
	"cell":       func(s Summary, label string, class imaging.Class) Cell { return s.Matrix[label][class] },
	"right": func(label string, class imaging.Class) bool {
		e, known := Expect(label)
		return known && slices.Contains(e.Classes, class)
	},
}).Parse(reportHTML))

var (
	agreements = []imaging.Agreement{imaging.Agrees, imaging.Disagrees, imaging.Unreadable, imaging.NotCompared}
	verdicts   = []imaging.Verdict{imaging.Accept, imaging.Review, imaging.Reject}
)

// Fault says what is wrong with an outcome, the worst first.
type Fault int

// The faults. NotRun is of items that were not executed.
const (
	WronglyAccepted Fault = iota
	WronglyStopped        // an honest card was not
	NotRun
	WrongVerdict // review where a rejection is due, or the reverse
	WrongClass
	NoFault
)

func (f Fault) String() string {
	return [...]string{"accepted, must not be", "not accepted, should be", "not executed", "verdict", "class", "right"}[f]
}

// FaultOf judges an outcome; an unknown label cannot be wrong.
func FaultOf(o *Outcome) Fault {
	expected, known := Expect(o.Label)
	classOK, verdictOK := expected.Right(o.Class(), o.Verdict())
	switch {
	case !o.Executed():
		return NotRun
	case !known:
		return NoFault
	case !verdictOK && o.Verdict() == imaging.Accept:
		return WronglyAccepted
	case !verdictOK && (expected.Family == CardsToAccept || expected.Family == Backs):
		return WronglyStopped
	case !verdictOK:
		return WrongVerdict
	case !classOK:
		return WrongClass
	}
	return NoFault
}

// Wrong returns the outcomes with a fault, the worst first and else in the order given.
func Wrong(outcomes []Outcome) []*Outcome {
	var wrong []*Outcome
	for i := range outcomes {
		if FaultOf(&outcomes[i]) != NoFault {
			wrong = append(wrong, &outcomes[i])
		}
	}
	slices.SortStableFunc(wrong, func(a, b *Outcome) int { return cmp.Compare(FaultOf(a), FaultOf(b)) })
	return wrong
}

// ReportOptions say what a report may show.
type ReportOptions struct {
	Reveal  bool // show pictures sharply and readings in full: personal data
	Workers int  // that ran, for the reader to judge times by
	Skipped []string
}

// mostPictures bounds the size of a report; what is beyond is counted on the page.
const mostPictures = 600

const thumbSide = 220

// picture is one wrong one on the page.
type picture struct {
	Name, Source, Licence string
	Want, Got             string
	Reasons               []string
	Number, Reading       string // readings, when revealed
	Thumb                 template.URL
}

type page struct {
	Summary
	ReportOptions
	Confidence int
	Known      []string
	Wrong      []group
	Beyond     int
	Glossary   []entry
}

type group struct {
	Title    string
	Pictures []picture
}

type entry struct {
	Code string
	Text compliance.Text
}

// WriteHTML writes one page that needs nothing but itself: the tables, and the
// wrong ones as thumbnails with their reasons. The same outcomes give the same
// page, but for the times in it.
func WriteHTML(w io.Writer, outcomes []Outcome, o ReportOptions) error {
	p := page{Summary: Summarise(outcomes), ReportOptions: o, Confidence: int(100 * Confidence), Known: Labels()}
	if !o.Reveal {
		p.Skipped = nil
		for _, s := range o.Skipped {
			p.Skipped = append(p.Skipped, SafeName(s))
		}
	}
	wrong := Wrong(outcomes)
	if len(wrong) > mostPictures {
		p.Beyond = len(wrong) - mostPictures
		wrong = wrong[:mostPictures]
	}
	codes := map[string]entry{}
	for _, out := range wrong {
		title := fmt.Sprintf("%s: %s", FaultOf(out), labelText(out.Label))
		at := slices.IndexFunc(p.Wrong, func(g group) bool { return g.Title == title })
		if at < 0 {
			p.Wrong = append(p.Wrong, group{Title: title})
			at = len(p.Wrong) - 1
		}
		p.Wrong[at].Pictures = append(p.Wrong[at].Pictures, pictureOf(out, o.Reveal))
		for _, r := range out.Report.Reasons {
			if text, ok := Explain(r.Code, out.Class()); ok {
				codes[r.Code+" "+string(out.Class())] = entry{r.Code, text}
			}
		}
	}
	for _, e := range codes {
		if !slices.Contains(p.Glossary, e) {
			p.Glossary = append(p.Glossary, e)
		}
	}
	slices.SortFunc(p.Glossary, func(a, b entry) int {
		return cmp.Or(strings.Compare(a.Code, b.Code), strings.Compare(a.Text.EN, b.Text.EN))
	})
	return reportPage.Execute(w, p)
}

func pictureOf(o *Outcome, reveal bool) picture {
	p := picture{
		Name: o.Name, Source: o.Source, Licence: o.Licence,
		Got: fmt.Sprintf("%s, %s", o.Class(), cmp.Or(string(o.Verdict()), "not executed")),
	}
	if !reveal {
		p.Name = SafeName(o.Name)
	}
	if e, known := Expect(o.Label); known {
		p.Want = join(e.Verdicts)
		if len(e.Classes) > 0 {
			p.Want = join(e.Classes) + ", " + p.Want
		}
	}
	for _, r := range o.Report.Reasons {
		text := r.Code
		if r.Value != 0 || r.Threshold != 0 {
			text += fmt.Sprintf(" %.4g / %.4g", r.Value, r.Threshold)
		}
		p.Reasons = append(p.Reasons, text)
	}
	if o.Code == "" && (o.Report.Fields != imaging.Fields{} || o.Claim != nil) {
		p.Number = reading(o.Report.Fields.Number, o.Report.NumberAgreement, reveal)
		p.Reading = reading(o.Report.Fields.Name, o.Report.NameAgreement, reveal)
	}
	p.Thumb = thumb(o, reveal)
	return p
}

func join[T ~string](list []T) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = string(v)
	}
	return strings.Join(parts, " or ")
}

// thumb is a picture as a data URL; "" where it does not decode.
func thumb(o *Outcome, reveal bool) template.URL {
	data, err := os.ReadFile(o.File)
	if err != nil {
		return ""
	}
	img, err := shown(data, reveal, thumbSide)
	if err != nil {
		return ""
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 80}); err != nil {
		return ""
	}
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b.Bytes()))
}

// SafeName hides runs of eight and more digits in a file's name: it may be somebody's number.
func SafeName(name string) string {
	var b strings.Builder
	for len(name) > 0 {
		digits := len(name) - len(strings.TrimLeft(name, "0123456789"))
		switch {
		case digits >= 8:
			b.WriteString("…")
		case digits > 0:
			b.WriteString(name[:digits])
		default:
			digits = strings.IndexAny(name, "0123456789")
			if digits < 0 {
				digits = len(name)
			}
			b.WriteString(name[:digits])
		}
		name = name[digits:]
	}
	return b.String()
}

func percent(share float64) string { return fmt.Sprintf("%.1f", 100*share) }

// rateText is "3 / 40 = 7.5 % [1.6, 20.4]"; a dash where nothing is judged.
func rateText(r Rate) string {
	if r.Of == 0 {
		return "–"
	}
	return fmt.Sprintf("%d / %d = %s %% [%s, %s]", r.Count, r.Of, percent(r.Share()), percent(r.Low), percent(r.High))
}

// rateHTML is rateText on two lines, so that a table of them fits a screen.
func rateHTML(r Rate) template.HTML {
	share, interval, found := strings.Cut(rateText(r), " [")
	if !found {
		return template.HTML(share)
	}
	return template.HTML(share + "<br><small>[" + interval + "</small>")
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.0f", d.Seconds()*1000) }

func labelText(label string) string { return cmp.Or(label, "(no label)") }
