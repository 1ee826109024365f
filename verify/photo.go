package verify

import (
	"context"
	"errors"
	"slices"

	"realname/compliance"
	"realname/imaging"
	"realname/verify/idnumber"
)

// photoChecks are what one look at a document photo settles together.
var photoChecks = []string{compliance.CheckDocumentPhoto, compliance.CheckPhotoNumber, compliance.CheckPhotoName}

// front is the newest photo of the card's front.
func (a *assessment) front() (Evidence, bool) {
	for _, e := range slices.Backward(a.req.Evidence) {
		if e.Kind == compliance.EvidenceDocumentPhoto && e.Side != string(imaging.SideBack) && len(e.Content) > 0 {
			return e, true
		}
	}
	return Evidence{}, false
}

// photos has the photo of the front checked against the claim.
func (a *assessment) photos(ctx context.Context, checker imaging.Checker) error {
	if !a.waits(photoChecks...) {
		return nil
	}
	e, given := a.front()
	if !given {
		a.withoutFront()
		return nil
	}
	holder, _ := a.req.Holder()
	document, _ := a.photographed()
	report, err := checker.Check(ctx, imaging.Request{
		Image: e.Content, Document: document, Side: imaging.Side(e.Side),
		Claim: &imaging.Claim{
			Number: a.holder.Number.Reveal(), Name: holder.Name.Reveal(),
			Birth: holder.Document.BirthDate.Reveal(), Sex: holder.Document.Sex.Reveal(),
		},
	})
	if errors.Is(err, imaging.ErrUnavailable) {
		return nil // the checks stay not_executed
	}
	if err != nil {
		return err
	}
	if a.indexed && report.Class == imaging.ClassResidentFront {
		if report.Fingerprints == nil {
			return nil // what cannot be looked up was not examined
		}
		a.card = &report
	}
	a.readPhoto(report, e.ID)
	return nil
}

// withoutFront settles the photo checks when no photo of the front is at hand:
// it stays with the tenant, or only the back was given.
func (a *assessment) withoutFront() {
	photo := compliance.Check{Name: compliance.CheckDocumentPhoto, Result: compliance.Failed, Source: sourceGateway, Reasons: []string{imaging.ReasonWrongSide}}
	kept := slices.ContainsFunc(a.req.Evidence, func(e Evidence) bool {
		return e.Kind == compliance.EvidenceDocumentPhoto && e.Side != string(imaging.SideBack) && e.Locator != ""
	})
	if kept {
		photo.Result, photo.Reasons = compliance.Inconclusive, []string{"photo_held_by_tenant"}
	}
	a.set(photo)
	a.unread()
}

// unread says that number and name were not looked for on a photo.
func (a *assessment) unread() {
	a.set(compliance.Check{Name: compliance.CheckPhotoNumber, Result: compliance.NotApplicable, Source: sourceWorker})
	a.set(compliance.Check{Name: compliance.CheckPhotoName, Result: compliance.NotApplicable, Source: sourceWorker})
}

// undecodable settles the photo checks of a photo that was taken in and cannot be decoded after all.
func (a *assessment) undecodable(u *imaging.UploadError) {
	a.set(compliance.Check{Name: compliance.CheckDocumentPhoto, Result: compliance.Failed, Source: sourceWorker, Reasons: []string{u.Code}})
	a.unread()
}

func (a *assessment) readPhoto(r imaging.Report, reference string) {
	photo := compliance.Check{
		Name: compliance.CheckDocumentPhoto, Result: compliance.Passed, Source: sourceWorker,
		NativeCode: string(r.Class), Reference: reference,
	}
	explained := false // by a field that disagrees or cannot be read, which has a check of its own
	for _, reason := range r.Reasons {
		switch reason.Code {
		case imaging.ReasonNumberMismatch, imaging.ReasonNumberUnreadable:
			explained = explained || r.NumberAgreement == imaging.Disagrees || r.NumberAgreement == imaging.Unreadable
		case imaging.ReasonNameMismatch, imaging.ReasonNameUnreadable, imaging.ReasonNameVariant:
			explained = explained || r.NameAgreement == imaging.Disagrees || r.NameAgreement == imaging.Unreadable
		case imaging.ReasonNotADocument:
			photo.Reasons = append(photo.Reasons, notADocument(r.Class))
		default:
			photo.Reasons = append(photo.Reasons, reason.Code)
		}
	}
	document, known := a.photographed()
	isCard := r.Class == document.Class()
	switch {
	case !isCard && a.otherDocument(r.Class):
		photo.Result = compliance.Inconclusive
		if !known {
			photo.Reasons = []string{"photo_kind_unsupported"}
		}
	case !isCard:
		photo.Result = compliance.Failed
		if len(photo.Reasons) == 0 {
			photo.Reasons = []string{notADocument(r.Class)}
		}
	case r.Verdict == imaging.Accept && len(photo.Reasons) == 0:
	case r.Verdict == imaging.Reject && len(photo.Reasons) > 0 && !explained:
		photo.Result = compliance.Failed
	case len(photo.Reasons) > 0 || !explained:
		// The worker did not accept, and no field's own check says why: somebody must look.
		photo.Result = compliance.Inconclusive
	}
	a.set(photo)
	if !isCard {
		a.unread() // what is no card has no fields
		return
	}
	a.set(agreement(compliance.CheckPhotoNumber, r.NumberAgreement, imaging.ReasonNumberMismatch, imaging.ReasonNumberUnreadable))
	unclear := imaging.ReasonNameUnreadable
	if slices.ContainsFunc(r.Reasons, func(reason imaging.Reason) bool { return reason.Code == imaging.ReasonNameVariant }) {
		unclear = imaging.ReasonNameVariant
	}
	a.set(agreement(compliance.CheckPhotoName, r.NameAgreement, imaging.ReasonNameMismatch, unclear))
}

// photographed is the document that the photo must show: the holder's, or for kinds whose layout the worker does not know
// the resident card; known tells them apart.
func (a *assessment) photographed() (document imaging.Document, known bool) {
	holder, _ := a.req.Holder()
	if d, ok := imaging.DocumentOf(idnumber.Kind(holder.Document.Kind)); ok {
		return d, true
	}
	return imaging.DocumentResident, false
}

// otherDocument reports whether the picture may be the honest one of a document that the worker did not prove, or whose
// layout it does not know: a passport's page is no resident card, and no lie.
func (a *assessment) otherDocument(class imaging.Class) bool {
	holder, _ := a.req.Holder()
	if idnumber.Kind(holder.Document.Kind) == idnumber.ResidentID {
		return false
	}
	switch class {
	case imaging.ClassOtherDocument, imaging.ClassTextPage, imaging.ClassUnknown:
		return true
	}
	return false
}

// notADocument names what the picture is instead, so that the applicant is told.
func notADocument(c imaging.Class) string {
	switch c {
	case "":
		c = imaging.ClassUnknown
	case imaging.ClassResidentBack:
		return imaging.ReasonWrongSide
	case imaging.ClassResidentFront, imaging.ClassPermitFront, imaging.ClassForeignPR, imaging.ClassPassport:
		return imaging.ReasonWrongDocument
	}
	return imaging.ReasonNotADocument + "." + string(c)
}

func agreement(name string, g imaging.Agreement, mismatch, unreadable string) compliance.Check {
	c := compliance.Check{Name: name, Source: sourceWorker}
	switch g {
	case imaging.Agrees:
		c.Result = compliance.Passed
	case imaging.Disagrees:
		c.Result, c.Reasons = compliance.Failed, []string{mismatch}
	case imaging.NotCompared:
		c.Result = compliance.NotApplicable
	default:
		c.Result, c.Reasons = compliance.Inconclusive, []string{unreadable}
	}
	return c
}
