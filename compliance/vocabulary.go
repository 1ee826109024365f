package compliance

// Scene is why we are asked.
type Scene string

// The scenes.
const (
	SceneSignup            Scene = "signup"
	ScenePhoneCard         Scene = "phone_card"
	SceneIoTCard           Scene = "iot_card"
	SceneBankAccount       Scene = "bank_account"
	ScenePaymentAccount    Scene = "payment_account"
	SceneEnterpriseAccount Scene = "enterprise_account"
	SceneReverification    Scene = "reverification"
)

// Scenes lists every scene.
func Scenes() []Scene {
	return []Scene{
		SceneSignup, ScenePhoneCard, SceneIoTCard, SceneBankAccount, ScenePaymentAccount, SceneEnterpriseAccount, SceneReverification,
	}
}

// Occasion is what happens to the card or account; the API calls it `event`.
type Occasion string

// The occasions.
const (
	OccasionOpen       Occasion = "open"
	OccasionReplaceSIM Occasion = "replace_sim" // 补换卡
	OccasionTransfer   Occasion = "transfer"    // 过户
	OccasionPortIn     Occasion = "port_in"
	OccasionPortOut    Occasion = "port_out"
	OccasionReclass    Occasion = "reclass"
	OccasionInfoChange Occasion = "info_change"
	OccasionActivate   Occasion = "activate"
	OccasionReverify   Occasion = "reverify"
	OccasionClose      Occasion = "close"
)

// Occasions lists every occasion.
func Occasions() []Occasion {
	return []Occasion{
		OccasionOpen, OccasionReplaceSIM, OccasionTransfer, OccasionPortIn, OccasionPortOut, OccasionReclass,
		OccasionInfoChange, OccasionActivate, OccasionReverify, OccasionClose,
	}
}

// PartyRole is the part that a person or unit plays in a request.
type PartyRole string

// The roles of parties. A channel agent (代理商) is a Channel, not a party.
const (
	RoleHolder              PartyRole = "holder"
	RoleProxy               PartyRole = "proxy" // 代办人
	RoleGuardian            PartyRole = "guardian"
	RoleUnit                PartyRole = "unit" // 单位
	RoleLegalRepresentative PartyRole = "legal_representative"
	RoleHandler             PartyRole = "handler"            // 经办人
	RoleResponsiblePerson   PartyRole = "responsible_person" // 责任人
	RoleActualUser          PartyRole = "actual_user"        // 使用人
	RoleBeneficialOwner     PartyRole = "beneficial_owner"
)

// Parts that a velocity may run over beside the roles of parties.
const (
	PartPhone        = "phone"        // the holder's phone number
	PartBankAccount  = "bank_account" // that the holder binds
	PartChannelAgent = "channel_agent"
	PartOutlet       = "outlet"
	PartClerk        = "clerk"
	PartTerminal     = "terminal"
	PartDevice       = "device"  // that attested something
	PartNetwork      = "network" // prefix of the applicant's address
	PartTenant       = "tenant"
)

// PartyRoles lists every role of a party.
func PartyRoles() []PartyRole {
	return []PartyRole{
		RoleHolder, RoleProxy, RoleGuardian, RoleUnit, RoleLegalRepresentative, RoleHandler, RoleResponsiblePerson,
		RoleActualUser, RoleBeneficialOwner,
	}
}

// ChannelKind says whether the applicant stands before a clerk.
type ChannelKind string

// The kinds of channel.
const (
	ChannelOnline   ChannelKind = "online"
	ChannelPhysical ChannelKind = "physical"
)

// ChannelKinds lists every kind of channel.
func ChannelKinds() []ChannelKind { return []ChannelKind{ChannelOnline, ChannelPhysical} }

// EvidenceKind is what a piece of evidence is.
type EvidenceKind string

// The kinds of evidence.
const (
	EvidenceChipRead          EvidenceKind = "chip_read"
	EvidenceDocumentPhoto     EvidenceKind = "document_photo"
	EvidenceManualEntry       EvidenceKind = "manual_entry"
	EvidenceLiveVideo         EvidenceKind = "live_video"
	EvidenceOnsitePortrait    EvidenceKind = "onsite_portrait"
	EvidencePortraitMatch     EvidenceKind = "portrait_match"
	EvidenceAuthorityResult   EvidenceKind = "authority_result"
	EvidenceNetworkID         EvidenceKind = "network_id"
	EvidenceAuthorisation     EvidenceKind = "authorisation"
	EvidenceAuxiliaryDocument EvidenceKind = "auxiliary_document"
)

// EvidenceKinds lists every kind of evidence.
func EvidenceKinds() []EvidenceKind {
	return []EvidenceKind{
		EvidenceChipRead, EvidenceDocumentPhoto, EvidenceManualEntry, EvidenceLiveVideo, EvidenceOnsitePortrait,
		EvidencePortraitMatch, EvidenceAuthorityResult, EvidenceNetworkID, EvidenceAuthorisation, EvidenceAuxiliaryDocument,
	}
}

// TenantRole is what a credential may do.
type TenantRole string

// The roles of credentials.
const (
	RoleTenant    TenantRole = "tenant"    // asks for decisions, sees its own
	RoleRegulator TenantRole = "regulator" // reads log and receipts of its sector and region
)

// Sector is the trade that a tenant is supervised in.
type Sector string

// The sectors.
const (
	SectorInternet  Sector = "internet"
	SectorTelecom   Sector = "telecom"
	SectorBanking   Sector = "banking"
	SectorPayment   Sector = "payment"
	SectorRegulator Sector = "regulator"
)

// Sectors lists every sector, that of regulators included.
func Sectors() []Sector {
	return []Sector{SectorInternet, SectorTelecom, SectorBanking, SectorPayment, SectorRegulator}
}

// CheckResult is the result of one check; a check is never silently absent.
type CheckResult string

// The six results.
const (
	Passed        CheckResult = "passed"
	Failed        CheckResult = "failed"
	Warning       CheckResult = "warning"
	Inconclusive  CheckResult = "inconclusive" // no record, no photo on file
	NotApplicable CheckResult = "not_applicable"
	NotExecuted   CheckResult = "not_executed"
)

// CheckResults lists the six results.
func CheckResults() []CheckResult {
	return []CheckResult{Passed, Failed, Warning, Inconclusive, NotApplicable, NotExecuted}
}

// Names of the checks that policy clauses refer to.
const (
	CheckNumber            = "number"              // the number follows its standard
	CheckDocumentData      = "document_data"       // dates and claims agree with the number, its zone and the law's terms
	CheckDocumentPhoto     = "document_photo"      // the photo shows a real card of the right side
	CheckPhotoNumber       = "photo_number"        // the number on the card is the number claimed
	CheckPhotoName         = "photo_name"          // the name on the card is the name claimed
	CheckChipRead          = "chip_read"           // the card's chip was read by a device
	CheckNetwork           = "network_check"       // an authority confirms number and name (联网核查)
	CheckLiveVideo         = "live_video"          // a live person was seen by video on an online channel
	CheckPortraitMatch     = "portrait_match"      // the person present is the person of the document
	CheckProxyNumber       = "proxy_number"        // the proxy's number follows its standard
	CheckProxyDocumentData = "proxy_document_data" // as document_data, of the proxy's document
	CheckProxyNetwork      = "proxy_network"       // an authority confirms the proxy
	CheckUnitNumber        = "unit_number"         // the unit's registration number follows its standard
	CheckAuthorisation     = "authorisation"       // the proxy is authorised
	CheckLiabilityShown    = "liability_shown"     // the liability notice was shown
)

// Outcome is how one verification ends.
type Outcome string

// The outcomes. Review and Pending are settled by a second version.
const (
	Approved Outcome = "approved"
	Rejected Outcome = "rejected"
	Review   Outcome = "review"
	Pending  Outcome = "pending"
)

// Final reports whether no further version may follow.
func (o Outcome) Final() bool { return o == Approved || o == Rejected }

// Ground is why an authority determined that measures are taken against a person (惩戒对象的认定事由).
type Ground string

// The grounds of the joint-punishment measures of 2024 and of the notices of the central bank before them.
const (
	GroundCriminal        Ground = "criminal"          // punished for telecom fraud or a crime linked to it
	GroundTrade           Ground = "trade"             // 买卖、出租、出借: cards, lines or accounts sold, leased or lent
	GroundOrganising      Ground = "organising"        // had others buy, sell, lease or lend them
	GroundRealNameHelp    Ground = "real_name_help"    // helped others through real-name verification
	GroundImpersonation   Ground = "impersonation"     // opened in another's name
	GroundFictitiousAgent Ground = "fictitious_agency" // opened by a made-up relation of agency
)

// Grounds lists every ground.
func Grounds() []Ground {
	return []Ground{GroundCriminal, GroundTrade, GroundOrganising, GroundRealNameHelp, GroundImpersonation, GroundFictitiousAgent}
}
