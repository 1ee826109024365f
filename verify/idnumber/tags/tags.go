// Package tags gives go-playground/validator/v10 a tag for every kind of document number, with messages in Chinese and
// English.
//
//	type Applicant struct {
//		Number string `json:"number" validate:"required,cn_resident_id"`
//		Code   string `json:"code" validate:"omitempty,uscc=valid"`
//	}
//
//	v := validator.New()
//	err := tags.Register(v, idnumber.Check, time.Now)
//
// A tag passes what is not invalid: a suspicious number may be genuine. With the parameter "valid", or any other, it
// passes valid numbers only. It folds spellings as idnumber does, so the field may hold another spelling than the canonical one.
package tags

import (
	"fmt"
	"reflect"
	"time"

	ut "github.com/go-playground/universal-translator"
	"github.com/go-playground/validator/v10"

	"realname/compliance"
	"realname/verify/idnumber"
)

// tags names the tag of each kind: those of mainland China that other countries have too begin with cn_.
var tags = map[string]idnumber.Kind{
	"cn_resident_id":        idnumber.ResidentID,
	"cn_temporary_id":       idnumber.TemporaryID,
	"cn_household_register": idnumber.HouseholdBook,
	"cn_military_id":        idnumber.MilitaryID,
	"cn_armed_police_id":    idnumber.ArmedPoliceID,
	"cn_residence_permit":   idnumber.ResidencePermit,
	"cn_hkmo_permit":        idnumber.HKMOPermit,
	"cn_tw_permit":          idnumber.TWPermit,
	"cn_foreign_pr":         idnumber.ForeignPR,
	"passport_mrz":          idnumber.PassportMRZ,
	"passport":              idnumber.Passport,
	"hkid":                  idnumber.HKID,
	"macau_bir":             idnumber.MacauBIR,
	"taiwan_id":             idnumber.TaiwanID,
	"uscc":                  idnumber.USCC,
	"cn_org_code":           idnumber.OrgCode,
	"cn_biz_reg":            idnumber.BizReg,
	"taiwan_ubn":            idnumber.TaiwanUBN,
	"bank_card":             idnumber.BankCard,
	"cn_mobile_phone":       idnumber.MobilePhone,
	"iccid":                 idnumber.ICCID,
	"imei":                  idnumber.IMEI,
}

// Check judges a number: idnumber.Check, or the method of a Checker with the operator's own division codes.
type Check = func(kind idnumber.Kind, raw string, on idnumber.Date) idnumber.Result

// Register adds the tags to v. Numbers are judged by check as of the civil date in China that now tells. The error is
// the validator's own. A field that is no string is refused.
func Register(v *validator.Validate, check Check, now func() time.Time) error {
	for tag, kind := range tags {
		err := v.RegisterValidation(tag, func(f validator.FieldLevel) bool {
			if f.Field().Kind() != reflect.String {
				return false
			}
			return passes(check(kind, f.Field().String(), idnumber.DateOf(now())), f.Param())
		})
		if err != nil {
			return fmt.Errorf("tag %s: %w", tag, err)
		}
	}
	return nil
}

func passes(r idnumber.Result, param string) bool {
	return r.Status == idnumber.Valid || r.Status == idnumber.Suspicious && param == ""
}

// Translate adds to v the messages of all tags in the language of trans: English for the locale en and its regions,
// Chinese otherwise. A message names the field and says what is wrong with the number; it never repeats the number.
func Translate(v *validator.Validate, trans ut.Translator, check Check, now func() time.Time) error {
	for tag, kind := range tags {
		register := func(ut.Translator) error { return nil } // messages are made on demand, from the catalogue
		translate := func(trans ut.Translator, f validator.FieldError) string {
			text := reflect.ValueOf(f.Value())
			if text.Kind() != reflect.String {
				return f.Field()
			}
			r := check(kind, text.String(), idnumber.DateOf(now()))
			return message(f.Field(), compliance.PublicReason(r.Reason.String()).Person, trans.Locale())
		}
		if err := v.RegisterTranslation(tag, trans, register, translate); err != nil {
			return fmt.Errorf("tag %s: %w", tag, err)
		}
	}
	return nil
}

func message(field string, text compliance.Text, locale string) string {
	if len(locale) >= 2 && locale[:2] == "en" {
		return field + ": " + text.EN
	}
	return field + "：" + text.ZH
}
