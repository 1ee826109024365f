package main

import "strings"

// language chooses among the languages of catalogue: --lang decides, then the locale.
func language(args []string, env func(string) string) string {
	chosen := ""
	for i, a := range args {
		if a == "--lang" && i+1 < len(args) {
			chosen = args[i+1]
		} else if v, ok := strings.CutPrefix(a, "--lang="); ok {
			chosen = v
		}
	}
	if _, ok := catalogue[chosen]; ok {
		return chosen
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := env(name); v != "" {
			if strings.HasPrefix(v, "zh") {
				return "zh-CN"
			}
			break
		}
	}
	return "en"
}

// catalogue holds every text, by language: those below and those that stand beside the commands.
var catalogue = combine(general, trustWords, disclosureWords, sourceWords, consistencyWords, monitorWords, packageWords, witnessWords)

// combine puts several catalogues together; a key belongs to one of them.
func combine(list ...map[string]map[string]string) map[string]map[string]string {
	out := make(map[string]map[string]string)
	for _, one := range list {
		for lang, words := range one {
			if out[lang] == nil {
				out[lang] = make(map[string]string)
			}
			for key, text := range words {
				if _, taken := out[lang][key]; taken {
					panic("realname-audit: two texts for " + key)
				}
				out[lang][key] = text
			}
		}
	}
	return out
}

// general are the texts of all commands; h_ are of the help, k_ the kinds of package receipt.
var general = map[string]map[string]string{
	"en": {
		"h_program": "Checks the audit log of a realname gateway, offline, trusting nobody but the log's public key.\n\n" +
			"Exit status: 0 sound, 1 tampered with (it says where), 2 could not check.\n\n" +
			"Examples:\n" +
			"  realname-audit verify --key log.pub ./log      the whole log, and the receipts in ./log/receipts\n" +
			"  realname-audit verify --key log.pub --require ed25519,sm2 ./log\n" +
			"  realname-audit receipt --key log.pub a.tlog-proof\n" +
			"  realname-audit disclosure --key log.pub number.disclosure.json\n" +
			"  realname-audit package --key log.pub ./package  what \"realname audit export\" made\n\n" +
			"KEYFILE holds the log's public keys, one line NAME+ID+KEY each: one of Ed25519, one of SM2 with SM3. " +
			"Get them from the institution once, by a way you trust, and keep them.",
		"h_lang":    "Language of the output: en, zh-CN, or auto (from the locale).",
		"h_json":    "Print JSON: one object for verify, one a line for each receipt.",
		"h_verify":  "Check the folder of a whole log: signature, every entry and tile, every tenant's chain, every receipt in receipts/.",
		"h_receipt": "Check receipts one by one; they need no log beside them.",
		"h_key":     "File with the public keys of the log, and of its witnesses.",
		"h_dir":     "Folder of the log, with the file checkpoint and the folder tile.",
		"h_files":   "Receipts (.tlog-proof).",

		"unchecked":    "NOT CHECKED: %s",
		"progress":     "%d of %d entries (%d%%)",
		"log":          "log       %s",
		"key":          "key       %s",
		"counts":       "checked   %d of %d entries, %d tiles, %d tenants, %d receipts",
		"root":         "root      %s",
		"unproven":     "unknown: the checkpoint does not verify",
		"notes":        "Worth knowing (%d):",
		"omitted":      "%d more are not listed.",
		"sound":        "SOUND: everything is as signed.",
		"tampered":     "TAMPERED: %d finding(s), see above.",
		"file":         "   file      %s",
		"bytes":        "   bytes     %d to %d",
		"at":           "   at byte   %d",
		"entry":        "   entry     %d",
		"entries":      "   entries   %d to %d",
		"event":        "   event     %s",
		"expected":     "   expected  %s",
		"found":        "   found     %s",
		"receipt_good": "SOUND     %s: event %s is entry %d of %d in %s (tenant %s, number %d), signed by %s",
		"receipt_bad":  "TAMPERED  %s: %s",

		"k_checkpoint_missing":   "The checkpoint is missing.",
		"k_checkpoint_malformed": "The checkpoint is not in its form.",
		"k_checkpoint_signature": "The checkpoint is not signed by this key, or was changed after it was.",
		"k_root_mismatch":        "The checkpoint signs another log than these entries and tiles make up.",
		"k_tile_missing":         "A tile is missing.",
		"k_tile_length":          "A tile does not have its length.",
		"k_tile_altered":         "A tile was altered; the entries beneath it are as signed.",
		"k_subtree_rewritten":    "A tile and all beneath it were rewritten together; the signed log has something else there.",
		"k_disagreement":         "Two files contradict each other, and nothing signed is left that says which is right.",
		"k_bundle_missing":       "A file of entries is missing.",
		"k_bundle_malformed":     "A file of entries is damaged from here on.",
		"k_entry_altered":        "An entry was altered.",
		"k_entry_dropped":        "Entries were taken out.",
		"k_entry_inserted":       "An entry was put in that was never logged.",
		"k_entry_duplicated":     "An entry stands here that belongs elsewhere.",
		"k_entries_reordered":    "Entries were put into another order.",
		"k_entries_truncated":    "The last entries of a file are cut off.",
		"k_leaf_malformed":       "The log signed an entry that is not in its form.",
		"k_leaf_origin":          "The log signed an entry of another log.",
		"k_chain_sequence":       "A tenant's entries are not numbered without gaps.",
		"k_chain_previous":       "An entry does not name the tenant's previous entry.",
		"k_receipt_malformed":    "A receipt is not in its form.",
		"k_receipt_signature":    "A receipt is not signed by this key, or was changed after it was.",
		"k_receipt_inclusion":    "A receipt does not prove its entry.",
		"k_receipt_origin":       "A receipt is of another log.",
		"k_receipt_ahead":        "A receipt proves more entries than the log has: it was cut or rolled back.",
		"k_receipt_fork":         "A receipt was signed over another history than this log's.",
		"k_unknown_file":         "no part of the log",
		"k_beyond_checkpoint":    "beyond the checkpoint, not looked at further",
		"k_unknown_signature":    "a further signature, by a key that was not given",
		"k_receipt_not_compared": "receipt verifies, but the damaged tiles cannot be compared with it",
	},
	"zh-CN": {
		"h_program": "离线核验 realname 网关的审计日志，除日志公钥外不信任任何一方。\n\n" +
			"退出码：0 完好；1 被篡改（指出位置）；2 无法核验。\n\n" +
			"示例：\n" +
			"  realname-audit verify --key log.pub ./log      核验整个日志及 ./log/receipts 中的回执\n" +
			"  realname-audit verify --key log.pub --require ed25519,sm2 ./log\n" +
			"  realname-audit receipt --key log.pub a.tlog-proof\n" +
			"  realname-audit disclosure --key log.pub number.disclosure.json\n" +
			"  realname-audit package --key log.pub ./package  核验 realname audit export 生成的检查包\n\n" +
			"KEYFILE 是日志公钥文件，每行一个 NAME+ID+KEY，Ed25519 与 SM2/SM3 各一。请通过可信途径向机构取得一次并妥善保存。",
		"h_lang":    "输出语言：en、zh-CN 或 auto（按系统区域设置）。",
		"h_json":    "输出 JSON：verify 为一个对象，receipt 每个回执一行。",
		"h_verify":  "核验整个日志目录：签名、每条记录与每个哈希块、每个租户的链、receipts/ 中的每个回执。",
		"h_receipt": "逐个核验回执，无需日志。",
		"h_key":     "日志公钥文件，可含见证方公钥。",
		"h_dir":     "日志目录，内有 checkpoint 文件和 tile 目录。",
		"h_files":   "回执文件（.tlog-proof）。",

		"unchecked":    "无法核验：%s",
		"progress":     "%d / %d 条记录（%d%%）",
		"log":          "日志      %s",
		"key":          "公钥      %s",
		"counts":       "已核验    %d / %d 条记录，%d 个哈希块，%d 个租户，%d 个回执",
		"root":         "根哈希    %s",
		"unproven":     "未知：检查点未通过核验",
		"notes":        "提示（%d 项）：",
		"omitted":      "另有 %d 项未列出。",
		"sound":        "完好：全部内容与签名一致。",
		"tampered":     "被篡改：%d 处，见上。",
		"file":         "   文件      %s",
		"bytes":        "   字节      %d 至 %d",
		"at":           "   字节处    %d",
		"entry":        "   记录      %d",
		"entries":      "   记录      %d 至 %d",
		"event":        "   事件      %s",
		"expected":     "   应为      %s",
		"found":        "   实为      %s",
		"receipt_good": "完好      %s：事件 %s 是第 %d 条记录（共 %d 条），日志 %s（租户 %s，序号 %d），签名 %s",
		"receipt_bad":  "被篡改    %s：%s",

		"k_checkpoint_missing":   "检查点缺失。",
		"k_checkpoint_malformed": "检查点格式不符。",
		"k_checkpoint_signature": "检查点不是用此密钥签名的，或签名后被改动。",
		"k_root_mismatch":        "检查点签署的不是这些记录与哈希块构成的日志。",
		"k_tile_missing":         "哈希块缺失。",
		"k_tile_length":          "哈希块长度不符。",
		"k_tile_altered":         "哈希块被改动；其下的记录与签名一致。",
		"k_subtree_rewritten":    "一个哈希块及其下全部内容被一并改写；签名的日志此处为其他内容。",
		"k_disagreement":         "两个文件相互矛盾，且没有签名内容可判定孰是。",
		"k_bundle_missing":       "记录文件缺失。",
		"k_bundle_malformed":     "记录文件自此处起损坏。",
		"k_entry_altered":        "记录被改动。",
		"k_entry_dropped":        "记录被删除。",
		"k_entry_inserted":       "插入了从未入日志的记录。",
		"k_entry_duplicated":     "此处的记录本属别处。",
		"k_entries_reordered":    "记录顺序被调换。",
		"k_entries_truncated":    "记录文件末尾被截断。",
		"k_leaf_malformed":       "日志签署了格式不符的记录。",
		"k_leaf_origin":          "日志签署了属于另一日志的记录。",
		"k_chain_sequence":       "某租户的记录编号不连续。",
		"k_chain_previous":       "记录所指的租户上一条记录不符。",
		"k_receipt_malformed":    "回执格式不符。",
		"k_receipt_signature":    "回执不是用此密钥签名的，或签名后被改动。",
		"k_receipt_inclusion":    "回执不能证明其记录。",
		"k_receipt_origin":       "回执属于另一日志。",
		"k_receipt_ahead":        "回执证明的记录多于日志现有：日志被截断或回滚。",
		"k_receipt_fork":         "回执签署的历史与此日志不同。",
		"k_unknown_file":         "不属于日志",
		"k_beyond_checkpoint":    "超出检查点，未进一步核验",
		"k_unknown_signature":    "另有未提供公钥的签名",
		"k_receipt_not_compared": "回执本身有效，但损坏的哈希块无法与之比对",
	},
}
