package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/text/encoding/simplifiedchinese"

	"realname/compliance"
	"realname/internal/app"
	"realname/internal/config"
	"realname/internal/sqlstore"
	"realname/internal/sqlstore/storetest"
	"realname/verify/idnumber"
)

// stockHome is a configuration with a tenant, on one engine.
type stockHome struct {
	t      *testing.T
	dir    string
	config string
	tenant string
	entity string
}

func newStockHome(t *testing.T, e storetest.Engine) *stockHome {
	t.Helper()
	h := &stockHome{t: t, dir: t.TempDir()}
	h.config = h.file("realname.yaml", fmt.Sprintf("data: %s\nledger: {dsn: %q}\nauthority: {url: http://127.0.0.1:1, secret_file: none}\n",
		filepath.Join(h.dir, "data"), e.DSN(t)))
	cfg, err := config.Load(h.config)
	if err != nil {
		t.Fatal(err)
	}
	o, err := app.OpenOperator(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	n, err := o.AddTenant(t.Context(), app.NewTenant{Name: "Carrier", Sector: compliance.SectorTelecom, Region: "000000"})
	if err != nil {
		t.Fatal(err)
	}
	h.tenant, h.entity = n.ID, n.LegalEntityID
	return h
}

func (h *stockHome) file(name, text string) string {
	h.t.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return path
}

func (h *stockHome) read(name string) string {
	h.t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}

// store opens the ledger beside the commands.
func (h *stockHome) store() *sqlstore.Store {
	h.t.Helper()
	cfg, err := config.Load(h.config)
	if err != nil {
		h.t.Fatal(err)
	}
	return storetest.Open(h.t, cfg.LedgerDSN(), nil)
}

// run is one command as a shell would give it; in is its standard input.
func (h *stockHome) run(in io.Reader, arguments ...string) (out, notes string, err error) {
	h.t.Helper()
	return h.runAt(h.t.Context(), in, arguments...)
}

func (h *stockHome) runAt(ctx context.Context, in io.Reader, arguments ...string) (out, notes string, err error) {
	h.t.Helper()
	var cli commands
	parser, err := kong.New(&cli)
	if err != nil {
		h.t.Fatal(err)
	}
	k, err := parser.Parse(append(append([]string{"stock"}, arguments...), "--config", h.config, "--tenant", h.tenant))
	if err != nil {
		return "", "", withoutArguments(err)
	}
	var answers, said bytes.Buffer
	k.Stdout = &answers
	t := console{in: in, out: &answers, notes: &said, now: time.Now}
	switch arguments[0] {
	case "load":
		err = cli.Stock.Load.run(ctx, t)
	case "reconcile":
		err = cli.Stock.Reconcile.run(ctx, t)
	default:
		err = cli.Stock.Baseline.Run(ctx, k)
	}
	return answers.String(), said.String(), err
}

// resident is a resident number that is never issued: its sequence is 000.
func resident(n int) string {
	body := fmt.Sprintf("110105%04d%02d%02d000", 1950+n/336%50, 1+n/28%12, 1+n%28)
	return body + string(idnumber.CheckChar(body))
}

func stockLines(from, to int) string {
	var b strings.Builder
	for n := from; n < to; n++ {
		fmt.Fprintf(&b, "resident_id,%s,mobile_card,card-%d,active,2020-01-02\n", resident(n), n)
	}
	return b.String()
}

const stockHeader = "kind,number,product,external_ref,state,opened_at\n"

func (h *stockHome) loaded(file string, more ...string) (a loadAnswer, notes string, err error) {
	h.t.Helper()
	out, notes, err := h.run(strings.NewReader(""), append([]string{"load", "--json", "--report", filepath.Join(h.dir, "refused.csv"), file}, more...)...)
	if jsonErr := json.Unmarshal([]byte(out), &a); jsonErr != nil {
		h.t.Fatalf("%v: %q, %q, %v", jsonErr, out, notes, err)
	}
	return a, notes, err
}

// Bad rows are named and hold nothing up; the report names no person.
func TestStockLoadRefusesRows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		h := newStockHome(t, e)
		number := resident(1)
		odd := []struct{ line, code string }{
			{"resident_id," + number + ",mobile_card,a-1,active,", ""},
			{"resident_id,\"" + number + "\",mobile_card,a-2,,2020-05-06T07:08:09+08:00", ""},
			{"", "-"}, // an empty line has its number and is no row
			{"resident_id," + number + ",mobile_card,a-3", "row_malformed"},
			{"resident_id,\"" + number + ",mobile_card,a-4,active,", "row_malformed"},
			{"resident_id," + number[:17] + "?,mobile_card,a-5,active,", "number_bad_character"},
			{"resident_id,,mobile_card,a-6,active,", "number_empty"},
			{"library_card,1,mobile_card,a-7,active,", "unknown_kind"},
			{"resident_id," + number + ",fax_line,a-8,active,", "product_unknown"},
			{"resident_id," + number + ",mobile_card,,active,", "external_ref_missing"},
			{"resident_id," + number + ",mobile_card,a 9,active,", "field_malformed"},
			{"resident_id," + number + ",mobile_card,c" + number + ",active,", "personal_data_in_reference"},
			{"resident_id," + number + ",mobile_card," + strings.Repeat("a", 129) + ",active,", "field_too_long"},
			{"resident_id," + number + ",mobile_card,a-10,reserved,", "opening_state"},
			{"resident_id," + number + ",mobile_card,a-11,active,2020-13-01", "field_malformed"},
			{"resident_id," + number + ",mobile_card,a-12,active,2099-01-01", "opened_in_future"},
			{"resident_id," + number + ",mobile_card,a-13,act\x01ive,", "invalid_text"},
			{"resident_id," + number + ",mobile_card,a-14,active," + strings.Repeat("1", 300), "field_too_long"},
			{"unified_social_credit_code,91350100M000100Y43,mobile_card,a-15,active,", "unknown_kind"},
			{"resident_id," + resident(2) + ",mobile_card,a-16,closed,", ""},
		}
		text, report, refused := "\ufeff"+stockHeader, "row,code,external_ref,meaning\n", int64(0)
		for n, c := range odd {
			text += c.line + "\r\n"
			if c.code == "" || c.code == "-" {
				continue
			}
			refused++
			reason, ok := compliance.Reason(c.code)
			if !ok {
				t.Errorf("%s is not in the catalogue", c.code)
			}
			ref := ""
			if cells := strings.Split(c.line, ","); c.code != "row_malformed" && strings.HasPrefix(cells[3], "a-") {
				ref = cells[3]
			}
			report += fmt.Sprintf("%d,%s,%s,", n+2, c.code, ref) + quoteCSV(reason.Clerk.EN) + "\n"
		}
		a, notes, err := h.loaded(h.file("stock.csv", text))
		if exitCodeOf(err) != 2 || a.Loaded != 3 || a.Refused != refused || a.Known != 0 || a.Rows != int64(len(odd)) {
			t.Errorf("%+v, %v", a, err)
		}
		if got := h.read(filepath.Join(h.dir, "refused.csv")); got != report {
			t.Errorf("report\n%s\nwant\n%s", got, report)
		}
		if strings.Contains(report+notes, number) {
			t.Error("a number is told")
		}
	})
}

func quoteCSV(text string) string {
	if strings.ContainsAny(text, ",\"") {
		return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	}
	return text
}

// The same file again does nothing, another under its name is told, and what both hold is loaded once.
func TestStockLoadAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		h := newStockHome(t, e)
		file := h.file("stock.csv", stockHeader+stockLines(0, 1500))
		first, notes, err := h.loaded(file)
		if err != nil || first.Loaded != 1500 || first.Again || notes != "" {
			t.Fatalf("%+v, %q, %v", first, notes, err)
		}
		if again, _, err := h.loaded(file); err != nil || !again.Again || again.ID != first.ID || again.Loaded != 1500 {
			t.Errorf("again: %+v, %v", again, err)
		}
		if copied, _, err := h.loaded(h.file("copy.csv", stockHeader+stockLines(0, 1500))); err != nil || copied.ID != first.ID {
			t.Errorf("under another name: %+v, %v", copied, err)
		}
		h.file("stock.csv", stockHeader+stockLines(0, 1600))
		more, notes, err := h.loaded(file)
		if err != nil || more.Loaded != 100 || more.Known != 1500 || !strings.Contains(notes, "not the file that was loaded under its name before ("+first.ID) {
			t.Errorf("a longer file: %+v, %q, %v", more, notes, err)
		}
		// A stream cannot be recognised, and loads nothing twice.
		for range 2 {
			out, _, err := h.run(io.MultiReader(strings.NewReader(stockHeader+stockLines(0, 1600))), "load", "-")
			if err != nil || !strings.Contains(out, "loaded        0\nalready known 1600\n") {
				t.Errorf("as a stream: %q, %v", out, err)
			}
		}
	})
}

// GB18030, columns in another order and letters of another case are read as what they are.
func TestStockLoadReadsWhatSpreadsheetsWrite(t *testing.T) {
	h := newStockHome(t, storetest.Engines()[0])
	text := "External_Ref , PRODUCT,number,KIND,sex\r\nc-1,mobile_card,１１０１０５１９４９１２３１０００３,resident_id,\r\nc-2,mobile_card," + resident(5) + ",resident_id,女\r\n"
	for name, encode := range map[string]func(string) (string, error){
		"utf8":    func(s string) (string, error) { return s, nil },
		"gb18030": simplifiedchinese.GB18030.NewEncoder().String,
	} {
		encoded, err := encode(strings.ReplaceAll(text, "c-", name+"-"))
		if err != nil {
			t.Fatal(err)
		}
		a, _, err := h.loaded(h.file(name+".csv", encoded))
		report := h.read(filepath.Join(h.dir, "refused.csv"))
		if exitCodeOf(err) != 2 || a.Loaded != 1 || a.Refused != 1 || !strings.Contains(report, "3,sex_mismatch,"+name+"-2") {
			t.Errorf("%s: %+v, %v\n%s", name, a, err, report)
		}
	}
}

// What is wrong with the whole file is told without a word of it.
func TestStockFilesRefusedWhole(t *testing.T) {
	h := newStockHome(t, storetest.Engines()[0])
	number := resident(3)
	for _, c := range []struct{ why, text, want string }{
		{"no header", "resident_id," + number + ",mobile_card,c-1\n", "stock_columns"},
		{"a column that is not known", "kind,number,product,external_ref,name\n", "stock_columns"},
		{"a column twice", "kind,number,product,external_ref,number\n", "names the column number twice"},
		{"a column too few", "kind,number,product\n", "does not name the column external_ref"},
		{"nothing", "", "import_empty"},
		{"a broken header", "kind,\"number\n", "stock_columns"},
	} {
		_, notes, err := h.run(nil, "load", h.file("x.csv", c.text))
		if exitCodeOf(err) != 1 || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error()+notes, number) {
			t.Errorf("%s: %v", c.why, err)
		}
		if _, _, err := h.run(strings.NewReader(c.text), "reconcile", "-"); exitCodeOf(err) != 1 || strings.Contains(err.Error(), number) {
			t.Errorf("%s, reconciled: %v", c.why, err)
		}
	}
	if _, _, err := h.run(nil, "load", filepath.Join(h.dir, number)); err == nil || strings.Contains(err.Error(), number) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, _, err := h.run(nil, "load", "-", number); err == nil || strings.Contains(err.Error(), number) {
		t.Errorf("an argument too many: %v", err)
	}
	h.tenant = "tnt_none"
	if _, _, err := h.run(strings.NewReader(stockHeader), "load", "-"); err == nil || !strings.Contains(err.Error(), "no tenant tnt_none") {
		t.Errorf("a tenant that is not there: %v", err)
	}
}

// An interrupted load says so and goes on.
func TestStockLoadInterrupted(t *testing.T) {
	h := newStockHome(t, storetest.Engines()[0])
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	file := h.file("stock.csv", stockHeader+stockLines(0, 10))
	if _, _, err := h.runAt(ctx, nil, "load", file); err == nil {
		t.Error("an interrupted load ended well")
	}
	if a, _, err := h.loaded(file); err != nil || a.Loaded != 10 {
		t.Errorf("afterwards: %+v, %v", a, err)
	}
}

// A load that is killed without warning, again and again, loads each row once, and each refused row is reported once.
func TestStockLoadKilled(t *testing.T) {
	const rows = 4000
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		h := newStockHome(t, e)
		lines := strings.SplitAfter(stockLines(0, rows), "\n")
		for n := 10; n < rows; n += 700 {
			lines[n] = "resident_id,,mobile_card,card-" + fmt.Sprint(n) + ",active,\n"
		}
		file := h.file("stock.csv", stockHeader+strings.Join(lines, ""))
		s := h.store()
		kills := 0
		for _, at := range []int64{1, 1500, 2500} {
			if h.killedAt(s, file, at) {
				kills++
			}
		}
		if kills == 0 {
			t.Fatal("no load was killed: the test saw nothing")
		}
		a, notes, err := h.loaded(file)
		refused := int64((rows - 10 + 699) / 700)
		if exitCodeOf(err) != 2 || a.Loaded != rows-refused || a.Known != 0 || a.Refused != refused || a.Rows != rows {
			t.Errorf("after %d kills: %+v, %q, %v", kills, a, notes, err)
		}
		if report := h.read(filepath.Join(h.dir, "refused.csv")); strings.Count(report, "number_empty") != int(refused) || strings.Count(report, "\n") != int(refused)+1 {
			t.Errorf("report:\n%s", report)
		}
		books := "external_ref,product,state\n"
		for n := range rows {
			if !strings.Contains(lines[n], "_id,,") {
				books += fmt.Sprintf("card-%d,mobile_card,active\n", n)
			}
		}
		out, _, err := h.run(strings.NewReader(books), "reconcile", "--json", "-")
		var r reconciliationAnswer
		if json.Unmarshal([]byte(out), &r) != nil || err != nil || r.Matched != rows-refused {
			t.Errorf("the ledger afterwards: %s, %v", out, err)
		}
	})
}

// killedAt starts a load in a process of its own and kills it once its cursor stands behind row at; false when it was done first.
func (h *stockHome) killedAt(s *sqlstore.Store, file string, at int64) bool {
	h.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childArguments+"="+strings.Join([]string{
		"stock", "load", "--config", h.config, "--tenant", h.tenant, "--report", filepath.Join(h.dir, "child.csv"), file}, "\n"))
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			if exitCodeOf(err) == 1 {
				h.t.Fatalf("the load failed by itself: %v\n%s", err, complaint.String())
			}
			return false
		case <-time.After(2 * time.Millisecond):
		}
		l, err := s.StockLoadByName(h.t.Context(), h.tenant, compliance.Digest([]byte(filepath.Base(file))))
		if err == nil && l.Row >= at && !l.Complete() {
			_ = cmd.Process.Kill() // it may have ended just now
			return exitCodeOf(<-ended) == -1
		}
	}
}

func TestStockReconcile(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		h := newStockHome(t, e)
		if _, _, err := h.loaded(h.file("stock.csv", stockHeader+stockLines(0, 1200))); err != nil {
			t.Fatal(err)
		}
		// All agree: also without the holders, and in another order.
		books := strings.SplitAfter(stockLines(0, 1200), "\n")
		slices.Reverse(books)
		out, _, err := h.run(nil, "reconcile", h.file("books.csv", stockHeader+strings.Join(books, "")))
		if err != nil || !strings.Contains(out, "both agree          1200\nboth, but different 0\nonly in the ledger  0\nonly in the file    0\nrefused             0\n") {
			t.Errorf("%q, %v", out, err)
		}
		odd := "external_ref,product,state,kind,number\n"
		for n := range 1200 {
			holder, state := resident(n), "active"
			switch n {
			case 7:
				continue
			case 8:
				state = "suspended"
			case 9:
				holder = resident(300)
			case 10:
				holder = "110105194912310009" // a digit wrong: somebody whom the ledger cannot have
			}
			odd += fmt.Sprintf("card-%d,mobile_card,%s,resident_id,%s\n", n, state, holder)
		}
		odd += "card-new,mobile_card,active,resident_id," + resident(1) + "\ncard-new,mobile_card,active,resident_id,\nc" + resident(2) + ",mobile_card,active,resident_id,\n"
		report := filepath.Join(h.dir, "found.csv")
		out, notes, err := h.run(strings.NewReader(odd), "reconcile", "--json", "--report", report, "-")
		var r reconciliationAnswer
		if jsonErr := json.Unmarshal([]byte(out), &r); jsonErr != nil || exitCodeOf(err) != 2 {
			t.Fatalf("%q, %v", out, err)
		}
		if want := (reconciliationAnswer{r.ID, 1196, 3, 1, 1, 2}); r != want || !strings.Contains(notes, report) {
			t.Errorf("%+v, want %+v; %q", r, want, notes)
		}
		text := h.read(report)
		for _, want := range []string{"differs,9,card-8,opn_", ",state\n", "differs,10,card-9,opn_", "differs,11,card-10,opn_", ",person\n",
			"only_file,1201,card-new,,\n", "only_ledger,,card-7,opn_", "refused,1202,card-new,,external_ref_repeated\n", "refused,1203,,,personal_data_in_reference\n"} {
			if !strings.Contains(text, want) {
				t.Errorf("the report lacks %q:\n%s", want, text)
			}
		}
		if strings.Contains(text, resident(2)) {
			t.Error("the report names a person")
		}
		h.checkEvents(r.ID)
	})
}

// checkEvents finds an event for each finding of a reconciliation, and no personal data in any.
func (h *stockHome) checkEvents(id string) {
	h.t.Helper()
	pending, err := h.store().Log().Pending(h.t.Context(), 10_000)
	if err != nil {
		h.t.Fatal(err)
	}
	counts := map[string]int{}
	for _, p := range pending {
		if strings.Contains(string(p.Body), id) {
			counts[string(p.Kind)]++
		}
		if strings.Contains(string(p.Body), "card-") || strings.Contains(string(p.Body), resident(2)) {
			h.t.Errorf("an event tells what it must not: %s", p.Body)
		}
	}
	if counts["stock.unmatched"] != 2 || counts["stock.differs"] != 3 || counts["reconciliation.started"] != 1 || counts["reconciliation.ended"] != 1 {
		h.t.Errorf("events %v", counts)
	}
}

func TestStockBaseline(t *testing.T) {
	h := newStockHome(t, storetest.Engines()[0])
	s := h.store()
	for _, c := range []struct {
		flags    []string
		want     string // of the error; empty when it is stated
		complete bool
	}{
		{[]string{"--family", "phone_cards", "--as-of", "2026-03-01", "--complete"}, "", true},
		{[]string{"--family", "phone_cards", "--as-of", "2026-03-02", "--incomplete"}, "", false},
		{[]string{"--family", "phone_cards", "--as-of", "2026-03-03", "--complete"}, "", true},
		{[]string{"--family", "fax_lines", "--as-of", "2026-03-04", "--complete"}, "family_unknown", true},
		{[]string{"--family", "phone_cards", "--as-of", "2999-01-01", "--complete"}, "baseline_in_future", true},
		{[]string{"--family", "phone_cards", "--as-of", "1.3.2026", "--complete"}, "field_malformed", true},
		{[]string{"--family", "phone_cards", "--as-of", "2026-03-04"}, "missing flags", true},
		{[]string{"--family", "phone_cards", "--as-of", "2026-03-04", "--complete", "--incomplete"}, "the command line cannot be read", true},
	} {
		out, _, err := h.run(nil, append([]string{"baseline"}, c.flags...)...)
		if c.want == "" && (err != nil || !strings.HasPrefix(out, "phone_cards is ")) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %q, %v", c.flags, out, err)
		}
		if _, complete, err := s.Baseline(t.Context(), h.entity, "phone_cards"); err != nil || complete != c.complete {
			t.Errorf("after %v: complete is %v, %v", c.flags, complete, err)
		}
	}
}
