package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/alecthomas/kong"

	"realname/internal/csvrecord"
)

// evening is 00:30 of 2026-11-22 in China.
func evening() time.Time { return time.Date(2026, 11, 21, 16, 30, 0, 0, time.UTC) }

func testConsole(in io.Reader, out io.Writer) console {
	return console{in: in, out: out, notes: io.Discard, now: evening}
}

func checkText(t *testing.T, in string) string {
	t.Helper()
	var out bytes.Buffer
	if err := (&numberCheckCmd{File: "-", Format: "ndjson"}).run(t.Context(), testConsole(strings.NewReader(in), &out)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

const badInput = `{"kind":"","status":"invalid","reason":"bad_input","canonical":""}` + "\n"

func TestNumberCheckLines(t *testing.T) {
	const valid = `{"kind":"resident_id","status":"valid","reason":"","canonical":"11010519491231002X"}` + "\n"
	for _, c := range []struct{ why, in, want string }{
		{"no input", "", ""},
		{"valid", `{"kind":"resident_id","number":"11010519491231002x"}` + "\n", valid},
		{"no end of line", `{"kind":"resident_id","number":"11010519491231002X"}`, valid},
		{"CRLF and another field", ` {"id":7,"kind":"resident_id","number":"11010519491231002X"} ` + "\r\n", valid},
		{"suspicious", `{"kind":"resident_id","number":"110105010203999"}` + "\n",
			`{"kind":"resident_id","status":"suspicious","reason":"date_over_150_years","canonical":"110105180102039998"}` + "\n"},
		{"invalid", `{"kind":"residence_permit","number":"11010519491231002X"}` + "\n",
			`{"kind":"residence_permit","status":"invalid","reason":"area_not_permit","canonical":""}` + "\n"},
		{"no number", `{"kind":"resident_id"}` + "\n",
			`{"kind":"resident_id","status":"invalid","reason":"number_empty","canonical":""}` + "\n"},
		{"unknown kind", `{"kind":"x","number":"1"}` + "\n",
			`{"kind":"x","status":"invalid","reason":"unknown_kind","canonical":""}` + "\n"},
		{"not JSON", "11010519491231002X\n", badInput},
		{"blank", "\n", badInput},
		{"an array", `["resident_id"]` + "\n", badInput},
		{"null", "null\n", badInput},
		{"a number that is no text", `{"kind":"resident_id","number":110105194912310021}` + "\n", badInput},
		{"two values", `{"kind":"resident_id","number":"1"} {}` + "\n", badInput},
		{"cut", `{"kind":"resident_id"`, badInput},
		{"not UTF-8", "{\"kind\":\"resident_id\",\"number\":\"11010519491231002\xff\"}\n", badInput},
		{"deep", strings.Repeat(`{"a":`, 12000) + "\n", badInput},
		{"too long", `{"number":"` + strings.Repeat("1", 3*csvrecord.MaxLine) + `"}` + "\n", badInput},
		{"too long without an end", strings.Repeat("1", 3*csvrecord.MaxLine), badInput},
		{"too long by one", strings.Repeat(" ", csvrecord.MaxLine) + "\n", badInput},
	} {
		if got := checkText(t, c.in); got != c.want {
			t.Errorf("%s: got %s, want %s", c.why, got, c.want)
		}
		// A valid line behind it must still be answered.
		if strings.HasSuffix(c.in, "\n") {
			if got := checkText(t, c.in+`{"kind":"resident_id","number":"11010519491231002X"}`); got != c.want+valid {
				t.Errorf("%s, then a valid line: got %s", c.why, got)
			}
		}
	}
}

// --kind is that of the lines without one.
func TestNumberCheckLinesWithAKind(t *testing.T) {
	for _, c := range []struct{ why, in, want string }{
		{"no kind", `{"number":"11010519491231002X"}`, `{"kind":"resident_id","status":"valid",`},
		{"an empty kind", `{"kind":"","number":"11010519491231002X"}`, `{"kind":"resident_id","status":"valid",`},
		{"null", `{"kind":null,"number":"11010519491231002X"}`, `{"kind":"resident_id","status":"valid",`},
		{"a kind of its own", `{"kind":"residence_permit","number":"11010519491231002X"}`, `{"kind":"residence_permit","status":"invalid",`},
		{"a bad line has no kind", `x`, `{"kind":"","status":"invalid","reason":"bad_input"`},
	} {
		got, _, err := checkWith(t, c.in, "--format", "ndjson", "--kind", "resident_id")
		if err != nil || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, %v", c.why, got, err)
		}
	}
}

func TestNumberCheckDay(t *testing.T) {
	const line = `{"kind":"resident_id","number":"330113202611220002"}`
	status := func(c numberCheckCmd) string {
		var out bytes.Buffer
		if err := c.run(t.Context(), testConsole(strings.NewReader(line), &out)); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if got := status(numberCheckCmd{File: "-"}); !strings.Contains(got, `"valid"`) {
		t.Errorf("born today in China: %s", got)
	}
	if got := status(numberCheckCmd{File: "-", On: "2026-11-21"}); !strings.Contains(got, "date_future") {
		t.Errorf("born tomorrow: %s", got)
	}
	if err := (&numberCheckCmd{File: "-", On: "21.11.2026"}).run(t.Context(), testConsole(nil, io.Discard)); err == nil {
		t.Error("a bad --on is accepted")
	}
}

func TestNumberCheckFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "numbers.ndjson")
	if err := os.WriteFile(name, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var cli struct {
		Number numberCmd `cmd:""`
	}
	var out bytes.Buffer
	parser, err := kong.New(&cli, kong.Writers(&out, io.Discard), kong.BindTo(t.Context(), (*context.Context)(nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := parser.Parse([]string{"number", "check", "--no-summary", "--on", "2026-11-22", name})
	if err != nil {
		t.Fatal(err)
	}
	if err := ctx.Run(); err != nil || out.String() != badInput {
		t.Errorf("got %q, %v", out.String(), err)
	}
	if err := (&numberCheckCmd{File: name + ".none"}).run(t.Context(), testConsole(nil, io.Discard)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
}

// Every answer must be out before the command waits for the next line.
func TestNumberCheckAnswersBeforeItWaits(t *testing.T) {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- (&numberCheckCmd{File: "-", Format: "ndjson"}).run(t.Context(), testConsole(inR, outW))
		outW.Close()
	}()
	answers := bufio.NewReader(outR)
	for range 3 {
		if _, err := io.WriteString(inW, "x\n{\"kind\":"); err != nil {
			t.Fatal(err)
		}
		if got, err := answers.ReadString('\n'); err != nil || got != badInput {
			t.Fatalf("got %q, %v", got, err)
		}
		if _, err := io.WriteString(inW, "}\n"); err != nil {
			t.Fatal(err)
		}
		if got, err := answers.ReadString('\n'); err != nil || got != badInput {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	inW.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestNumberCheckIOErrors(t *testing.T) {
	c := numberCheckCmd{File: "-", Format: "ndjson"}
	if err := c.run(t.Context(), testConsole(iotest.ErrReader(errors.New("cable cut")), io.Discard)); err == nil || !strings.Contains(err.Error(), "cable cut") {
		t.Errorf("a read error gives %v", err)
	}
	if err := c.run(t.Context(), testConsole(strings.NewReader(strings.Repeat("x\n", 1000)), fullDisk{})); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("a write error gives %v", err)
	}
	var out bytes.Buffer
	in := io.MultiReader(strings.NewReader("x\n"), iotest.ErrReader(errors.New("cable cut")))
	if err := c.run(t.Context(), testConsole(in, &out)); err == nil || out.String() != badInput {
		t.Errorf("what was read before an error gives %q, %v", out.String(), err)
	}
}

func BenchmarkNumberCheck(b *testing.B) {
	line := `{"kind":"resident_id","number":"11010519491231002X"}` + "\n"
	in := strings.Repeat(line, 10000)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		if err := (&numberCheckCmd{File: "-"}).run(b.Context(), testConsole(strings.NewReader(in), io.Discard)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*10000/b.Elapsed().Seconds(), "lines/s")
}
