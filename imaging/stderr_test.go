package imaging

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestStderrIsRateLimited(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	log := newStderrLog(slog.New(slog.NewTextHandler(&out, nil)), func() time.Time { return now })
	for range 3 * stderrBurst {
		fmt.Fprint(log, "a line\n")
	}
	if got := strings.Count(out.String(), "a line"); got != stderrBurst {
		t.Errorf("%d lines in one window", got)
	}
	now = now.Add(stderrInterval)
	fmt.Fprint(log, "another\n")
	if text := out.String(); !strings.Contains(text, fmt.Sprintf("lines=%d", 2*stderrBurst)) || !strings.Contains(text, "another") {
		t.Error(text)
	}
}

func TestStderrCutsAndJoinsLines(t *testing.T) {
	var out bytes.Buffer
	log := newStderrLog(slog.New(slog.NewTextHandler(&out, nil)), time.Now)
	for _, part := range []string{"one", " line\n\n", strings.Repeat("x", 10*maxDetail), "\n\x1b[31mred\n", "last"} {
		if n, err := log.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("wrote %d, %v", n, err)
		}
	}
	log.flush()
	text := out.String()
	if strings.Count(text, "\n") != 4 || !strings.Contains(text, `line="one line"`) || !strings.Contains(text, "?[31mred") ||
		strings.Count(text, "x") != maxDetail || log.lastLine() != "last" {
		t.Error(text)
	}
}

func TestStderrRemembersWhyTheRuntimeGaveUp(t *testing.T) {
	log := newStderrLog(slog.New(slog.DiscardHandler), time.Now)
	fmt.Fprint(log, "a warning\nfatal error: out of memory\ngoroutine 1 [running]:\ngs 0x0\n")
	if got := log.lastLine(); got != "fatal error: out of memory" {
		t.Error(got)
	}
}

func TestDoublingBackoff(t *testing.T) {
	for failures, want := range map[int]time.Duration{1: 100 * time.Millisecond, 3: 400 * time.Millisecond, 8: 10 * time.Second, 1 << 40: 10 * time.Second} {
		if got := doublingBackoff(failures); got != want {
			t.Errorf("%d failures: %v", failures, got)
		}
	}
}
