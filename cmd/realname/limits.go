package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/mattn/go-runewidth"

	"realname/compliance"
	"realname/internal/app"
)

// limitsCmd groups the commands on count limits.
type limitsCmd struct {
	Show limitsShowCmd `cmd:"" help:"Tell what a person has used of every limit, of what, until when, under which clause."`

	Simulate limitsSimulateCmd `cmd:"" help:"Play a history of openings against a policy."`
}

// limitsShowCmd tells about one person. Its output holds no document, only counts.
type limitsShowCmd struct {
	configFlag
	Tenant     string `help:"Id of the tenant as whose requests the counts are made." required:"" placeholder:"tnt_…"`
	Person     string `help:"Id of the person (default: a document as JSON on standard input)." placeholder:"prs_…"`
	Purpose    string `help:"Why the person is looked up, in a word such as counter_enquiry: it is recorded." required:""`
	LegalBasis string `help:"What allows it, in a word such as contract: it is recorded." required:""`
	Lang       string `help:"zh or en (default: by LC_ALL, LC_MESSAGES, LANG; else zh)." enum:"zh,en,auto" default:"auto"`
	JSON       bool   `name:"json" help:"Print the answer of POST /v1/limits as JSON."`
}

// Help gives examples.
func (*limitsShowCmd) Help() string {
	return `    $ realname limits show --config realname.yaml --tenant tnt_… --person prs_… \
        --purpose counter_enquiry --legal-basis contract
    $ realname limits show … < document.json

The document is {"kind":"resident_id","number":"…"}, with issuing_state for a passport; "phone" is
needed by families that count persons by phone number. A person whom nobody knows has used nothing.
Who asked and why is an event of the audit log; about whom is not.`
}

// Run tells; a person at a limit is no error.
func (c *limitsShowCmd) Run(ctx context.Context, k *kong.Context) error {
	if c.Lang == "auto" {
		c.Lang = languageOf(os.Getenv)
	}
	return c.run(ctx, newConsole(k))
}

var askDocument = compliance.Text{
	ZH: "请输入证件的 JSON（输入内容会显示），以 Ctrl-D 结束：\n", EN: "Document as JSON (shown as you type it), ended by Ctrl-D:\n",
}

func (c *limitsShowCmd) run(ctx context.Context, t console) error {
	asked := app.LimitQuery{PersonID: c.Person}
	if c.Person == "" {
		if t.prompted {
			_, _ = fmt.Fprint(t.notes, askDocument.In(c.Lang)) // a prompt that nobody sees is worth no error
		}
		var err error
		if asked, err = app.ReadPerson(t.in); err != nil {
			return err
		}
	}
	asked.Purpose, asked.LegalBasis = c.Purpose, c.LegalBasis
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		view, err := o.Limits(ctx, c.Tenant, asked)
		if err != nil {
			return err
		}
		if c.JSON {
			return app.EncodeLimits(t.out, view, c.Lang)
		}
		_, err = io.WriteString(t.out, limitsTable(view, c.Lang))
		return err
	})
}

// china is where the dates of clauses and the times of counters are.
var china = time.FixedZone("CST", 8*60*60)

var limitsWords = map[string]compliance.Text{
	"unknown":  {ZH: "账本中没有此人", EN: "a person whom nobody knows"},
	"at":       {ZH: "截至 %s（中国时间），规则 %s", EN: "as of %s (China), policy %s"},
	"none":     {ZH: "没有适用的限额。", EN: "No limit binds."},
	"family":   {ZH: "限额", EN: "family"},
	"used":     {ZH: "已用", EN: "used"},
	"of":       {ZH: "上限", EN: "of"},
	"reserved": {ZH: "其中预留", EN: "reserved"},
	"until":    {ZH: "最早到期", EN: "until"},
	"stock":    {ZH: "存量", EN: "stock"},
	"clause":   {ZH: "依据", EN: "clause"},
	"complete": {ZH: "完整", EN: "complete"},
	"missing":  {ZH: "未声明完整", EN: "not stated complete"},
	"article":  {ZH: "第%s条", EN: "art. %s"},
	"unread":   {ZH: "条文未核对", EN: "article unread"},
	"full":     {ZH: "已满：", EN: "full: "},
	"blocked":  {ZH: "无法计数：", EN: "cannot be counted: "},
	"granted":  {ZH: "例外 %s 可使下一次申请通过", EN: "exception %s lets the next request pass"},
	"needs":    {ZH: "未计数：缺少 %s", EN: "not counted without %s"},
	"or":       {ZH: "；或", EN: ", or "},
	"phone":    {ZH: "手机号码", EN: "a phone number"},
	"velocity": {ZH: "频次", EN: "velocity"},
	"within":   {ZH: "时间窗", EN: "within"},
	"frees":    {ZH: "何时有余量", EN: "room from"},
	"unasked":  {ZH: "未能查询", EN: "not_executed"},

	compliance.FreesClose:     {ZH: "注销一个", EN: "close one"},
	compliance.FreesRelease:   {ZH: "释放一个预留", EN: "release a reservation"},
	compliance.FreesLeaseEnds: {ZH: "等待预留到期", EN: "wait until a reservation ends"},
	compliance.FreesStock:     {ZH: "导入全部存量并声明完整", EN: "load the whole stock and state it complete"},
	compliance.FreesException: {ZH: "由两人批准例外", EN: "have two people grant an exception"},
}

// limitsTable is the table for people, with a line under each family that is full.
func limitsTable(v app.LimitView, lang string) string {
	word := func(key string) string { return limitsWords[key].In(lang) }
	person := v.PersonID
	if person == "" {
		person = word("unknown")
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s  "+word("at")+"\n\n", person, v.At.In(china).Format("2006-01-02 15:04"), v.PolicyDigest[:min(12, len(v.PolicyDigest))])
	if len(v.Limits)+len(v.Uncounted) == 0 {
		out.WriteString(word("none") + "\n")
		writeWindows(&out, v.Windows, word)
		return out.String()
	}
	rows := [][]string{{word("family"), word("used"), word("of"), word("reserved"), word("until"), word("stock"), word("clause")}}
	notes := []string{""}
	for _, l := range v.Limits {
		until, stock := "-", word("missing")
		if !l.Use.FreesAt.IsZero() {
			until = l.Use.FreesAt.In(china).Format("2006-01-02 15:04")
		}
		if l.StockComplete {
			stock = word("complete")
		}
		rows = append(rows, []string{
			l.Limit.Family, fmt.Sprint(l.Use.Used), fmt.Sprint(l.Use.Limit), fmt.Sprint(l.Use.Reserved), until, stock,
			clauseText(l.Clause.ID, l.Clause.Article, l.Clause.TitleZH, word),
		})
		notes = append(notes, limitNote(l, word))
	}
	for _, l := range v.Uncounted {
		rows = append(rows, []string{l.Limit.Family, "?", fmt.Sprint(l.Limit.Max), "?", "-", "-", clauseText(l.Clause.ID, l.Clause.Article, l.Clause.TitleZH, word)})
		needs := make([]string, len(l.Needs))
		for i, need := range l.Needs {
			needs[i] = word(need)
		}
		notes = append(notes, fmt.Sprintf(word("needs"), strings.Join(needs, ", ")))
	}
	writeColumns(&out, rows, notes)
	writeWindows(&out, v.Windows, word)
	return out.String()
}

// stretch is a length of time without the zeros at its end: 24h, 90m is 1h30m, 10s.
func stretch(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// writeWindows writes the table of sliding windows, if any.
func writeWindows(out *strings.Builder, windows []app.WindowUse, word func(string) string) {
	if len(windows) == 0 {
		return
	}
	rows := [][]string{{word("velocity"), word("used"), word("of"), word("within"), word("frees"), word("clause")}}
	for _, w := range windows {
		used, frees := fmt.Sprint(w.Use.Used), "-"
		if !w.Executed {
			used = word("unasked")
		}
		if !w.Use.FreesAt.IsZero() {
			frees = w.Use.FreesAt.In(china).Format("2006-01-02 15:04:05")
		}
		rows = append(rows, []string{
			w.Velocity.Name, used, fmt.Sprint(w.Velocity.Max), stretch(w.Velocity.Window), frees,
			w.Clause.ID + " " + w.Clause.TitleZH,
		})
	}
	out.WriteString("\n")
	writeColumns(out, rows, make([]string, len(rows)))
}

func clauseText(id, article, title string, word func(string) string) string {
	where := word("unread")
	if article != "" {
		where = fmt.Sprintf(word("article"), article)
	}
	return id + " " + where + " " + title
}

// limitNote says what would free a slot; empty where there is room.
func limitNote(l app.LimitUse, word func(string) string) string {
	if l.Use.Exception != "" {
		return fmt.Sprintf(word("granted"), l.Use.Exception)
	}
	ways := l.Frees()
	if len(ways) == 0 {
		return ""
	}
	texts := make([]string, len(ways))
	for i, way := range ways {
		texts[i] = word(way)
	}
	head := word("full")
	if !l.Use.Exceeded() {
		head = word("blocked")
	}
	return head + strings.Join(texts, word("or"))
}

// columns measures the same under every locale.
var columns = &runewidth.Condition{StrictEmojiNeutral: true}

// writeColumns writes rows whose columns begin one under the other, a wide character being two, each with its note below.
func writeColumns(out *strings.Builder, rows [][]string, notes []string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], columns.StringWidth(cell))
		}
	}
	for n, row := range rows {
		for i, cell := range row[:len(row)-1] {
			out.WriteString(cell + strings.Repeat(" ", widths[i]-columns.StringWidth(cell)+2))
		}
		out.WriteString(row[len(row)-1] + "\n")
		if notes[n] != "" {
			out.WriteString("    " + notes[n] + "\n")
		}
	}
}
