// Package standin is a stand-in for an upstream authority, for development and
// tests: it knows the invented persons it is given, and fails on demand.
package standin

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"realname/verify/authority"
	"realname/verify/personname"
)

// Fault is a way to fail.
type Fault string

// The faults. Slow waits for Delay; the others answer at once.
const (
	Healthy   Fault = "healthy"
	Down      Fault = "down"       // 503
	Broken    Fault = "broken"     // 500 with a body
	Slow      Fault = "slow"       // a right answer, after Delay
	Garbage   Fault = "garbage"    // 200, signed, not JSON
	Unsigned  Fault = "unsigned"   // 200, no signature
	Forged    Fault = "forged"     // 200, signed with another secret
	WrongID   Fault = "wrong_id"   // 200, answers another request
	WrongCode Fault = "wrong_code" // 200, a code nobody agreed on
	TooLong   Fault = "too_long"   // 200, a megabyte
	Cut       Fault = "cut"        // the connection ends within the body
)

var faults = []Fault{Healthy, Down, Broken, Slow, Garbage, Unsigned, Forged, WrongID, WrongCode, TooLong, Cut}

// Person is one registration that the stand-in knows.
type Person struct {
	Number string `json:"number"`
	Name   string `json:"name"`
}

// Setting is the present fault; it is the body of GET and PUT /fault.
type Setting struct {
	Fault   Fault `json:"fault"`
	DelayMS int   `json:"delay_ms,omitempty"`
}

// Server answers queries. The zero value is not usable; make it with New.
type Server struct {
	secret []byte

	mu      sync.Mutex
	names   map[string]string
	setting Setting
	asked   int
}

// New makes a healthy server that knows nobody.
func New(secret []byte) *Server {
	return &Server{secret: secret, names: map[string]string{}, setting: Setting{Fault: Healthy}}
}

// Load reads persons as NDJSON.
func (s *Server) Load(r io.Reader) error {
	sc := bufio.NewScanner(r)
	for line := 1; sc.Scan(); line++ {
		if len(bytes.TrimSpace(sc.Bytes())) == 0 {
			continue
		}
		var p Person
		if err := json.Unmarshal(sc.Bytes(), &p); err != nil {
			return fmt.Errorf("standin: line %d is not a person as JSON", line)
		}
		s.Know(p)
	}
	return sc.Err()
}

// Know adds one person.
func (s *Server) Know(p Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names[p.Number] = written(p.Name)
}

// written brings a name to its one writing, so that persons may be loaded as anybody writes them.
func written(name string) string {
	if canonical, ok := personname.Canonical(name); ok {
		return canonical
	}
	return name
}

// Set chooses how to fail from now on.
func (s *Server) Set(to Setting) error {
	if !slices.Contains(faults, to.Fault) {
		return fmt.Errorf("standin: no fault %q; there are %v", to.Fault, faults)
	}
	if to.DelayMS < 0 || to.DelayMS > 600_000 {
		return fmt.Errorf("standin: delay_ms %d is not within 0 and 600000", to.DelayMS)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setting = to
	return nil
}

// Asked is how many queries arrived.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// Handler serves the authority's wire, GET and PUT /fault, and PUT /persons (NDJSON).
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+authority.Path, s.check)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /fault", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		now := s.setting
		s.mu.Unlock()
		_ = json.NewEncoder(w).Encode(now)
	})
	mux.HandleFunc("PUT /fault", func(w http.ResponseWriter, r *http.Request) {
		var to Setting
		if err := json.NewDecoder(io.LimitReader(r.Body, 1<<10)).Decode(&to); err != nil {
			http.Error(w, "want {\"fault\":…,\"delay_ms\":…}", http.StatusBadRequest)
			return
		}
		if err := s.Set(to); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("PUT /persons", func(w http.ResponseWriter, r *http.Request) {
		if err := s.Load(io.LimitReader(r.Body, 64<<20)); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

func (s *Server) check(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		return
	}
	if !authority.Signed(s.secret, body, r.Header.Get(authority.SignatureHeader)) {
		http.Error(w, "the query is not signed", http.StatusUnauthorized)
		return
	}
	var q authority.Query
	if err := json.Unmarshal(body, &q); err != nil {
		http.Error(w, "the query is not JSON of the agreed shape", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.asked++
	setting, reference := s.setting, fmt.Sprintf("STANDIN-%08d", s.asked)
	name, known := s.names[q.Number]
	s.mu.Unlock()

	a := authority.Answer{RequestID: q.RequestID, Code: authority.CodeConsistent, Reference: reference}
	switch {
	case !known:
		a.Code = authority.CodeNotInDatabase
	case name != written(q.Name):
		a.Code = authority.CodeInconsistent
	}
	s.answer(w, r, setting, a)
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, setting Setting, a authority.Answer) {
	switch setting.Fault {
	case Down:
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	case Broken:
		http.Error(w, "broken", http.StatusInternalServerError)
		return
	case Slow:
		wait := time.NewTimer(time.Duration(setting.DelayMS) * time.Millisecond)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-r.Context().Done():
			return
		}
	case WrongID:
		a.RequestID += "-another"
	case WrongCode:
		a.Code = "77"
	}
	text, err := json.Marshal(a)
	if err != nil {
		http.Error(w, "encode", http.StatusInternalServerError)
		return
	}
	secret := s.secret
	switch setting.Fault {
	case Garbage:
		text = []byte("<html>not what was agreed</html>")
	case TooLong:
		text = append(text, bytes.Repeat([]byte(" "), 1<<20)...)
	case Forged:
		secret = []byte("another secret")
	}
	if setting.Fault != Unsigned {
		w.Header().Set(authority.SignatureHeader, authority.Sign(secret, text))
	}
	w.Header().Set("Content-Type", "application/json")
	if setting.Fault == Cut {
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		text = text[:len(text)/2]
	}
	_, _ = w.Write(text)
}
