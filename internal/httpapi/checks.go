package httpapi

import (
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"realname/compliance"
	"realname/imaging"
	"realname/verify/idnumber"
)

type numberCheckAnswer struct {
	Kind      string          `json:"kind"`
	Status    string          `json:"status"`
	Reason    string          `json:"reason"`  // empty when valid
	Message   string          `json:"message"` // empty when valid
	Canonical string          `json:"canonical"`
	Findings  []numberFinding `json:"findings"`

	// What the number tells: personal data, which only the caller who sent the number gets. Absent when it does not tell,
	// or is invalid.
	Form        string      `json:"form,omitempty"`
	BirthDate   string      `json:"birth_date,omitempty"`
	Sex         string      `json:"sex,omitempty"`
	Area        *numberArea `json:"area,omitempty"`
	Nationality string      `json:"nationality,omitempty"`
	Issuer      string      `json:"issuer,omitempty"`
}

type numberArea struct {
	Code string `json:"code"`
	Name string `json:"name"` // in the year of birth; empty when no list has the code
}

type numberFinding struct {
	Part    string `json:"part"`
	Outcome string `json:"outcome"`
	Code    string `json:"code"`
}

// checkNumber judges one number by its standard alone; nothing is asked of anyone and nothing is kept.
func (a *API) checkNumber(c echo.Context) error {
	var body numberCheckRequest
	if err := a.readJSON(c, maxJSON, &body); err != nil {
		return err
	}
	if err := validateFields(&body, ""); err != nil {
		return err
	}
	on := idnumber.DateOf(a.o.Now())
	if body.On != "" {
		var err error
		if on, err = idnumber.ParseDate(body.On); err != nil {
			return refuseFields(fieldError{"/on", "field_malformed", "YYYY-MM-DD"})
		}
	}
	r := a.o.Service.CheckNumber(idnumber.Kind(body.Kind), body.Number.Reveal(), on)
	out := numberCheckAnswer{Kind: body.Kind, Status: r.Status.String(), Reason: r.Reason.String(), Findings: []numberFinding{}}
	if r.Reason != idnumber.NoCode {
		out.Message = message(r.Reason.String(), languageOf(c.Request()))
	}
	if r.Status != idnumber.Invalid {
		out.tell(&r)
	}
	for part, f := range r.Findings {
		if f.Outcome != idnumber.Absent {
			out.Findings = append(out.Findings, numberFinding{Part: idnumber.Part(part).String(), Outcome: f.Outcome.String(), Code: f.Code.String()})
		}
	}
	return a.json(c, http.StatusOK, out)
}

// tell adds what a number tells beside its findings.
func (n *numberCheckAnswer) tell(r *idnumber.Result) {
	n.Canonical, n.Form, n.Sex = r.Canonical.Reveal(), r.Form.String(), r.Sex.String()
	n.Nationality, n.Issuer = r.Nationality.String(), r.Issuer.String()
	if r.Birth.Valid() {
		n.BirthDate = r.Birth.String()
	}
	if r.Area.Code != 0 {
		n.Area = &numberArea{Code: r.Area.Code.String(), Name: r.Area.FullName()}
	}
}

type photoCheckAnswer struct {
	Verdict         imaging.Verdict   `json:"verdict"`
	Class           imaging.Class     `json:"class"`
	Reasons         []photoReason     `json:"reasons"`
	NumberAgreement imaging.Agreement `json:"number_agreement"`
	NameAgreement   imaging.Agreement `json:"name_agreement"`
	Number          string            `json:"number,omitempty"`
	BirthAgreement  imaging.Agreement `json:"birth_agreement"`
	SexAgreement    imaging.Agreement `json:"sex_agreement"`
	Name            string            `json:"name,omitempty"`
	Fields          *imaging.Fields   `json:"fields,omitempty"` // only where the claim says reveal
	Width           int               `json:"width"`
	Height          int               `json:"height"`
	Pipeline        string            `json:"pipeline"`
	Models          string            `json:"models"`
	Rules           string            `json:"rules"`
	Milliseconds    int64             `json:"ms"`

	Examinations []imaging.Examination `json:"examinations"`
	Quad         *imaging.Quad         `json:"quad,omitempty"`
	Zones        []photoZone           `json:"zones"`
	Crop         *photoCrop            `json:"crop,omitempty"`
}

// photoReason leaves the measured value and its threshold inside.
type photoReason struct {
	Code    string       `json:"code"`
	Message string       `json:"message"`
	Remedy  string       `json:"remedy"`
	Place   *imaging.Box `json:"place,omitempty"`
}

// checkPhoto checks one photo: a bare image, or multipart with the parts `image` and, optionally, `claim`.
func (a *API) checkPhoto(c echo.Context) error {
	crop, err := cropOf(c)
	if err != nil {
		return err
	}
	image, claim, err := a.readPhoto(c)
	if err != nil {
		return err
	}
	report, err := a.o.Service.CheckPhoto(c.Request().Context(), caller(c), claim.request(image, crop))
	if err != nil {
		return err
	}
	lang := languageOf(c.Request())
	out := photoCheckAnswer{
		Verdict: report.Verdict, Class: report.Class, Reasons: []photoReason{}, NumberAgreement: report.NumberAgreement,
		NameAgreement: report.NameAgreement, BirthAgreement: report.BirthAgreement, SexAgreement: report.SexAgreement, Width: report.Width, Height: report.Height, Pipeline: report.Pipeline,
		Models: report.Models, Rules: report.Rules, Milliseconds: report.Elapsed.Milliseconds(),
		Examinations: append([]imaging.Examination{}, report.Examinations...), Quad: report.Quad, Zones: zonesOf(report),
	}
	if claim.Reveal {
		out.Number, out.Name, out.Fields = report.Fields.Number, report.Fields.Name, &report.Fields
	}
	for _, r := range report.Reasons {
		told := photoText(r.Code, report.Class)
		code, _, _ := strings.Cut(told.Code, ".") // the class stands in a field of its own
		out.Reasons = append(out.Reasons, photoReason{Code: code, Message: told.Clerk.In(lang), Remedy: told.Remedy.In(lang), Place: r.Place})
	}
	return a.photo(c, out, report.Crop)
}

// photoText is the text of a reason, and for what is no document that of what the picture shows instead.
func photoText(code string, class imaging.Class) compliance.ReasonText {
	if code == imaging.ReasonNotADocument {
		if r, ok := compliance.Reason(code + "." + string(class)); ok {
			return r
		}
	}
	return compliance.PublicReason(code)
}

// readPhoto takes a bare image under any image type: its first bytes decide what it is.
func (a *API) readPhoto(c echo.Context) ([]byte, photoClaim, error) {
	var claim photoClaim
	media, params, err := mediaTypeOf(c.Request())
	switch {
	case err != nil:
		return nil, claim, err
	case strings.HasPrefix(media, "image/"):
		image, err := a.readBody(c, maxImage, costRaw)
		return image, claim, err
	case media != mediaMultipart:
		return nil, claim, refuseMedia("send an image, or " + mediaMultipart)
	}
	var image []byte
	err = a.readParts(c, params["boundary"], func(name string, part io.Reader) (err error) {
		switch name {
		case "image":
			image, err = readPart(part, maxImage)
			return err
		case "claim":
			return decodePart(part, &claim)
		}
		return refuse("multipart_unknown_part", "the parts are image and claim")
	}, "image")
	if err != nil {
		return nil, claim, err
	}
	return image, claim, validateFields(&claim, "")
}
