package httpapi

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"realname/compliance"
	"realname/verify"
)

func (a *API) createOpening(c echo.Context) error {
	key, err := idempotencyKey(c.Request())
	if err != nil {
		return err
	}
	var body openingRequest
	parts, err := a.readWithPhotos(c, &body, func() bool { return hasContent(body.Evidence) })
	if err != nil {
		return err
	}
	if err := body.validate(); err != nil {
		return err
	}
	req, err := body.request(parts)
	if err != nil {
		return err
	}
	answer, err := a.o.Service.Open(c.Request().Context(), caller(c), key, verify.OpeningRequest{
		Request: req, VerificationID: body.VerificationID, ExternalRef: body.ExternalRef,
		PredecessorID: body.Predecessor, Lease: body.lease(),
	})
	if err != nil {
		return err
	}
	markReplay(c, answer.Replayed)
	if answer.Opening != nil {
		created(c, "/v1/openings/"+answer.Opening.ID)
	} else {
		created(c, "/v1/verifications/"+answer.Decision.ID)
	}
	return a.json(c, http.StatusCreated, a.tell(c, answer))
}

// openingID is the id in the path; what is not even an id is not found.
func openingID(c echo.Context) (string, error) {
	if id := c.Param("id"); compliance.ValidID(compliance.PrefixOpening, id) {
		return id, nil
	}
	return "", compliance.E(compliance.FaultNotFound, "opening_not_found", "no such opening of this tenant")
}

func (a *API) getOpening(c echo.Context) error {
	return a.onOpening(c, func(id string) (verify.Opening, error) {
		return a.o.Service.Opening(c.Request().Context(), caller(c), id)
	})
}

func (a *API) confirmOpening(c echo.Context) error {
	return a.onOpening(c, func(id string) (verify.Opening, error) {
		var body confirmRequest
		if err := a.readJSON(c, maxJSON, &body); err != nil {
			return verify.Opening{}, err
		}
		if err := validateFields(&body, ""); err != nil {
			return verify.Opening{}, err
		}
		return a.o.Service.Confirm(c.Request().Context(), caller(c), id, verify.Confirmation{
			ExternalRef: body.ExternalRef, AwaitActivation: body.AwaitActivation,
		})
	})
}

// step is a route that moves an opening and takes no body.
func (a *API) step(move func(Service, context.Context, verify.Caller, string) (verify.Opening, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		return a.onOpening(c, func(id string) (verify.Opening, error) {
			if err := a.noBody(c); err != nil {
				return verify.Opening{}, err
			}
			return move(a.o.Service, c.Request().Context(), caller(c), id)
		})
	}
}

func (a *API) closeOpening(c echo.Context) error {
	return a.onOpening(c, func(id string) (verify.Opening, error) {
		var why closeRequest
		if err := a.optionalBody(c, &why); err != nil {
			return verify.Opening{}, err
		}
		if err := validateFields(&why, ""); err != nil {
			return verify.Opening{}, err
		}
		return a.o.Service.Close(c.Request().Context(), caller(c), id, why.Reason)
	})
}

// renew is a route that gives an opening a successor.
func (a *API) renew(move func(Service, context.Context, verify.Caller, string, verify.Replacement) (verify.Opening, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		return a.onOpening(c, func(id string) (verify.Opening, error) {
			var body renewRequest
			if err := a.readJSON(c, maxJSON, &body); err != nil {
				return verify.Opening{}, err
			}
			if err := validateFields(&body, ""); err != nil {
				return verify.Opening{}, err
			}
			with := verify.Replacement{VerificationID: body.VerificationID, ExternalRef: body.ExternalRef}
			return move(a.o.Service, c.Request().Context(), caller(c), id, with)
		})
	}
}

func (a *API) onOpening(c echo.Context, do func(id string) (verify.Opening, error)) error {
	id, err := openingID(c)
	if err != nil {
		return err
	}
	o, err := do(id)
	if err != nil {
		return err
	}
	return a.json(c, http.StatusOK, tellOpening(o))
}

// noBody takes nothing, or an empty JSON object.
func (a *API) noBody(c echo.Context) error { return a.optionalBody(c, &struct{}{}) }

// optionalBody takes nothing, or a JSON object.
func (a *API) optionalBody(c echo.Context, into any) error {
	body, err := a.readBody(c, maxJSON, costJSON)
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return err
	}
	return decodeJSON(body, into, "")
}

const maxImportRows = 10_000

func (a *API) importOpenings(c echo.Context) error {
	key, err := idempotencyKey(c.Request())
	if err != nil {
		return err
	}
	rows, err := a.readRows(c)
	if err != nil {
		return err
	}
	lang := languageOf(c.Request())
	accepted := make([]verify.StockRow, 0, len(rows))
	index := make([]int, 0, len(rows)) // of the accepted rows in the request
	refused := []importRowRefusal{}
	for i := range rows {
		if rows[i].err != nil {
			refused = append(refused, rowRefusal(i, rows[i].err, lang))
			continue
		}
		accepted, index = append(accepted, rows[i].request.row()), append(index, i)
	}
	if len(accepted) == 0 {
		return refuseRows(refused)
	}
	stock, err := a.o.Service.Import(c.Request().Context(), caller(c), key, accepted)
	if err != nil {
		return err
	}
	for _, r := range stock.Refused {
		refused = append(refused, importRowRefusal{Row: index[r.Row], Code: r.Code, Message: message(r.Code, lang)})
	}
	markReplay(c, stock.Replayed)
	return a.json(c, http.StatusCreated, importAnswer{ID: stock.ID, Loaded: stock.Loaded, Skipped: stock.Skipped, Refused: byRow(refused)})
}

// importRow is one row of an import, or why it was refused.
type importRow struct {
	request stockRowRequest
	err     error
}

// readRows reads a JSON array, or NDJSON, in which a broken line refuses only itself.
func (a *API) readRows(c echo.Context) ([]importRow, error) {
	media, _, err := mediaTypeOf(c.Request())
	if err != nil {
		return nil, err
	}
	if media != mediaJSON && media != mediaNDJSON {
		return nil, refuseMedia("send " + mediaJSON + " or " + mediaNDJSON)
	}
	body, err := a.readBody(c, maxImport, costJSON)
	if err != nil {
		return nil, err
	}
	var rows []importRow
	if media == mediaNDJSON {
		rows, err = splitRows(body)
	} else {
		rows, err = arrayRows(body)
	}
	switch {
	case err != nil:
		return nil, err
	case len(rows) == 0:
		return nil, refuse("import_empty", "no rows")
	case len(rows) > maxImportRows:
		return nil, refuseManyRows()
	}
	for i := range rows {
		if rows[i].err == nil {
			rows[i].err = validateFields(&rows[i].request, "")
		}
	}
	return rows, nil
}

func arrayRows(body []byte) ([]importRow, error) {
	var list []stockRowRequest
	err := decodeJSON(body, &list, "")
	if r, ok := errors.AsType[*refusal](err); ok && r.code == "json_too_many_items" {
		return nil, refuseManyRows() // a row holds no array
	}
	if err != nil {
		return nil, err
	}
	rows := make([]importRow, len(list))
	for i := range list {
		rows[i].request = list[i]
	}
	return rows, nil
}

func splitRows(body []byte) ([]importRow, error) {
	var rows []importRow
	for line := range bytes.Lines(body) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if len(rows) > maxImportRows {
			break
		}
		var row importRow
		row.err = decodeJSON(line, &row.request, "")
		rows = append(rows, row)
	}
	return rows, nil
}

func refuseManyRows() error {
	return refuse("import_too_many_rows", strconv.Itoa(maxImportRows)+" rows at most").as(compliance.FaultTooLarge)
}

func refuseRows(rows []importRowRefusal) error {
	r := refuse("import_all_refused", strconv.Itoa(len(rows))+" rows").as(compliance.FaultUnprocessable)
	for _, row := range rows[:min(len(rows), maxFieldErrors)] {
		r.fields = append(r.fields, fieldError{"/" + strconv.Itoa(row.Row) + row.Pointer, row.Code, ""})
	}
	return r
}

func rowRefusal(row int, err error, lang string) importRowRefusal {
	_, r := explained(err)
	out := importRowRefusal{Row: row, Code: r.code, Message: message(r.code, lang)}
	if len(r.fields) > 0 {
		f := r.fields[0]
		out.Code, out.Pointer, out.Message = f.code, f.pointer, message(f.code, lang)
	}
	return out
}

// byRow sorts refusals from validation and from the service into the order of the request.
func byRow(refused []importRowRefusal) []importRowRefusal {
	slices.SortFunc(refused, func(a, b importRowRefusal) int { return a.Row - b.Row })
	return refused
}
