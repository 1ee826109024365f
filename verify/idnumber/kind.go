package idnumber

// Kind names a kind of document number, in commands and API alike.
type Kind string

// The kinds. Beside each: what it is, and the standard or notice that its form comes from.
const (
	ResidentID      Kind = "resident_id"        // 居民身份证: GB 11643-1999, 18 characters; 15 digits of GB 11643-1989 fold to 18
	TemporaryID     Kind = "temporary_id"       // 临时居民身份证: the same number, on a card valid for three months
	HouseholdBook   Kind = "household_register" // 户口簿: the same number, in a book
	MilitaryID      Kind = "military_id"        // 军人身份证件: a free form, or the bearer's resident number
	ArmedPoliceID   Kind = "armed_police_id"    // 武装警察身份证件: as MilitaryID
	ResidencePermit Kind = "residence_permit"   // 港澳台居民居住证: State Council notice of 2018-08
	HKMOPermit      Kind = "hkmo_permit"        // 港澳居民来往内地通行证: H or M and 8 digits; HA or MA and 7 from 2024-07-10
	TWPermit        Kind = "tw_permit"          // 台湾居民来往大陆通行证: 8 digits
	ForeignPR       Kind = "foreign_pr"         // 外国人永久居留身份证: 15 characters, or the 18 digits of GA 2102-2023
	PassportMRZ     Kind = "passport_mrz"       // machine-readable zone: ICAO Doc 9303 parts 4 (TD3), 5 (TD1) and 6 (TD2)
	Passport        Kind = "passport"           // a passport's number alone: a shape, and no check
	USCC            Kind = "uscc"               // 统一社会信用代码: GB 32100-2015
	OrgCode         Kind = "org_code"           // 组织机构代码: GB 11714-1997
	BizReg          Kind = "biz_reg"            // 营业执照注册号: GS 15-2006
	HKID            Kind = "hkid"               // 香港身份证
	MacauBIR        Kind = "macau_bir"          // 澳门居民身份证: no public check algorithm
	TaiwanID        Kind = "taiwan_id"          // 台灣身分證 and 居留證, old and new
	TaiwanUBN       Kind = "taiwan_ubn"         // 統一編號
	BankCard        Kind = "bank_card"          // ISO/IEC 7812
	MobilePhone     Kind = "mobile_phone"       // mainland numbering plan
	ICCID           Kind = "iccid"              // ITU-T E.118
	IMEI            Kind = "imei"               // 3GPP TS 23.003
)

// Class says what a kind of number names.
type Class uint8

const (
	// NoClass is that of an unknown kind.
	NoClass Class = iota
	// PersonDocument is an identity document of a person.
	PersonDocument
	// UnitRegistration is the registration of a unit (单位).
	UnitRegistration
	// Instrument is a card, account, line or device; it identifies nobody.
	Instrument
)

// profile is what holds for every number of a kind.
type profile struct {
	kind  Kind
	class Class
	state string // issuing state; "" when the number or the caller says it
	parts partSet
}

const (
	residentParts = 1<<Structure | 1<<CheckDigit | 1<<BirthDate | 1<<AreaCode | 1<<Sequence
	permitParts   = 1 << Structure
	mrzParts      = 1<<Structure | 1<<CheckDigit | 1<<BirthDate | 1<<Nationality | 1<<Expiry |
		1<<BirthCheck | 1<<ExpiryCheck | 1<<OptionalCheck | 1<<CompositeCheck
	checkedParts = 1<<Structure | 1<<CheckDigit
)

var profiles = [...]profile{
	{ResidentID, PersonDocument, "CHN", residentParts},
	{TemporaryID, PersonDocument, "CHN", residentParts},
	{HouseholdBook, PersonDocument, "CHN", residentParts},
	{MilitaryID, PersonDocument, "CHN", residentParts},
	{ArmedPoliceID, PersonDocument, "CHN", residentParts},
	{ResidencePermit, PersonDocument, "CHN", residentParts},
	{HKMOPermit, PersonDocument, "CHN", permitParts},
	{TWPermit, PersonDocument, "CHN", permitParts},
	{ForeignPR, PersonDocument, "CHN", residentParts | 1<<Nationality},
	{PassportMRZ, PersonDocument, "", mrzParts},
	{Passport, PersonDocument, "", permitParts},
	{HKID, PersonDocument, "HKG", checkedParts},
	{MacauBIR, PersonDocument, "MAC", checkedParts},
	{TaiwanID, PersonDocument, "TWN", checkedParts},
	{USCC, UnitRegistration, "CHN", checkedParts | 1<<AreaCode | 1<<EmbeddedCode},
	{OrgCode, UnitRegistration, "CHN", checkedParts},
	{BizReg, UnitRegistration, "CHN", checkedParts | 1<<AreaCode},
	{TaiwanUBN, UnitRegistration, "TWN", checkedParts},
	{BankCard, Instrument, "", checkedParts | 1<<EmbeddedCode},
	{MobilePhone, Instrument, "CHN", 1<<Structure | 1<<EmbeddedCode},
	{ICCID, Instrument, "", checkedParts | 1<<EmbeddedCode},
	{IMEI, Instrument, "", checkedParts},
}

// Kinds lists every kind that Check knows, documents of persons first.
func Kinds() []Kind {
	out := make([]Kind, len(profiles))
	for i := range profiles {
		out[i] = profiles[i].kind
	}
	return out
}

// Class says what the kind names; NoClass for an unknown kind.
func (k Kind) Class() Class {
	if p := k.profile(); p != nil {
		return p.class
	}
	return NoClass
}

// Parts lists the parts that numbers of the kind have, in the order in which they decide.
func (k Kind) Parts() []Part {
	var out []Part
	if p := k.profile(); p != nil {
		for part := range partCount {
			if p.parts.has(part) {
				out = append(out, part)
			}
		}
	}
	return out
}

func (k Kind) profile() *profile {
	for i := range profiles {
		if profiles[i].kind == k {
			return &profiles[i]
		}
	}
	return nil
}
