package imaging

import (
	"errors"

	"realname/verify/idnumber"
)

// Document is what a photo is claimed to show.
type Document string

// The documents whose layout the pipeline knows. A temporary resident card is a
// resident card with a finding.
const (
	DocumentResident  Document = "resident_id"
	DocumentPermit    Document = "residence_permit"
	DocumentForeignPR Document = "foreign_pr"
	DocumentPassport  Document = "passport"
)

// DocumentOf gives the document that numbers of a kind stand on, and whether the pipeline can prove its photo.
func DocumentOf(kind idnumber.Kind) (Document, bool) {
	switch kind {
	case idnumber.ResidentID, idnumber.TemporaryID:
		return DocumentResident, true
	case idnumber.ResidencePermit:
		return DocumentPermit, true
	case idnumber.ForeignPR:
		return DocumentForeignPR, true
	case idnumber.Passport, idnumber.PassportMRZ:
		return DocumentPassport, true
	}
	return "", false
}

// Known reports whether d is a document, or empty for the resident card.
func (d Document) Known() bool {
	switch d {
	case "", DocumentResident, DocumentPermit, DocumentForeignPR, DocumentPassport:
		return true
	}
	return false
}

// Class is what a photo of the document's front is told as.
func (d Document) Class() Class {
	switch d {
	case DocumentPermit:
		return ClassPermitFront
	case DocumentForeignPR:
		return ClassForeignPR
	case DocumentPassport:
		return ClassPassport
	}
	return ClassResidentFront
}

// errClaim holds nothing of the claim.
var errClaim = errors.New("imaging: a claim's birth date is YYYY-MM-DD and its sex male or female")

// check refuses a claim that no document could agree with by its form.
func (c *Claim) check() error {
	if c == nil {
		return nil
	}
	if c.Birth != "" {
		if _, err := idnumber.ParseDate(c.Birth); err != nil {
			return errClaim
		}
	}
	switch c.Sex {
	case "", idnumber.Male.String(), idnumber.Female.String():
		return nil
	}
	return errClaim
}
