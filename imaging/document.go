package imaging

import "realname/verify/idnumber"

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
