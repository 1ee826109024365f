package idnumber

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
)

// MRZ is a machine-readable zone as ReadMRZ found it. What the holder's line says is personal data: it prints, logs and
// encodes as its Result does, and the zone itself lies under a mask of this process, as a Number does.
type MRZ struct {
	// Result is what Check finds for PassportMRZ: Form, State, Nationality, Birth, Sex, Expiry, Findings, and in
	// Canonical the document number without fillers.
	Result
	zone sealedZone
}

// ReadMRZ reads a machine-readable zone as of a civil date in China: TD1 (three lines of 30 characters), TD2 (two of 36)
// or TD3 (two of 44), of ICAO Doc 9303 parts 5, 6 and 4. Lines are separated by line ends or spaces, or not at all.
// Characters are A-Z, 0-9 and <; lower case and full-width forms of them are folded, and nothing else is: no misread
// character is repaired. It does not read visas, nor the French identity card of before 2021, which has a layout of its
// own. What is wrong is in Findings; when Structure failed, Form is FormOnly and every text is empty.
func ReadMRZ(raw string, on Date) MRZ {
	e := examination{on: on}
	e.r.Kind = PassportMRZ
	var z mrzZone
	e.readZone(raw, &z)
	m := MRZ{Result: e.r}
	if m.Form != FormOnly {
		m.zone = z.seal()
	}
	return m
}

// DocumentCode gives the one or two letters in front, as P, PO or ID.
func (m *MRZ) DocumentCode() string {
	z := m.open()
	if z.layout == nil {
		return ""
	}
	return spaced(z.at(z.layout.code))
}

// Name gives the holder's primary and secondary identifier, personal data, with fillers turned to single spaces, and
// whether the zone may hold only the front of it: names are cut when the field is full to its last character (ICAO Doc
// 9303 part 3). A single name is primary; some states print a single name as secondary.
func (m *MRZ) Name() (primary, secondary string, truncated bool) {
	z := m.open()
	if z.layout == nil {
		return "", "", false
	}
	field := z.at(z.layout.name)
	first, second, _ := strings.Cut(string(field), "<<")
	return spaced([]byte(first)), spaced([]byte(second)), field[len(field)-1] != filler
}

// Optional gives the issuing state's optional data, personal data, with fillers turned to single spaces; of TD1 that of
// both lines with a space between, and without the end of a long document number.
func (m *MRZ) Optional() string {
	z := m.open()
	if z.layout == nil {
		return ""
	}
	optional := z.at(z.layout.optional)
	if z.longNumber() {
		optional = optional[len(z.rest()):]
	}
	return spaced([]byte(string(optional) + string(filler) + string(z.at(z.layout.optional2))))
}

func (m *MRZ) open() mrzZone {
	var z mrzZone
	if z.layout = layoutOf(m.Form); z.layout != nil {
		for i, w := range m.zone {
			binary.LittleEndian.PutUint64(z.b[i*8:], w^zoneMask[i])
		}
	}
	return z
}

// spaced turns every run of fillers to one space, and those at the ends to none.
func spaced(field []byte) string {
	return strings.Join(strings.FieldsFunc(string(field), func(r rune) bool { return r == filler }), " ")
}

const (
	filler    = '<'
	zoneWords = 12
	zoneSize  = zoneWords * 8
	// zoneCap is the longest zone: three lines of TD1.
	zoneCap = 90
	// maxZone is the longest input in bytes: the longest zone in full-width characters, with room for separators.
	maxZone = 3*zoneCap + 30
)

type sealedZone [zoneWords]uint64

var zoneMask = func() (mask sealedZone) {
	var b [zoneSize]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the process instead
	for i := range mask {
		mask[i] = binary.LittleEndian.Uint64(b[i*8:])
	}
	return mask
}()

// span is a field: places in the lines run together, from 0, without the last.
type span struct{ from, to uint8 }

// layout says where the fields of a form stand. The check digit of number, birth, expiry and, in TD3, optional data is the
// character after the field; the composite check digit stands at compositeCheck.
type layout struct {
	form            Form
	lines, width    int
	code, state     span
	name            span
	number          span
	nationality     span
	birth, expiry   span
	sex             uint8
	optional        span
	optional2       span // TD1 only
	composite       [4]span
	compositeCheck  uint8
	checkedOptional bool
}

// layouts are those of ICAO Doc 9303 parts 5, 6 and 4.
var layouts = [...]layout{
	{
		form: FormTD1, lines: 3, width: 30, code: span{0, 2}, state: span{2, 5}, number: span{5, 14}, optional: span{15, 30},
		birth: span{30, 36}, sex: 37, expiry: span{38, 44}, nationality: span{45, 48}, optional2: span{48, 59},
		composite: [4]span{{5, 30}, {30, 37}, {38, 45}, {48, 59}}, compositeCheck: 59, name: span{60, 90},
	},
	{
		form: FormTD2, lines: 2, width: 36, code: span{0, 2}, state: span{2, 5}, name: span{5, 36}, number: span{36, 45},
		nationality: span{46, 49}, birth: span{49, 55}, sex: 56, expiry: span{57, 63}, optional: span{64, 71},
		composite: [4]span{{36, 46}, {49, 56}, {57, 71}}, compositeCheck: 71,
	},
	{
		form: FormTD3, lines: 2, width: 44, code: span{0, 2}, state: span{2, 5}, name: span{5, 44}, number: span{44, 53},
		nationality: span{54, 57}, birth: span{57, 63}, sex: 64, expiry: span{65, 71}, optional: span{72, 86},
		composite: [4]span{{44, 54}, {57, 64}, {65, 87}}, compositeCheck: 87, checkedOptional: true,
	},
}

func layoutOf(form Form) *layout {
	for i := range layouts {
		if layouts[i].form == form {
			return &layouts[i]
		}
	}
	return nil
}

// mrzZone holds the folded characters of a zone with its lines run together.
type mrzZone struct {
	b      [zoneSize]byte
	layout *layout // nil until the form is known
}

func (z *mrzZone) at(s span) []byte { return z.b[s.from:s.to] }

// check gives the character after a field.
func (z *mrzZone) check(s span) byte { return z.b[s.to] }

func (z *mrzZone) seal() sealedZone {
	var out sealedZone
	for i := range out {
		out[i] = binary.LittleEndian.Uint64(z.b[i*8:]) ^ zoneMask[i]
	}
	return out
}

// longNumber reports whether a document number goes on in the optional data: a filler stands for its check digit. TD3 has
// no long numbers.
func (z *mrzZone) longNumber() bool {
	return !z.layout.checkedOptional && z.check(z.layout.number) == filler
}

// rest gives what follows a long number's first nine characters: the other characters and the check digit over all.
func (z *mrzZone) rest() []byte {
	optional := z.at(z.layout.optional)
	for i, c := range optional {
		if c == filler {
			return optional[:i]
		}
	}
	return optional
}

// Holders in generated zones have these names, which are invented.
var (
	specimenSurnames = [...]string{"VELDARRO", "TANQUIN<ORSEL", "MERRIWICK", "QUOVANTESSERIMALDORIANSKOVENTAURIS"}
	specimenForename = [...]string{"MIRELLO", "JOVA<TELIN", "ARSENDRA", "TAL"}
)

// mrz makes a TD3 zone of Utopia, the state of the specimens in ICAO Doc 9303, which has no citizens.
func (g *Generator) mrz() string {
	const utopia, optionalSize, width = "UTO", 14, 44
	name := specimenSurnames[g.Rand.IntN(len(specimenSurnames))] + "<<" + specimenForename[g.Rand.IntN(len(specimenForename))]
	line := "P<" + utopia + name + strings.Repeat("<", width)
	number := g.letters(1, "EGLX") + g.digits(8)
	birth := g.birth()
	expiry := Date{g.On.Year + uint16(1+g.Rand.IntN(10)), uint8(1 + g.Rand.IntN(12)), uint8(1 + g.Rand.IntN(28))}
	optional := strings.Repeat("<", optionalSize) + g.letters(1, "<0")
	if g.Rand.IntN(2) == 1 {
		optional = checked(g.letters(optionalSize, "ABCDEFGHJKLMNOP0123456789"))
	}
	before := checked(number)
	born, until := checked(birth.compact()[2:]), checked(expiry.compact()[2:])
	composite := checked(before + born + until + optional)
	return line[:width] + "\n" + before + utopia + born + g.letters(1, "MF<") + until + optional + composite[len(composite)-1:]
}

// checked appends the check digit to a field.
func checked(field string) string { return field + string(rune(mrzCheck([]byte(field)))) }
