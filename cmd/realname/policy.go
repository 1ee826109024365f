package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"realname/compliance"
	"realname/internal/app"
)

// policyCmd groups the commands on policies.
type policyCmd struct {
	Lint     policyLintCmd     `cmd:"" help:"Tell every fault of a policy file, and what is hardly meant."`
	At       policyAtCmd       `cmd:"" help:"Show the clauses in force on a date, by scene."`
	Test     policyTestCmd     `cmd:"" help:"Try example cases: facts, and what must be decided."`
	Coverage policyCoverageCmd `cmd:"" help:"Tell which clauses no example and no stored decision touches."`
	Table    policyTableCmd    `cmd:"" help:"Write the page that says which example shows which clause."`
	Diff     policyDiffCmd     `cmd:"" help:"Tell what changes, for whom, from one policy to another."`
	Explain  policyExplainCmd  `cmd:"" help:"Say why a decision is what it is, what would lift it, and where to object."`
	Replay   policyReplayCmd   `cmd:"" help:"Decide stored history again under another policy, and change nothing."`

	Draft    policyDraftCmd    `cmd:"" help:"Keep a policy in the ledger, as a draft."`
	Check    policyCheckCmd    `cmd:"" help:"Try a draft on its examples."`
	Shadow   policyShadowCmd   `cmd:"" help:"Evaluate a checked policy beside the live one, or show what that found."`
	Propose  policyProposeCmd  `cmd:"" help:"Propose that a policy goes live at an instant."`
	Approve  policyApproveCmd  `cmd:"" help:"Approve what another operator proposed."`
	Withdraw policyWithdrawCmd `cmd:"" help:"Stop a policy before it is live."`
	List     policyListCmd     `cmd:"" help:"Tell where every policy stands, by whom and when."`
}

// policyOutput is how the commands on policies answer.
type policyOutput struct {
	Lang string `help:"zh or en (default: by LC_ALL, LC_MESSAGES, LANG; else zh)." enum:"zh,en,auto" default:"auto"`
	JSON bool   `name:"json" help:"Print JSON."`
}

// word is a text in the language asked for.
func (o policyOutput) word(key string) string { return policyWords[key].In(o.language()) }

func (o policyOutput) language() string {
	if o.Lang == "auto" || o.Lang == "" {
		return languageOf(os.Getenv)
	}
	return o.Lang
}

func (o policyOutput) yes(text string, is bool) string {
	if !is {
		return ""
	}
	return text
}

// write prints a value as JSON, or its text.
func (o policyOutput) write(t console, value any, text func(out *strings.Builder)) error {
	if o.JSON {
		return json.NewEncoder(t.out).Encode(value)
	}
	var out strings.Builder
	text(&out)
	_, err := io.WriteString(t.out, out.String())
	return err
}

// failure is what ends a command with status 1 once its answer is written.
type failure string

func (f failure) Error() string { return string(f) }

// faults prints the faults of a file, and ends in a failure; every other error stays as it is.
func (o policyOutput) faults(t console, err error) error {
	list := app.PolicyFaults(err)
	if len(list) == 0 {
		return err
	}
	if err := o.write(t, map[string]any{"faults": list}, func(out *strings.Builder) {
		for _, f := range list {
			out.WriteString(f.Error() + "\n")
		}
	}); err != nil {
		return err
	}
	return failure(fmt.Sprintf(o.word("faults"), len(list)))
}

// ledgerFlag is the configuration of a gateway whose decisions are read.
type ledgerFlag struct {
	Config string `help:"Configuration of a gateway, whose stored decisions count too." type:"existingfile" placeholder:"FILE"`
}

// operate opens the ledger; nil without a configuration.
func (f ledgerFlag) operate(ctx context.Context, do func(o *app.Operator) error) error {
	if f.Config == "" {
		return do(nil)
	}
	return operate(ctx, configFlag(f), do)
}

// pace tells how many decisions are done.
func (c console) pace() (tell func(done, all int), finish func()) { return c.counter("decisions") }

// counter tells how many things are done: a bar on a terminal, else a line now and then.
func (c console) counter(what string) (tell func(done, all int), finish func()) {
	var bar *progress
	told := c.now()
	tell = func(done, all int) {
		if bar == nil && c.watched && !c.shown {
			bar = newCounter(int64(all), c.notes)
		}
		bar.at(int64(done))
		if now := c.now(); bar == nil && now.Sub(told) >= simulationPace {
			told = now
			_, _ = fmt.Fprintf(c.notes, "realname: %d of %d %s\n", done, all, what) // telling progress is worth no error
		}
	}
	return tell, func() { bar.finish() }
}

// article is where a clause stands, and whether anybody read it there.
func (o policyOutput) article(article string, unverified bool) string {
	where := ""
	if article != "" {
		where = fmt.Sprintf(o.word("article"), article)
	}
	if unverified {
		where = strings.TrimSpace(where + " [" + o.word("unverified") + "]")
	}
	return where
}

func (o policyOutput) span(d time.Duration) string {
	if d > 0 && d%time.Hour == 0 {
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return d.String()
}

var policyWords = map[string]compliance.Text{
	"from":         {ZH: "自 %s 起生效\n", EN: "from %s\n"},
	"decides":      {ZH: "（正在生效）", EN: " (decides now)"},
	"shadowed_n":   {ZH: "    影子运行：相同 %d，不同 %d\n", EN: "    in shadow: %d the same, %d otherwise\n"},
	"own_not_live": {ZH: "\n本版本或配置自带的规则未生效：%s\n", EN: "\nThe policy of this release or configuration is not live: %s\n"},
	"day":          {ZH: "日期", EN: "day"},
	"difference":   {ZH: "差异", EN: "difference"},
	"would":        {ZH: "实际 → 影子", EN: "decided → would be"},

	"article":    {ZH: "第%s条", EN: "art. %s"},
	"unverified": {ZH: "未核对 unverified", EN: "unverified"},
	"faults":     {ZH: "%d 处错误", EN: "%d faults"},
	"none":       {ZH: "没有变化。", EN: "Nothing changes."},

	"lint":            {ZH: "%s（%s）：%d 条条款，其中 %d 条未核对 (unverified)，%d 条提醒\n", EN: "%s (%s): %d clauses, %d of them unverified, %d warnings\n"},
	"no_product":      {ZH: "所列产品都不属于该条款的场景，条款永不适用：", EN: "no product of it is of a scene of the clause, so that it is never in force: "},
	"idle_product":    {ZH: "所列产品不属于该条款的场景：", EN: "a product of no scene of the clause: "},
	"no_opening":      {ZH: "限额只在不产生开户的事件上计数：", EN: "it counts openings at events that open nothing: "},
	"condition_never": {ZH: "条件永不成立：", EN: "the condition never holds: "},
	"condition_always": {
		ZH: "条件永远成立，可以删去：", EN: "the condition always holds and may go: ",
	},
	"shadowed":        {ZH: "另一条款总是同样或更严，本条不起作用：", EN: "another clause always says the same or more: "},
	"scene_uncovered": {ZH: "没有任何要求覆盖该场景，其申请都转人工：", EN: "no requirement covers the scene, whose requests all go to review: "},

	"at":       {ZH: "%s 生效的条款，规则 %s（%s）\n", EN: "clauses in force on %s, policy %s (%s)\n"},
	"every":    {ZH: "所有场景", EN: "every scene"},
	"unacted":  {ZH: "不由条款执行的规定", EN: "rows of regulation that no clause acts on"},
	"since":    {ZH: "自 %s", EN: "from %s"},
	"until":    {ZH: "至 %s", EN: "to %s"},
	"only":     {ZH: "仅限 %s: %s", EN: "only %s: %s"},
	"when":     {ZH: "条件 %s", EN: "when %s"},
	"carves":   {ZH: "适用时，不适用 %s", EN: "puts aside %s where it applies"},
	"demands":  {ZH: "要求 %s", EN: "demands %s"},
	"or":       {ZH: " 或 ", EN: " or "},
	"after":    {ZH: "，在 %s 通过之后", EN: ", once %s has passed"},
	"limit":    {ZH: "限额 %s：每 %s 至多 %d（%s，产品 %s，状态 %s）", EN: "limit %s: at most %[3]d %[4]s per %[2]s of %[5]s that are %[6]s"},
	"ownlimit": {ZH: "，由租户自设", EN: ", where the tenant sets it"},
	"window":   {ZH: "频次 %s：每 %s 在 %s 内至多 %d 次（%s），否则 %s", EN: "velocity %s: per %s within %s at most %d %s, else %s"},
	"measure":  {ZH: "惩戒 %s：自认定之日起的年数 %s；期内 %s，理由 %s", EN: "measure %s: for years from the determination (%s) %s with %s"},
	"inarow":   {ZH: "；连续执行至多 %d 年", EN: "; in a row %d years at most"},
	"basic":    {ZH: "；名下没有 %s 的转人工", EN: "; whoever holds no %s goes to review"},
	"deny":     {ZH: "拒绝，理由 %s", EN: "refuses with %s"},
	"review":   {ZH: "转人工，理由 %s", EN: "sends to review with %s"},
	"pending":  {ZH: "待定至多 %s", EN: "pending for %s at most"},
	"approval": {ZH: "批准在 %s 内有效", EN: "an approval is good for %s"},
	"keeps":    {ZH: "关系终止后保存 %d 年：%s", EN: "keeps for %d years after the end: %s"},

	"table": {ZH: "# 条款与案例\n\n由 `realname policy table` 生成，勿手工修改。规则 %s：%d 条条款，%d 条规定不由条款执行。\n\n| 规则 | 条款 | 条 | 生效日期 | 类别 | 案例 |\n|---|---|---|---|---|---|\n",
		EN: "# Clauses, and the examples that show them\n\nWritten by `realname policy table`: change the policy or its examples, never this page. Policy %s: %d clauses, and\n%d rules on which no clause acts. Examples stand in `compliance/policy/builtin_test.yaml` and are tried by `realname policy test`.\n\n| rule | clause | article | in force | kind | shown by |\n|---|---|---|---|---|---|\n"},
	"untable": {ZH: "| 规则 | 为何没有条款 |\n|---|---|", EN: "| rule | why no clause acts on it |\n|---|---|"},
	"unread":  {ZH: "（未核对）", EN: " (unverified)"},
	"unshown": {ZH: "**没有案例**", EN: "**no example**"},
	"more":    {ZH: "；另有 %d 个", EN: "; %d more"},

	"tried":  {ZH: "%d 个案例，%d 个不符\n", EN: "%d cases, %d otherwise\n"},
	"wrong":  {ZH: "    %s：应为 %q，实为 %q\n", EN: "    %s: want %q, got %q\n"},
	"failed": {ZH: "%d 个案例不符", EN: "%d cases otherwise"},

	"covered":   {ZH: "%d 条条款中，%d 条没有案例触及", EN: "of %d clauses, no example touches %d"},
	"decided":   {ZH: "，%d 条没有已存决定触及", EN: ", no stored decision %d"},
	"clause":    {ZH: "条款", EN: "clause"},
	"kind":      {ZH: "类别", EN: "kind"},
	"cases":     {ZH: "案例", EN: "examples"},
	"decisive":  {ZH: "起决定作用", EN: "decisive"},
	"decisions": {ZH: "决定", EN: "decisions"},
	"untouched": {ZH: "未被案例触及", EN: "no example touches it"},
	"unstored":  {ZH: "未被决定触及", EN: "no decision touches it"},

	"added":   {ZH: "新增", EN: "added"},
	"removed": {ZH: "删除", EN: "removed"},
	"ended":   {ZH: "终止", EN: "ended"},
	"changed": {ZH: "变更", EN: "changed"},
	"for":     {ZH: "涉及 %s", EN: "for %s"},
	"differ":  {ZH: "\n%d 个案例中，%d 个结果不同：\n", EN: "\nof %d cases, %d come out otherwise:\n"},

	"replayed": {ZH: "规则 %s（%s）：重新判断 %d 项决定\n", EN: "policy %s (%s): %d decisions decided again\n"},
	"same":     {ZH: "相同 %d，不同 %d，事实缺失 (fact_missing) %d\n", EN: "%d the same, %d otherwise, %d fact_missing\n"},
	"erased":   {ZH: "其中 %d 项的个人信息已删除 (erased)\n", EN: "%d of them erased: their personal data is gone\n"},
	"own":      {ZH: "以本规则作出的 %d 项中，%d 项逐字节重现\n", EN: "of %d decided under this very policy, %d are reproduced to the byte\n"},
	"not_own":  {ZH: "未能重现", EN: "not reproduced"},
	"changes":  {ZH: "不同的结果", EN: "decided otherwise"},
	"missing":  {ZH: "从未保存的事实", EN: "facts that were never kept"},
	"scene":    {ZH: "场景", EN: "scene"},
	"tenant":   {ZH: "租户", EN: "tenant"},
	"reason":   {ZH: "理由", EN: "reason"},
	"gained":   {ZH: "增加", EN: "gained"},
	"lost":     {ZH: "减少", EN: "lost"},
	"other":    {ZH: "不同", EN: "otherwise"},
	"goon":     {ZH: "中断；以 --after %s 继续", EN: "interrupted; go on with --after %s"},
	"unproved": {ZH: "%d 项决定未能重现", EN: "%d decisions are not reproduced"},
}
