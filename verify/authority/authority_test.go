package authority_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"realname/compliance"
	"realname/verify"
	"realname/verify/authority"
	"realname/verify/authority/standin"
	"realname/verify/idnumber"
)

var secret = []byte("a shared secret of thirty-two by")

func start(t *testing.T, o authority.Options) (*standin.Server, *authority.Client) {
	t.Helper()
	s := standin.New(secret)
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	o.Name, o.BaseURL, o.Secret = "standin", srv.URL, secret
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	if o.OpenAfter == 0 {
		o.OpenAfter, o.OpenFor = 1000, time.Hour
	}
	c, err := authority.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func number() string {
	body := "11010119900101000"
	return body + string(idnumber.CheckChar(body))
}

func query(name string) verify.AuthorityQuery {
	return verify.AuthorityQuery{RequestID: "q-1", Kind: "resident_id", Number: verify.Secret(number()), Name: verify.Secret(name), Purpose: "signup"}
}

func TestThreeAnswers(t *testing.T) {
	s, c := start(t, authority.Options{})
	ask := func(name string) compliance.CheckResult {
		a, err := c.Check(context.Background(), query(name))
		if err != nil {
			t.Fatal(err)
		}
		if a.Authority != "standin" || !strings.HasPrefix(a.Reference, "STANDIN-") {
			t.Errorf("answer = %+v", a)
		}
		return a.Result
	}
	if got := ask("云初一"); got != compliance.Inconclusive {
		t.Errorf("unknown person: %s", got)
	}
	s.Know(standin.Person{Number: number(), Name: "云初一"})
	if got := ask("云初一"); got != compliance.Passed {
		t.Errorf("right name: %s", got)
	}
	if got := ask("云初二"); got != compliance.Failed {
		t.Errorf("other name: %s", got)
	}
	s.Know(standin.Person{Number: number(), Name: "Anna  Eriksson"})
	if got := ask("ANNA ERIKSSON"); got != compliance.Passed {
		t.Errorf("a name in its one writing: %s", got)
	}
}

// A passport's number is one state's, so that the query says which.
func TestTheQuerySaysWhoseNumberItIs(t *testing.T) {
	var got authority.Query
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(srv.Close)
	c, err := authority.New(authority.Options{Name: "a", BaseURL: srv.URL, Secret: secret, Timeout: 5 * time.Second, OpenAfter: 1, OpenFor: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	q := verify.AuthorityQuery{RequestID: "q-1", Kind: "passport", IssuingState: "UTO", Number: "L898902C3", Name: "ANNA ERIKSSON", Purpose: "signup"}
	if _, err := c.Check(context.Background(), q); err == nil {
		t.Error("an empty answer counts")
	}
	want := authority.Query{RequestID: "q-1", Kind: "passport", IssuingState: "UTO", Number: "L898902C3", Name: "ANNA ERIKSSON", Purpose: "signup"}
	if got != want {
		t.Error("the query on the wire is another one")
	}
}

func TestEveryFaultIsUnavailableAndTellsNothing(t *testing.T) {
	s, c := start(t, authority.Options{Timeout: 300 * time.Millisecond})
	s.Know(standin.Person{Number: number(), Name: "云初一"})
	for _, f := range []standin.Fault{
		standin.Down, standin.Broken, standin.Slow, standin.Garbage, standin.Unsigned,
		standin.Forged, standin.WrongID, standin.WrongCode, standin.TooLong, standin.Cut,
	} {
		t.Run(string(f), func(t *testing.T) {
			if err := s.Set(standin.Setting{Fault: f, DelayMS: 60_000}); err != nil {
				t.Fatal(err)
			}
			_, err := c.Check(context.Background(), query("云初一"))
			if !errors.Is(err, verify.ErrAuthorityUnavailable) {
				t.Fatalf("err = %v", err)
			}
			if msg := err.Error(); strings.Contains(msg, number()) || strings.Contains(msg, "云初一") {
				t.Errorf("the error tells personal data: %s", msg)
			}
			if err := s.Set(standin.Setting{Fault: standin.Healthy}); err != nil {
				t.Fatal(err)
			}
			if a, err := c.Check(context.Background(), query("云初一")); err != nil || a.Result != compliance.Passed {
				t.Errorf("after the fault: %+v, %v", a, err)
			}
		})
	}
}

func TestBreakerOpensAndCloses(t *testing.T) {
	s, c := start(t, authority.Options{OpenAfter: 3, OpenFor: 20 * time.Millisecond})
	s.Know(standin.Person{Number: number(), Name: "云初一"})
	if err := s.Set(standin.Setting{Fault: standin.Down}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, _ = c.Check(context.Background(), query("云初一"))
	}
	asked := s.Asked()
	if asked != 3 {
		t.Fatalf("asked %d times before the breaker opened", asked)
	}
	if err := s.Set(standin.Setting{Fault: standin.Healthy}); err != nil {
		t.Fatal(err)
	}
	for !c.Ready() {
		if _, err := c.Check(context.Background(), query("云初一")); err == nil {
			break
		}
	}
	if a, err := c.Check(context.Background(), query("云初一")); err != nil || a.Result != compliance.Passed {
		t.Fatalf("after recovery: %+v, %v", a, err)
	}
	if c.State() != "closed" {
		t.Errorf("breaker is %s", c.State())
	}
}

func TestCancelledQueriesDoNotOpenTheBreaker(t *testing.T) {
	_, c := start(t, authority.Options{OpenAfter: 1, OpenFor: time.Hour})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range 5 {
		if _, err := c.Check(ctx, query("云初一")); !errors.Is(err, verify.ErrAuthorityUnavailable) {
			t.Fatal(err)
		}
	}
	if !c.Ready() {
		t.Error("the caller's own cancellation opened the breaker")
	}
}

func TestNewRefusesBadOptions(t *testing.T) {
	for name, o := range map[string]authority.Options{
		"no address":   {Secret: secret},
		"ftp":          {BaseURL: "ftp://127.0.0.1", Secret: secret},
		"short secret": {BaseURL: "http://127.0.0.1:1", Secret: []byte("short")},
	} {
		if _, err := authority.New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
