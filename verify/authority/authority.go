// Package authority asks upstream authorities whether an identity number and a
// name belong together (联网核查), behind a circuit breaker.
//
// The wire is JSON over HTTP, signed both ways with HMAC-SHA-256 under a shared
// secret; an answer counts only when it is signed, repeats the request id, and
// carries a known code. Anything else is verify.ErrAuthorityUnavailable: a
// check that was not executed, never a pass.
package authority

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/sony/gobreaker/v2"

	"realname/compliance"
	"realname/verify"
)

// SignatureHeader carries the hex HMAC-SHA-256 of the body, in both directions.
const SignatureHeader = "Realname-Signature"

// Path is where the authority answers, beneath its base address.
const Path = "/v1/identity/check"

// Native codes of the wire, after the interbank identity check (银发〔2007〕345号).
const (
	CodeConsistent    = "00"
	CodeInconsistent  = "01"
	CodeNotInDatabase = "02"
)

const maxAnswer = 64 << 10

// Query is the request on the wire.
type Query struct {
	RequestID    string `json:"request_id"`
	Kind         string `json:"kind"`
	IssuingState string `json:"issuing_state,omitempty"`
	Number       string `json:"number"`
	Name         string `json:"name"`
	Purpose      string `json:"purpose"`
}

// Answer is the reply on the wire.
type Answer struct {
	RequestID string `json:"request_id"`
	Code      string `json:"code"`
	Reference string `json:"reference"`
}

// Options configure a Client.
type Options struct {
	Name    string // of the adapter, as it appears in checks
	BaseURL string
	Secret  []byte
	Timeout time.Duration // of one query
	// OpenAfter consecutive failures open the breaker for OpenFor.
	OpenAfter uint32
	OpenFor   time.Duration
	OnState   func(state string) // told when the breaker changes; may be nil
}

// Client asks one authority. It is safe for concurrent use.
type Client struct {
	opts    Options
	url     string
	http    *http.Client
	breaker *gobreaker.CircuitBreaker[verify.AuthorityAnswer]
}

// New makes a client.
func New(o Options) (*Client, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, fmt.Errorf("authority: base address %q is not an http(s) address", o.BaseURL)
	}
	if len(o.Secret) < sha256.Size {
		return nil, fmt.Errorf("authority: the shared secret has %d bytes, want at least %d", len(o.Secret), sha256.Size)
	}
	c := &Client{
		opts: o, url: base.JoinPath(Path).String(),
		http: &http.Client{
			Timeout: o.Timeout,
			// A redirect would carry a number to an address nobody configured.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	c.breaker = gobreaker.NewCircuitBreaker[verify.AuthorityAnswer](gobreaker.Settings{
		Name:        o.Name,
		Timeout:     o.OpenFor,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= o.OpenAfter },
		IsExcluded:  func(err error) bool { return errors.Is(err, context.Canceled) },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if o.OnState != nil {
				o.OnState(to.String())
			}
		},
	})
	return c, nil
}

// Ready reports whether the breaker would let a query through.
func (c *Client) Ready() bool { return c.breaker.State() != gobreaker.StateOpen }

// State is the breaker's state: closed, half-open or open.
func (c *Client) State() string { return c.breaker.State().String() }

// Check asks; every failure wraps verify.ErrAuthorityUnavailable.
func (c *Client) Check(ctx context.Context, q verify.AuthorityQuery) (verify.AuthorityAnswer, error) {
	a, err := c.breaker.Execute(func() (verify.AuthorityAnswer, error) { return c.ask(ctx, q) })
	if err != nil {
		return verify.AuthorityAnswer{}, fmt.Errorf("%w: %s: %w", verify.ErrAuthorityUnavailable, c.opts.Name, err)
	}
	return a, nil
}

func (c *Client) ask(ctx context.Context, q verify.AuthorityQuery) (verify.AuthorityAnswer, error) {
	var none verify.AuthorityAnswer
	body, err := json.Marshal(Query{
		RequestID: q.RequestID, Kind: q.Kind, IssuingState: q.IssuingState, Number: q.Number.Reveal(), Name: q.Name.Reveal(),
		Purpose: q.Purpose,
	})
	if err != nil {
		return none, errors.New("encode query")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return none, errors.New("make request")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(SignatureHeader, Sign(c.opts.Secret, body))
	resp, err := c.http.Do(req)
	if err != nil {
		return none, transportError(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return none, fmt.Errorf("status %d", resp.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return none, transportError(err)
	}
	return c.read(q.RequestID, text, resp.Header.Get(SignatureHeader))
}

func (c *Client) read(requestID string, text []byte, signature string) (verify.AuthorityAnswer, error) {
	var none verify.AuthorityAnswer
	if len(text) > maxAnswer {
		return none, errors.New("the answer is too long")
	}
	if !Signed(c.opts.Secret, text, signature) {
		return none, errors.New("the answer is not signed by the authority")
	}
	var a Answer
	if err := json.Unmarshal(text, &a); err != nil {
		return none, errors.New("the answer is not JSON of the agreed shape")
	}
	if a.RequestID != requestID {
		return none, errors.New("the answer is to another request")
	}
	result, ok := results[a.Code]
	if !ok {
		return none, errors.New("the answer has an unknown code")
	}
	return verify.AuthorityAnswer{Result: result, NativeCode: a.Code, Reference: reference(a.Reference), Authority: c.opts.Name}, nil
}

var results = map[string]compliance.CheckResult{
	CodeConsistent:    compliance.Passed,
	CodeInconsistent:  compliance.Failed,
	CodeNotInDatabase: compliance.Inconclusive,
}

// transportError keeps what happened and drops the address and anything quoted from it.
func transportError(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	return fmt.Errorf("transport: %w", err)
}

// reference keeps an upstream reference only when it is short and plain, for it enters the record.
func reference(s string) string {
	if len(s) > 64 {
		return ""
	}
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_' {
			return ""
		}
	}
	return s
}

// Sign is the hex HMAC-SHA-256 of body.
func Sign(secret, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// Signed reports whether signature is that of body.
func Signed(secret, body []byte, signature string) bool {
	got, err := hex.DecodeString(signature)
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(body)
	return hmac.Equal(got, mac.Sum(nil))
}
