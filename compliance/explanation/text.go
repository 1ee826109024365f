package explanation

import (
	"fmt"
	"io"
	"strings"
	"time"

	"realname/compliance"
)

// china is where the dates of clauses are.
var china = time.FixedZone("CST", 8*60*60)

// page writes an explanation for a reader.
type page struct {
	strings.Builder
	lang string
}

func (p *page) word(key string) string { return words[key].In(p.lang) }

func (p *page) line(indent int, parts ...string) {
	p.WriteString(strings.Repeat("  ", indent) + strings.Join(parts, "") + "\n")
}

func (p *page) say(indent int, key string, args ...any) {
	p.line(indent, fmt.Sprintf(p.word(key), args...))
}

func (p *page) head(key string) { p.line(0, "\n", p.word(key)) }

// outcome is the word for an outcome, and the outcome itself where there is none.
func (p *page) outcome(o compliance.Outcome) string {
	if text, ok := words[string(o)]; ok {
		return text.In(p.lang)
	}
	return string(o)
}

// WriteText writes the explanation in words, in its own language.
func (e *Explanation) WriteText(w io.Writer) error {
	p := &page{lang: e.Lang}
	p.say(0, "title", e.Decision, e.Version, p.outcome(e.Outcome))
	p.say(0, "about", e.Scene, e.Product, e.Date, at(e.DecidedAt))
	if e.PolicyDigest != "" {
		p.say(0, "policy", e.PolicyDigest)
	}
	if e.PolicyMissing {
		p.say(0, "lost")
	}
	if !e.Deadline.IsZero() {
		p.say(0, "wait", at(e.Deadline))
	}
	if !e.ExpiresAt.IsZero() {
		p.say(0, "valid", at(e.ExpiresAt))
	}
	p.reasons(e.Reasons)
	p.ways(e.Ways)
	p.why(&e.Why)
	p.clauses(e.Clauses)
	if len(e.NotExecuted) > 0 {
		p.head("unexecuted")
	}
	for _, u := range e.NotExecuted {
		p.line(1, u.Name, " [", strings.Join(append([]string{u.Check}, u.Reasons...), ", "), "]")
	}
	p.official(e)
	_, err := io.WriteString(w, p.String())
	return err
}

func at(t time.Time) string { return t.In(china).Format("2006-01-02 15:04:05") }

func (p *page) reasons(list []Reason) {
	if len(list) > 0 {
		p.head("reasons")
	}
	for i := range list {
		r := &list[i]
		p.line(1, r.Message, " [", r.Code, "]")
		for k := range r.Clauses {
			p.line(2, p.word("article"), p.cite(&r.Clauses[k]))
			if r.Clauses[k].Remedy != "" {
				p.line(3, r.Clauses[k].Remedy)
			}
		}
		p.line(2, p.word("remedy"), r.Remedy)
		names := make([]string, len(r.Materials))
		for k, m := range r.Materials {
			names[k] = m.Name
		}
		if len(names) > 0 {
			p.line(2, p.word("materials"), strings.Join(names, p.word("list")))
		}
		if r.ToldAs != "" {
			p.line(2, p.word("told_as"), compliance.PublicReason(r.ToldAs).Person.In(p.lang), " [", r.ToldAs, "]")
		}
	}
}

func (p *page) cite(c *Citation) string {
	out := c.ID + " " + c.Instrument
	if c.Article != "" {
		out += " " + fmt.Sprintf(p.word("nth_article"), c.Article)
	}
	if c.Title != "" {
		out += " " + c.Title
	}
	if c.Unverified {
		out += p.word("unverified")
	}
	return out
}

func (p *page) ways(list []Way) {
	if len(list) > 0 {
		p.head("ways")
	}
	for i := range list {
		w := &list[i]
		p.line(1, w.Clause, " ", w.Instrument, " ", fmt.Sprintf(p.word("nth_article"), w.Article))
		p.line(2, w.Text)
		p.line(2, p.word("channel"), w.Channel)
		p.line(2, p.word("term"), w.Term)
	}
}

func (p *page) why(w *Why) {
	p.head("why")
	p.line(1, w.Text)
	for i := range w.By {
		p.cause(2, &w.By[i])
	}
	if w.Rest != "" {
		p.say(1, "rest", p.outcome(compliance.Outcome(w.Rest)))
	}
	for i := range w.Others {
		p.line(1, w.Others[i].Text)
		for k := range w.Others[i].Against {
			p.cause(2, &w.Others[i].Against[k])
		}
	}
}

func (p *page) cause(indent int, c *Cause) {
	switch {
	case c.Clause == "":
		p.line(indent, "- [", c.Reason, "]")
	case c.Reason == "":
		p.line(indent, "- ", c.Clause, p.word("colon"), p.word("wanted"), c.Demanded, p.word("found"), c.Found)
	default:
		p.line(indent, "- ", c.Clause, p.word("colon"), p.word("wanted"), c.Demanded, p.word("found"), c.Found, " [", c.Reason, "]")
	}
}

func (p *page) clauses(list []Clause) {
	if len(list) > 0 {
		p.head("clauses")
	}
	for i := range list {
		c := &list[i]
		p.line(1, p.cite(&c.Citation), p.word("stop"), fmt.Sprintf(p.word("since"), c.Version))
		if c.Text != "" {
			p.line(2, c.Text)
		}
		for _, f := range c.Findings {
			mark := ""
			if f.Decides && f.Outcome != compliance.Approved {
				mark = p.word("decides")
			}
			p.line(2, "- ", p.word("wanted"), f.Demanded, p.word("found"), f.Found, " → ", p.outcome(f.Outcome), mark)
		}
	}
}

func (p *page) official(e *Explanation) {
	if len(e.Velocities) > 0 {
		p.head("velocities")
	}
	for _, v := range e.Velocities {
		mark := ""
		if !v.Executed {
			mark = p.word("stop") + results["not_executed"].In(p.lang)
		}
		p.line(1, v.Clause, " ", fmt.Sprintf(p.word("of"), v.Name, v.Used, v.Limit), mark)
	}
	if e.PhotoSeen > 0 {
		p.say(0, "photo_seen", e.PhotoSeen)
	}
}
