package verify

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"realname/compliance"
	"realname/internal/csvrecord"
	"realname/verify/reference"
)

// The columns of a file of stock; the order in a file is free.
const (
	columnKind         = "kind"
	columnNumber       = "number"
	columnIssuingState = "issuing_state"
	columnBirthDate    = "birth_date"
	columnSex          = "sex"
	columnNationality  = "nationality"
	columnProduct      = "product"
	columnExternalRef  = "external_ref"
	columnState        = "state"
	columnOpenedAt     = "opened_at"
)

var stockColumns = []string{
	columnKind, columnNumber, columnIssuingState, columnBirthDate, columnSex, columnNationality,
	columnProduct, columnExternalRef, columnState, columnOpenedAt,
}

// maxCell is the most bytes of one cell: a machine-readable zone has ninety.
const maxCell = 256

// stockFile reads the records of a CSV file of stock, in UTF-8 with or without a byte-order mark, or in GB18030.
type stockFile struct {
	window  *csvrecord.Window
	records *csvrecord.Reader
	begin   int64          // byte of the file at which the window begins
	row     int64          // number of the record that was read last; the header is row 1
	columns map[string]int // places of the columns by name
	width   int
}

// openStockFile reads the header. Every column must be one that is known, once, and the required ones must be there: what
// is not asked for is not taken. No name of the file is repeated in an error: without a header it would be somebody's number.
func openStockFile(r io.Reader, required ...string) (*stockFile, error) {
	const mark = "\ufeff"
	f := &stockFile{window: csvrecord.NewWindow(r), columns: map[string]int{}}
	f.records = csvrecord.NewReader(f.window)
	if string(f.window.Peek(len(mark))) == mark {
		f.window.Take(len(mark))
	}
	header := f.records.Next()
	if header == nil {
		if err := f.readError(); err != nil {
			return nil, err
		}
		return nil, compliance.E(compliance.FaultInvalid, "import_empty", "the file is empty")
	}
	fault := func(detail string) error { return compliance.E(compliance.FaultInvalid, "stock_columns", detail) }
	if !header.Sound {
		return nil, fault("the first line is no CSV header")
	}
	f.row, f.width = 1, header.Cells()
	for i := range header.Cells() {
		name := strings.ToLower(string(bytes.TrimSpace(header.Cell(i))))
		if !slices.Contains(stockColumns, name) {
			return nil, fault("the first line must name columns out of " + strings.Join(stockColumns, ", ") + " and no others")
		}
		if _, twice := f.columns[name]; twice {
			return nil, fault("the first line names the column " + name + " twice")
		}
		f.columns[name] = i
	}
	for _, name := range required {
		if _, ok := f.columns[name]; !ok {
			return nil, fault("the first line does not name the column " + name)
		}
	}
	return f, nil
}

// resume goes on at a cursor; r stands there.
func (f *stockFile) resume(r io.Reader, at, row int64) {
	f.window = csvrecord.NewWindow(r)
	f.records = csvrecord.NewReader(f.window)
	f.begin, f.row = at, row
}

// at is the byte of the file where the next record begins.
func (f *stockFile) at() int64 { return f.begin + f.window.Consumed() }

// readError is why the file could not be read to its end; nil at its end.
func (f *stockFile) readError() error {
	if err := f.window.Err(); err != nil && err != io.EOF { //nolint:errorlint // the window gives io.EOF itself
		return compliance.E(compliance.FaultInvalid, "body_truncated", "the file could not be read to its end").Because(err)
	}
	return nil
}

// next reads the next record that is not an empty line; false at the end of what can be read.
func (f *stockFile) next() (stockRecord, bool) {
	for {
		r := f.records.Next()
		if r == nil {
			return stockRecord{}, false
		}
		f.row++
		if r.Sound && len(bytes.TrimSpace(r.Raw)) == 0 {
			continue
		}
		return f.record(r), true
	}
}

// stockRecord is one record as it was read; code says why it cannot be used, whatever it holds.
type stockRecord struct {
	row   int64
	code  string
	cells map[string]string
}

func (f *stockFile) record(r *csvrecord.Record) stockRecord {
	out := stockRecord{row: f.row}
	if !r.Sound || r.Cells() != f.width {
		out.code = "row_malformed"
		return out
	}
	out.cells = make(map[string]string, f.width)
	chinese := !utf8.Valid(r.Raw)
	for name, i := range f.columns {
		cell := bytes.TrimSpace(r.Cell(i))
		switch {
		case len(cell) > maxCell:
			out.code = "field_too_long"
			continue
		case chinese:
			text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(cell)
			if err != nil {
				out.code = "invalid_utf8"
				continue
			}
			cell = text
		}
		text := string(cell)
		if strings.ContainsFunc(text, unreadable) {
			out.code = "invalid_text"
			continue
		}
		out.cells[name] = text
	}
	return out
}

// unreadable finds control characters, and U+FFFD, which stands for damaged text.
func unreadable(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError }

// reference is the record's external_ref, or the code of why it is none.
func (r *stockRecord) reference() (ref, code string) {
	ref = r.cells[columnExternalRef]
	switch {
	case ref == "":
		return "", "external_ref_missing"
	case len(ref) > reference.Max:
		return "", "field_too_long"
	case !reference.WellFormed(ref):
		return "", "field_malformed"
	case reference.Personal(ref):
		return "", "personal_data_in_reference"
	}
	return ref, ""
}

// refused names the record by its row, and by its reference where it has one.
func (r *stockRecord) refused(code string) RefusedRow {
	ref, wrong := r.reference()
	if wrong != "" {
		ref = ""
	}
	return RefusedRow{Row: r.row, Code: code, ExternalRef: ref}
}

func (r *stockRecord) document() Document {
	return Document{
		Kind: r.cells[columnKind], Number: Secret(r.cells[columnNumber]), IssuingState: r.cells[columnIssuingState],
		BirthDate: Secret(r.cells[columnBirthDate]), Sex: Secret(r.cells[columnSex]), Nationality: Secret(r.cells[columnNationality]),
	}
}

// chinaTime is that of all civil dates here; China has had one zone without summer time since 1992.
var chinaTime = time.FixedZone("UTC+8", 8*60*60)

// openedAt reads an RFC 3339 instant, or a date, which is its midnight in China. Nothing is the zero time.
func openedAt(text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	t, err := time.ParseInLocation(time.DateOnly, text, chinaTime)
	if err != nil {
		t, err = time.Parse(time.RFC3339Nano, text)
	}
	return t.UTC(), err == nil && t.Year() >= 1000 && t.Year() < 3000
}
