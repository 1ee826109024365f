package idnumber

import "bytes"

const (
	mobileLength = 11
	thingsLength = 13 // numbers of the internet of things
)

// phoneRange is a range of the first five digits: who it is allocated to, and what is to be said of it.
type phoneRange struct {
	first, last uint32
	issuer      Issuer
	note        Code
}

// phoneRanges is the allocation as of 2023-03-31 (MIIT, 我国公众移动通信网网号及H0分配情况, published 2023-06-05). The ranges for
// things, which that list leaves out in part, are those of MIIT's notices of numbers granted. The first that fits counts.
// A number may have been ported to another operator since (携号转网).
var phoneRanges = [...]phoneRange{
	{10646, 10646, ChinaUnicom, CodePrefixNotPersonal},
	{10647, 10648, ChinaMobile, CodePrefixNotPersonal},
	{10649, 10649, ChinaTelecom, CodePrefixNotPersonal},

	{13000, 13299, ChinaUnicom, NoCode},
	{13300, 13399, ChinaTelecom, NoCode},
	{13490, 13499, ChinaTelecom, CodePrefixSatellite},
	{13400, 13999, ChinaMobile, NoCode},

	{14000, 14099, ChinaUnicom, CodePrefixNotPersonal},
	{14100, 14199, ChinaTelecom, CodePrefixNotPersonal},
	{14400, 14499, ChinaMobile, CodePrefixNotPersonal},
	{14500, 14599, ChinaUnicom, NoCode},
	{14600, 14699, ChinaUnicom, CodePrefixNotPersonal},
	{14700, 14799, ChinaMobile, NoCode},
	{14800, 14899, ChinaMobile, CodePrefixNotPersonal},
	{14900, 14999, ChinaTelecom, CodePrefixNotPersonal},

	{15000, 15299, ChinaMobile, NoCode},
	{15300, 15399, ChinaTelecom, NoCode},
	{15500, 15699, ChinaUnicom, NoCode},
	{15700, 15999, ChinaMobile, NoCode},

	{16190, 16199, NoIssuer, CodePrefixSatellite}, // China Satellite Network Group
	{16200, 16299, VirtualOperator, CodePrefixResale},
	{16500, 16599, VirtualOperator, CodePrefixResale},
	{16600, 16699, ChinaUnicom, NoCode},
	{16700, 16799, VirtualOperator, CodePrefixResale},

	{17000, 17199, VirtualOperator, CodePrefixResale},
	{17200, 17299, ChinaMobile, NoCode},
	{17300, 17399, ChinaTelecom, NoCode},
	{17400, 17405, ChinaTelecom, CodePrefixSatellite},
	{17406, 17412, NoIssuer, CodePrefixSatellite}, // emergency communication
	{17490, 17499, NoIssuer, CodePrefixSatellite}, // maritime
	{17500, 17699, ChinaUnicom, NoCode},
	{17700, 17799, ChinaTelecom, NoCode},
	{17800, 17899, ChinaMobile, NoCode},

	{18000, 18199, ChinaTelecom, NoCode},
	{18200, 18499, ChinaMobile, NoCode},
	{18500, 18699, ChinaUnicom, NoCode},
	{18700, 18899, ChinaMobile, NoCode},
	{18900, 18999, ChinaTelecom, NoCode},

	{19000, 19199, ChinaTelecom, NoCode},
	{19200, 19299, ChinaBroadnet, NoCode},
	{19300, 19399, ChinaTelecom, NoCode},
	{19500, 19599, ChinaMobile, NoCode},
	{19600, 19699, ChinaUnicom, NoCode},
	{19700, 19899, ChinaMobile, NoCode},
	{19900, 19999, ChinaTelecom, NoCode},
}

// mobilePhone judges 11 digits, or 13 of a number for things, after +86, 0086 or 86.
func (e *examination) mobilePhone() {
	r := &e.r
	if code := e.dropCountryCode(); code != NoCode {
		e.stop(code)
		return
	}
	known := phoneRangeOf(number(e.b[:5]))
	if code := e.mobileStructure(known.note); code != NoCode {
		e.stop(code)
		return
	}
	r.State, r.Issuer = china, known.issuer
	e.pass(Structure)
	if known.note == NoCode {
		e.pass(EmbeddedCode)
	} else {
		e.warn(EmbeddedCode, known.note)
	}
	e.settle(e.n)
}

var countryCodes = [...][]byte{[]byte("+86"), []byte("0086"), []byte("86")}

// dropCountryCode leaves the national number, digits only and long enough to have a range.
func (e *examination) dropCountryCode() Code {
	for _, prefix := range countryCodes {
		if rest, found := bytes.CutPrefix(e.b[:e.n], prefix); found {
			e.n = copy(e.b[:], rest)
			clear(e.b[e.n:])
			break
		}
	}
	switch {
	case e.b[0] == '+':
		return CodePrefixUnknown // another country
	case !allDigits(e.b[:e.n]):
		return CodeBadCharacter
	case e.n != mobileLength && e.n != thingsLength:
		return CodeBadLength
	}
	return NoCode
}

// mobileStructure wants 1 and 3 to 9 in front, and 13 digits for things alone.
func (e *examination) mobileStructure(note Code) Code {
	switch {
	case e.n == thingsLength && note == CodePrefixNotPersonal:
		return NoCode
	case e.b[0] != '1' || e.b[1] < '3':
		return CodePrefixUnknown
	case e.n == thingsLength:
		return CodeBadLength
	}
	return NoCode
}

func phoneRangeOf(head uint32) phoneRange {
	for _, p := range phoneRanges {
		if p.first <= head && head <= p.last {
			return p
		}
	}
	return phoneRange{note: CodePrefixUnallocated}
}

// mobilePhone makes a number of any range that a person can hold.
func (g *Generator) mobilePhone() string {
	return "1" + g.letters(1, "3456789") + g.digits(mobileLength-2)
}
