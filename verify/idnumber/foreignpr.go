package idnumber

import "realname/verify/idnumber/gb2260"

const (
	foreignPR15 = 15
	foreignPR18 = 18
	// foreignPRSwitch is the year in which the old form gave way to the new; areas are named as of that year, for the
	// number does not tell its year of issue.
	foreignPRSwitch = 2023
)

// foreignPR judges 外国人永久居留身份证 in both forms, of which neither can be computed from the other.
func (e *examination) foreignPR() {
	switch e.n {
	case foreignPR15:
		e.foreignPROld()
	case foreignPR18:
		e.foreignPRNew()
	default:
		e.stop(CodeBadLength)
	}
}

// foreignPROld judges AAA PPPP YYMMDD S C, issued from 2004 to 2023-11: nationality in ISO 3166-1 alpha-3, the first four
// digits of the division of issue, birth, one digit of sequence and the check digit of ICAO Doc 9303 over the rest.
func (e *examination) foreignPROld() {
	r := &e.r
	nationality := ParseState(string(e.b[:3]))
	if nationality == (State{}) {
		e.stop(CodePrefixUnknown)
		return
	}
	if !allDigits(e.b[3:foreignPR15]) {
		e.stop(CodeBadCharacter)
		return
	}
	r.State, r.Form, r.Nationality = china, FormForeignPR15, nationality
	e.warn(Structure, CodeFormSuperseded)
	e.demand(CheckDigit, e.b[14] == mrzCheck(e.b[:14]), CodeCheckDigitMismatch)
	e.foreignPRBirth()
	r.Area = Area{Code: gb2260.Code(number(e.b[3:7]) * 100), year: foreignPRSwitch, table: e.areas}
	switch {
	case e.areas.Standing(r.Area.Code, 0) == gb2260.Unassigned:
		e.fail(AreaCode, CodeAreaUnassigned)
	case !prefectureListed(e.areas, r.Area.Code):
		e.warn(AreaCode, CodeAreaUnknown)
	default:
		e.pass(AreaCode)
	}
	e.pass(Sequence)
	e.foreignPRNationality()
	e.settle(foreignPR15)
}

// foreignPRNew judges 9 PP NNN YYYYMMDD SSS C, issued since 2023-12-01 (GA 2102-2023): province of application, nationality
// at the first issue in ISO 3166-1 numeric, birth, sequence (odd: male) and check character of ISO 7064 MOD 11-2.
func (e *examination) foreignPRNew() {
	r := &e.r
	check := e.b[17]
	switch {
	case !allDigits(e.b[:17]) || check-'0' > 9 && check != 'X':
		e.stop(CodeBadCharacter)
		return
	case e.b[0] != '9':
		e.stop(CodePrefixUnknown)
		return
	}
	r.State, r.Form, r.Sex = china, FormForeignPR18, sexOf(e.b[16])
	e.pass(Structure)
	e.demand(CheckDigit, check == checkChar(&e.b), CodeCheckDigitMismatch)
	birth := Date{uint16(number(e.b[6:10])), uint8(number(e.b[10:12])), uint8(number(e.b[12:14]))}
	e.found(BirthDate, checkBirth(birth, e.on))
	if birth.Valid() {
		r.Birth = birth
	}
	r.Area = Area{Code: gb2260.Code(number(e.b[1:3]) * 10000), year: foreignPRSwitch, table: e.areas}
	e.demand(AreaCode, e.areas.Standing(r.Area.Code, 0) != gb2260.Unassigned, CodeAreaUnassigned)
	e.pass(Sequence)
	r.Nationality = byNumber[number(e.b[3:6])]
	e.foreignPRNationality()
	e.settle(foreignPR18)
}

// foreignPRBirth reads YYMMDD and takes the latest century in which it is a day and has come.
func (e *examination) foreignPRBirth() {
	birth := Date{
		e.on.Year/100*100 + uint16(number(e.b[7:9])), uint8(number(e.b[9:11])), uint8(number(e.b[11:13])),
	}
	if e.on.Year >= 100 && (!birth.Valid() || e.on.Before(birth)) {
		birth.Year -= 100
	}
	finding := checkBirth(birth, e.on)
	if finding.Outcome == Passed {
		finding = Finding{Warning, CodeCenturyAssumed}
	}
	e.found(BirthDate, finding)
	if birth.Valid() {
		e.r.Birth = birth
	}
}

func (e *examination) foreignPRNationality() {
	if e.r.Nationality.known() {
		e.pass(Nationality)
	} else {
		e.warn(Nationality, CodeStateUnknown)
	}
}

// prefectureListed reports whether a list has the prefecture or a county under it: no list names 1101, under which the
// districts of Beijing stand.
func prefectureListed(areas *gb2260.Table, prefecture gb2260.Code) bool {
	if areas.Name(prefecture, foreignPRSwitch) != "" {
		return true
	}
	for county := prefecture + 1; county < prefecture+100; county++ {
		if areas.Standing(county, 0) == gb2260.InForce {
			return true
		}
	}
	return false
}

func (g *Generator) foreignPR() string {
	table := gb2260.Default()
	area := table.At(g.Rand.IntN(table.Len())).String()
	entry := iso3166[g.Rand.IntN((len(iso3166)+1)/iso3166Width)*iso3166Width:]
	birth := g.birth().compact()
	if g.Rand.IntN(2) == 0 {
		body := entry[:3] + area[:4] + birth[2:] + g.digits(1)
		return body + string(mrzCheck([]byte(body)))
	}
	body := "9" + area[:2] + entry[3:6] + birth + g.digits(3)
	return body + string(CheckChar(body))
}
