package main

import (
	"time"

	"realname/compliance/receipt/inspection"
)

type packageCmd struct {
	trust
	Dir string `arg:"" help:"${h_package_dir}"`
}

func (c *packageCmd) run(p printer) int {
	keys, err := c.keys()
	if err != nil {
		return p.unchecked("", err)
	}
	report, err := inspection.Verify(c.Dir, keys, p.progress())
	p.clearProgress()
	if err != nil {
		return p.unchecked("", err)
	}
	status, name := exitSound, "sound"
	if !report.Sound() {
		status, name = exitTampered, "tampered"
	}
	if p.json {
		p.printJSON(struct {
			verdict
			inspection.Report
		}{verdict{Verdict: name}, report})
		return status
	}
	if m := &report.Manifest; m.Origin != "" {
		p.line("log", visible(m.Origin))
		p.line("case", visible(m.Case), visible(m.LegalBasis))
		p.line("asked", visible(m.Tenant), m.From.Format(time.RFC3339), m.To.Format(time.RFC3339))
		p.line("holds", report.Events, m.FirstSeq, m.LastSeq, report.Decisions, report.Files)
	}
	for i, f := range report.Findings {
		p.line("numbered", i+1, p.words["k_"+string(f.Kind)])
		p.line("file", visible(f.File))
		if f.Row > 0 {
			p.line("row", f.Row)
		}
		if f.Detail != "" {
			p.line("found", visible(f.Detail))
		}
	}
	if report.Omitted > 0 {
		p.line("omitted", report.Omitted)
	}
	if report.Sound() {
		p.line("package_sound")
	} else {
		p.line("tampered", int64(len(report.Findings)))
	}
	return status
}

var packageWords = map[string]map[string]string{
	"en": {
		"h_package":     "Check an inspection package: manifest, every file, every event's receipt, the tenant's numbers, records and policies.",
		"h_package_dir": "Folder of the package.",
		"case":          "case      %s (%s)",
		"asked":         "asked     %s, from %s until %s",
		"holds":         "checked   %d events, numbers %d to %d, %d decisions, %d files",
		"numbered":      "\n%d. %s",
		"row":           "   row       %d",
		"package_sound": "\nSOUND: every event is in the log, none is missing between the first and the last, and no file was changed.",

		"k_package_manifest":   "The manifest is not signed by this key, or was changed after it was.",
		"k_package_missing":    "A file of the package is missing.",
		"k_package_altered":    "A file was changed after the package was made.",
		"k_package_unlisted":   "A file was put in that is not in the list.",
		"k_package_checkpoint": "The checkpoint is not signed by this key, or is not the one of this package.",
		"k_package_receipt":    "An event is not proven to be in the log.",
		"k_package_event":      "An event or its row says otherwise than the log.",
		"k_package_sequence":   "An event of the institution was left out, or one of another was put in.",
		"k_package_range":      "The event before the days is missing, so that more may be.",
		"k_package_record":     "A decision's record is not what its event commits to.",
		"k_package_policy":     "A policy that decisions rest on is missing, or another.",
	},
	"zh-CN": {
		"h_package":     "核验监管检查包：清单、每个文件、每个事件的回执、租户编号、决定记录与规则。",
		"h_package_dir": "检查包目录。",
		"case":          "案号      %s（%s）",
		"asked":         "申请范围  %s，自 %s 至 %s",
		"holds":         "已核验    %d 个事件，编号 %d 至 %d，%d 个决定，%d 个文件",
		"numbered":      "\n%d. %s",
		"row":           "   行        %d",
		"package_sound": "\n完好：每个事件均在日志中，首尾之间没有遗漏，文件均未改动。",

		"k_package_manifest":   "清单不是用此密钥签名的，或签名后被改动。",
		"k_package_missing":    "检查包缺少文件。",
		"k_package_altered":    "文件在检查包生成后被改动。",
		"k_package_unlisted":   "放入了清单之外的文件。",
		"k_package_checkpoint": "检查点不是用此密钥签名的，或不是此检查包的检查点。",
		"k_package_receipt":    "事件不能证明在日志中。",
		"k_package_event":      "事件或其索引行与日志不符。",
		"k_package_sequence":   "遗漏了该机构的事件，或混入了其他机构的事件。",
		"k_package_range":      "缺少范围之前的事件，可能另有遗漏。",
		"k_package_record":     "决定的记录与其事件所承诺的不符。",
		"k_package_policy":     "决定所依据的规则缺失或不符。",
	},
}
