package httpapi

import (
	"encoding/base64"
	"strconv"
	"time"

	"realname/compliance"
	"realname/imaging"
	"realname/verify"
)

// The request types are the schemas of openapi.yaml; a test compares the two.

type verificationRequest struct {
	BizNo              string              `json:"biz_no" validate:"required,reference"`
	Scene              compliance.Scene    `json:"scene" validate:"required,scene"`
	Event              compliance.Occasion `json:"event" validate:"required,event"`
	Product            string              `json:"product" validate:"required,token"`
	CustomerType       string              `json:"customer_type" validate:"omitempty,customer_type"`
	Parties            []partyRequest      `json:"parties" validate:"required,min=1,max=16,dive"`
	Channel            channelRequest      `json:"channel"`
	Evidence           []evidenceRequest   `json:"evidence" validate:"max=16,dive"`
	Purpose            string              `json:"purpose" validate:"required,token"`
	LegalBasis         string              `json:"legal_basis" validate:"required,token"`
	NoticeVersion      string              `json:"notice_version" validate:"omitempty,token"`
	ConsentRef         string              `json:"consent_ref" validate:"omitempty,reference"`
	LiabilityNoticeRef string              `json:"liability_notice_ref" validate:"omitempty,reference"`
}

type partyRequest struct {
	Role      compliance.PartyRole `json:"role" validate:"required,party_role"`
	Document  documentRequest      `json:"document"`
	Name      verify.Secret        `json:"name" validate:"max=128"`
	Phone     verify.Secret        `json:"phone" validate:"omitempty,max=32,phone"`
	Account   verify.Secret        `json:"bank_account" validate:"omitempty,max=40,bank_account"`
	Relation  string               `json:"relation" validate:"max=64"`
	Authority string               `json:"authority" validate:"omitempty,reference"`
}

// documentRequest may be left out whole: a person may have only a network id.
type documentRequest struct {
	Kind         string        `json:"kind" validate:"required_with=Number,omitempty,token"`
	Number       verify.Secret `json:"number" validate:"max=128"` // a machine-readable zone has 90 characters
	IssuingState string        `json:"issuing_state" validate:"omitempty,state_code"`
	ValidFrom    string        `json:"valid_from" validate:"omitempty,civil_date"`
	ValidTo      string        `json:"valid_to" validate:"omitempty,valid_to"`
	BirthDate    verify.Secret `json:"birth_date" validate:"omitempty,civil_date"`
	Sex          verify.Secret `json:"sex" validate:"omitempty,sex"`
	Nationality  verify.Secret `json:"nationality" validate:"omitempty,state_code"`
}

type channelRequest struct {
	Kind         compliance.ChannelKind `json:"kind" validate:"required,channel_kind"`
	ChannelAgent string                 `json:"channel_agent" validate:"omitempty,reference"`
	Outlet       string                 `json:"outlet" validate:"omitempty,reference"`
	Clerk        string                 `json:"clerk" validate:"omitempty,reference"`
	Terminal     string                 `json:"terminal" validate:"omitempty,reference"`
	Network      verify.Secret          `json:"network" validate:"omitempty,max=64,network"`
}

type evidenceRequest struct {
	ID           string                  `json:"id" validate:"omitempty,evidence_id"`
	Kind         compliance.EvidenceKind `json:"kind" validate:"required_without=ID,omitempty,evidence_kind"`
	Content      verify.Secret           `json:"content"` // base64
	Side         string                  `json:"side" validate:"omitempty,side"`
	Result       compliance.CheckResult  `json:"result" validate:"omitempty,check_result"`
	DeviceSerial string                  `json:"device_serial" validate:"omitempty,reference"`
	Attestor     string                  `json:"attestor" validate:"omitempty,reference"`
	CapturedAt   string                  `json:"captured_at" validate:"omitempty,instant"`
	Digest       string                  `json:"digest" validate:"omitempty,digest"`
	Locator      string                  `json:"locator" validate:"omitempty,locator"`
}

// openingRequest decides a whole verificationRequest, or consumes one approved
// verification; then parties, channel and evidence must be absent.
type openingRequest struct {
	verificationRequest
	VerificationID string `json:"verification_id" validate:"omitempty,verification_id"`
	openingFields
}

// openingFields are about the card or account itself.
type openingFields struct {
	ExternalRef  string `json:"external_ref" validate:"omitempty,reference"`
	Predecessor  string `json:"predecessor" validate:"omitempty,opening_id"`
	LeaseSeconds *int   `json:"lease_seconds" validate:"omitempty,min=60,max=2592000"`
}

func (f *openingFields) lease() time.Duration {
	if f.LeaseSeconds == nil {
		return 0
	}
	return time.Duration(*f.LeaseSeconds) * time.Second
}

// consumptionRequest is what an openingRequest may hold beside the verification that it consumes.
type consumptionRequest struct {
	BizNo              string           `json:"biz_no" validate:"required,reference"`
	Scene              compliance.Scene `json:"scene" validate:"omitempty,scene"`
	Product            string           `json:"product" validate:"omitempty,token"`
	NoticeVersion      string           `json:"notice_version" validate:"omitempty,token"`
	ConsentRef         string           `json:"consent_ref" validate:"omitempty,reference"`
	LiabilityNoticeRef string           `json:"liability_notice_ref" validate:"omitempty,reference"`
	VerificationID     string           `json:"verification_id" validate:"required,verification_id"`
}

type addEvidenceRequest struct {
	Evidence []evidenceRequest `json:"evidence" validate:"required,min=1,max=16,dive"`
}

type newEvidenceRequest struct {
	Kind         compliance.EvidenceKind `json:"kind" validate:"required,evidence_kind"`
	Side         string                  `json:"side" validate:"omitempty,side"`
	Length       int64                   `json:"length" validate:"required,min=1"`
	Digest       string                  `json:"digest" validate:"omitempty,digest"`
	DeviceSerial string                  `json:"device_serial" validate:"omitempty,reference"`
	Attestor     string                  `json:"attestor" validate:"omitempty,reference"`
	CapturedAt   string                  `json:"captured_at" validate:"omitempty,instant"`
	PhoneToken   bool                    `json:"phone_token"`
}

// disclosureRequest's recipient is bounded by verify.MaxRecipient; the handler looks at legal_basis first.
type disclosureRequest struct {
	Recipient  string `json:"recipient" validate:"required,max=64,reference"`
	Purpose    string `json:"purpose" validate:"required,token"`
	LegalBasis string `json:"legal_basis" validate:"required,token"`
}

type confirmRequest struct {
	ExternalRef     string `json:"external_ref" validate:"omitempty,reference"`
	AwaitActivation bool   `json:"await_activation"`
}

type closeRequest struct {
	Reason verify.CloseReason `json:"reason" validate:"omitempty,close_reason"`
}

type renewRequest struct {
	VerificationID string `json:"verification_id" validate:"required,verification_id"`
	ExternalRef    string `json:"external_ref" validate:"omitempty,reference"`
}

type stockRowRequest struct {
	Document    documentRequest `json:"document" validate:"required"`
	Product     string          `json:"product" validate:"required,token"`
	ExternalRef string          `json:"external_ref" validate:"required,reference"`
	State       string          `json:"state" validate:"omitempty,stock_state"` // active when absent
	OpenedAt    string          `json:"opened_at" validate:"omitempty,instant"`
}

type numberCheckRequest struct {
	Kind   string        `json:"kind" validate:"required,token"`
	Number verify.Secret `json:"number" validate:"required,max=256"`
	On     string        `json:"on" validate:"omitempty,civil_date"`
}

// photoClaim is the part `claim` of a photo check.
type photoClaim struct {
	Number verify.Secret `json:"number" validate:"max=64"`
	Name   verify.Secret `json:"name" validate:"max=128"`
	Side   string        `json:"side" validate:"omitempty,side"`
	Reveal bool          `json:"reveal"`

	Document  string        `json:"document" validate:"omitempty,photo_document"` // the kind that the photo must show
	BirthDate verify.Secret `json:"birth_date" validate:"omitempty,civil_date"`
	Sex       verify.Secret `json:"sex" validate:"omitempty,sex"`
	AllFields bool          `json:"all_fields"`
	NoClaim   bool          `json:"no_claim"`
}

// request is what is asked of the photo.
func (p *photoClaim) request(image []byte, crop imaging.CropKind) imaging.Request {
	req := imaging.Request{
		Image: image, Document: imaging.Document(p.Document), Side: imaging.Side(p.Side), Crop: crop, AllFields: p.AllFields, NoClaim: p.NoClaim,
	}
	claim := imaging.Claim{Number: p.Number.Reveal(), Name: p.Name.Reveal(), Birth: p.BirthDate.Reveal(), Sex: p.Sex.Reveal()}
	if claim != (imaging.Claim{}) {
		req.Claim = &claim
	}
	return req
}

// request maps the body to the words of verify; parts are the contents that came by multipart.
func (r *verificationRequest) request(parts map[int][]byte) (verify.Request, error) {
	evidence, err := evidenceList(r.Evidence, parts)
	if err != nil {
		return verify.Request{}, err
	}
	out := verify.Request{
		BizNo: r.BizNo, Scene: r.Scene, Occasion: r.Event, Product: r.Product, CustomerType: r.CustomerType,
		Evidence: evidence, Purpose: r.Purpose, LegalBasis: r.LegalBasis, NoticeVersion: r.NoticeVersion,
		ConsentRef: r.ConsentRef, LiabilityNoticeRef: r.LiabilityNoticeRef,
		Channel: verify.Channel{
			Kind: r.Channel.Kind, ChannelAgent: r.Channel.ChannelAgent, Outlet: r.Channel.Outlet,
			Clerk: r.Channel.Clerk, Terminal: r.Channel.Terminal, Network: r.Channel.Network,
		},
	}
	if out.CustomerType == "" {
		out.CustomerType = "individual"
	}
	for _, p := range r.Parties {
		out.Parties = append(out.Parties, verify.Party{
			Role: p.Role, Document: p.Document.document(), Name: p.Name, Phone: p.Phone, Account: p.Account, Relation: p.Relation, Authority: p.Authority,
		})
	}
	return out, nil
}

func (d *documentRequest) document() verify.Document {
	return verify.Document{
		Kind: d.Kind, Number: d.Number, IssuingState: d.IssuingState, ValidFrom: d.ValidFrom, ValidTo: d.ValidTo,
		BirthDate: d.BirthDate, Sex: d.Sex, Nationality: d.Nationality,
	}
}

// evidenceList maps pieces of evidence with the contents that came beside them.
func evidenceList(list []evidenceRequest, parts map[int][]byte) ([]verify.Evidence, error) {
	out := make([]verify.Evidence, 0, len(list))
	for i := range list {
		e := &list[i]
		at := "/evidence/" + strconv.Itoa(i)
		content, err := e.content(parts[i], at)
		if err != nil {
			return nil, err
		}
		out = append(out, verify.Evidence{
			ID: e.ID, Kind: e.Kind, Content: content, Side: e.Side, Result: e.Result, DeviceSerial: e.DeviceSerial,
			Attestor: e.Attestor, CapturedAt: instant(e.CapturedAt), Digest: e.Digest, Locator: e.Locator,
		})
		delete(parts, i)
	}
	for i := range parts {
		return nil, refuse("multipart_unknown_part", "the request has no evidence of this index").at("/evidence/" + strconv.Itoa(i))
	}
	return out, nil
}

// content is what came with the piece of evidence, by base64 or as a part; nil when neither did.
func (e *evidenceRequest) content(part []byte, at string) ([]byte, error) {
	given := e.Content != "" || part != nil
	if given && e.ID != "" || e.Content != "" && part != nil {
		return nil, refuseFields(fieldError{at, "field_not_allowed", "one of id, content and a part of the multipart body"})
	}
	if e.Content == "" {
		return part, nil
	}
	content, err := base64.StdEncoding.Strict().DecodeString(e.Content.Reveal())
	if err != nil {
		return nil, refuse("base64_malformed", "standard base64 with padding is expected").at(at + "/content")
	}
	return content, nil
}

func (r *newEvidenceRequest) announcement() verify.NewEvidence {
	return verify.NewEvidence{
		Kind: r.Kind, Side: r.Side, Length: r.Length, Digest: r.Digest, DeviceSerial: r.DeviceSerial,
		Attestor: r.Attestor, CapturedAt: instant(r.CapturedAt), PhoneToken: r.PhoneToken,
	}
}

func (r *stockRowRequest) row() verify.StockRow {
	return verify.StockRow{
		Document: r.Document.document(), Product: r.Product, ExternalRef: r.ExternalRef, State: r.State, OpenedAt: instant(r.OpenedAt),
	}
}

// instant reads a time that validation has passed; the zero time stands for none.
func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
