package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"realname/compliance"
	"realname/compliance/auditlog"
	"realname/verify"
	"realname/verify/reference"
)

// tell puts a decision into the words and the language of the caller.
func (a *API) tell(c echo.Context, answer verify.Answer) verificationAnswer {
	return teller{lang: languageOf(c.Request()), clauses: a.o.Clauses}.verification(c.Request().Context(), answer)
}

func (a *API) createVerification(c echo.Context) error {
	key, err := idempotencyKey(c.Request())
	if err != nil {
		return err
	}
	var body verificationRequest
	parts, err := a.readWithPhotos(c, &body, func() bool { return hasContent(body.Evidence) })
	if err != nil {
		return err
	}
	if err := validateFields(&body, ""); err != nil {
		return err
	}
	req, err := body.request(parts)
	if err != nil {
		return err
	}
	answer, err := a.o.Service.Decide(c.Request().Context(), caller(c), key, req)
	if err != nil {
		return err
	}
	markReplay(c, answer.Replayed)
	created(c, "/v1/verifications/"+answer.Decision.ID)
	return a.json(c, http.StatusCreated, a.tell(c, answer))
}

func hasContent(evidence []evidenceRequest) bool {
	for i := range evidence {
		if evidence[i].Content != "" {
			return true
		}
	}
	return false
}

func errNoVerification() error {
	return compliance.E(compliance.FaultNotFound, "verification_not_found", "no such verification of this tenant")
}

// verificationID is the id in the path; what is not even an id is not found.
func verificationID(c echo.Context) (string, error) {
	if id := c.Param("id"); compliance.ValidID(compliance.PrefixDecision, id) {
		return id, nil
	}
	return "", errNoVerification()
}

func (a *API) getVerification(c echo.Context) error {
	id, err := verificationID(c)
	if err != nil {
		return err
	}
	answer, err := a.o.Service.Verification(c.Request().Context(), caller(c), id)
	if err != nil {
		return err
	}
	return a.json(c, http.StatusOK, a.tell(c, answer))
}

// findVerification answers a list, so that searches can be added without another shape.
func (a *API) findVerification(c echo.Context) error {
	query, err := queryOf(c, "biz_no")
	if err != nil {
		return err
	}
	bizNo := query["biz_no"]
	if len(bizNo) > reference.Max || !reference.WellFormed(bizNo) {
		return compliance.E(compliance.FaultInvalid, "query_malformed", "biz_no is a reference of 1 to 128 characters")
	}
	if reference.Personal(bizNo) {
		return refuse("personal_data_in_reference", "in the query parameter biz_no")
	}
	answer, err := a.o.Service.VerificationByBizNo(c.Request().Context(), caller(c), bizNo)
	list := verificationList{Items: []verificationAnswer{}}
	switch status, _ := explained(err); {
	case err == nil:
		list.Items = append(list.Items, a.tell(c, answer))
	case status != http.StatusNotFound:
		return err
	}
	return a.json(c, http.StatusOK, list)
}

func (a *API) addEvidence(c echo.Context) error {
	id, err := verificationID(c)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(c.Request())
	if err != nil {
		return err
	}
	var body addEvidenceRequest
	parts, err := a.readWithPhotos(c, &body, func() bool { return hasContent(body.Evidence) })
	if err != nil {
		return err
	}
	if err := validateFields(&body, ""); err != nil {
		return err
	}
	evidence, err := evidenceList(body.Evidence, parts)
	if err != nil {
		return err
	}
	answer, err := a.o.Service.AddEvidence(c.Request().Context(), caller(c), key, id, evidence)
	if err != nil {
		return err
	}
	markReplay(c, answer.Replayed)
	return a.json(c, http.StatusOK, a.tell(c, answer))
}

// maxReceiptWait bounds how long a caller may have us wait for the log.
const maxReceiptWait = 10 * time.Second

func (a *API) getReceipt(c echo.Context) error {
	id, err := verificationID(c)
	if err != nil {
		return err
	}
	query, err := queryOf(c, "wait", "version", "final")
	if err != nil {
		return err
	}
	wait, err := waitOf(query["wait"])
	if err != nil {
		return err
	}
	if f := query["final"]; f != "" && f != "true" {
		return compliance.E(compliance.FaultInvalid, "query_malformed", "final is true, or left out")
	}
	answer, err := a.version(c, id, query["version"])
	if err != nil {
		return err
	}
	receipt, err := a.receipt(c.Request().Context(), answer, wait, query["final"] != "")
	if err != nil {
		return err
	}
	c.Response().Header().Set("Receipt-Final", strconv.FormatBool(a.o.Log.Final(receipt)))
	return c.Blob(http.StatusOK, "text/plain; charset=utf-8", receipt)
}

// version finds one version of a decision, the newest when none is named.
func (a *API) version(c echo.Context, id, text string) (verify.Answer, error) {
	if text == "" {
		return a.answerOf(c, id, 0)
	}
	version, err := strconv.ParseUint(text, 10, 31)
	if err != nil || version == 0 {
		return verify.Answer{}, compliance.E(compliance.FaultInvalid, "query_malformed", "version is a number from 1")
	}
	return a.answerOf(c, id, int(version))
}

// answerOf is version for a number; 0 is the newest.
func (a *API) answerOf(c echo.Context, id string, version int) (verify.Answer, error) {
	if version == 0 {
		return a.o.Service.Verification(c.Request().Context(), caller(c), id)
	}
	return a.o.Service.VerificationVersion(c.Request().Context(), caller(c), id, version)
}

// receipt waits for a receipt, or with final for one that enough witnesses have cosigned.
func (a *API) receipt(ctx context.Context, answer verify.Answer, wait time.Duration, final bool) ([]byte, error) {
	if wait == 0 {
		receipt, err := a.o.Log.Proof(ctx, answer.EventID)
		if err == nil && final && !a.o.Log.Final(receipt) {
			return nil, auditlog.ErrNotYet
		}
		return receipt, err
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if final {
		return a.o.Log.WaitFinal(ctx, answer.EventID)
	}
	return a.o.Log.Wait(ctx, answer.EventID)
}

func waitOf(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	wait, err := time.ParseDuration(text)
	if err != nil || wait < 0 || wait > maxReceiptWait {
		return 0, compliance.E(compliance.FaultInvalid, "query_malformed", "wait is a duration of at most 10s, such as 1s")
	}
	return wait, nil
}

// queryOf reads the query; a parameter that is unknown, repeated or malformed is refused.
func queryOf(c echo.Context, names ...string) (map[string]string, error) {
	malformed := func(detail string) error { return compliance.E(compliance.FaultInvalid, "query_malformed", detail) }
	values, err := parseQuery(c.Request().URL.RawQuery)
	if err != nil {
		return nil, malformed("the query does not parse")
	}
	out := map[string]string{}
	for _, name := range names {
		given := values[name]
		delete(values, name)
		if len(given) > 1 {
			return nil, malformed(name + " stands twice")
		}
		if len(given) == 1 {
			out[name] = given[0]
		}
	}
	if len(values) > 0 {
		return nil, malformed("a parameter is not known here")
	}
	return out, nil
}
