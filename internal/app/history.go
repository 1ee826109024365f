package app

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"realname/compliance"
	"realname/verify/idnumber"
)

// Actions of a history that are named more than once.
const (
	actionReserve = "reserve"
	actionConfirm = "confirm"
)

// openingActions bring an opening; all but reserve hand it over at once.
var openingActions = map[string]compliance.Occasion{
	actionReserve: compliance.OccasionOpen,
	"open":        compliance.OccasionOpen,
	"port_in":     compliance.OccasionPortIn,
	"transfer":    compliance.OccasionTransfer,
}

// historyActions are all actions of a history.
var historyActions = []string{actionReserve, "open", "port_in", "transfer", actionConfirm, "release", "suspend", "resume", "close"}

// The columns of a history beside those of parts.
var (
	neededColumns = []string{"at", "action", "opening"}
	otherColumns  = []string{"person", "product", "legal_entity", "scene", "customer_type", "predecessor"}
)

// historyRow is one row of a history of openings; tokens have no meaning.
type historyRow struct {
	line        int
	at          time.Time
	action      string
	opening     string
	person      string
	product     string
	entity      string
	scene       compliance.Scene
	customer    string
	predecessor string
	others      map[string]string // by role of a party, or `phone`
}

// history reads the rows. Its errors name the line and nothing of what stands there.
type history struct {
	csv     *csv.Reader
	columns []string
	line    int
}

func newHistory(in io.Reader) (*history, error) {
	h := &history{csv: csv.NewReader(in), line: 1}
	h.csv.ReuseRecord = true
	head, err := h.csv.Read()
	if err != nil {
		return nil, h.fault("no header: the first line names the columns")
	}
	parts := []string{"phone"}
	for _, role := range compliance.PartyRoles() {
		if role != compliance.RoleHolder {
			parts = append(parts, string(role))
		}
	}
	known := slices.Concat(neededColumns, otherColumns, parts)
	for i, name := range head {
		if i == 0 {
			name = strings.TrimPrefix(name, "\ufeff")
		}
		name = strings.TrimSpace(name)
		if !slices.Contains(known, name) || slices.Contains(h.columns, name) {
			return nil, h.fault(fmt.Sprintf("column %d is unknown or there twice; the columns are %s", i+1, strings.Join(known, ", ")))
		}
		h.columns = append(h.columns, name)
	}
	for _, name := range neededColumns {
		if !slices.Contains(h.columns, name) {
			return nil, h.fault("no column " + name)
		}
	}
	return h, nil
}

func (h *history) fault(what string) error { return fmt.Errorf("line %d: %s", h.line, what) }

// read is how many bytes were read.
func (h *history) read() int64 { return h.csv.InputOffset() }

// next gives the next row; io.EOF behind the last.
func (h *history) next() (historyRow, error) {
	cells, err := h.csv.Read()
	if errors.Is(err, io.EOF) {
		return historyRow{}, io.EOF
	}
	if bad, ok := errors.AsType[*csv.ParseError](err); ok {
		h.line = bad.Line
		return historyRow{}, h.fault(bad.Err.Error())
	}
	if err != nil {
		return historyRow{}, fmt.Errorf("read the history: %w", err)
	}
	h.line, _ = h.csv.FieldPos(0)
	row := historyRow{line: h.line, customer: "individual", others: map[string]string{}}
	var stamp string
	for i, name := range h.columns {
		text := strings.TrimSpace(cells[i])
		if text == "" {
			continue
		}
		switch name {
		case "at":
			stamp = text
		case "action":
			row.action = text
		case "opening":
			row.opening = text
		case "person":
			row.person = text
		case "product":
			row.product = text
		case "legal_entity":
			row.entity = text
		case "scene":
			row.scene = compliance.Scene(text)
		case "customer_type":
			row.customer = text
		case "predecessor":
			row.predecessor = text
		default:
			row.others[name] = text
		}
	}
	if row.at, err = time.Parse(time.RFC3339Nano, stamp); err != nil {
		return historyRow{}, h.fault("at is no time such as 2026-03-02T10:00:00+08:00")
	}
	row.at = row.at.UTC().Truncate(time.Microsecond)
	return row, h.judge(&row)
}

// judge refuses a row that nothing can be made of.
func (h *history) judge(row *historyRow) error {
	_, opens := openingActions[row.action]
	switch {
	case !slices.Contains(historyActions, row.action):
		return h.fault("the actions are " + strings.Join(historyActions, ", "))
	case row.opening == "":
		return h.fault("no opening")
	case opens && (row.person == "" || row.product == "" || row.entity == ""):
		return h.fault("what opens needs person, product and legal_entity")
	case opens && row.scene != "" && !slices.Contains(compliance.Scenes(), row.scene):
		return h.fault("there is no such scene")
	case row.customer != "individual" && row.customer != "unit":
		return h.fault("customer_type is individual or unit")
	}
	for _, token := range row.others {
		if personal(token) {
			return h.fault("a token is a person's number: put tokens without meaning in its place")
		}
	}
	if personal(row.person) {
		return h.fault("a token is a person's number: put tokens without meaning in its place")
	}
	return nil
}

// personal reports whether a token is what somebody should have replaced.
func personal(token string) bool {
	on := idnumber.Date{Year: 2099, Month: 12, Day: 31} // no birth lies in the future
	return idnumber.Check(idnumber.ResidentID, token, on).Status != idnumber.Invalid ||
		idnumber.Check(idnumber.MobilePhone, token, on).Status != idnumber.Invalid
}
