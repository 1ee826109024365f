package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"pgregory.net/rapid"

	"realname/verify/idnumber"
)

// checkWith parses the flags as a shell would pass them and checks a text.
func checkWith(t *testing.T, in string, flags ...string) (out, notes string, err error) {
	t.Helper()
	var cli struct {
		Number numberCmd `cmd:""`
	}
	parser, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"number", "check"}, flags...)); err != nil {
		t.Fatal(err)
	}
	var answers, said bytes.Buffer
	c := testConsole(strings.NewReader(in), &answers)
	c.notes = &said
	err = cli.Number.Check.run(t.Context(), c)
	return answers.String(), said.String(), err
}

func TestNumberCheckCSV(t *testing.T) {
	const bom = "\ufeff"
	for _, c := range []struct{ why, in, flags, want string }{
		{"no input", "", "--format csv", ""},
		{"a header alone", "kind,number", "", "kind,number,status,reason,canonical\n"},
		{"columns in any order, others pass through", "name,NUMBER, Kind \n张三,11010519491231002x,resident_id\n", "",
			"name,NUMBER, Kind ,status,reason,canonical\n张三,11010519491231002x,resident_id,valid,,11010519491231002X\n"},
		{"a fixed kind", "id\n11010519491231002X\n", "--kind resident_id --column id", "id,status,reason,canonical\n11010519491231002X,valid,,11010519491231002X\n"},
		{"a fixed kind leaves a column kind alone", "kind,number\nVIP,11010519491231002X\n", "--kind resident_id",
			"kind,number,status,reason,canonical\nVIP,11010519491231002X,valid,,11010519491231002X\n"},
		{"BOM and CRLF are kept", bom + "number\r\n11010519491231002X\r\n", "--kind resident_id",
			bom + "number,status,reason,canonical\r\n11010519491231002X,valid,,11010519491231002X\r\n"},
		{"quotes are kept", "number,n\n\"11010519491231002X\",\"a \"\"b\"\",\nc\"\n", "--kind resident_id",
			"number,n,status,reason,canonical\n\"11010519491231002X\",\"a \"\"b\"\",\nc\",valid,,11010519491231002X\n"},
		{"ragged: too few, too many, none", "kind,number,n\nresident_id,1\nresident_id,1,2,3\n\nresident_id,,\n", "",
			"kind,number,n,status,reason,canonical\nresident_id,1,,invalid,bad_input,\nresident_id,1,2,invalid,bad_input,\n" +
				",,,invalid,bad_input,\nresident_id,,,invalid,number_empty,\n"},
		{"a stray quote keeps nothing of its line", "kind,number\nresident_id,1\"2\nresident_id,1\n", "",
			"kind,number,status,reason,canonical\n,,invalid,bad_input,\nresident_id,1,invalid,number_bad_length,\n"},
		{"a kind that is none", "kind,number\nx,1\n", "", "kind,number,status,reason,canonical\nx,1,invalid,unknown_kind,\n"},
		{"blanks around a kind", "kind,number\n resident_id\t,11010519491231002X\n\" resident_id \",1\n", "--no-canonical",
			"kind,number,status,reason\n resident_id\t,11010519491231002X,valid,\n\" resident_id \",1,invalid,number_bad_length\n"},
		{"two columns kind do not matter beside --kind", "kind,number,kind\n,1,\n", "--kind resident_id --no-canonical",
			"kind,number,kind,status,reason\n,1,,invalid,number_bad_length\n"},
		{"columns of answers that are not asked for", "number,canonical,birth\n1,,\n", "--kind resident_id --no-canonical",
			"number,canonical,birth,status,reason\n1,,,invalid,number_bad_length\n"},
		{"no canonical", "number\n11010519491231002X\n", "--kind resident_id --no-canonical", "number,status,reason\n11010519491231002X,valid,\n"},
		{"other columns in GBK", "number,n\n11010519491231002X,\xd5\xc5\n", "--kind resident_id --no-canonical", "number,n,status,reason\n11010519491231002X,\xd5\xc5,valid,\n"},
	} {
		got, _, err := checkWith(t, c.in, strings.Fields(c.flags)...)
		if err != nil || got != c.want {
			t.Errorf("%s: got %q, %v", c.why, got, err)
		}
	}
}

// An error says what is missing and never repeats the first line: without a header it is somebody's number.
func TestNumberCheckCSVErrors(t *testing.T) {
	const number = "11010519491231002X"
	for _, c := range []struct{ why, in, flags, want string }{
		{"no column of the number", number + "\n", "--kind resident_id", "names no column"},
		{"no column of the kind", "number\n" + number + "\n", "", "no column kind"},
		{"a first line that cannot be read", "\"" + number + "\"x\n", "", "no CSV header"},
		{"two columns of the number", "number,kind, Number \n", "", "names the column of the number twice"},
		{"two columns of the number with a name given", "id,ID\n", "--column id --kind resident_id", "names the column of the number twice"},
		{"two columns of the kind", "number,kind,KIND\n", "", "names the column kind twice"},
		{"an answer's column", "number,kind,Status\n", "", "names a column status"},
		{"the answer's reason", "number,reason\n", "--kind resident_id", "names a column reason"},
		{"the canonical number", "canonical\n", "--kind resident_id --column canonical", "names a column canonical"},
		{"what the number tells", "number,birth\n", "--kind resident_id --tell", "names a column birth"},
		{"a kind that is none", "number\n", "--kind " + number, "no such kind"},
	} {
		_, _, err := checkWith(t, c.in, strings.Fields(c.flags)...)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), number) {
			t.Errorf("%s: got %v", c.why, err)
		}
	}
}

// Whatever comes in, what goes out is sound CSV with as many cells in every record, those of the input before the answer.
func TestNumberCheckCSVIsSound(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		pieces := rapid.SliceOf(rapid.SampledFrom([]string{"resident_id", "11010519491231002X", `"`, `""`, ",", ",", "\n", "\r\n", "\r", "张", `"y,z"`})).Draw(r, "pieces")
		got, _, err := checkWith(t, "kind,number,more\n"+strings.Join(pieces, ""))
		if err != nil {
			r.Fatal(err)
		}
		records, err := csv.NewReader(strings.NewReader(got)).ReadAll()
		if err != nil || len(records[0]) != 6 {
			r.Fatalf("%q: %v", got, err)
		}
	})
}

func TestNumberCheckFormat(t *testing.T) {
	const csvLine, jsonLine = "number\n1\n", `{"kind":"resident_id","number":"1"}` + "\n"
	dir := t.TempDir()
	for _, c := range []struct{ why, name, in, wantStart string }{
		{"by the name", "a.CSV", csvLine, "number,status"},
		{"by the name", "a.jsonl", csvLine, badInput},
		{"by the first byte", "a", csvLine, "number,status"},
		{"by the first byte", "b", jsonLine, `{"kind"`},
		{"by the first byte behind a BOM and blanks", "c", "\ufeff \n" + jsonLine, badInput + `{"kind":"resident_id"`},
		{"nothing", "d", "", ""},
	} {
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, []byte(c.in), 0o600); err != nil {
			t.Fatal(err)
		}
		got, _, err := checkWith(t, "", "--kind", "resident_id", path)
		if err != nil || !strings.HasPrefix(got, c.wantStart) || c.wantStart == "" && got != "" {
			t.Errorf("%s (%s): got %q, %v", c.why, c.name, got, err)
		}
	}
}

func TestNumberCheckSummaryAndFailOn(t *testing.T) {
	const in = "kind,number\nresident_id,11010519491231002X\nresident_id,110105010203999\n" // valid, suspicious
	const worse = in + "resident_id,1\nresident_id\nresident_id,1\n"
	for _, c := range []struct {
		why, in, failOn string
		code            int
	}{
		{"not asked", worse, "none", 0},
		{"none invalid", in, "invalid", 0},
		{"one suspicious", in, "suspicious", 2},
		{"some invalid", worse, "invalid", 2},
		{"bad input is invalid", "kind,number\nx\n", "invalid", 2},
	} {
		_, notes, err := checkWith(t, c.in, "--fail-on", c.failOn, "--no-summary")
		if code := exitCodeOf(err); code != c.code || notes != "" {
			t.Errorf("%s: exit %d, %q", c.why, code, notes)
		}
	}
	_, notes, err := checkWith(t, worse, "--summary")
	want := "5 numbers in 0.0 s\n" +
		"  valid                1\n" +
		"  suspicious           1\n" +
		"                       1  date_over_150_years\n" +
		"  invalid              3\n" +
		"                       2  number_bad_length\n" +
		"                       1  bad_input, first in answer 4\n"
	if err != nil || notes != want {
		t.Errorf("got %q, %v", notes, err)
	}
}

// exitCodeOf is what main makes of an error.
func exitCodeOf(err error) int {
	var coder kong.ExitCoder
	switch {
	case err == nil:
		return 0
	case errors.As(err, &coder):
		return coder.ExitCode()
	}
	return 1
}

func TestNumberCheckTells(t *testing.T) {
	got, _, err := checkWith(t, `{"kind":"resident_id","number":"110105010203999"}`, "--tell", "--on", "1900-01-01")
	want := `{"kind":"resident_id","status":"valid","reason":"","canonical":"110105180102039998","form":"resident_15","birth":"1801-02-03",` +
		`"sex":"male","area":"110105","area_name":"北京市朝阳区","nationality":"","state":"CHN","issuer":"","expiry":"",` +
		`"findings":[{"part":"structure","outcome":"passed","code":""},{"part":"check_digit","outcome":"not_executed","code":"check_digit_absent"},` +
		`{"part":"date","outcome":"passed","code":""},{"part":"area","outcome":"passed","code":""},{"part":"sequence","outcome":"passed","code":""}]}` + "\n"
	if err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
	if got, _, _ := checkWith(t, "x\n", "--format", "ndjson", "--no-canonical"); got != strings.Replace(badInput, `,"canonical":""`, "", 1) {
		t.Errorf("without the canonical number: got %s", got)
	}
}

// An interrupt while nothing comes: what was read is answered, and the command ends.
func TestNumberCheckInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- (&numberCheckCmd{File: "-", Format: "ndjson"}).run(ctx, testConsole(inR, outW))
		outW.Close()
	}()
	go func() { _, _ = io.WriteString(inW, "x\n{\"kind\":") }()
	answer := make([]byte, len(badInput))
	if _, err := io.ReadFull(outR, answer); err != nil || string(answer) != badInput {
		t.Fatalf("got %q, %v", answer, err)
	}
	interrupt()
	if err := <-done; err == nil || !strings.Contains(err.Error(), "interrupted; the first 1 records are") {
		t.Errorf("got %v", err)
	}
	inW.Close()
}

// A bar on the terminal that shows the answers would write over them.
func TestProgressLeavesAnswersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte("kind,number\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, c := range []struct {
		why                  string
		watched, shown, want bool
	}{
		{"nobody sees a bar", false, false, false},
		{"answers go to a file", true, false, true},
		{"answers go to the terminal", true, true, false},
		{"answers alone go to the terminal", false, true, false},
	} {
		bar := console{in: f, notes: io.Discard, watched: c.watched, shown: c.shown}.progress()
		bar.finish()
		if (bar != nil) != c.want {
			t.Errorf("%s: a bar is shown: %v", c.why, bar != nil)
		}
	}
}

func TestProgressIsForFilesOnly(t *testing.T) {
	if newProgress(strings.NewReader("x"), io.Discard) != nil {
		t.Error("a bar for what has no size")
	}
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte("kind,number\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, consumed := range []int64{0, 5, 12, 13} {
		bar := newProgress(f, io.Discard)
		if bar == nil {
			t.Fatal("no bar for a file")
		}
		bar.at(consumed)
		bar.finish() // must return: a bar that is not ended waits for ever
	}
	var out bytes.Buffer
	c := testConsole(nil, &out)
	c.watched = true
	if err := (&numberCheckCmd{File: path, Column: "number"}).run(t.Context(), c); err != nil || !strings.HasPrefix(out.String(), "kind,number,status") {
		t.Errorf("on a terminal: got %q, %v", out.String(), err)
	}
}

func BenchmarkNumberCheckCSV(b *testing.B) {
	const lines = 10000
	var in strings.Builder
	in.WriteString("name,kind,number\n")
	for range lines {
		in.WriteString("张三,resident_id,11010519491231002X\n")
	}
	text := in.String()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if err := (&numberCheckCmd{File: "-", Column: "number"}).run(b.Context(), testConsole(strings.NewReader(text), io.Discard)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*lines/b.Elapsed().Seconds(), "lines/s")
}

// The same work by encoding/csv, without its answers' flushing, recovery or limit: what an own reader has to be worth.
func BenchmarkNumberCheckEncodingCSV(b *testing.B) {
	const lines = 10000
	text := strings.Repeat("张三,resident_id,11010519491231002X\n", lines)
	on := idnumber.DateOf(evening())
	for b.Loop() {
		r, w := csv.NewReader(strings.NewReader(text)), csv.NewWriter(io.Discard)
		r.ReuseRecord = true
		for {
			record, err := r.Read()
			if err != nil {
				break
			}
			result := idnumber.Check(idnumber.Kind(record[1]), record[2], on)
			if err := w.Write(append(record, result.Status.String(), result.Reason.String(), result.Canonical.Reveal())); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*lines/b.Elapsed().Seconds(), "lines/s")
}
