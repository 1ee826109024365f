package httpapi

import (
	"encoding/hex"
	"errors"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-playground/validator/v10"

	"realname/compliance"
	"realname/imaging"
	"realname/ratelimit/quota"
	"realname/verify"
	"realname/verify/idnumber"
	"realname/verify/idnumber/tags"
	"realname/verify/reference"
)

// vocabulary lists the values that a field may take, by validator tag. A test
// holds it against the constants of compliance and the enums of openapi.yaml.
var vocabulary = map[string][]string{
	"scene":         texts(compliance.Scenes()),
	"event":         texts(compliance.Occasions()),
	"party_role":    texts(compliance.PartyRoles()),
	"channel_kind":  texts(compliance.ChannelKinds()),
	"evidence_kind": texts(compliance.EvidenceKinds()),
	"check_result":  texts(compliance.CheckResults()),
	"customer_type": {"individual", "unit"},
	"side":          {"front", "back"},
	"photo_document": texts([]imaging.Document{
		imaging.DocumentResident, imaging.DocumentPermit, imaging.DocumentForeignPR, imaging.DocumentPassport,
	}),
	"objection_answer": {string(verify.ObjectionUpheld), string(verify.ObjectionLifted), string(verify.ObjectionWithdrawn)},
	"sex":              {idnumber.Male.String(), idnumber.Female.String()},
	"close_reason":     {string(verify.ClosedByHolder), string(verify.ClosedByInstitution), string(verify.ClosedByPortOut)},
	"stock_state":      {string(quota.PendingActivation), string(quota.Active), string(quota.Suspended), string(quota.Closed)},
}

func texts[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}

var (
	tokenPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,63}$`)
	// abroadPattern is ITU-T E.164, without the numbers of the mainland.
	abroadPattern = regexp.MustCompile(`^\+([1-79]|8[0-57-9])[0-9]{6,13}$`)
	// accountPattern is a bank account or card number, in groups or not.
	accountPattern = regexp.MustCompile(`^[0-9]([ -]?[0-9]){7,31}$`)
	statePattern   = regexp.MustCompile(`^[A-Z]{3}$`)
)

// addressOrPrefix takes an IPv4 or IPv6 address, or a prefix of one.
func addressOrPrefix(s string) bool {
	if _, err := netip.ParsePrefix(s); err == nil {
		return true
	}
	a, err := netip.ParseAddr(s)
	return err == nil && a.Zone() == ""
}

// formats are the tags that are not vocabularies.
var formats = map[string]func(s string) bool{
	"token_form":     tokenPattern.MatchString,
	"reference_form": reference.WellFormed,
	"impersonal":     func(s string) bool { return !reference.Personal(s) },
	"state_code":     statePattern.MatchString, // ISO 3166-1 alpha-3, as in ICAO 9303
	"network":        addressOrPrefix,
	"bank_account":   accountPattern.MatchString,
	"phone_abroad":   abroadPattern.MatchString,
	"civil_date":     civilDate,
	"valid_to":       func(s string) bool { return s == "long_term" || civilDate(s) },
	"instant":        func(s string) bool { _, err := time.Parse(time.RFC3339Nano, s); return err == nil },
	"digest": func(s string) bool {
		b, err := hex.DecodeString(s)
		return err == nil && len(b) == 32 && s == strings.ToLower(s)
	},
	"evidence_id":     func(s string) bool { return compliance.ValidID(compliance.PrefixEvidence, s) },
	"opening_id":      func(s string) bool { return compliance.ValidID(compliance.PrefixOpening, s) },
	"verification_id": func(s string) bool { return compliance.ValidID(compliance.PrefixDecision, s) },
}

// civilDate takes the days of the second and third millennium.
func civilDate(s string) bool {
	t, err := time.Parse(time.DateOnly, s)
	return err == nil && t.Year() >= 1000 && t.Year() < 3000
}

// phoneRule is the failed tag of a field with the rule phone.
const phoneRule = "cn_mobile_phone|phone_abroad"

// rules are tags that stand for others.
var rules = map[string]string{ //nolint:gosec // rules of the validator, no credentials
	"phone":     phoneRule,
	"token":     "token_form,impersonal",
	"reference": "max=128,reference_form,impersonal",
	"locator":   "max=512,reference_form,impersonal",
}

var validate = newValidator()

func newValidator() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	register := func(tag string, ok func(string) bool) {
		// An error would mean an empty tag or function.
		if err := v.RegisterValidation(tag, func(f validator.FieldLevel) bool { return ok(f.Field().String()) }); err != nil {
			panic(err)
		}
	}
	for tag, values := range vocabulary {
		register(tag, func(s string) bool { return slices.Contains(values, s) })
	}
	for tag, ok := range formats {
		register(tag, ok)
	}
	if err := tags.Register(v, idnumber.Check, time.Now); err != nil {
		panic(err)
	}
	for tag, rule := range rules {
		v.RegisterAlias(tag, rule)
	}
	return v
}

// maxFieldErrors bounds how many fields one answer names.
const maxFieldErrors = 32

// validateFields checks the tags of one of our request types. Its error is a refusal.
func validateFields(v any, base string) error {
	err := validate.Struct(v)
	if err == nil {
		return nil
	}
	failed, ok := errors.AsType[validator.ValidationErrors](err)
	if !ok {
		return err
	}
	var fields []fieldError
	for _, f := range failed[:min(len(failed), maxFieldErrors)] {
		fields = append(fields, fieldError{base + pointerOf(f.Namespace()), fieldCode(f.ActualTag()), "rule " + f.ActualTag()})
	}
	return refuseFields(fields...)
}

// pointerOf turns `verificationRequest.parties[0].document.kind` into `/parties/0/document/kind`.
func pointerOf(namespace string) string {
	_, path, _ := strings.Cut(namespace, ".")
	return "/" + strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(path)
}

func fieldCode(tag string) string {
	switch tag {
	case "required", "required_with", "required_without":
		return "field_required"
	case "max":
		return "field_too_long"
	case "min":
		return "field_too_short"
	case "impersonal":
		return "personal_data_in_reference"
	case phoneRule:
		return "phone_malformed"
	}
	if _, ok := vocabulary[tag]; ok {
		return "field_unknown_value"
	}
	return "field_malformed"
}

// validate checks either form of an opening request.
func (r *openingRequest) validate() error {
	if r.VerificationID == "" {
		if err := validateFields(&r.verificationRequest, ""); err != nil {
			return err
		}
		return validateFields(&r.openingFields, "")
	}
	var extra []fieldError
	for pointer, given := range map[string]bool{
		"/parties": r.Parties != nil, "/evidence": r.Evidence != nil, "/channel": r.Channel != (channelRequest{}),
		"/event": r.Event != "", "/customer_type": r.CustomerType != "",
		"/purpose": r.Purpose != "", "/legal_basis": r.LegalBasis != "",
	} {
		if given {
			extra = append(extra, fieldError{pointer, "field_not_allowed", "taken from the verification that is consumed"})
		}
	}
	if len(extra) > 0 {
		slices.SortFunc(extra, func(a, b fieldError) int { return strings.Compare(a.pointer, b.pointer) })
		return refuseFields(extra...)
	}
	if err := validateFields(&r.openingFields, ""); err != nil {
		return err
	}
	return validateFields(&consumptionRequest{
		BizNo: r.BizNo, Scene: r.Scene, Product: r.Product, NoticeVersion: r.NoticeVersion, ConsentRef: r.ConsentRef,
		LiabilityNoticeRef: r.LiabilityNoticeRef, VerificationID: r.VerificationID,
	}, "")
}
