package imaging

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"time"
)

const (
	maxDetail      = 300 // bytes of one line that a worker wrote
	stderrBurst    = 20  // lines a window
	stderrInterval = 10 * time.Second
)

// stderrLog passes the lines that a worker writes to a logger: made plain, cut to
// maxDetail and at most stderrBurst a window; what is held back is counted.
type stderrLog struct {
	logger *slog.Logger
	now    func() time.Time

	mu      sync.Mutex
	partial []byte
	last    string // the latest line, for the error of a worker that does not start
	fatal   bool   // last is why the Go runtime gave up; what follows is only its trace
	window  time.Time
	lines   int
	held    int
}

func newStderrLog(logger *slog.Logger, now func() time.Time) *stderrLog {
	return &stderrLog{logger: logger, now: now, window: now()}
}

// Write takes any cut of the stream; it never fails, or the worker would block.
func (s *stderrLog) Write(chunk []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := chunk
	for {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			s.keep(rest)
			return len(chunk), nil
		}
		s.keep(rest[:end])
		s.line()
		rest = rest[end+1:]
	}
}

// keep holds the beginning of a line, never more than is shown of it.
func (s *stderrLog) keep(part []byte) {
	s.partial = append(s.partial, part[:min(len(part), maxDetail-len(s.partial))]...)
}

func (s *stderrLog) line() {
	if len(s.partial) == 0 {
		return
	}
	text := plain(string(s.partial), maxDetail)
	s.partial = s.partial[:0]
	if !s.fatal {
		s.last = text
		s.fatal = strings.HasPrefix(text, "fatal error: ") || strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "SIG")
	}
	if now := s.now(); now.Sub(s.window) >= stderrInterval {
		s.tellHeld()
		s.window, s.lines = now, 0
	}
	if s.lines >= stderrBurst {
		s.held++
		return
	}
	s.lines++
	s.logger.Warn("imaging worker says", "line", text)
}

func (s *stderrLog) tellHeld() {
	if s.held > 0 {
		s.logger.Warn("imaging worker said more", "lines", s.held)
		s.held = 0
	}
}

// flush ends the stream: the last line may lack its newline.
func (s *stderrLog) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line()
	s.tellHeld()
}

// lastLine is the line that most likely says why the worker ended.
func (s *stderrLog) lastLine() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}
