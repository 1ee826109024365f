package httpapi

import (
	"bytes"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"realname/compliance"
	"realname/verify"
)

const mediaCSV = "text/csv"

// stockCharsets are what a file of stock may say that it is written in; the file itself is looked at.
var stockCharsets = []string{"", "utf-8", "gb18030", "gbk", "gb2312"}

// stockPage is how many refused rows or findings one answer names.
const stockPage = 1000

// stockPatience is left of a request's time when a load stops, to be gone on with by the same request again.
const stockPatience = 10 * time.Second

// readCSV reads a file of stock whole, so that it is known for what it is before a row of it is loaded.
func (a *API) readCSV(c echo.Context) (*bytes.Reader, error) {
	r := c.Request()
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != mediaCSV || r.Header.Get("Content-Encoding") != "" {
		return nil, refuseMedia("send " + mediaCSV + " without a content encoding")
	}
	if !slices.Contains(stockCharsets, strings.ToLower(params["charset"])) {
		return nil, refuseMedia("the charset is UTF-8 or GB18030")
	}
	body, err := a.readBody(c, maxImport, costRaw)
	if err != nil {
		return nil, err
	}
	return bytes.NewReader(body), nil
}

func (a *API) loadStock(c echo.Context) error {
	key, err := idempotencyKey(c.Request())
	if err != nil {
		return err
	}
	content, err := a.readCSV(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	load, err := a.o.Service.LoadStock(ctx, caller(c), verify.StockFile{Content: content, Key: key, Stop: func() bool {
		deadline, bound := ctx.Deadline()
		return bound && time.Until(deadline) < stockPatience
	}})
	if err != nil {
		return err
	}
	markReplay(c, load.Replayed)
	created(c, "/v1/stock/"+load.ID)
	status := http.StatusCreated
	if !load.Complete() {
		status = http.StatusAccepted
	}
	return a.tellStock(c, status, load, 0)
}

func (a *API) getStock(c echo.Context) error {
	after, err := afterOf(c)
	if err != nil {
		return err
	}
	load, err := a.o.Service.StockLoad(c.Request().Context(), caller(c), c.Param("id"))
	if err != nil {
		return err
	}
	return a.tellStock(c, http.StatusOK, load, after)
}

// afterOf is the place behind which a page begins.
func afterOf(c echo.Context) (int64, error) {
	query, err := parseQuery(c.Request().URL.RawQuery)
	if err != nil {
		return 0, refuse("query_malformed", "the query does not parse")
	}
	text := query.Get("after")
	if text == "" {
		return 0, nil
	}
	after, err := strconv.ParseInt(text, 10, 64)
	if err != nil || after < 0 {
		return 0, refuse("query_malformed", "after is a whole number")
	}
	return after, nil
}

type stockAnswer struct {
	ID       string             `json:"id"`
	Complete bool               `json:"complete"`
	Rows     int64              `json:"rows"`
	Loaded   int64              `json:"loaded"`
	Known    int64              `json:"known"`
	Refused  int64              `json:"refused"`
	Rejected []refusedRowAnswer `json:"refused_rows"`
	Next     int64              `json:"next,omitempty"`
}

type refusedRowAnswer struct {
	Row         int64  `json:"row"`
	Code        string `json:"code"`
	ExternalRef string `json:"external_ref,omitempty"`
	Message     string `json:"message"`
}

func (a *API) tellStock(c echo.Context, status int, l verify.StockLoad, after int64) error {
	rows, next, err := a.refusedRows(c, l.ID, after)
	if err != nil {
		return err
	}
	return a.json(c, status, stockAnswer{
		ID: l.ID, Complete: l.Complete(), Rows: max(l.Row-1, 0), Loaded: l.Loaded, Known: l.Known, Refused: l.Refused, Rejected: rows, Next: next,
	})
}

// refusedRows is one page of what a load or a reconciliation refused, and behind which row the next begins; 0 when there is none.
func (a *API) refusedRows(c echo.Context, id string, after int64) ([]refusedRowAnswer, int64, error) {
	rows, err := a.o.Service.RefusedRows(c.Request().Context(), caller(c), id, after, stockPage)
	if err != nil {
		return nil, 0, err
	}
	lang := languageOf(c.Request())
	out, next := make([]refusedRowAnswer, 0, len(rows)), int64(0)
	for _, r := range rows {
		out = append(out, refusedRowAnswer{Row: r.Row, Code: r.Code, ExternalRef: r.ExternalRef, Message: message(r.Code, lang)})
	}
	if len(rows) == stockPage {
		next = rows[stockPage-1].Row
	}
	return out, next, nil
}

func (a *API) reconcileStock(c echo.Context) error {
	content, err := a.readCSV(c)
	if err != nil {
		return err
	}
	r, err := a.o.Service.Reconcile(c.Request().Context(), caller(c), verify.ReconciliationFile{Content: content})
	if err != nil {
		return err
	}
	created(c, "/v1/stock/reconciliations/"+r.ID)
	return a.tellReconciliation(c, http.StatusCreated, r, 0)
}

func (a *API) getReconciliation(c echo.Context) error {
	after, err := afterOf(c)
	if err != nil {
		return err
	}
	r, err := a.o.Service.Reconciliation(c.Request().Context(), caller(c), c.Param("id"))
	if err != nil {
		return err
	}
	return a.tellReconciliation(c, http.StatusOK, r, after)
}

type reconciliationAnswer struct {
	ID         string             `json:"id"`
	Phase      string             `json:"phase"`
	StartedAt  time.Time          `json:"started_at"`
	EndedAt    time.Time          `json:"ended_at,omitzero"`
	Matched    int64              `json:"matched"`
	Differing  int64              `json:"differing"`
	OnlyLedger int64              `json:"only_ledger"`
	OnlyFile   int64              `json:"only_file"`
	Refused    int64              `json:"refused"`
	Findings   []findingAnswer    `json:"findings"`
	Rejected   []refusedRowAnswer `json:"refused_rows"` // the first of them, with the first findings
	Next       int64              `json:"next,omitempty"`
}

type findingAnswer struct {
	Kind        string   `json:"kind"`
	OpeningID   string   `json:"opening_id,omitempty"`
	ExternalRef string   `json:"external_ref,omitempty"`
	Row         int64    `json:"row,omitempty"`
	Differs     []string `json:"differs,omitempty"`
}

func (a *API) tellReconciliation(c echo.Context, status int, r verify.Reconciliation, after int64) error {
	found, err := a.o.Service.Findings(c.Request().Context(), caller(c), r.ID, after, stockPage)
	if err != nil {
		return err
	}
	out := reconciliationAnswer{
		ID: r.ID, Phase: r.Phase, StartedAt: r.StartedAt, Matched: r.Matched, Differing: r.Differing,
		OnlyLedger: r.OnlyLedger, OnlyFile: r.OnlyFile, Refused: r.Refused,
		Findings: make([]findingAnswer, 0, len(found)), Rejected: []refusedRowAnswer{},
	}
	if r.Phase == verify.ReconciliationComplete || r.Phase == verify.ReconciliationAbandoned {
		out.EndedAt = r.EndedAt
	}
	for _, f := range found {
		answer := findingAnswer{Kind: f.Kind(), OpeningID: f.OpeningID, ExternalRef: f.ExternalRef, Row: f.Row}
		if f.Difference != "" {
			answer.Differs = strings.Split(f.Difference, ",")
		}
		out.Findings = append(out.Findings, answer)
	}
	if len(found) == stockPage {
		out.Next = found[stockPage-1].Ordinal
	}
	if after == 0 {
		if out.Rejected, _, err = a.refusedRows(c, r.ID, 0); err != nil {
			return err
		}
	}
	return a.json(c, status, out)
}

type baselineRequest struct {
	AsOf     string `json:"as_of" validate:"required,civil_date"`
	Complete bool   `json:"complete"`
}

type baselineAnswer struct {
	Family   string `json:"family"`
	AsOf     string `json:"as_of"`
	Complete bool   `json:"complete"`
}

func (a *API) putBaseline(c echo.Context) error {
	var body baselineRequest
	if err := a.readJSON(c, maxJSON, &body); err != nil {
		return err
	}
	if err := validateFields(&body, ""); err != nil {
		return err
	}
	family := c.Param("family")
	if !tokenPattern.MatchString(family) {
		return compliance.E(compliance.FaultUnprocessable, "family_unknown", "the policy counts no such family")
	}
	if err := a.o.Service.StateBaseline(c.Request().Context(), caller(c), family, body.AsOf, body.Complete); err != nil {
		return err
	}
	return a.json(c, http.StatusOK, baselineAnswer{Family: family, AsOf: body.AsOf, Complete: body.Complete})
}
