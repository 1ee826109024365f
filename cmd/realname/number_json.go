package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"realname/verify/idnumber"
)

// reasonBadInput stands for a line that is no JSON object, or no CSV record, of the expected shape.
const reasonBadInput = "bad_input"

type numberQuestion struct {
	Kind   idnumber.Kind `json:"kind"`
	Number string        `json:"number"`
}

type numberAnswer struct {
	Kind      idnumber.Kind   `json:"kind"`
	Status    idnumber.Status `json:"status"`
	Reason    string          `json:"reason"`
	Canonical *string         `json:"canonical,omitempty"` // nil with --no-canonical
	*told                     // nil without --tell
	Findings  []partFinding   `json:"findings,omitempty"` // with --tell: the parts that have something to say
}

type partFinding struct {
	Part    string           `json:"part"`
	Outcome idnumber.Outcome `json:"outcome"`
	Code    idnumber.Code    `json:"code"`
}

// answerJSON answers each line with one JSON object.
func (s *numberStream) answerJSON() error {
	encoder := json.NewEncoder(s.out)
	for {
		n, short := s.window.LineEnd(0)
		if n == 0 {
			return nil
		}
		var answer numberAnswer
		if short {
			answer = s.answerLine(s.window.Take(n))
		} else {
			s.window.SkipLine()
			answer = s.badLine()
		}
		if err := encoder.Encode(answer); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
}

func (s *numberStream) badLine() numberAnswer {
	s.tally.countBad()
	return s.complete(numberAnswer{Status: idnumber.Invalid, Reason: reasonBadInput}, &idnumber.Result{})
}

func (s *numberStream) answerLine(line []byte) numberAnswer {
	var q numberQuestion
	line = bytes.TrimSpace(line)
	if len(line) == 0 || line[0] != '{' || !utf8.Valid(line) || json.Unmarshal(line, &q) != nil {
		return s.badLine()
	}
	if q.Kind == "" {
		q.Kind = s.kind
	}
	r := s.judge(q.Kind, q.Number)
	return s.complete(numberAnswer{Kind: q.Kind, Status: r.Status, Reason: r.Reason.String()}, &r)
}

// complete adds what the flags ask for.
func (s *numberStream) complete(a numberAnswer, r *idnumber.Result) numberAnswer {
	if !s.check.NoCanonical {
		canonical := r.Canonical.Reveal()
		a.Canonical = &canonical
	}
	if s.check.Tell {
		told := tell(r)
		a.told = &told
		for _, part := range r.Kind.Parts() {
			f := r.Findings[part]
			a.Findings = append(a.Findings, partFinding{part.String(), f.Outcome, f.Code})
		}
	}
	return a
}
