package explain

import (
	"slices"

	"realname/verify/idnumber"
)

// place is where a part, or a field that is not judged by itself, stands among the bare characters of a number: those
// without brackets, slashes and line ends. A negative end counts from the end of the number, as in last.
type place struct {
	part       idnumber.Part
	field      string // "" when the whole part stands here
	start, end int
}

// layout is one written form of kinds: the places in their order.
type layout struct {
	kinds  []idnumber.Kind
	length int // of the bare characters; 0: any
	form   idnumber.Form
	places []place
}

const (
	last = -1 // the start of the last character
	rest = 0  // an end: the end of the number
)

func part(p idnumber.Part, start, end int) place { return place{p, "", start, end} }

// field belongs to the structure.
func field(name string, start, end int) place { return place{idnumber.Structure, name, start, end} }

var residents = []idnumber.Kind{
	idnumber.ResidentID, idnumber.TemporaryID, idnumber.HouseholdBook, idnumber.MilitaryID, idnumber.ArmedPoliceID,
}

var resident18 = []place{
	part(idnumber.AreaCode, 0, 6), part(idnumber.BirthDate, 6, 14), part(idnumber.Sequence, 14, 17), part(idnumber.CheckDigit, 17, 18),
}

func only(kind idnumber.Kind) []idnumber.Kind { return []idnumber.Kind{kind} }

// layouts of the standards that package idnumber names beside each kind.
var layouts = []layout{
	{residents, 18, idnumber.FormResident18, resident18},
	{only(idnumber.ResidencePermit), 18, idnumber.FormOnly, resident18},
	{residents, 15, idnumber.FormResident15, []place{
		part(idnumber.AreaCode, 0, 6), part(idnumber.BirthDate, 6, 12), part(idnumber.Sequence, 12, 15)}},
	{only(idnumber.HKMOPermit), 9, idnumber.FormPermitForeigner, []place{field("prefix", 0, 2), field("serial", 2, 9)}},
	{only(idnumber.HKMOPermit), 9, idnumber.FormOnly, []place{field("prefix", 0, 1), field("serial", 1, 9)}},
	{only(idnumber.HKMOPermit), 11, idnumber.FormOnly, []place{field("prefix", 0, 1), field("serial", 1, 9), field("count", 9, 11)}},
	{only(idnumber.TWPermit), 8, idnumber.FormOnly, []place{field("serial", 0, 8)}},
	{only(idnumber.TWPermit), 10, idnumber.FormOnly, []place{field("serial", 0, 8), field("count", 8, 10)}},
	{only(idnumber.TWPermit), 11, idnumber.FormOnly, []place{field("serial", 0, 8), field("count", 8, 10), field("office", 10, 11)}},
	{only(idnumber.ForeignPR), 15, idnumber.FormOnly, []place{
		part(idnumber.Nationality, 0, 3), part(idnumber.AreaCode, 3, 7), part(idnumber.BirthDate, 7, 13),
		part(idnumber.Sequence, 13, 14), part(idnumber.CheckDigit, 14, 15)}},
	{only(idnumber.ForeignPR), 18, idnumber.FormOnly, []place{
		field("marker", 0, 1), part(idnumber.AreaCode, 1, 3), part(idnumber.Nationality, 3, 6), part(idnumber.BirthDate, 6, 14),
		part(idnumber.Sequence, 14, 17), part(idnumber.CheckDigit, 17, 18)}},
	{only(idnumber.HKID), 8, idnumber.FormOnly, []place{field("prefix", 0, 1), field("serial", 1, 7), part(idnumber.CheckDigit, 7, 8)}},
	{only(idnumber.HKID), 9, idnumber.FormOnly, []place{field("prefix", 0, 2), field("serial", 2, 8), part(idnumber.CheckDigit, 8, 9)}},
	{only(idnumber.MacauBIR), 8, idnumber.FormOnly, []place{field("serial", 0, 7), part(idnumber.CheckDigit, 7, 8)}},
	{only(idnumber.TaiwanID), 10, idnumber.FormOnly, []place{
		field("place", 0, 1), field("second", 1, 2), field("serial", 2, 9), part(idnumber.CheckDigit, 9, 10)}},
	{only(idnumber.TaiwanUBN), 8, idnumber.FormOnly, []place{field("serial", 0, 7), part(idnumber.CheckDigit, 7, 8)}},
	{only(idnumber.USCC), 18, idnumber.FormOnly, []place{
		field("department", 0, 1), field("type", 1, 2), part(idnumber.AreaCode, 2, 8), part(idnumber.EmbeddedCode, 8, 17),
		part(idnumber.CheckDigit, 17, 18)}},
	{only(idnumber.OrgCode), 9, idnumber.FormOnly, []place{field("serial", 0, 8), part(idnumber.CheckDigit, 8, 9)}},
	{only(idnumber.BizReg), 15, idnumber.FormOnly, []place{
		part(idnumber.AreaCode, 0, 6), field("serial", 6, 14), part(idnumber.CheckDigit, 14, 15)}},
	{only(idnumber.BizReg), 13, idnumber.FormOnly, []place{part(idnumber.AreaCode, 0, 6), field("number", 6, 13)}},
	{only(idnumber.BankCard), 0, idnumber.FormOnly, []place{
		part(idnumber.EmbeddedCode, 0, 6), field("account", 6, last), part(idnumber.CheckDigit, last, rest)}},
	{only(idnumber.MobilePhone), 11, idnumber.FormOnly, []place{part(idnumber.EmbeddedCode, 0, 3), field("serial", 3, 11)}},
	{only(idnumber.MobilePhone), 0, idnumber.FormOnly, []place{part(idnumber.EmbeddedCode, 0, 5), field("serial", 5, rest)}},
	{only(idnumber.ICCID), 19, idnumber.FormOnly, []place{
		field("industry", 0, 2), field("country", 2, 4), part(idnumber.EmbeddedCode, 4, 6), field("account", 6, 19)}},
	{only(idnumber.ICCID), 20, idnumber.FormOnly, []place{
		field("industry", 0, 2), field("country", 2, 4), part(idnumber.EmbeddedCode, 4, 6), field("account", 6, 19),
		part(idnumber.CheckDigit, 19, 20)}},
	{only(idnumber.IMEI), 14, idnumber.FormOnly, []place{field("type", 0, 8), field("serial", 8, 14)}},
	{only(idnumber.IMEI), 15, idnumber.FormOnly, []place{field("type", 0, 8), field("serial", 8, 14), part(idnumber.CheckDigit, 14, 15)}},
	{only(idnumber.IMEI), 16, idnumber.FormOnly, []place{field("type", 0, 8), field("serial", 8, 14), field("version", 14, 16)}},
	{only(idnumber.PassportMRZ), 88, idnumber.FormTD3, []place{
		field("document", 0, 2), field("state", 2, 5), field("name", 5, 44),
		field("number", 44, 53), part(idnumber.CheckDigit, 53, 54), part(idnumber.Nationality, 54, 57),
		part(idnumber.BirthDate, 57, 63), part(idnumber.BirthCheck, 63, 64), field("sex", 64, 65),
		part(idnumber.Expiry, 65, 71), part(idnumber.ExpiryCheck, 71, 72), field("optional", 72, 86),
		part(idnumber.OptionalCheck, 86, 87), part(idnumber.CompositeCheck, 87, 88)}},
	{only(idnumber.PassportMRZ), 72, idnumber.FormTD2, []place{
		field("document", 0, 2), field("state", 2, 5), field("name", 5, 36),
		field("number", 36, 45), part(idnumber.CheckDigit, 45, 46), part(idnumber.Nationality, 46, 49),
		part(idnumber.BirthDate, 49, 55), part(idnumber.BirthCheck, 55, 56), field("sex", 56, 57),
		part(idnumber.Expiry, 57, 63), part(idnumber.ExpiryCheck, 63, 64), field("optional", 64, 71),
		part(idnumber.CompositeCheck, 71, 72)}},
	{only(idnumber.PassportMRZ), 90, idnumber.FormTD1, []place{
		field("document", 0, 2), field("state", 2, 5), field("number", 5, 14), part(idnumber.CheckDigit, 14, 15), field("optional", 15, 30),
		part(idnumber.BirthDate, 30, 36), part(idnumber.BirthCheck, 36, 37), field("sex", 37, 38), part(idnumber.Expiry, 38, 44),
		part(idnumber.ExpiryCheck, 44, 45), part(idnumber.Nationality, 45, 48), field("optional", 48, 59),
		part(idnumber.CompositeCheck, 59, 60), field("name", 60, 90)}},
}

func (l *layout) fits(kind idnumber.Kind, form idnumber.Form, length int) bool {
	return (l.length == 0 || l.length == length) && (l.form == idnumber.FormOnly || l.form == form) && slices.Contains(l.kinds, kind)
}

// placesOf gives the places of a number of that many bare characters, with ends resolved; nil when no layout fits.
func placesOf(kind idnumber.Kind, form idnumber.Form, length int) []place {
	for i := range layouts {
		l := &layouts[i]
		if !l.fits(kind, form, length) {
			continue
		}
		out := make([]place, len(l.places))
		for j, p := range l.places {
			if p.start < 0 {
				p.start += length
			}
			if p.end <= 0 {
				p.end += length
			}
			out[j] = p
		}
		return out
	}
	return nil
}
