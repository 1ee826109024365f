package verify

import (
	"encoding/json"
	"sort"
	"strconv"
	"time"

	"realname/compliance"
	"realname/compliance/vault"
)

// clearRequest is the request with its personal data in clear. It exists in
// memory and under a seal, nowhere else.
type clearRequest struct {
	BizNo              string            `json:"biz_no"`
	Scene              string            `json:"scene"`
	Occasion           string            `json:"event"`
	Product            string            `json:"product"`
	OwnProduct         string            `json:"own_product,omitempty"`
	CustomerType       string            `json:"customer_type"`
	Parties            []clearParty      `json:"parties"`
	Channel            Channel           `json:"channel"`
	Network            string            `json:"network,omitempty"`
	Evidence           []clearEvidence   `json:"evidence"`
	Purpose            string            `json:"purpose"`
	LegalBasis         string            `json:"legal_basis"`
	NoticeVersion      string            `json:"notice_version"`
	ConsentRef         string            `json:"consent_ref"`
	LiabilityNoticeRef string            `json:"liability_notice_ref"`
	WantsOpening       bool              `json:"wants_opening"`
	ExternalRef        string            `json:"external_ref"`
	Consumes           string            `json:"consumes"`
	Predecessor        string            `json:"predecessor,omitempty"`
	LeaseSeconds       int64             `json:"lease_seconds,omitempty"`
	Salts              map[string][]byte `json:"salts,omitempty"` // of the commitments, by field
}

type clearParty struct {
	Role         string `json:"role"`
	Kind         string `json:"kind"`
	Number       string `json:"number"`
	IssuingState string `json:"issuing_state"`
	ValidFrom    string `json:"valid_from"`
	ValidTo      string `json:"valid_to"`
	BirthDate    string `json:"birth_date,omitempty"` // left out, so that digests of before it was asked stay
	Sex          string `json:"sex,omitempty"`
	Nationality  string `json:"nationality,omitempty"`
	Name         string `json:"name"`
	Phone        string `json:"phone"`
	Account      string `json:"bank_account,omitempty"`
	Relation     string `json:"relation"`
	Authority    string `json:"authority"`
}

type clearEvidence struct {
	ID           string    `json:"id"`
	Kind         string    `json:"kind"`
	Side         string    `json:"side"`
	Result       string    `json:"result"`
	DeviceSerial string    `json:"device_serial"`
	Attestor     string    `json:"attestor"`
	CapturedAt   time.Time `json:"captured_at"`
	Digest       string    `json:"digest"`
	Locator      string    `json:"locator"`
}

func inClear(ask OpeningRequest, wantsOpening bool) clearRequest {
	r := ask.Request
	out := clearRequest{
		BizNo: r.BizNo, Scene: string(r.Scene), Occasion: string(r.Occasion), Product: r.Product, OwnProduct: r.OwnProduct, CustomerType: r.CustomerType,
		Channel: r.Channel, Purpose: r.Purpose, LegalBasis: r.LegalBasis, NoticeVersion: r.NoticeVersion,
		ConsentRef: r.ConsentRef, LiabilityNoticeRef: r.LiabilityNoticeRef,
		WantsOpening: wantsOpening, ExternalRef: ask.ExternalRef, Consumes: ask.VerificationID,
		Network: r.Channel.Network.Reveal(), Predecessor: ask.PredecessorID, LeaseSeconds: int64(ask.Lease / time.Second),
	}
	for _, p := range r.Parties {
		out.Parties = append(out.Parties, clearParty{
			Role: string(p.Role), Kind: p.Document.Kind, Number: p.Document.Number.Reveal(), IssuingState: p.Document.IssuingState,
			ValidFrom: p.Document.ValidFrom, ValidTo: p.Document.ValidTo, BirthDate: p.Document.BirthDate.Reveal(),
			Sex: p.Document.Sex.Reveal(), Nationality: p.Document.Nationality.Reveal(), Name: p.Name.Reveal(), Phone: p.Phone.Reveal(), Account: p.Account.Reveal(),
			Relation: p.Relation, Authority: p.Authority,
		})
	}
	out.Evidence = evidenceInClear(r.Evidence)
	return out
}

func evidenceInClear(evidence []Evidence) []clearEvidence {
	var out []clearEvidence
	for _, e := range evidence {
		digest := e.Digest
		if len(e.Content) > 0 {
			digest = compliance.Digest(e.Content)
		}
		out = append(out, clearEvidence{
			ID: e.ID, Kind: string(e.Kind), Side: e.Side, Result: string(e.Result), DeviceSerial: e.DeviceSerial,
			Attestor: e.Attestor, CapturedAt: e.CapturedAt.UTC(), Digest: digest, Locator: e.Locator,
		})
	}
	return out
}

func (c clearRequest) ask() OpeningRequest {
	r := Request{
		BizNo: c.BizNo, Scene: compliance.Scene(c.Scene), Occasion: compliance.Occasion(c.Occasion), Product: c.Product,
		OwnProduct: c.OwnProduct, CustomerType: c.CustomerType, Channel: c.Channel, Purpose: c.Purpose, LegalBasis: c.LegalBasis,
		NoticeVersion: c.NoticeVersion, ConsentRef: c.ConsentRef, LiabilityNoticeRef: c.LiabilityNoticeRef,
	}
	r.Channel.Network = Secret(c.Network)
	for _, p := range c.Parties {
		r.Parties = append(r.Parties, Party{
			Role: compliance.PartyRole(p.Role), Name: Secret(p.Name), Phone: Secret(p.Phone), Account: Secret(p.Account), Relation: p.Relation, Authority: p.Authority,
			Document: Document{
				Kind: p.Kind, Number: Secret(p.Number), IssuingState: p.IssuingState, ValidFrom: p.ValidFrom, ValidTo: p.ValidTo,
				BirthDate: Secret(p.BirthDate), Sex: Secret(p.Sex), Nationality: Secret(p.Nationality),
			},
		})
	}
	for _, e := range c.Evidence {
		r.Evidence = append(r.Evidence, Evidence{
			ID: e.ID, Kind: compliance.EvidenceKind(e.Kind), Side: e.Side, Result: compliance.CheckResult(e.Result),
			DeviceSerial: e.DeviceSerial, Attestor: e.Attestor, CapturedAt: e.CapturedAt, Digest: e.Digest, Locator: e.Locator,
		})
	}
	return OpeningRequest{Request: r, VerificationID: c.Consumes, ExternalRef: c.ExternalRef, PredecessorID: c.Predecessor, Lease: time.Duration(c.LeaseSeconds) * time.Second}
}

const sealedField = "request"

func sealRequest(s *vault.Sealer, decisionID string, version int, c clearRequest) ([]byte, error) {
	plain, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return s.Seal(sealedField, sealRecord(decisionID, version), plain)
}

func openRequest(s *vault.Sealer, row DecisionRow) (clearRequest, error) {
	var c clearRequest
	plain, err := s.Open(sealedField, sealRecord(row.Decision.ID, row.Decision.Version), row.Sealed)
	if err != nil {
		return c, err
	}
	err = json.Unmarshal(plain, &c)
	return c, err
}

func sealRecord(decisionID string, version int) string {
	return decisionID + "#" + strconv.Itoa(version)
}

// commitInputs commits to each input of the request, so that one of them can
// be disclosed and proved without the others.
func (s *Service) commitInputs(c *clearRequest) ([]compliance.Commitment, error) {
	inputs := c.inputs()
	fields := make([]string, 0, len(inputs))
	for f := range inputs {
		fields = append(fields, f)
	}
	sort.Strings(fields)
	c.Salts = map[string][]byte{}
	out := make([]compliance.Commitment, 0, len(fields))
	for _, f := range fields {
		commitment, salt, err := s.o.Vault.Commitment(f, []byte(inputs[f]))
		if err != nil {
			return nil, err
		}
		c.Salts[f] = salt
		out = append(out, commitment)
	}
	return out, nil
}

// inputs are what is committed to, by field.
func (c *clearRequest) inputs() map[string]string {
	inputs := map[string]string{}
	for i, p := range c.Parties {
		party := "party." + strconv.Itoa(i) + "." + p.Role
		inputs[party+".document"] = p.Kind + ":" + p.IssuingState + ":" + p.Number
		inputs[party+".name"] = p.Name
		if p.BirthDate+p.Sex+p.Nationality != "" {
			inputs[party+".claims"] = p.BirthDate + ":" + p.Sex + ":" + p.Nationality
		}
	}
	for i, e := range c.Evidence {
		if e.Digest != "" {
			inputs["evidence."+strconv.Itoa(i)+"."+e.Kind] = e.Digest
		}
	}
	return inputs
}
