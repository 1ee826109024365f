// Package evaluation runs labelled pictures through a photo checker, counts
// what came of them, and draws what a person should look at: a report of the
// wrong ones, one picture with everything that was found on it, and sheets of
// thumbnails by class. It is pure Go; the checker's workers are not its matter.
//
// Pictures of cards are personal data, and a thumbnail of one can still be
// read. What is written to a file shows pictures only coarsely unless the
// caller asks to reveal them.
package evaluation

import (
	"slices"

	"realname/imaging"
)

// Family groups labels by what they mean for the product.
type Family string

// The families, in the order of tables. Unlabelled is of labels that this package does not know.
const (
	Drawings      Family = "drawings"
	NoCards       Family = "no card, not drawn"
	CardsToAccept Family = "cards to accept"
	Backs         Family = "backs asked for"
	CardsToStop   Family = "cards not to accept"
	Unlabelled    Family = "unknown labels"
)

// Families lists every family in the order of tables.
func Families() []Family {
	return []Family{Drawings, NoCards, CardsToAccept, Backs, CardsToStop, Unlabelled}
}

// Expectation is what a label promises about its pictures.
type Expectation struct {
	Family   Family
	Classes  []imaging.Class   // that are right; empty: the class is not judged
	Verdicts []imaging.Verdict // that are right
	Side     imaging.Side      // that is asked for
	Document imaging.Document  // that is asked for
}

// Right reports which of class and verdict are as expected.
func (e Expectation) Right(class imaging.Class, verdict imaging.Verdict) (classRight, verdictRight bool) {
	return len(e.Classes) == 0 || slices.Contains(e.Classes, class), slices.Contains(e.Verdicts, verdict)
}

var (
	rejected    = []imaging.Verdict{imaging.Reject}
	notAccepted = []imaging.Verdict{imaging.Review, imaging.Reject}
)

func refused(family Family, class imaging.Class) Expectation {
	return Expectation{Family: family, Classes: []imaging.Class{class}, Verdicts: rejected}
}

// document is an honest photo of another document than the resident card, which is asked for.
func document(d imaging.Document) Expectation {
	return Expectation{
		Family: CardsToAccept, Classes: []imaging.Class{d.Class()}, Verdicts: []imaging.Verdict{imaging.Accept}, Document: d,
	}
}

// expectations by label. Documents that are not the card asked for may also go to a person.
var expectations = map[string]Expectation{
	"cartoon":    refused(Drawings, imaging.ClassDrawing),
	"avatar":     refused(Drawings, imaging.ClassDrawing),
	"drawing":    refused(Drawings, imaging.ClassDrawing),
	"photo":      refused(NoCards, imaging.ClassPhoto),
	"screenshot": refused(NoCards, imaging.ClassScreenshot),
	"text_page":  refused(NoCards, imaging.ClassTextPage),
	"blank":      refused(NoCards, imaging.ClassBlank),

	"near_document":   otherDocument,
	"id_document":     idDocument,
	"id_document_gen": idDocument,
	"other_document":  otherDocument,

	"resident_front": {
		Family: CardsToAccept, Classes: []imaging.Class{imaging.ClassResidentFront}, Verdicts: []imaging.Verdict{imaging.Accept},
	},
	"residence_permit": document(imaging.DocumentPermit),
	"foreign_pr_card":  document(imaging.DocumentForeignPR),
	"passport":         document(imaging.DocumentPassport),

	// A back holds no number, so nothing on it alone can be proved.
	"resident_back": {
		Family: Backs, Classes: []imaging.Class{imaging.ClassResidentBack},
		Verdicts: []imaging.Verdict{imaging.Accept, imaging.Review}, Side: imaging.SideBack,
	},
	"back_as_front": {
		Family: CardsToStop, Classes: []imaging.Class{imaging.ClassResidentBack}, Verdicts: rejected,
	},
	"drawn_portrait":   cardToStop,
	"glued_portrait":   cardToStop,
	"altered_number":   cardToStop,
	"claim_mismatch":   cardToStop,
	"cut_off":          cardToStop,
	"number_glare":     cardToStop,
	"photocopy":        cardToStop,
	"screen_recapture": cardToStop,
}

var (
	otherDocument = Expectation{Family: NoCards, Classes: []imaging.Class{imaging.ClassOtherDocument}, Verdicts: notAccepted}
	// An identity document of some state: a passport among them is rightly told as one.
	idDocument = Expectation{
		Family: NoCards, Classes: []imaging.Class{imaging.ClassOtherDocument, imaging.ClassPassport}, Verdicts: notAccepted,
	}
	// What such a picture is called matters less than that it does not pass.
	cardToStop = Expectation{Family: CardsToStop, Verdicts: notAccepted}
)

// Expect returns what a label promises; false where it is unknown.
func Expect(label string) (Expectation, bool) {
	e, ok := expectations[label]
	return e, ok
}

// Labels lists the known labels in order.
func Labels() []string {
	list := make([]string, 0, len(expectations))
	for label := range expectations {
		list = append(list, label)
	}
	slices.Sort(list)
	return list
}
