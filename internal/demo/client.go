package demo

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// answer is what the demo reads of a decision.
type answer struct {
	ID       string `json:"id"`
	Version  int    `json:"version"`
	Decision string `json:"decision"`
	Digest   string `json:"decision_digest"`
	Reasons  []struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Clauses []struct {
			ID         string `json:"id"`
			Instrument string `json:"instrument"`
			Article    string `json:"article"`
		} `json:"clauses"`
	} `json:"reasons"`
	WaitingOn []string `json:"waiting_on"`
	Opening   *struct {
		ID    string `json:"id"`
		State string `json:"state"`
	} `json:"opening"`
}

// receipt is one that the demo kept for the inspection.
type receipt struct {
	decision string
	version  int
	text     []byte
}

type problem struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// call sends one request and decodes the answer; a problem is an error.
func (s *stage) call(ctx context.Context, t tenant, method, path string, body, into any) (time.Duration, error) {
	var r io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		r = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.gatewayAt+path, r)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+t.Key)
	req.Header.Set("Accept-Language", "en")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if method == http.MethodPost {
		req.Header.Set("Idempotency-Key", fmt.Sprintf("demo-%d-%d", s.opts.Seed, s.next()))
	}
	start := time.Now()
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	took := time.Since(start)
	if err != nil {
		return took, err
	}
	if resp.StatusCode >= 300 {
		var p problem
		_ = json.Unmarshal(text, &p)
		return took, fmt.Errorf("%s %s: status %d %s %s", method, path, resp.StatusCode, p.Code, p.Detail)
	}
	if raw, ok := into.(*[]byte); ok {
		*raw = text
		return took, nil
	}
	return took, json.Unmarshal(text, into)
}

func (s *stage) next() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	return s.seq
}

// keep fetches the receipt of a decision, as a tenant does.
func (s *stage) keep(ctx context.Context, t tenant, a answer) error {
	var text []byte
	path := fmt.Sprintf("/v1/verifications/%s/receipt?wait=5s&version=%d", a.ID, a.Version)
	if _, err := s.call(ctx, t, http.MethodGet, path, nil, &text); err != nil {
		return err
	}
	if !commitsTo(text, a.Digest) {
		return fmt.Errorf("the receipt of %s does not commit to its decision", a.ID)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.receipts = append(s.receipts, receipt{decision: a.ID, version: a.Version, text: text})
	return nil
}

// commitsTo reports whether the leaf that a receipt carries names the digest.
func commitsTo(receipt []byte, digest string) bool {
	for line := range strings.Lines(string(receipt)) {
		if extra, ok := strings.CutPrefix(line, "extra "); ok && digest != "" {
			leaf, err := base64.StdEncoding.DecodeString(strings.TrimSpace(extra))
			return err == nil && bytes.Contains(leaf, []byte(`"`+digest+`"`))
		}
	}
	return false
}

// expect adds a row and keeps the receipt.
func (s *stage) expect(ctx context.Context, t tenant, sent string, a answer, took time.Duration, outcome, reason, clause string) error {
	r := row{sent: sent, outcome: a.Decision, took: took, right: a.Decision == outcome}
	codes, cited := []string{}, []string{}
	for _, x := range a.Reasons {
		codes = append(codes, x.Code)
		for _, c := range x.Clauses {
			cite := c.ID
			if c.Article != "" {
				cite += " §" + c.Article
			}
			if !slices.Contains(cited, cite) {
				cited = append(cited, cite)
			}
		}
	}
	r.reason, r.article = strings.Join(codes, ", "), strings.Join(cited, ", ")
	if len(a.WaitingOn) > 0 {
		r.reason = "waiting on " + strings.Join(a.WaitingOn, ", ")
	}
	if reason != "" {
		r.right = r.right && slices.Contains(codes, reason)
	}
	if clause != "" {
		r.right = r.right && strings.Contains(r.article, clause)
	}
	s.table.add(r)
	return s.keep(ctx, t, a)
}

// request is a verification as a tenant writes it.
type request map[string]any

func (s *stage) request(scene, product, channel, number, name string) request {
	return request{
		"biz_no": fmt.Sprintf("demo-%06d", s.next()), "scene": scene, "event": "open", "product": product, "customer_type": "individual",
		"purpose": "real_name_registration", "legal_basis": "statutory_duty", "notice_version": "2026-01",
		"parties": []any{map[string]any{"role": "holder", "name": name, "document": map[string]any{"kind": "resident_id", "number": number}}},
		"channel": map[string]any{"kind": channel},
	}
}

func (r request) with(key string, value any) request { r[key] = value; return r }

func photo(jpeg []byte) map[string]any {
	return map[string]any{"kind": "document_photo", "side": "front", "content": base64.StdEncoding.EncodeToString(jpeg)}
}

func attested(kind string, at time.Time) map[string]any {
	return map[string]any{
		"kind": kind, "result": "passed", "device_serial": "DEMO-READER-1", "attestor": "demo-outlet-7",
		"captured_at": at.UTC().Format(time.RFC3339),
	}
}
