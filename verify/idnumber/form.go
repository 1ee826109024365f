package idnumber

// Form is a written form of a kind that has several.
type Form uint8

const (
	// FormOnly: the kind has one form, or the structure failed.
	FormOnly Form = iota
	FormResident18
	FormResident15      // GB 11643-1989; cards with it are void since 2013-01-01 (resident-ID law, article 23)
	FormMilitary        // 某字第…号
	FormPermitLifelong  // a travel permit's number alone
	FormPermitCounted   // with the count of replacements
	FormPermitForeigner // HA or MA: not a Chinese citizen
	FormForeignPR15     // before 2023-12-01
	FormForeignPR18     // GA 2102-2023
	FormTD1
	FormTD2
	FormTD3
	FormTaiwanNational
	FormTaiwanARC     // two letters, before 2021-01-02
	FormTaiwanARC2021 // letter, 8 or 9, eight digits
	FormWithCheck     // iccid whose last digit is a check digit, imei of 15
	FormWithoutCheck  // iccid without, imei of 14
	FormIMEISV        // imei with a software version instead of the check digit
	formCount
)

var formNames = [formCount]string{
	"", "resident_18", "resident_15", "military", "permit_lifelong", "permit_counted", "permit_foreigner",
	"foreign_pr_15", "foreign_pr_18", "td1", "td2", "td3", "taiwan_national", "taiwan_arc", "taiwan_arc_2021",
	"with_check", "without_check", "imeisv",
}

// String gives the stable name; "" for FormOnly.
func (f Form) String() string { return name(formNames[:], int(f)) }

// MarshalText gives String.
func (f Form) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// Issuer is who issued a card or line, as far as the range of its number tells.
type Issuer uint8

const (
	// NoIssuer: the number does not tell.
	NoIssuer Issuer = iota
	ChinaMobile
	ChinaUnicom
	ChinaTelecom
	ChinaBroadnet
	VirtualOperator // 转售: which one is not in the number
	UnionPay
	Visa
	Mastercard
	AmericanExpress
	JCB
	Discover
	Diners
	issuerCount
)

var issuerNames = [issuerCount]string{
	"", "china_mobile", "china_unicom", "china_telecom", "china_broadnet", "virtual_operator",
	"unionpay", "visa", "mastercard", "american_express", "jcb", "discover", "diners",
}

// String gives the stable name; "" for NoIssuer.
func (i Issuer) String() string { return name(issuerNames[:], int(i)) }

// MarshalText gives String.
func (i Issuer) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// State is the code of an issuing state or a nationality: ISO 3166-1 alpha-3, or one of ICAO Doc 9303 part 3. Zero when
// unknown.
type State [3]byte

// ParseState reads three capital letters, or D, which German documents print for DEU. It does not ask whether there is
// such a state. Zero when the text is neither.
func ParseState(code string) State {
	if code == "D" {
		code = "DEU"
	}
	if len(code) != 3 {
		return State{}
	}
	for i := range 3 {
		if code[i]-'A' > 25 {
			return State{}
		}
	}
	return State{code[0], code[1], code[2]}
}

// String gives the three letters, "" for the zero State.
func (s State) String() string {
	if s == (State{}) {
		return ""
	}
	return string(s[:])
}

// MarshalText gives String.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
