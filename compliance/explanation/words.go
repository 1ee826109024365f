package explanation

import "realname/compliance"

// checkNames are the checks of the built-in policy, as a reader who does not know the gateway calls them.
var checkNames = map[string]compliance.Text{
	"number":              {ZH: "证件号码符合编码规则", EN: "the document number follows its standard"},
	"document_data":       {ZH: "证件号码与出生日期、性别、有效期等相符", EN: "the document's data agree with its number"},
	"document_photo":      {ZH: "证件照片", EN: "the photo of the document"},
	"photo_number":        {ZH: "照片上的号码与填写的一致", EN: "the number on the photo is the one that was typed"},
	"photo_name":          {ZH: "照片上的姓名与填写的一致", EN: "the name on the photo is the one that was typed"},
	"chip_read":           {ZH: "读取证件芯片", EN: "the document's chip is read"},
	"network_check":       {ZH: "联网核查姓名与号码", EN: "name and number are confirmed by the authority"},
	"live_video":          {ZH: "在线视频实人核验", EN: "a live person is seen by video"},
	"portrait_match":      {ZH: "人像比对", EN: "the person present is the person of the document"},
	"proxy_number":        {ZH: "代办人证件号码符合编码规则", EN: "the proxy's document number follows its standard"},
	"proxy_document_data": {ZH: "代办人证件信息与号码相符", EN: "the data of the proxy's document agree with its number"},
	"proxy_network":       {ZH: "联网核查代办人", EN: "the proxy is confirmed by the authority"},
	"unit_number":         {ZH: "单位代码符合编码规则", EN: "the unit's number follows its standard"},
	"authorisation":       {ZH: "授权委托书", EN: "the authorisation of the proxy"},
	"liability_shown":     {ZH: "已提示法律责任", EN: "the customer was told of the legal liability"},
}

var evidenceNames = map[compliance.EvidenceKind]compliance.Text{
	compliance.EvidenceChipRead:          {ZH: "芯片读取结果", EN: "the chip's reading"},
	compliance.EvidenceDocumentPhoto:     {ZH: "证件照片", EN: "the photo of the document"},
	compliance.EvidenceManualEntry:       {ZH: "手工录入", EN: "the manual entry"},
	compliance.EvidenceLiveVideo:         {ZH: "在线视频", EN: "the video"},
	compliance.EvidenceOnsitePortrait:    {ZH: "现场照片", EN: "the portrait taken on site"},
	compliance.EvidencePortraitMatch:     {ZH: "人像比对结果", EN: "the portrait comparison"},
	compliance.EvidenceAuthorityResult:   {ZH: "核查结果", EN: "the authority's result"},
	compliance.EvidenceNetworkID:         {ZH: "网络身份凭证", EN: "the network identity"},
	compliance.EvidenceAuthorisation:     {ZH: "授权委托书", EN: "the authorisation"},
	compliance.EvidenceAuxiliaryDocument: {ZH: "辅助证件", EN: "the second document"},
}

// results are what a finding holds: results of checks, and the policy's own words.
var results = map[string]compliance.Text{
	"passed":         {ZH: "通过", EN: "passed"},
	"failed":         {ZH: "不通过", EN: "failed"},
	"warning":        {ZH: "存疑", EN: "doubtful"},
	"inconclusive":   {ZH: "无结论", EN: "inconclusive"},
	"not_applicable": {ZH: "不适用", EN: "not applicable"},
	"not_executed":   {ZH: "未执行", EN: "not executed"},
	"missing":        {ZH: "缺少", EN: "missing"},
	"true":           {ZH: "属于该情形", EN: "it is such a case"},
	"false":          {ZH: "不属于该情形", EN: "it is no such case"},
	"full":           {ZH: "已满", EN: "full"},
	"kept":           {ZH: "留存", EN: "kept"},
	"not_kept":       {ZH: "不留存", EN: "not kept"},
}

var words = map[string]compliance.Text{
	"approved": {ZH: "通过", EN: "approved"},
	"pending":  {ZH: "待定", EN: "pending"},
	"review":   {ZH: "人工复核", EN: "review by a person"},
	"rejected": {ZH: "不予办理", EN: "refused"},

	"or":           {ZH: " 或 ", EN: " or "},
	"room":         {ZH: "数量未达上限", EN: "the count is below the limit"},
	"pace":         {ZH: "频次未满：", EN: "the window has room: "},
	"keep":         {ZH: "留存", EN: "keep "},
	"no_review":    {ZH: "不属于须人工复核的情形", EN: "it is no case that a person must look at"},
	"no_denial":    {ZH: "不属于不予办理的情形", EN: "it is no case that is refused"},
	"other_check":  {ZH: "其他核验", EN: "another check"},
	"has_room":     {ZH: "未达上限", EN: "below the limit"},
	"full":         {ZH: "已达上限", EN: "the limit is reached"},
	"excepted":     {ZH: "已准予例外", EN: "an exception was granted"},
	"by_exception": {ZH: "，例外 ", EN: ", by exception "},

	"days":    {ZH: "%d 日内答复", EN: "it answers within %d days"},
	"no_days": {ZH: "该条未规定天数", EN: "the article sets no number of days"},

	"title":       {ZH: "核验 %s 第 %d 版：%s", EN: "verification %s, version %d: %s"},
	"about":       {ZH: "业务 %s，产品 %s；依据 %s 有效的条款，决定于 %s（中国时间）", EN: "scene %s, product %s; clauses in force on %s, decided at %s (China)"},
	"policy":      {ZH: "规则 %s", EN: "policy %s"},
	"lost":        {ZH: "注意：作出决定的规则文本不全，以下只列出决定中留存的内容。", EN: "Note: text of the policy that decided is lost; what follows is what the decision itself keeps."},
	"wait":        {ZH: "至迟等待至 %s（中国时间）", EN: "it waits until %s (China) at the latest"},
	"valid":       {ZH: "有效至 %s（中国时间）", EN: "valid until %s (China)"},
	"reasons":     {ZH: "理由与补救", EN: "Reasons and remedies"},
	"article":     {ZH: "依据：", EN: "article: "},
	"remedy":      {ZH: "补救：", EN: "remedy: "},
	"materials":   {ZH: "材料：", EN: "bring: "},
	"told_as":     {ZH: "对本人和柜员只告知：", EN: "person and clerk are told only: "},
	"ways":        {ZH: "异议与申诉", EN: "Where to object"},
	"channel":     {ZH: "渠道：", EN: "channel: "},
	"term":        {ZH: "期限：", EN: "term: "},
	"why":         {ZH: "为何是这个结果", EN: "Why this outcome"},
	"rest":        {ZH: "若无决定性的各项，其余各项的结果为“%s”。", EN: "Without what decided, the rest gives “%s”."},
	"clauses":     {ZH: "适用的条款", EN: "Clauses in force"},
	"since":       {ZH: "自 %s 起", EN: "since %s"},
	"decides":     {ZH: "（决定性）", EN: " (decides)"},
	"nth_article": {ZH: "第%s条", EN: "art. %s"},
	"unverified":  {ZH: "（条文未经核对）", EN: " (article unverified)"},
	"unexecuted":  {ZH: "未执行的核验", EN: "Checks not executed"},
	"velocities":  {ZH: "频次", EN: "Windows"},
	"photo_seen":  {ZH: "该照片曾用于另外 %d 人", EN: "the photo came with %d other persons"},
	"of":          {ZH: "%s：%d/%d", EN: "%s: %d of %d"},
	"wanted":      {ZH: "要求", EN: "wanted: "},
	"found":       {ZH: "；结果为：", EN: "; found: "},
	"colon":       {ZH: "：", EN: ": "},
	"list":        {ZH: "、", EN: "; "},
	"stop":        {ZH: "；", EN: "; "},

	"all_satisfied": {ZH: "适用的各项要求均已满足。", EN: "Every demand of the clauses in force is met."},
	"decided":       {ZH: "结果为“%s”，有 %d 项如此要求；各项中最严的一项即为结果。", EN: "The outcome is “%s”; findings that ask for it: %d. The strictest finding is the outcome."},
	"not_asked":     {ZH: "不是“%s”：没有任何一项如此要求。", EN: "Not “%s”: no finding asks for it."},
	"stricter":      {ZH: "不是“%s”：更严的有 %d 项。", EN: "Not “%s”: stricter findings: %d."},
}
